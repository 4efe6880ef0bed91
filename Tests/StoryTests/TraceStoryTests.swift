import ChildProcesses
import Foundation
import Testing

/// The trace of a request through a real gateway, asked for and read at the real service with Azure's SDK.
@Suite(.enabled(if: Plant.havePython("azure/mgmt/apimanagement")), .timeLimit(.minutes(3))) struct TraceStoryTests {
  private static let policy = """
    <policies><inbound><base/><set-header name="X-Hall" exists-action="override"><value>7</value></set-header>\
    </inbound><backend><base/></backend><outbound><base/></outbound><on-error><base/></on-error></policies>
    """

  private struct Trace: Decodable {
    struct Entry: Decodable {
      var source: String
    }
    var traceId: String
    var traceEntries: [String: [Entry]]
  }

  @Test func `an engineer takes a token, calls, and reads what every step did`() async throws {
    let backend = try EchoBackend()
    let plant = try await Plant(backendPort: backend.port, policy: Self.policy)
    let gateway = try await plant.startGateway()
    let token = try await plant.python("azure_traces.py", ["credentials", "plant", "time", "600"])
      .trimmingCharacters(in: .whitespacesAndNewlines)
    #expect(token.hasPrefix("aid=time&"))
    let connection = try PlainConnection(port: plant.port, seconds: 20)
    let answer = try connection.ask("GET", "/time/now", headers: ["Apim-Debug-Authorization: \(token)"])
    let id = try #require(answer.headers["apim-trace-id"])
    // It is there although nobody has waited for it.
    let text = try await plant.python("azure_traces.py", ["trace", "plant", id])
    let trace = try JSONDecoder().decode(Trace.self, from: Data(text.utf8))
    #expect(trace.traceId == id)
    #expect(trace.traceEntries["inbound"]?.map(\.source) == ["api-inspector", "api-inspector", "set-header"])
    #expect(trace.traceEntries["backend"]?.last?.source == "request-forwarder")
    #expect(trace.traceEntries["outbound"]?.last?.source == "transfer-response")
    let missing = try await plant.python("azure_traces.py", ["trace", "plant", "never"])
    #expect(missing.contains(#""status": 404"#))
    #expect(gateway.log.contains("isTraceAllowed"))

    // The older way, as self-hosted gateways know it: with the key of a subscription, and an address in the answer.
    try plant.put(
      "/subscriptions/tester",
      ["displayName": "Tester", "scope": "/apis", "allowTracing": true, "primaryKey": "tester-key"])
    var location: String?
    try await Plant.wait("the gateway knows the key") {
      location = try connection.ask(
        "GET", "/time/now", headers: ["Ocp-Apim-Trace: true", "Ocp-Apim-Subscription-Key: tester-key"]
      ).headers["ocp-apim-trace-location"]
      return location != nil
    }
    let curl = try await ChildProcess.run("/usr/bin/curl", ["-sk", try #require(location)])
    let second = try JSONDecoder().decode(Trace.self, from: Data(curl.output.utf8))
    #expect(second.traceId != id && second.traceEntries["inbound"]?.isEmpty == false)
    let forged = try await ChildProcess.run(
      "/usr/bin/curl", ["-sk", try #require(location).replacing("ex=1", with: "ex=2")])
    #expect(forged.output.contains("AuthenticationFailed"))
    gateway.terminate()
    _ = await gateway.end(withinSeconds: 20)
    try await plant.stop()
    withExtendedLifetime(backend) {}
  }
}
