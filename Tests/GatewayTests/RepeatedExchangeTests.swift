import GatewayConfiguration
import NIOCore
import Telemetry
import Testing

@testable import Gateway

/// Exchanges on one connection are carried by the same object, which keeps what mostly stays the same: nothing of one may be
/// seen in another.
struct RepeatedExchangeTests {
  /// Answers with what its policies know of the caller and of where the request goes.
  private func api(_ id: String, needsKey: Bool) -> API {
    let expression =
      #"@($"{context.Api.Id}/{context.Operation.Id} {context.Product?.Id ?? "-"} {context.Subscription?.Id ?? "-"}")"#
    return API(
      id: id, displayName: id, path: id, protocols: [.http], serviceURL: "http://be", subscriptionRequired: needsKey,
      operations: ["one", "two"].map {
        GatewayConfiguration.Operation(id: $0, displayName: $0, method: "GET", urlTemplate: "/\($0)")
      },
      policy: PolicyText(
        rawXML: """
          <policies><inbound><return-response><set-body>\(expression)</set-body></return-response></inbound></policies>
          """))
  }

  /// Status and body, or what the record of the request tells instead of it.
  private func ask(_ client: RawClient, _ path: String, key: String? = nil) -> String {
    let field = key.map { "Ocp-Apim-Subscription-Key: \($0)\r\n" } ?? ""
    client.send("GET \(path) HTTP/1.1\r\nHost: g\r\n\(field)\r\n")
    guard let answer = client.answer() else { return "nothing" }
    return answer.status == 200 ? answer.body : "\(answer.status)"
  }

  @Test func `what one request was, the next one on its connection is not`() async throws {
    try await RunningGateway.serving([api("closed", needsKey: true), api("open", needsKey: false)]) { gateway in
      let client = try RawClient(port: gateway.httpPort)
      let asked: [(path: String, key: String?, answer: String)] = [
        ("/closed/one", "first", "closed/one staff canteen"),
        ("/closed/one", "second", "closed/one staff canteen"),
        ("/closed/one", nil, "401"),
        ("/closed/two", "first", "closed/two staff canteen"),
        ("/nowhere", "first", "404"),
        ("/open/one", nil, "open/one - -"),
        ("/open/two", "first", "open/two staff canteen"),
        ("/livez", nil, "OK"),
        ("/open/two", nil, "open/two - -"),
        ("/closed/two", "wrong", "401"),
      ]
      for request in asked { #expect(ask(client, request.path, key: request.key) == request.answer) }

      var records = gateway.records.all
      while records.count < asked.count - 1 {
        try await Task.sleep(for: .milliseconds(20))
        records = gateway.records.all
      }
      let told = records.map { record in
        [record.apiId, record.operationId, record.productId, record.apimSubscriptionId].map { $0 ?? "-" }
          .joined(separator: " ")
      }
      // Nothing is told of a question for the gateway's health.
      let expected = [
        "closed one staff canteen", "closed one staff canteen", "closed one - -", "closed two staff canteen", "- - - -",
        "open one - -", "open two staff canteen", "open two - -", "closed two - -",
      ]
      #expect(told == expected)
    }
  }

  @Test func `a configuration that is not served any more is given up at once`() async throws {
    try await RunningGateway.serving([api("open", needsKey: false)]) { gateway in
      let client = try RawClient(port: gateway.httpPort)
      #expect(ask(client, "/open/one") == "open/one - -")
      let former = try await gateway.server.loops[0].eventLoop.submit { [loop = gateway.server.loops[0]] in
        NIOLoopBound(WeakConfiguration(loop.value.configuration), eventLoop: loop.eventLoop)
      }.get()
      try await gateway.server.apply(RunningGateway.snapshot([api("other", needsKey: false)], version: 2))
      let isKept = try await former.eventLoop.submit { former.value.configuration != nil }.get()
      #expect(!isKept)
      #expect(ask(client, "/other/two") == "other/two - -")
      #expect(ask(client, "/open/one") == "404")
    }
  }
}

private final class WeakConfiguration {
  weak var configuration: ServingConfiguration?

  init(_ configuration: ServingConfiguration?) { self.configuration = configuration }
}
