import GatewayConfiguration
import NIOCore
import Testing

@testable import Gateway

/// What an HTTP/2 connection as a whole answers, takes, and comes to its end by.
@Suite(.timeLimit(.minutes(2)))
struct HTTP2ConnectionTests {
  private func serving(
    _ timeouts: ClientTimeouts = ClientTimeouts(), _ body: (Int) async throws -> Void
  ) async throws {
    let api = API(
      id: "time", displayName: "Time", path: "time", protocols: [.http], serviceURL: "http://127.0.0.1:1",
      subscriptionRequired: false,
      operations: [Operation(id: "now", displayName: "Now", method: "GET", urlTemplate: "/now")],
      policy: PolicyText(rawXML: "<policies><inbound><return-response /></inbound></policies>"))
    try await RunningGateway.serving([api], timeouts: timeouts) { try await body($0.httpPort) }
  }

  /// DATA belongs to a stream.
  private static let breach = FrameClient.bytes(FrameClient.data, payload: [1, 2, 3])

  @Test func `a PING is answered with its own bytes, and an answer to none is no harm`() async throws {
    try await serving { port in
      let client = try FrameClient(port: port)
      client.send(FrameClient.ping, flags: 1, payload: [UInt8](repeating: 7, count: 8))
      client.send(FrameClient.ping, payload: [1, 2, 3, 4, 5, 6, 7, 8])
      let answer = try #require(client.next(FrameClient.ping))
      #expect(answer.flags == 1 && answer.stream == 0 && answer.payload == [1, 2, 3, 4, 5, 6, 7, 8])
      client.get("/time/now", stream: 1)
      #expect(client.next(FrameClient.headers)?.stream == 1)
    }
  }

  @Test(arguments: [
    ([UInt8](repeating: 0, count: 7), UInt32(0), UInt32(6)), ([UInt8](repeating: 0, count: 8), 1, 1),
  ])
  func `a PING of another length, or of a stream, ends the connection`(
    _ payload: [UInt8], _ stream: UInt32, _ error: UInt32
  ) async throws {
    try await serving { port in
      let client = try FrameClient(port: port)
      client.send(FrameClient.ping, stream: stream, payload: payload)
      #expect(client.next(FrameClient.goAway)?.error == error)
      let isEnded = client.isEnded
      #expect(isEnded)
    }
  }

  @Test func `a flood of PINGs is told to calm down, and its connection ends`() async throws {
    try await serving { port in
      let client = try FrameClient(port: port)
      let ping = FrameClient.bytes(FrameClient.ping, payload: [UInt8](repeating: 0, count: 8))
      _ = client.raw.send(Array([[UInt8]](repeating: ping, count: 3_000).joined()))
      let last = try #require(client.next(FrameClient.goAway))
      #expect(last.error == 11)
      let isEnded = client.isEnded
      #expect(isEnded)
    }
  }

  @Test func `a client whose connection failed reads why, although it has sent much more`() async throws {
    try await serving { port in
      let client = try FrameClient(port: port)
      #expect(client.raw.send(Self.breach + [UInt8](repeating: 0, count: 300_000)))
      #expect(client.next(FrameClient.goAway)?.error == 1)
      let isEnded = client.isEnded
      #expect(isEnded)
    }
  }

  @Test func `a client whose connection failed is not listened to beyond a megabyte`() async throws {
    var timeouts = ClientTimeouts()
    timeouts.linger = .minutes(10)
    try await serving(timeouts) { port in
      let client = try FrameClient(port: port)
      _ = client.raw.send(Self.breach)
      // What the sockets hold is more than what the gateway reads, but has a bound, too.
      let isShutOut = try await client.isShutOut(after: 2_000, of: [UInt8](repeating: 0, count: 65_536))
      #expect(isShutOut)
    }
  }

  @Test func `a client whose connection failed and that stays is shut out after a moment`() async throws {
    var timeouts = ClientTimeouts()
    timeouts.linger = .milliseconds(200)
    try await serving(timeouts) { port in
      let client = try FrameClient(port: port)
      _ = client.raw.send(Self.breach)
      #expect(client.next(FrameClient.goAway)?.error == 1)
      let isShutOut = try await client.isShutOut(after: 1_000, of: [0], pause: .milliseconds(10))
      #expect(isShutOut)
    }
  }

  @Test func `an idle connection of HTTP/2 is told that it ends, and one that lives is not`() async throws {
    var timeouts = ClientTimeouts()
    timeouts.head = .milliseconds(300)
    timeouts.keepAlive = .milliseconds(300)
    try await serving(timeouts) { port in
      for requests in [0, 2] {
        let client = try FrameClient(port: port)
        for request in 0..<requests {
          client.get("/time/now", stream: UInt32(2 * request + 1))
          #expect(client.next(FrameClient.headers)?.stream == UInt32(2 * request + 1))
        }
        let last = try #require(client.next(FrameClient.goAway))
        #expect(last.error == 0)
        #expect(last.payload[..<4] == [0, 0, 0, UInt8(max(0, 2 * requests - 1))])
        let isEnded = client.isEnded
        #expect(isEnded)
      }
    }
  }

  @Test(arguments: ["", "GET /time/now HTTP/1.1\r\nHost: g\r\n"])
  func `a connection whose first head does not come ends without an answer`(_ begun: String) async throws {
    var timeouts = ClientTimeouts()
    timeouts.head = .milliseconds(300)
    try await serving(timeouts) { port in
      let client = try RawClient(port: port)
      client.send(begun)
      #expect(client.isAtEnd)
    }
  }

  @Test func `a connection of HTTP/1 ends when it has been idle for long enough after an answer`() async throws {
    var timeouts = ClientTimeouts()
    timeouts.keepAlive = .milliseconds(300)
    try await serving(timeouts) { port in
      let client = try RawClient(port: port)
      for _ in 0..<2 {
        client.send("GET /time/now HTTP/1.1\r\nHost: g\r\n\r\n")
        #expect(client.answer()?.status == 200)
      }
      #expect(client.isAtEnd)
    }
  }
}
