import ControlPlaneStore
import Foundation
import GatewayConfiguration
import HTTPTypes
import ManagementAPI
import Testing

/// `quotas/{quotaCounterKey}` and its `periods`.
struct QuotaResourceTests {
  private static let hour = Int64(Date.now.timeIntervalSince1970 + 62_135_596_800) / 3_600

  private static func report(
    _ counters: [String: Int64], index: Int64 = hour, applied: UInt64 = 0, isAuthoritative: Bool = false
  ) -> QuotaReport {
    QuotaReport(
      instanceId: "i", applied: applied, isAuthoritative: isAuthoritative,
      counters: counters.map { .init(name: $0.key, index: index, end: (index + 1) * 3_600, used: $0.value) })
  }

  private static func patch(_ text: String) -> String { #"{"properties":{\#(text)}}"# }

  @Test func `a counter has the shapes of Azure's API`() async throws {
    try await withService { client, service in
      _ = try await service.quotas.take(
        Self.report(["quota-by-key|3600|0|ba|calls": 5, "quota-by-key|3600|0|ba|bandwidth": 2_645]),
        gatewayID: "managed")
      let all = try await client.call(.get, "/quotas/ba?api-version=2024-05-01")
      let period = try #require(all.body["value"]?.arrayValue?.first)
      let key = "\(Self.hour)_PT1H"
      let start = Date(timeIntervalSince1970: Double(Self.hour * 3_600 - 62_135_596_800))
      #expect(all.status == 200 && all.body["count"] == 1 && all.body["nextLink"] == "")
      #expect(
        period == [
          "counterKey": "ba", "periodKey": .string(key), "periodStartTime": .string(start.formatted(.iso8601)),
          "periodEndTime": .string((start + 3_600).formatted(.iso8601)),
          "value": ["callsCount": 5, "kbTransferred": .number(2.5830078125)],
        ])
      let one = try await client.call(.get, "/quotas/ba/periods/\(key)")
      #expect(one.status == 200 && one.body == period)
      let changed = try await client.call(
        .patch, "/quotas/ba/periods/\(key)", Self.patch(#""callsCount":0,"kbTransferred":2.5625"#))
      #expect(changed.status == 200)
      #expect(changed.body["value"] == ["callsCount": 0, "kbTransferred": .number(2.5625)])
      let calls = try await client.call(.patch, "/quotas/ba", Self.patch(#""callsCount":3"#))
      #expect(calls.body["value"]?.arrayValue?.first?["value"] == ["callsCount": 3, "kbTransferred": .number(2.5625)])
      // In Azure's error body.
      let missing = try await client.call(.get, "/quotas/bo")
      #expect(missing.status == 404 && missing.body["error"]?["code"] == "ResourceNotFound")
      #expect(try await client.call(.get, "/quotas/ba/periods/0_PT1H").status == 404)
      #expect(try await client.call(.patch, "/quotas/bo", Self.patch(#""callsCount":3"#)).status == 404)
      #expect(try await client.call(.delete, "/quotas/ba").status == 400)
    }
  }

  @Test(arguments: [
    "", #""callsCount":-1"#, #""callsCount":1.5"#, #""callsCount":"1""#, #""callsCount":99999999999"#,
    #""kbTransferred":-0.5"#, #""kbTransferred":1e300"#, #""calls":1"#,
  ]) func `a value that no counter has is refused`(_ text: String) async throws {
    try await withService { client, service in
      _ = try await service.quotas.take(Self.report(["quota-by-key|3600|0|k|calls": 5]), gatewayID: "managed")
      let answer = try await client.call(.patch, "/quotas/k", Self.patch(text))
      #expect(answer.status == 400 && answer.body["error"]?["code"] == "ValidationError")
      let value = try await client.call(.get, "/quotas/k").body["value"]?.arrayValue?.first?["value"]
      #expect(value?["callsCount"] == 5)
    }
  }

  @Test func `whoever is no administrator learns nothing`() async throws {
    try await withService { client, service in
      _ = try await service.quotas.take(Self.report(["quota-by-key|3600|0|k|calls": 5]), gatewayID: "managed")
      let other = Client(client: client.client, credential: "nobody")
      for path in ["/quotas/k", "/quotas/k/periods/\(Self.hour)_PT1H", "/gateways/managed/quotas/k"] {
        #expect(try await other.call(.get, path).status == 401)
        #expect(try await other.call(.patch, path, Self.patch(#""callsCount":0"#)).status == 401)
      }
    }
  }

  @Test(arguments: ["a/b c", "a|b", "ünï%code?", "http://x/y?z=1&q", "periods"])
  func `keys may hold anything`(_ key: String) async throws {
    try await withService { client, service in
      _ = try await service.quotas.take(Self.report(["quota-by-key|3600|0|\(key)|calls": 5]), gatewayID: "managed")
      let escaped = try #require(key.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
      let answer = try await client.call(.get, "/quotas/\(escaped)")
      #expect(answer.body["value"]?.arrayValue?.first?["counterKey"] == .string(key))
      #expect(try await client.call(.get, "/quotas/\(escaped)/periods/\(Self.hour)_PT1H").status == 200)
    }
  }

  @Test func `gateways count apart: the most that one has used, set at all that have told, and one by itself`()
    async throws
  {
    try await withService { client, service in
      for name in ["plant", "yard", "port"] {
        _ = try await client.call(.put, "/gateways/\(name)", #"{"properties":{"locationData":{"name":"x"}}}"#)
      }
      let name = "quota-by-key|3600|0|k|calls"
      _ = try await service.quotas.take(Self.report([name: 5]), gatewayID: "plant")
      _ = try await service.quotas.take(Self.report([name: 8]), gatewayID: "yard")
      // Replicas tell the same; one that has heard less is late, not right.
      _ = try await service.quotas.take(Self.report([name: 7]), gatewayID: "yard")
      func calls(_ path: String) async throws -> JSON? {
        try await client.call(.get, path).body["value"]?.arrayValue?.first?["value"]?["callsCount"]
      }
      #expect(try await calls("/quotas/k") == 8)
      #expect(try await calls("/gateways/plant/quotas/k") == 5)
      #expect(try await client.call(.get, "/gateways/port/quotas/k").status == 404)
      #expect(try await client.call(.get, "/gateways/nobody/quotas/k").status == 404)
      _ = try await client.call(.patch, "/quotas/k", Self.patch(#""callsCount":2"#))
      #expect(try await calls("/quotas/k") == 2)
      for gateway in ["plant", "yard"] {
        let updates = try await service.quotas.take(Self.report([:]), gatewayID: gateway).updates
        #expect(updates.map(\.value) == [2] && updates.map(\.name) == [name] && updates.map(\.index) == [Self.hour])
        // What it told before it knew of that is no news.
        _ = try await service.quotas.take(Self.report([name: 9]), gatewayID: gateway)
        #expect(try await calls("/gateways/\(gateway)/quotas/k") == 2)
        let number = try #require(updates.first?.number)
        let rest = try await service.quotas.take(Self.report([name: 3], applied: number), gatewayID: gateway)
        #expect(rest.updates.isEmpty)
        #expect(try await calls("/gateways/\(gateway)/quotas/k") == 3)
      }
      // Who does not count it is not told whom others count.
      #expect(try await service.quotas.take(Self.report([:]), gatewayID: "port").updates.isEmpty)
      _ = try await client.call(.patch, "/gateways/yard/quotas/k", Self.patch(#""callsCount":0"#))
      #expect(try await calls("/gateways/yard/quotas/k") == 0)
      #expect(try await calls("/quotas/k") == 3)
      // Where all count in one place, what is there now is what there is.
      _ = try await service.quotas.take(
        Self.report([name: 1], applied: .max, isAuthoritative: true), gatewayID: "plant")
      #expect(try await calls("/gateways/plant/quotas/k") == 1)
      _ = try await client.call(.delete, "/gateways/plant")
      _ = try await client.call(.put, "/gateways/plant", #"{"properties":{"locationData":{"name":"x"}}}"#)
      #expect(try await client.call(.get, "/gateways/plant/quotas/k").status == 404)
    }
  }

  @Test func `what no quota counts is passed over, and what is beyond all bounds is bounded`() async throws {
    try await withService { client, service in
      let long = "quota-by-key|3600|0|\(String(repeating: "x", count: 2_000))|calls"
      _ = try await service.quotas.take(
        Self.report([
          "quota-by-key|3600|0|k|calls": .max, "quota-by-key|3600|0|l|calls": .min, "token|x": 1, long: 1,
        ]), gatewayID: "managed")
      func calls(_ key: String) async throws -> Int64? {
        let value = try await client.call(.get, "/quotas/\(key)").body["value"]?.arrayValue?.first?["value"]
        return value?["callsCount"]?.integerValue
      }
      #expect(try await calls("k") == 1 << 60)
      #expect(try await calls("l") == 0)
      #expect(try await client.call(.get, "/quotas/x").status == 404)
      let many = Dictionary(
        uniqueKeysWithValues: (0...QuotaReport.bound).map { ("quota-by-key|3600|0|\($0)|calls", Int64(1)) })
      await #expect(throws: ManagementError.self) {
        try await service.quotas.take(Self.report(many), gatewayID: "managed")
      }
    }
  }

  @Test func `a period that is over is neither shown nor set`() async throws {
    try await withService { client, service in
      _ = try await service.quotas.take(
        Self.report(["quota-by-key|3600|0|k|calls": 5], index: Self.hour - 1), gatewayID: "managed")
      #expect(try await client.call(.get, "/quotas/k").status == 404)
      #expect(try await client.call(.patch, "/quotas/k", Self.patch(#""callsCount":0"#)).status == 404)
      #expect(try await service.quotas.take(Self.report([:]), gatewayID: "managed").updates.isEmpty)
    }
  }

  @Test func `quota's counters are found by their subscription, whose periods are its own`() async throws {
    try await withService { client, service in
      _ = try await client.call(
        .put, "/products/p", #"{"properties":{"displayName":"P","subscriptionRequired":true,"state":"published"}}"#)
      let made = try await client.call(
        .put, "/subscriptions/sub", #"{"properties":{"scope":"/products/p","displayName":"Sub"}}"#)
      #expect(made.status == 201)
      let text = try #require(made.body["properties"]?["createdDate"]?.stringValue)
      let fraction = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
      let created = try (try? Date(text, strategy: .iso8601)) ?? Date(text, strategy: fraction)
      let begin = Int64(created.timeIntervalSince1970) + 62_135_596_800
      func report(_ name: String, _ end: Int64, _ used: Int64) async throws {
        let counter = QuotaReport.Counter(name: name, index: 0, end: end, used: used)
        _ = try await service.quotas.take(
          QuotaReport(instanceId: "i", applied: 0, isAuthoritative: false, counters: [counter]), gatewayID: "managed")
      }
      try await report("quota|sub|product/p|calls", begin + 86_400 * 30, 4)
      try await report("quota|sub|product/p|api/a|calls", begin + 90_061, 3)
      try await report("quota|sub|product/q|calls", .max, 2)
      // Of a subscription that is not there.
      try await report("quota|gone|product/p|calls", begin + 86_400, 4)
      let all = try await client.call(.get, "/quotas/sub").body["value"]?.arrayValue ?? []
      #expect(
        all.map { $0["periodKey"] } == [
          "0_P1DT1H1M1S_product/p|api/a", "0_P30D_product/p", "0_PT0S_product/q",
        ])
      #expect(all.map { $0["value"]?["callsCount"] } == [3, 4, 2])
      #expect(all.last?["periodEndTime"] == "9999-12-31T23:59:59Z")
      let one = try await client.call(.get, "/quotas/sub/periods/0_P1DT1H1M1S_product%2Fp%7Capi%2Fa")
      #expect(one.body["value"]?["callsCount"] == 3)
      #expect(try await client.call(.get, "/quotas/gone").status == 404)
    }
  }

  @Test func `a question waits for an update, and numbers grow over a loss of what was set`() async throws {
    try await withService { client, service in
      let name = "quota-by-key|3600|0|k|calls"
      _ = try await service.quotas.take(Self.report([name: 5]), gatewayID: "managed")
      let before = UInt64(Date.now.timeIntervalSince1970 * 1_000)
      async let newest = service.quotas.newest(after: 0, gatewayID: "managed", waiting: .seconds(60))
      // Of no concern to the one that waits.
      _ = try await service.quotas.take(Self.report([name: 5]), gatewayID: "other")
      _ = try await client.call(.patch, "/gateways/managed/quotas/k", Self.patch(#""callsCount":0"#))
      let number = try await newest
      #expect(number >= before)
      #expect(try await service.quotas.newest(after: number, gatewayID: "managed", waiting: .milliseconds(1)) == number)
      _ = try await client.call(.patch, "/quotas/k", Self.patch(#""callsCount":0"#))
      let updates = try await service.quotas.take(Self.report([:]), gatewayID: "managed").updates
      // The last word about a counter is the only one.
      #expect(updates.count == 1 && updates.allSatisfy { $0.number > number })
    }
  }
}
