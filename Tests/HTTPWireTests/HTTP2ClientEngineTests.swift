import Testing

@testable import HTTPWire

/// The client's end of HTTP/2 without sockets.
struct HTTP2ClientEngineTests {
  private static let settings: [UInt8] = [0, 0, 0, 4, 0, 0, 0, 0, 0]
  private static let ok: [UInt8] = [0x88]

  private static func frame(_ kind: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) -> [UInt8] {
    let count = payload.count
    return [UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255), kind, flags]
      + (0..<4).map { UInt8(truncatingIfNeeded: stream >> UInt32(24 - 8 * $0)) } + payload
  }

  private static func number(_ value: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * $0)) }
  }

  private final class Peer {
    var engine = HTTP2Engine(role: .client)
    var head = MessageHead()
    var request = MessageHead()

    var status: Int { head.status }
    var output: [UInt8] { engine.output }
    var canOpen: Bool { engine.canOpenStream }
    var trailer: String? { engine.trailers.value(of: "grpc-status") }
    func isOpen(_ id: UInt32) -> Bool { engine.isOpen(id) }

    init(_ settings: [UInt8] = HTTP2ClientEngineTests.settings) { _ = send(settings) }

    func open(_ method: String = "GET", ends: Bool = true) throws -> UInt32 {
      try request.beginRequest(method: method, path: "/a")
      try request.set("Host", "b")
      engine.output = []
      return engine.openStream(request, HeadRewrite(), isTLS: false, ends: ends)
    }

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

  @Test func `streams wait for the server's settings and heed its limit`() throws {
    let early = HTTP2Engine(role: .client).canOpenStream
    #expect(!early)
    let peer = Peer(Self.frame(4, [0, 3] + Self.number(2)))
    let (first, second) = (try peer.open(), try peer.open())
    #expect(first == 1)
    #expect(second == 3)
    #expect(!peer.canOpen)
    #expect(peer.send(Self.frame(1, flags: 5, stream: 1, Self.ok)) == [.response(1, ends: true)])
    #expect(peer.canOpen)
  }

  @Test func `a request's head is a header block with Host as its authority`() throws {
    let peer = Peer()
    _ = try peer.open()
    var decoder = HeaderDecoder(tableBound: 4_096)
    var fields: [String] = []
    let block = Array(peer.output.dropFirst(9))
    let isDecoded = decoder.decode(block.span) { name, value in
      func text(_ span: Span<UInt8>) -> String { String(decoding: span.indices.map { span[$0] }, as: UTF8.self) }
      fields.append("\(text(name)): \(text(value))")
    }
    #expect(isDecoded)
    #expect(fields == [":method: GET", ":scheme: http", ":path: /a", ":authority: b"])
  }

  @Test func `an answer, its body and its trailers`() throws {
    let peer = Peer()
    let id = try peer.open("POST", ends: false)
    let trailer: [UInt8] = [0x00, 11] + Array("grpc-status".utf8) + [1, 0x30]
    #expect(peer.send(Self.frame(1, flags: 4, stream: id, [0x08, 3] + Array("103".utf8))) == [])
    #expect(peer.send(Self.frame(1, flags: 4, stream: id, Self.ok)) == [.response(id, ends: false)])
    #expect(peer.status == 200)
    #expect(peer.send(Self.frame(0, stream: id, [1, 2])) == [.data(id, offset: 9, length: 2, ends: false)])
    #expect(peer.send(Self.frame(1, flags: 5, stream: id, trailer)) == [.ended(id)])
    #expect(peer.trailer == "0")
    // Our own message is still to be ended.
    #expect(peer.isOpen(id))
    peer.engine.beginData(id, length: 0, ends: true)
    peer.engine.endData(id)
    #expect(!peer.isOpen(id))
  }

  @Test func `an answer to HEAD has the length of a body that does not come`() throws {
    let length: [UInt8] = [0x0f, 0x0d, 2] + Array("10".utf8)
    let peer = Peer()
    let head = try peer.open("HEAD")
    #expect(peer.send(Self.frame(1, flags: 5, stream: head, Self.ok + length)) == [.response(head, ends: true)])
    let get = try peer.open()
    #expect(peer.send(Self.frame(1, flags: 5, stream: get, Self.ok + length)) == [.broken(get, .protocolError)])
  }

  @Test func `what a server has not touched is told by GOAWAY and by refusal`() throws {
    let peer = Peer()
    let first = try peer.open()
    let second = try peer.open()
    let third = try peer.open()
    #expect(peer.send(Self.frame(3, stream: second, Self.number(7))) == [.reset(second, .refusedStream)])
    #expect(peer.send(Self.frame(7, Self.number(first) + Self.number(0))) == [.goAway(last: first, .none)])
    #expect(!peer.canOpen)
    #expect(peer.isOpen(first))
    #expect(!peer.isOpen(third))
  }

  @Test func `frames that no server may send end the connection`() throws {
    let wrong: [[UInt8]] = [
      Self.frame(5, flags: 4, stream: 1, Self.number(2)), Self.frame(1, flags: 5, stream: 2, Self.ok),
      Self.frame(1, flags: 5, stream: 9, Self.ok), Self.frame(0, stream: 9, [1]),
      Self.frame(4, [0, 2] + Self.number(1)),
      Self.frame(8, Self.number(0)), Self.frame(1, flags: 5, stream: 1, [0x80]),
      Self.frame(3, stream: 9, Self.number(0)),
    ]
    for bytes in wrong {
      let peer = Peer()
      _ = try peer.open()
      guard case .failed? = peer.send(bytes).last else {
        Issue.record("not refused: \(bytes)")
        continue
      }
    }
    for bytes in [
      Self.frame(0, stream: 1, [1]), Self.frame(1, flags: 5, stream: 1, Self.ok + Self.ok),
      Self.frame(1, flags: 5, stream: 1),
      Self.frame(1, flags: 4, stream: 1, [0x08, 3] + Array("101".utf8)), Self.frame(1, flags: 5, stream: 1, [0x82]),
    ] {
      let peer = Peer()
      _ = try peer.open()
      #expect(peer.send(bytes) == [.broken(1, .protocolError)], "\(bytes)")
    }
  }

  @Test func `a server's window bounds what is sent`() throws {
    let peer = Peer(Self.frame(4, [0, 4] + Self.number(7)))
    let id = try peer.open("POST", ends: false)
    #expect(peer.engine.room(id) == 7)
    peer.engine.beginData(id, length: 7, ends: false)
    #expect(peer.engine.room(id) == 0)
    #expect(peer.send(Self.frame(8, stream: id, Self.number(3))) == [.window(id)])
    #expect(peer.engine.room(id) == 3)
  }
}
