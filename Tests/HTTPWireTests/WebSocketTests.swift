import HTTPWire
import Testing

/// Frames of WebSocket, against the examples and the rules of RFC 6455.
struct WebSocketTests {
  private static let mask: [UInt8] = [0x37, 0xfa, 0x21, 0x3d]

  private func events(
    _ bytes: [UInt8], from peer: WebSocketReader.Peer = .client, bound: Int = 1 << 20, pieces: Int = .max
  ) -> [WebSocketReader.Event] {
    var reader = WebSocketReader(from: peer, messageBound: bound)
    var found: [WebSocketReader.Event] = []
    var at = 0
    while at < bytes.count {
      let end = pieces == .max ? bytes.count : min(bytes.count, at + pieces)
      let (consumed, event) = reader.read(bytes.span.extracting(at..<end))
      if let event { found.append(event) }
      if consumed == 0, event == nil { break }
      at += consumed
    }
    return found
  }

  private func frame(
    _ opcode: WebSocketFrame.Opcode, _ text: String = "", isFinal: Bool = true, masked: Bool = true
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    WebSocketFrame.write(
      opcode, Array(text.utf8), isFinal: isFinal, mask: masked ? Self.mask : nil, into: &bytes)
    return bytes
  }

  private func failure(_ bytes: [UInt8], bound: Int = 1 << 20) -> UInt16? {
    guard case .failed(let close)? = events(bytes, bound: bound).last else { return nil }
    return close.code
  }

  @Test func `the key of the handshake is answered as the RFC has it`() {
    #expect(WebSocketHandshake.accept(key: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    for key in [
      "", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZR==", "dGhlIHNhbXBsZSBub25j!Q==", "dGhlIHNhbXBsZQ==",
    ] {
      #expect(WebSocketHandshake.accept(key: key) == nil, "\(key)")
    }
  }

  @Test func `the examples of the RFC are read`() {
    #expect(events([0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]) == [.text(Array("Hello".utf8))])
    #expect(
      events([0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f], from: .server) == [.text(Array("Hello".utf8))])
    #expect(
      events([0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f], from: .server) == [.text(Array("Hello".utf8))])
    #expect(events([0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]) == [.pong(Array("Hello".utf8))])
  }

  @Test(arguments: [1, 2, 3, 7, .max])
  func `messages of every size are read in pieces of any size`(pieces: Int) {
    for size in [0, 1, 125, 126, 127, 65_535, 65_536] where pieces > 2 || size < 1_000 {
      let payload = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
      var bytes: [UInt8] = []
      WebSocketFrame.write(.binary, payload, mask: Self.mask, into: &bytes)
      #expect(events(bytes + frame(.ping, "x"), pieces: pieces) == [.binary(payload), .ping([0x78])], "\(size)")
    }
  }

  @Test func `control frames stand between the pieces of a message`() {
    let bytes =
      frame(.text, "a", isFinal: false) + frame(.ping, "p") + frame(.continuation, "b", isFinal: false)
      + frame(.pong) + frame(.continuation) + frame(.text, "c")
    #expect(events(bytes) == [.ping([0x70]), .pong([]), .text([0x61, 0x62]), .text([0x63])])
  }

  @Test func `a character may be cut by a frame, a message may not end within one`() {
    let euro = Array("€".utf8)
    var bytes: [UInt8] = []
    WebSocketFrame.write(.text, Array(euro[..<1]), isFinal: false, mask: Self.mask, into: &bytes)
    WebSocketFrame.write(.continuation, Array(euro[1...]), mask: Self.mask, into: &bytes)
    #expect(events(bytes) == [.text(euro)])
    bytes = []
    WebSocketFrame.write(.text, Array(euro[..<2]), mask: Self.mask, into: &bytes)
    #expect(failure(bytes) == 1_007)
  }

  @Test func `what the RFC forbids fails the connection`() {
    let masked: [UInt8] = [0x80, 0, 0, 0, 0]
    for bytes: [UInt8] in [
      [0xc1] + masked, [0x91] + masked, [0x83] + masked, [0x8b] + masked, frame(.text, "a", masked: false),
      frame(.ping, isFinal: false), [0x89, 0xfe, 0, 126, 0, 0, 0, 0], frame(.continuation, "a"),
      frame(.text, "a", isFinal: false) + frame(.text, "b"), [0x81, 0xfe, 0, 125, 0, 0, 0, 0],
      [0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0], [0x88, 0x81, 0, 0, 0, 0, 3],
      [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xed], [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xee], [0x88, 0x82, 0, 0, 0, 0, 0x00, 0x01],
      [0x88, 0x82, 0, 0, 0, 0, 0x0b, 0xb7],
    ] {
      #expect(failure(bytes) == 1_002, "\(bytes)")
    }
    #expect(failure([0x88, 0x83, 0, 0, 0, 0, 0x03, 0xe8, 0xff]) == 1_007)
  }

  @Test func `a message has a bound, over all of its frames and before it has come`() {
    #expect(failure([0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]) == 1_009)
    #expect(failure([0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], bound: 65_535) == 1_009)
    #expect(failure(frame(.text, "abc", isFinal: false) + frame(.continuation, "de"), bound: 4) == 1_009)
    #expect(
      events(frame(.text, "abc", isFinal: false) + frame(.continuation, "d"), bound: 4) == [.text(Array("abcd".utf8))])
  }

  @Test func `a close has its code and reason, and ends everything`() {
    var bytes: [UInt8] = []
    WebSocketFrame.write(WebSocketClose(4_401, "No"), mask: Self.mask, into: &bytes)
    #expect(events(bytes + frame(.text, "late")) == [.close(WebSocketClose(4_401, "No"))])
    #expect(events(frame(.close)) == [.close(WebSocketClose(WebSocketClose.noStatus))])
    // A code that must not be sent is left out.
    bytes = []
    WebSocketFrame.write(WebSocketClose(WebSocketClose.noStatus, "x"), into: &bytes)
    #expect(bytes == [0x88, 0])
    bytes = []
    WebSocketFrame.write(WebSocketClose(1_000, String(repeating: "€", count: 50)), into: &bytes)
    #expect(
      events(bytes, from: .server) == [.close(WebSocketClose(1_000, String(repeating: "€", count: 41)))])
    bytes = []
    WebSocketFrame.write(WebSocketClose(1_000, String(repeating: "a", count: 123)), into: &bytes)
    #expect(events(bytes, from: .server) == [.close(WebSocketClose(1_000, String(repeating: "a", count: 123)))])
  }
}
