import Foundation
import GatewayConfiguration
import NIOCore
import Telemetry
import Testing

@testable import Gateway

/// Answers that stop in the middle, by the backend's fault or by the client's.
@Suite(.timeLimit(.minutes(2)))
struct StalledAnswerTests {
  private func serving(
    url: String, version: String = "1", outbound: String = "", _ timeouts: ClientTimeouts,
    _ body: (RunningGateway) async throws -> Void
  ) async throws {
    let api = API(
      id: "time", displayName: "Time", path: "time", protocols: [.http], serviceURL: url, subscriptionRequired: false,
      operations: [Operation(id: "now", displayName: "Now", method: "GET", urlTemplate: "/*")],
      policy: PolicyText(
        rawXML: """
          <policies><inbound><base /></inbound><backend><forward-request http-version="\(version)" /></backend>
          <outbound><base />\(outbound)</outbound></policies>
          """))
    try await RunningGateway.serving([api], timeouts: timeouts, body)
  }

  private static let silence: ClientTimeouts = {
    var timeouts = ClientTimeouts()
    timeouts.silence = .milliseconds(300)
    return timeouts
  }()

  private static func backend() async throws -> ScriptedBackend {
    try await ScriptedBackend { request in
      if request.contains("/whole") { return "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole" }
      if request.contains("/unbounded") { return "HTTP/1.1 200 OK\r\nDate: a\r\n\r\nhalf" }
      return "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
    }
  }

  /// A backend that has an answer of so many bytes, too.
  private static func backend(large bytes: Int) async throws -> ScriptedBackend {
    let large = String(repeating: "0123456789abcdef", count: bytes / 16)
    return try await ScriptedBackend { request in
      request.contains("/large")
        ? "HTTP/1.1 200 OK\r\nContent-Length: \(bytes)\r\n\r\n\(large)"
        : "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole"
    }
  }

  private static func errors(_ gateway: RunningGateway) async -> [String] {
    await gateway.server.drain(milliseconds: 0)
    return gateway.records.all.flatMap { $0.errors.map(\.reason) }
  }

  @Test func `a client of HTTP/1 whose backend falls silent gets the half, and the end of its connection`() async throws
  {
    let backend = try await Self.backend()
    try await serving(url: "http://127.0.0.1:\(backend.port)", Self.silence) { gateway in
      let client = try RawClient(port: gateway.httpPort)
      client.send("GET /time/now HTTP/1.1\r\nHost: g\r\n\r\n")
      #expect(client.text(until: "half")?.hasPrefix("HTTP/1.1 200 OK\r\n") == true)
      #expect(client.isAtEnd)
      #expect(await Self.errors(gateway) == ["Timeout"])
    }
    await backend.stop()
  }

  @Test func `an answer without a length that breaks off does not look whole`() async throws {
    let backend = try await Self.backend()
    try await serving(url: "http://127.0.0.1:\(backend.port)", Self.silence) { gateway in
      let client = try RawClient(port: gateway.httpPort)
      client.send("GET /time/unbounded HTTP/1.1\r\nHost: g\r\n\r\n")
      // In chunks, of which the last one does not come.
      let begun = client.text(until: "half\r\n")
      #expect(begun == "HTTP/1.1 200 OK\r\nDate: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
      #expect(client.isAtEnd)
      let old = try RawClient(port: gateway.httpPort)
      old.send("GET /time/unbounded HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
      #expect(old.text(until: "half") == "HTTP/1.1 200 OK\r\nDate: a\r\nConnection: close\r\n\r\nhalf")
    }
    await backend.stop()
  }

  @Test func `a connection of HTTP/2 whose client has given up its last stream goes on`() async throws {
    let backend = try await Self.backend()
    var timeouts = ClientTimeouts()
    timeouts.head = .milliseconds(200)
    try await serving(url: "http://127.0.0.1:\(backend.port)", timeouts) { gateway in
      let client = try FrameClient(port: gateway.httpPort)
      client.get("/time/now", stream: 1)
      #expect(client.next(FrameClient.data)?.payload == Array("half".utf8))
      // Longer than a new connection may be without a request.
      try await Task.sleep(for: .milliseconds(600))
      client.send(FrameClient.reset, stream: 1, payload: [0, 0, 0, 8])
      try await Task.sleep(for: .milliseconds(500))
      client.get("/time/whole", stream: 3)
      #expect(client.next(FrameClient.data)?.payload == Array("whole".utf8))
    }
    await backend.stop()
  }

  @Test func `a client of HTTP/2 is heard although it takes nothing of an answer`() async throws {
    // More than all the sockets on the way hold.
    let bytes = 32 << 20
    let backend = try await Self.backend(large: bytes)
    try await serving(url: "http://127.0.0.1:\(backend.port)", ClientTimeouts()) { gateway in
      let client = try FrameClient(port: gateway.httpPort)
      client.send(8, stream: 0, payload: [0x7f, 0, 0, 0])
      client.get("/time/large", stream: 1)
      client.send(8, stream: 1, payload: [0x7f, 0, 0, 0])
      // Until the gateway has stopped to read the answer: both its sockets are full.
      try await Task.sleep(for: .milliseconds(500))
      client.send(
        FrameClient.headers, flags: 0x04, stream: 3,
        payload: [0x82, 0x86, 0x04, 9] + Array("/time/set".utf8) + [0x01, 1, 0x67])
      for _ in 0..<10 {
        client.send(FrameClient.data, stream: 3, payload: [UInt8](repeating: 0x61, count: 10_000))
      }
      client.send(FrameClient.data, flags: 1, stream: 3, payload: [])
      for _ in 0..<500 where backend.received.count < 2 { try await Task.sleep(for: .milliseconds(10)) }
      #expect(backend.received.count == 2)
      // And it gets everything once it reads.
      var (first, third) = (0, 0)
      while first < bytes || third < 5, let frame = client.next(FrameClient.data) {
        if frame.stream == 1 { first += frame.payload.count } else { third += frame.payload.count }
      }
      #expect(first == bytes && third == 5)
    }
    await backend.stop()
  }

  @Test func `a stream that has ever more to send leaves something of the connection's window to others`() async throws
  {
    let backend = try await Self.backend(large: 2 << 20)
    try await serving(url: "http://127.0.0.1:\(backend.port)", ClientTimeouts()) { gateway in
      let client = try FrameClient(port: gateway.httpPort)
      client.send(8, stream: 0, payload: [0, 0, 0, 1])
      client.get("/time/large", stream: 1)
      client.send(8, stream: 1, payload: [0, 0x7f, 0, 0])
      var received = 0
      while received < 65_536 { received += try #require(client.next(FrameClient.data)).payload.count }
      // The connection's window is closed: all of these wait behind it.
      let others = (1...12).map { UInt32(2 * $0 + 1) }
      for stream in others { client.get("/time/small", stream: stream) }
      for _ in others { #expect(client.next(FrameClient.headers) != nil) }
      var served: Set<UInt32> = []
      for _ in 0..<4 {
        client.send(8, stream: 0, payload: [0, 0, 0x10, 0])
        received = 0
        while received < 4_096, let frame = client.next(FrameClient.data) {
          received += frame.payload.count
          if frame.stream != 1 { served.insert(frame.stream) }
        }
      }
      #expect(served == Set(others))
    }
    await backend.stop()
  }

  @Test func `a stream of HTTP/2 whose backend falls silent is reset, and its connection goes on`() async throws {
    let backend = try await Self.backend()
    try await serving(url: "http://127.0.0.1:\(backend.port)", Self.silence) { gateway in
      let client = try FrameClient(port: gateway.httpPort)
      client.get("/time/now", stream: 1)
      #expect(client.next(FrameClient.data)?.payload == Array("half".utf8))
      let reset = try #require(client.next(FrameClient.reset))
      #expect(reset.stream == 1 && reset.error == 2)
      client.get("/time/whole", stream: 3)
      #expect(client.next(FrameClient.data)?.payload == Array("whole".utf8))
      #expect(await Self.errors(gateway) == ["Timeout"])
    }
    await backend.stop()
  }

  @Test func `an answer that is held for policies and does not come whole is an error`() async throws {
    let backend = try await Self.backend()
    let read = """
      <set-header name="X-Length" exists-action="override">\
      <value>@(context.Response.Body.As&lt;string&gt;(true).Length.ToString())</value></set-header>
      """
    try await serving(url: "http://127.0.0.1:\(backend.port)", outbound: read, Self.silence) { gateway in
      let client = try RawClient(port: gateway.httpPort)
      client.send("GET /time/now HTTP/1.1\r\nHost: g\r\n\r\n")
      #expect(client.answer()?.status == 500)
      client.send("GET /time/whole HTTP/1.1\r\nHost: g\r\n\r\n")
      #expect(client.answer()?.header("X-Length") == "5")
      #expect(await Self.errors(gateway) == ["Timeout"])
    }
    await backend.stop()
  }

  @Test(.enabled(if: PeerProcess.areInstalled, "scripts/install test puts the peers into .build/peers"))
  func `a backend of HTTP/2 that falls silent loses the stream alone`() async throws {
    let process = try PeerProcess("http2_backend.py", ["plain"])
    var lines = process.lines.makeAsyncIterator()
    let port = try #require(await lines.next())
    try await serving(url: "http://127.0.0.1:\(port)", version: "2", Self.silence) { gateway in
      let client = try FrameClient(port: gateway.httpPort)
      client.get("/time/stall", stream: 1)
      #expect(client.next(FrameClient.data)?.payload == Array("half".utf8))
      #expect(client.next(FrameClient.reset)?.error == 2)
      while let line = await lines.next() {
        if line == "reset 8" { break }
      }
      client.get("/time/statistics", stream: 3)
      let statistics = String(decoding: client.next(FrameClient.data)?.payload ?? [], as: UTF8.self)
      #expect(statistics.contains("\"connections\": 1"), "\(statistics)")
      #expect(await Self.errors(gateway) == ["Timeout"])
    }
    withExtendedLifetime(process) {}
  }

  @Test func `an answer that outlasts the gateway says so in its record, and what a client did wrong is said, too`()
    async throws
  {
    let backend = try await Self.backend()
    var timeouts = ClientTimeouts()
    timeouts.body = .milliseconds(200)
    try await serving(url: "http://127.0.0.1:\(backend.port)", timeouts) { gateway in
      // A body that stops.
      let stopping = try RawClient(port: gateway.httpPort)
      stopping.send("GET /time/now HTTP/1.1\r\nHost: g\r\nContent-Length: 5\r\n\r\nab")
      #expect(stopping.isAtEnd)
      // One that is longer than it was said to be.
      let frames = try FrameClient(port: gateway.httpPort)
      frames.send(
        FrameClient.headers, flags: 0x04, stream: 1,
        payload: [0x82, 0x86, 0x04, 9] + Array("/time/now".utf8) + [0x01, 1, 0x67, 0x0f, 0x0d, 1, 0x31])
      frames.send(FrameClient.data, stream: 1, payload: [1, 2])
      #expect(frames.next(FrameClient.reset)?.error == 1)
      let one = try RawClient(port: gateway.httpPort)
      one.send("GET /time/now HTTP/1.1\r\nHost: g\r\n\r\n")
      #expect(one.text(until: "half") != nil)
      let two = try FrameClient(port: gateway.httpPort)
      two.get("/time/now", stream: 1)
      #expect(two.next(FrameClient.data)?.payload == Array("half".utf8))
      // As it does when draining has taken its time.
      for loop in gateway.server.loops { try await loop.eventLoop.submit { loop.value.closeAll() }.get() }
      let messages = Set(gateway.records.all.map { "\($0.responseCode) \($0.errors.first?.message ?? "")" })
      #expect(
        messages == [
          "499 The client did not go on with the request's body in time.",
          "499 What the client sent is not valid HTTP, or too much; its answer was given up.",
          "200 The gateway ended before the answer was complete.",
        ])
      #expect(gateway.records.all.count == 4)
    }
    await backend.stop()
  }

  @Test func `a client that takes nothing of its answer is given up, on either protocol`() async throws {
    // More than all the sockets on the way hold.
    let large = String(repeating: "0123456789abcdef", count: 2 << 20)
    let backend = try await ScriptedBackend { _ in
      "HTTP/1.1 200 OK\r\nContent-Length: \(large.utf8.count)\r\n\r\n\(large)"
    }
    var timeouts = ClientTimeouts()
    timeouts.body = .milliseconds(300)
    try await serving(url: "http://127.0.0.1:\(backend.port)", timeouts) { gateway in
      let one = try RawClient(port: gateway.httpPort)
      one.send("GET /time/now HTTP/1.1\r\nHost: g\r\n\r\n")
      let two = try FrameClient(port: gateway.httpPort)
      two.get("/time/now", stream: 1)
      // It does not open its window.
      let reset = try #require(two.next(FrameClient.reset))
      #expect(reset.stream == 1 && reset.error == 8)
      var records: [RequestRecord] = []
      for _ in 0..<500 where records.count < 2 {
        try await Task.sleep(for: .milliseconds(10))
        records = gateway.records.all
      }
      #expect(records.flatMap { $0.errors.map(\.reason) } == ["ClientConnectionFailure", "ClientConnectionFailure"])
      for record in records {
        #expect(record.errors.first?.message == "The client took nothing of its answer for too long.")
      }
      withExtendedLifetime(one) {}
    }
    await backend.stop()
  }
}
