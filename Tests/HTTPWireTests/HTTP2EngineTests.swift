import HTTPWire
import Testing

/// The server's end of HTTP/2 without sockets.
struct HTTP2EngineTests {
  private static let settings: [UInt8] = [0, 0, 0, 4, 0, 0, 0, 0, 0]
  /// GET / of www.example.com over http, as RFC 7541 codes it.
  private static let get: [UInt8] = [0x82, 0x86, 0x84, 0x41, 0x0f] + Array("www.example.com".utf8)
  private static let post: [UInt8] = [0x83, 0x86, 0x84, 0x41, 0x0f] + Array("www.example.com".utf8)

  private static func frame(_ kind: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) -> [UInt8] {
    let count = payload.count
    return [UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255), kind, flags]
      + (0..<4).map { UInt8(truncatingIfNeeded: stream >> UInt32(24 - 8 * $0)) } + payload
  }

  private static func number(_ value: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * $0)) }
  }

  /// An engine that has seen preface and settings, with what it does in answer to more bytes.
  private final class Peer {
    var engine: HTTP2Engine
    var head = MessageHead()

    var method: String { head.method }
    var target: String { head.target }
    var authority: String { head.authority }
    var cookies: [String] { head.values(of: "Cookie") }
    var text: String { String(decoding: head.serialised(), as: UTF8.self) }
    var expectsContinue: Bool { head.expectsContinue }
    var output: [UInt8] { engine.output }
    func room(_ stream: UInt32) -> Int { engine.room(stream) }

    init(_ bounds: HTTP2Engine.Bounds = .init()) {
      engine = HTTP2Engine(bounds: bounds)
      _ = send(HTTP2Engine.preface + HTTP2EngineTests.settings)
      engine.output = []
    }

    /// Every event but `handled`, until the bytes are used up or the connection fails.
    func send(_ bytes: [UInt8]) -> [HTTP2Engine.Event] {
      var rest = bytes
      var events: [HTTP2Engine.Event] = []
      while !rest.isEmpty {
        let (count, event) = engine.receive(rest.span, &head)
        if event == .incomplete { break }
        if event != .handled { events.append(event) }
        rest.removeFirst(count)
      }
      return events
    }
  }

  @Test func `a request becomes a head of HTTP/1.1 with a Host line and one cookie`() {
    let peer = Peer()
    let fields =
      Self.get + [0x00, 6] + Array("cookie".utf8) + [3] + Array("a=b".utf8) + [0x00, 6] + Array("cookie".utf8) + [3]
      + Array("c=d".utf8)
    #expect(peer.send(Self.frame(1, flags: 5, stream: 1, fields)) == [.request(1, ends: true)])
    #expect(peer.method == "GET")
    #expect(peer.target == "/")
    #expect(peer.authority == "www.example.com")
    #expect(peer.cookies == ["a=b; c=d"])
    #expect(peer.text.hasPrefix("GET / HTTP/1.1\r\n"))
  }

  @Test func `the start line holds method and path whatever stands between them`() {
    let peer = Peer()
    let fields: [UInt8] = [0x82, 0x41, 1, 0x61, 0x84, 0x86, 0x00, 6] + Array("expect".utf8) + [1, 0x31]
    #expect(peer.send(Self.frame(1, flags: 5, stream: 1, fields)) == [.request(1, ends: true)])
    #expect(peer.text.hasPrefix("GET / HTTP/1.1\r\nhost: a\r\n"))
    #expect(!peer.expectsContinue)
  }

  @Test func `what RFC 9113 calls malformed resets the stream and leaves the connection`() {
    let extra: [[UInt8]] = [
      [0x00, 1] + Array("X".utf8) + [0], [0x00, 10] + Array("connection".utf8) + [5] + Array("close".utf8),
      [0x82], [0x00, 2] + Array("te".utf8) + [4] + Array("gzip".utf8),
      [0x00, 1] + Array("x".utf8) + [3, 0x61, 0x0d, 0x62], [0x00, 4] + Array(":new".utf8) + [0],
      [0x00, 4] + Array("host".utf8) + [1] + Array("b".utf8), [0x00, 14] + Array("content-length".utf8) + [1, 0x35],
    ]
    let peer = Peer()
    for (index, fields) in extra.enumerated() {
      let stream = UInt32(2 * index + 1)
      #expect(peer.send(Self.frame(1, flags: 5, stream: stream, Self.get + fields)) == [], "\(fields)")
      #expect(Array(peer.output.suffix(13)) == Self.frame(3, stream: stream, Self.number(1)))
    }
    #expect(peer.send(Self.frame(1, flags: 5, stream: 99, Self.get)) == [.request(99, ends: true)])
  }

  @Test func `a body must be as long as its Content-Length says`() {
    let peer = Peer()
    let length: [UInt8] = [0x00, 14] + Array("content-length".utf8) + [1, 0x35]
    #expect(peer.send(Self.frame(1, flags: 4, stream: 1, Self.post + length)) == [.request(1, ends: false)])
    #expect(
      peer.send(Self.frame(0, flags: 1, stream: 1, Array("hello".utf8))) == [.data(1, offset: 9, length: 5, ends: true)]
    )
    #expect(peer.send(Self.frame(1, flags: 4, stream: 3, Self.post + length)) == [.request(3, ends: false)])
    #expect(peer.send(Self.frame(0, flags: 1, stream: 3, Array("hell".utf8))) == [.broken(3, .protocolError)])
    #expect(peer.send(Self.frame(1, flags: 4, stream: 5, Self.post + length)) == [.request(5, ends: false)])
    #expect(peer.send(Self.frame(0, stream: 5, Array("hello!".utf8))) == [.broken(5, .protocolError)])
  }

  @Test func `streams begun only to be given up end the connection`() {
    var bounds = HTTP2Engine.Bounds()
    bounds.resets = 10
    let peer = Peer(bounds)
    var events: [HTTP2Engine.Event] = []
    for index in 0..<20 {
      let stream = UInt32(2 * index + 1)
      events += peer.send(Self.frame(1, flags: 5, stream: stream, Self.get))
      events += peer.send(Self.frame(3, stream: stream, Self.number(8)))
      if case .failed = events.last { break }
    }
    #expect(events.last == .failed(.enhanceYourCalm))
    #expect(events.count == 22)
  }

  @Test func `a client that gives up a stream now and then goes on, however often that was`() {
    var bounds = HTTP2Engine.Bounds()
    bounds.resets = 10
    let peer = Peer(bounds)
    for index in 0..<100 {
      let stream = UInt32(2 * index + 1)
      #expect(peer.send(Self.frame(1, flags: 5, stream: stream, Self.get)) == [.request(stream, ends: true)])
      #expect(peer.send(Self.frame(3, stream: stream, Self.number(8))) == [.reset(stream, .cancel)])
      peer.engine.tick()
    }
  }

  @Test func `a header block in endless pieces ends the connection`() {
    let peer = Peer()
    #expect(peer.send(Self.frame(1, flags: 1, stream: 1, Self.get)) == [])
    var last: HTTP2Engine.Event?
    for _ in 0..<20 where last == nil { last = peer.send(Self.frame(9, stream: 1, [])).last }
    #expect(last == .failed(.enhanceYourCalm))
    let other = Peer()
    #expect(other.send(Self.frame(1, flags: 1, stream: 1, Self.get)) == [])
    #expect(other.send(Self.frame(6, [UInt8](repeating: 0, count: 8))) == [.failed(.protocolError)])
  }

  @Test func `settings, pings and empty data in a row end the connection; time forgives`() {
    for flood in [
      Self.settings, Self.frame(6, [UInt8](repeating: 0, count: 8)), Self.frame(2, stream: 7, [0, 0, 0, 0, 0]),
    ] {
      let peer = Peer()
      var events: [HTTP2Engine.Event] = []
      for _ in 0..<1_100 where events.isEmpty { events += peer.send(flood) }
      #expect(events == [.failed(.enhanceYourCalm)])
      let calm = Peer()
      for _ in 0..<2_000 {
        #expect(calm.send(flood) == [])
        calm.engine.tick()
      }
    }
  }

  @Test func `windows bound what is sent and received`() throws {
    let peer = Peer()
    _ = peer.send(Self.frame(4, [0, 4] + Self.number(10)))
    #expect(peer.send(Self.frame(1, flags: 5, stream: 1, Self.get)) == [.request(1, ends: true)])
    #expect(peer.room(1) == 10)
    peer.engine.beginData(1, length: 10, ends: false)
    #expect(peer.room(1) == 0)
    #expect(peer.send(Self.frame(8, stream: 1, Self.number(5))) == [.window(1)])
    #expect(peer.room(1) == 5)
    // A smaller initial window makes the stream's negative, which is allowed.
    _ = peer.send(Self.frame(4, [0, 4] + Self.number(0)))
    #expect(peer.room(1) == 0)
    #expect(peer.send(Self.frame(8, stream: 1, Self.number(0x7fff_ffff))) == [.window(1)])
    #expect(peer.send(Self.frame(8, stream: 1, Self.number(0x7fff_ffff))) == [.broken(1, .flowControl)])

    var bounds = HTTP2Engine.Bounds()
    bounds.streamWindow = 20_000
    let greedy = Peer(bounds)
    #expect(greedy.send(Self.frame(1, flags: 4, stream: 1, Self.post)) == [.request(1, ends: false)])
    let piece = Self.frame(0, stream: 1, [UInt8](repeating: 0x78, count: 16_000))
    #expect(greedy.send(piece) == [.data(1, offset: 9, length: 16_000, ends: false)])
    greedy.engine.consumed(1, 16_000)
    #expect(greedy.send(piece) == [.data(1, offset: 9, length: 16_000, ends: false)])
    // Not passed on: no more was invited.
    #expect(greedy.send(piece) == [.failed(.flowControl)])
  }

  @Test func `an end that is announced still takes the streams on their way, one that is there does not`() {
    let peer = Peer()
    peer.engine.announceGoAway()
    #expect(peer.output == Self.frame(7, Self.number(0x7fff_ffff) + Self.number(0)))
    #expect(peer.send(Self.frame(1, flags: 5, stream: 1, Self.get)) == [.request(1, ends: true)])
    peer.engine.output = []
    peer.engine.goAway()
    #expect(peer.output == Self.frame(7, Self.number(1) + Self.number(0)))
    #expect(peer.send(Self.frame(1, flags: 5, stream: 3, Self.get)) == [])
    // Nothing is announced behind the end.
    peer.engine.output = []
    peer.engine.announceGoAway()
    #expect(peer.output.isEmpty)
  }

  @Test func `frames where none may be end the connection`() {
    let wrong: [[UInt8]] = [
      Self.frame(0, stream: 1, [1]), Self.frame(0, stream: 0, [1]), Self.frame(1, flags: 5, stream: 2, Self.get),
      Self.frame(3, stream: 5, Self.number(0)), Self.frame(4, stream: 1, []), Self.frame(4, [0, 4, 0]),
      Self.frame(4, [0, 5] + Self.number(1)), Self.frame(5, flags: 4, stream: 1, Self.number(2)),
      Self.frame(6, [1]), Self.frame(8, Self.number(0)), Self.frame(9, stream: 1, []),
      Self.frame(0, flags: 8, stream: 1, [9]), [0x01, 0, 0, 0, 0, 0, 0, 0, 1],
      Self.frame(1, flags: 5, stream: 1, [0x80]),
    ]
    for bytes in wrong {
      guard case .failed = Peer().send(bytes).last else {
        Issue.record("not refused: \(bytes)")
        continue
      }
    }
    var engine = HTTP2Engine()
    var head = MessageHead()
    let text = Array("GET / HTTP/1.1\r\n\r\n".utf8)
    let (_, event) = engine.receive(text.span, &head)
    #expect(event == .failed(.protocolError))
  }
}
