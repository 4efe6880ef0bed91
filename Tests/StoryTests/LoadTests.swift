import ChildProcesses
import Foundation
import Testing

/// What happens to a gateway at work costs not one wrong answer. Real processes, over real sockets.
@Suite(.serialized, .timeLimit(.minutes(4))) struct LoadTests {
  private static func policy(inbound: String = "", backend: String = "<base/>", outbound: String = "") -> String {
    """
    <policies><inbound><base/>\(inbound)</inbound><backend>\(backend)</backend>\
    <outbound><base/>\(outbound)</outbound><on-error><base/></on-error></policies>
    """
  }

  @Test func `another process takes over: no request fails, and every one is counted and recorded once`() async throws {
    let backend = try EchoBackend()
    let limit = 1_000_000
    let plant = try await Plant(
      backendPort: backend.port,
      policy: Self.policy(
        inbound: """
          <rate-limit-by-key calls="\(limit)" renewal-period="300" counter-key="all" remaining-calls-header-name="X-Left"/>
          """))
    // Where nobody serves yet there is nothing to take over.
    let first = try await plant.startGateway(["--take-over"])
    #expect(first.log.contains("there is nothing to take over"))
    let load = Load(port: plant.port, workers: 8, fresh: 4)
    try await Task.sleep(for: .seconds(1))
    let second = try await plant.startGateway(["--take-over"], awaiting: "Took over from version")
    let before = load.answered
    try await Task.sleep(for: .seconds(1))
    let exit = await first.end(withinSeconds: 60)
    #expect(exit == 0, "\(first.log.suffix(2_000))")
    try await Plant.wait("the second has the last counts of the first") {
      second.log.contains("The former process has answered its last request")
    }
    let outcome = try await load.stop()
    #expect(outcome.failures.isEmpty, "\(outcome.failures)")
    #expect(before > 100 && outcome.answered > before + 100, "\(before) \(outcome.answered)")
    #expect(outcome.closed >= 8, "every lasting connection has moved: \(outcome.closed)")
    let last = try PlainConnection(port: plant.port).ask("GET", "/time/now")
    #expect(last.headers["x-left"].flatMap { Int($0) } == limit - outcome.answered - 1)

    // A third takes over from the second: what was handed over can be handed on.
    let third = try await plant.startGateway(["--take-over"], awaiting: "Took over from version")
    let after = try PlainConnection(port: plant.port).ask("GET", "/time/now")
    #expect(after.headers["x-left"].flatMap { Int($0) } == limit - outcome.answered - 2)
    #expect(await second.end(withinSeconds: 60) == 0)
    try await Plant.wait("every request is recorded") { try plant.recordedRequests() >= outcome.answered + 2 }
    try await Task.sleep(for: .milliseconds(500))
    #expect(try plant.recordedRequests() == outcome.answered + 2)
    third.terminate()
    #expect(await third.end(withinSeconds: 60) == 0)
    try await plant.stop()
  }

  @Test func `each answer under load is of exactly one configuration, and none goes back`() async throws {
    func versioned(_ version: Int) -> String {
      let header = "exists-action=\"override\"><value>\(version)</value></set-header>"
      return Self.policy(
        inbound: "<set-header name=\"X-Version\" \(header)", outbound: "<set-header name=\"X-Out\" \(header)")
    }
    let backend = try EchoBackend(delay: 0.002)
    let plant = try await Plant(backendPort: backend.port, policy: versioned(0))
    let gateway = try await plant.startGateway()
    let load = Load(port: plant.port, workers: 8) { answer, earlier in
      guard let version = answer.headers["x-out"].flatMap({ Int($0) }), answer.headers["x-in"] == "\(version)" else {
        return "a mix: \(answer.headers)"
      }
      let former = earlier?.headers["x-out"].flatMap { Int($0) } ?? 0
      return version < former ? "\(version) after \(former)" : nil
    }
    for version in 1...20 {
      try plant.setPolicy(versioned(version))
      try await Task.sleep(for: .milliseconds(100))
    }
    try await Plant.wait("the last change is in force") {
      try PlainConnection(port: plant.port).ask("GET", "/time/now").headers["x-out"] == "20"
    }
    let outcome = try await load.stop()
    #expect(outcome.failures.isEmpty, "\(outcome.failures)")
    #expect(outcome.answered > 200)
    gateway.terminate()
    #expect(await gateway.end(withinSeconds: 60) == 0)
    try await plant.stop()
  }

  @Test func `SIGTERM under load: every request on a connection is answered, the last one with notice`() async throws {
    let backend = try EchoBackend(delay: 0.05)
    let plant = try await Plant(backendPort: backend.port)
    let gateway = try await plant.startGateway()
    let load = Load(port: plant.port, workers: 16, stopsAtClose: true)
    try await Task.sleep(for: .seconds(1))
    gateway.terminate()
    let outcome = try await load.finish()
    #expect(outcome.failures.isEmpty, "\(outcome.failures)")
    #expect(outcome.closed == 16)
    #expect(await gateway.end(withinSeconds: 60) == 0, "\(gateway.log.suffix(2_000))")
    try await plant.stop()
  }

  @Test func `a member of a pool dies and comes back: repeated safe requests do not notice`() async throws {
    let (steady, frail) = (try EchoBackend(), try EchoBackend())
    let plant = try await Plant(backendPort: steady.port)
    // Without a circuit breaker each attempt may fall on the dead one again.
    let breaker: [String: Any] = [
      "name": "dead", "tripDuration": "PT0.5S",
      "failureCondition": ["count": 1, "interval": "PT10S", "errorReasons": ["BackendConnectionFailure"]],
    ]
    for (name, backend) in [("steady", steady), ("frail", frail)] {
      try plant.put(
        "/backends/\(name)",
        [
          "url": "http://127.0.0.1:\(backend.port)", "protocol": "http",
          "circuitBreaker": ["rules": name == "frail" ? [breaker] : []],
        ])
    }
    try plant.put(
      "/backends/both",
      ["type": "Pool", "pool": ["services": [["id": "/backends/steady"], ["id": "/backends/frail"]]]])
    try plant.setPolicy(
      Self.policy(
        inbound: "<set-backend-service backend-id=\"both\"/>",
        backend: """
          <retry condition="@(context.Response == null || context.Response.StatusCode >= 500)" count="3" interval="0" \
          first-fast-retry="true"><forward-request/></retry>
          """))
    let gateway = try await plant.startGateway()
    let load = Load(port: plant.port, workers: 8)
    for _ in 0..<2 {
      try await Task.sleep(for: .milliseconds(700))
      frail.die()
      try await Task.sleep(for: .milliseconds(700))
      try frail.comeBack()
    }
    try await Task.sleep(for: .milliseconds(700))
    let outcome = try await load.stop()
    #expect(outcome.failures.isEmpty, "\(outcome.failures)")
    #expect(outcome.answered > 200)
    #expect(gateway.log.components(separatedBy: "frail").count > 2, "the circuit opened and closed")
    gateway.terminate()
    #expect(await gateway.end(withinSeconds: 60) == 0)
    try await plant.stop()
  }

  @Test func `a client that hardly reads, and a backend that hardly reads, cost no memory`() async throws {
    let backend = try EchoBackend()
    let plant = try await Plant(backendPort: backend.port)
    let gateway = try await plant.startGateway()
    _ = try PlainConnection(port: plant.port).ask("GET", "/time/now")
    let before = gateway.residentBytes

    let reader = try PlainConnection(port: plant.port, receiveBuffer: 8_192)
    try reader.send("GET /time/big HTTP/1.1\r\nHost: g\r\n\r\n")
    #expect(try reader.head()?.first?.contains("200") == true)
    // 64 MiB go up meanwhile; nobody takes them for three seconds.
    let size = EchoBackend.bigBytes
    let port = plant.port
    let upload = Task.detached {
      try PlainConnection(port: port, seconds: 20).ask(
        "POST", "/time/sink", body: [UInt8](repeating: 0x79, count: size)
      ).text
    }
    var received = 0
    var most = 0
    for _ in 0..<25 {
      received += try reader.take(1_024).count
      try await Task.sleep(for: .milliseconds(100))
      most = max(most, gateway.residentBytes)
    }
    #expect(most - before < 24 << 20, "\(before >> 20) MiB grew to \(most >> 20)")
    while received < size, case let part = try reader.take(1 << 16), !part.isEmpty { received += part.count }
    #expect(received == size)
    #expect(try await upload.value == "\(size)")
    #expect(gateway.residentBytes - before < 48 << 20)

    // And one whose body comes in drops.
    let writer = try PlainConnection(port: plant.port)
    try writer.send("POST /time/sink HTTP/1.1\r\nHost: g\r\nContent-Length: 30\r\n\r\n")
    for _ in 0..<30 {
      try writer.send("x")
      try await Task.sleep(for: .milliseconds(20))
    }
    #expect(try writer.answer().text == "30")
    gateway.terminate()
    #expect(await gateway.end(withinSeconds: 60) == 0)
    try await plant.stop()
  }
}
