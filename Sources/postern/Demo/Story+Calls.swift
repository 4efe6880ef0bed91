import ChildProcesses
import Foundation

extension Story {
  /// Chapter 5: what callers see.
  func callAPI() async throws {
    tell.chapter(5, "An internal user asks for the time, through the gateway")
    let answer = try await ask("time/now", key: key)
    expect(answer.status == 200 && answer.json("plant") as? String == "A", "with the key: the time")
    show("GET /time/now", key: true, answer)
    expect(
      answer.json("caller") as? String == "Canteen through plant" && answer.header("X-Served-By") == "plant in Hall 7",
      "the policies' C# set a header on the way in and one on the way out")

    let other = try await ask("time/now", key: key, headers: [("X-Plant", "B")])
    expect(other.json("plant") as? String == "B", "X-Plant: B goes to the other backend (choose, set-backend-service)")
    let moon = try await ask("time/now?zone=moon", key: key)
    expect(
      moon.status == 400 && moon.json("error") as? String == "no clock on the moon",
      "zone=moon is answered by return-response, without a backend")

    let missing = try await ask("time/now", key: nil)
    expect(missing.status == 401, "without a key")
    show("GET /time/now", key: false, missing)
    let wrong = try await ask("time/now", key: "0123456789abcdef0123456789abcdef")
    expect(wrong.status == 401 && wrong.text.contains("invalid subscription key"), "with a wrong key: 401")
    let unknown = try await ask("nowhere", key: key)
    expect(unknown.status == 404 && unknown.text.contains("Resource not found"), "an unknown path: 404")

    var limited: DemoAnswer?
    for _ in 0..<6 where limited == nil {
      let answer = try await ask("time/now", key: key)
      if answer.status == 429 { limited = answer }
    }
    expect(limited?.status == 429 && limited?.header("Retry-After") != nil, "over the limit")
    if let limited { show("GET /time/now", key: true, limited) }

    try await management.call(
      "PUT", "/apis/time/operations/zone", ["displayName": "Zone", "method": "GET", "urlTemplate": "/now/{zone}"])
    let key = self.key
    let seconds = await wait(seconds: 10) { (try? await self.ask("time/now/utc", key: key).status) != 404 }
    func toService() -> Set<Int> {
      OpenConnections.outgoingPorts(
        process: gateway?.identifier ?? 0, listening: [ports.gatewayHTTP, ports.gatewayHTTPS]
      ).subtracting([ports.timeA, ports.timeB])
    }
    // Between two questions the one connection may just be opened anew.
    _ = await wait(seconds: 3) { toService() == [ports.serviceHTTPS] }
    let found = toService()
    expect(
      found == [ports.serviceHTTPS],
      "besides its backends the gateway has connections to one host and port only: the service's \(ports.serviceHTTPS)")
    if found != [ports.serviceHTTPS] { tell.quote("found: \(found.sorted())") }
    expect((seconds ?? 99) < 1, "a changed API reaches the gateway after \(Int((seconds ?? 99) * 1_000)) ms")
  }

  /// Chapter 6: the same request in both logs.
  func lookAtLogs() async throws {
    tell.chapter(6, "The requests stand in the gateway's own log and in the service")
    func logged() -> Substring? {
      gateway?.log.split(separator: "\n").first { $0.contains("[GatewayLogs]") && $0.contains("responseCode: 200") }
    }
    _ = await wait(seconds: 5) { logged() != nil }
    let line = logged()
    expect(line != nil, "the gateway's log, on its own disk:")
    if let line { tell.quote(String(line)) }
    let seconds = await wait(seconds: 15) {
      (await self.recordedRequests()).contains { $0["responseCode"] as? Int == 200 }
    }
    let records = await recordedRequests()
    expect(seconds != nil, "the service's reports/byRequest has \(records.count) of them, with gateway and location:")
    if let record = records.first(where: { $0["responseCode"] as? Int == 200 }),
      let text = try? JSONSerialization.data(withJSONObject: record, options: [.sortedKeys, .prettyPrinted])
    {
      tell.quote(String(decoding: text, as: UTF8.self), limit: 30)
    }
    let nodes = try await management.call("GET", "/gateways/plant/nodes")
    let node = (nodes.json("value") as? [[String: Any]])?.first
    expect(
      node?["state"] as? String == "serving", "the gateway's page: connected, one node, its version and configuration")
    tell.quote(nodes.text)
  }

  /// Chapter 7: the plug is pulled.
  func survive() async throws {
    tell.chapter(7, "The management service goes away; the gateway serves, restarts and counts")
    await rest()
    let exit = await service?.stop()
    expect(exit == 0, "the service drained and ended with exit code \(exit ?? -1)")
    let before = Date.now
    var served = 0
    for _ in 0..<3 where try await ask("time/now", key: key).status == 200 { served += 1 }
    expect(served == 3, "requests are served as before")
    var statuses: [Int] = []
    for _ in 0..<4 { statuses.append(try await ask("time/now", key: key).status) }
    expect(statuses.contains(429), "and still throttled: \(statuses.map(String.init).joined(separator: ", "))")

    // What was answered within the last moment before a kill may not have reached the disk yet.
    try? await Task.sleep(for: .milliseconds(200))
    gateway?.kill()
    tell.say("The gateway is killed and started again, still without the service.")
    _ = try startGatewayProcess(append: true)
    let url = gatewayURL
    let seconds = await wait(seconds: 10) { await self.status("\(url)/readyz") == 200 }
    expect(seconds != nil, "it starts from its encrypted backup, ready after \(Int((seconds ?? 0) * 1_000)) ms")
    let fromBackup = try await ask("time/now", key: key)
    expect(fromBackup.status == 200, "and serves")
    try await meetGatewayWithoutBackup()
    let offlineCalls = 8
    let after = Date.now

    tell.say("The service comes back.")
    _ = try startServiceProcess(append: true)
    let recorded = await wait(seconds: 40) {
      await self.recordedRequests(from: before, to: after).count >= offlineCalls
    }
    try? await Task.sleep(for: .seconds(3))
    let records = await recordedRequests(from: before, to: after)
    let identifiers = Set(records.compactMap { $0["requestId"] as? String })
    expect(
      recorded != nil && records.count == offlineCalls && identifiers.count == offlineCalls,
      "the \(offlineCalls) requests made meanwhile are in its log, once each (\(records.count) records, \(identifiers.count) ids)"
    )
    expect(!records.isEmpty, "at their original times, before the service was back:")
    tell.quote(
      records.compactMap { record in
        (record["timestamp"] as? String).map { "\($0)  \(record["responseCode"] as? Int ?? 0)" }
      }.sorted().joined(separator: "\n"))
  }

  private func meetGatewayWithoutBackup() async throws {
    let port = try FreePort.find()
    bystander = try start(
      ["gateway", "--env-file", environmentFile],
      environment: [
        "NET_SERVER_HTTP_PORT": "\(port)", "NET_SERVER_HTTPS_PORT": "0", "NET_SERVER_ADDRESS": "127.0.0.1",
        "CONFIG_BACKUP_PATH": directory + "/bystander",
      ], log: "bystander.log")
    let url = "http://127.0.0.1:\(port)"
    _ = await wait(seconds: 10) { await self.status("\(url)/livez") != nil }
    let health = try await http.send("GET", "\(url)/status-0123456789abcdef")
    let call = try await http.send("GET", "\(url)/time/now", headers: [("Ocp-Apim-Subscription-Key", key)])
    expect(
      health.status == 503 && call.status == 503,
      "a gateway that has no backup says so: 503 with the reason, everywhere")
    tell.quote(health.shown)
    await bystander?.stop()
    bystander = nil
  }

  /// Lets the rate limit's window pass.
  private func rest() async {
    tell.say("(A pause of ten seconds, until the rate limit's window has passed.)")
    try? await Task.sleep(for: .seconds(10.5))
  }

  private func ask(_ path: String, key: String?, headers: [(String, String)] = []) async throws -> DemoAnswer {
    let credentials = key.map { [("Ocp-Apim-Subscription-Key", $0)] } ?? []
    return try await http.send("GET", "\(gatewayURL)/\(path)", headers: credentials + headers)
  }

  private func show(_ request: String, key: Bool, _ answer: DemoAnswer) {
    tell.quote(request + (key ? "\nOcp-Apim-Subscription-Key: \(self.key.prefix(6))…" : "") + "\n\n" + answer.shown)
  }

  private func recordedRequests(from: Date? = nil, to: Date? = nil) async -> [[String: Any]] {
    let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    let start = (from ?? Date.now.addingTimeInterval(-3_600)).formatted(format)
    let end = (to ?? Date.now.addingTimeInterval(60)).formatted(format)
    let filter = "timestamp ge datetime'\(start)' and timestamp le datetime'\(end)'"
    let encoded = filter.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    let answer = try? await management.call("GET", "/reports/byRequest?$filter=\(encoded)&$top=200")
    let records = answer?.json("value") as? [[String: Any]] ?? []
    return records.filter { ($0["gatewayId"] as? String ?? "plant").hasSuffix("plant") }
  }
}
