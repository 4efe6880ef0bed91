import HTTPWire
import Testing

/// Greetings of TLS, built by hand and in pieces.
struct ClientHelloTests {
  private func vector(_ lengthBytes: Int, _ content: [UInt8]) -> [UInt8] {
    (0..<lengthBytes).reversed().map { UInt8(truncatingIfNeeded: content.count >> ($0 * 8)) } + content
  }

  private func handshake(_ extensions: [UInt8]) -> [UInt8] {
    let body =
      [3, 3] + [UInt8](repeating: 7, count: 32) + vector(1, [1, 2, 3]) + vector(2, [0x13, 1]) + vector(1, [0])
      + vector(2, extensions)
    return [1] + vector(3, body)
  }

  private func serverName(_ name: String, kind: UInt8 = 0) -> [UInt8] {
    [0, 0] + vector(2, vector(2, [kind] + vector(2, Array(name.utf8))))
  }

  private func records(_ message: [UInt8], of size: Int = 1 << 14) -> [UInt8] {
    stride(from: 0, to: message.count, by: size).flatMap { start in
      [22, 3, 1] + vector(2, Array(message[start..<min(start + size, message.count)]))
    }
  }

  private func name(_ extensions: [UInt8]) -> ClientHello.Outcome {
    ClientHello.read(records(handshake(extensions)).span)
  }

  @Test func `the name stands among the extensions, in any case of letters`() {
    #expect(name([0, 16] + vector(2, [1]) + serverName("API.Contoso.com")) == .complete(serverName: "api.contoso.com"))
    #expect(name(serverName("contoso.com.")) == .complete(serverName: "contoso.com"))
  }

  @Test func `a client may name nobody`() {
    #expect(name([]) == .complete(serverName: nil))
    #expect(name([0, 16] + vector(2, [1])) == .complete(serverName: nil))
    #expect(name(serverName("a", kind: 7)) == .complete(serverName: nil))
  }

  @Test func `what is no name counts as none`() {
    #expect(name(serverName("")) == .complete(serverName: nil))
    #expect(name(serverName(".")) == .complete(serverName: nil))
    #expect(name(serverName("a b")) == .complete(serverName: nil))
    #expect(name(serverName("a\0b")) == .complete(serverName: nil))
    #expect(name(serverName("ä")) == .complete(serverName: nil))
    #expect(name(serverName(String(repeating: "a", count: 254))) == .complete(serverName: nil))
    #expect(name([0, 0] + vector(2, [0, 9, 0, 0, 200])) == .complete(serverName: nil))
    // The extensions say that they are longer than the message.
    #expect(ClientHello.read(records([1, 0, 0, 3, 3, 3, 7]).span) == .complete(serverName: nil))
  }

  @Test(arguments: [1, 3, 4, 5, 40, 1 << 14])
  func `a greeting is complete with its last byte, in records of any size`(size: Int) {
    let bytes = records(handshake(serverName("contoso.com")), of: size)
    for count in 0..<bytes.count {
      #expect(ClientHello.read(bytes.span.extracting(..<count)) == .incomplete, "\(count) of \(bytes.count)")
    }
    #expect(ClientHello.read(bytes.span) == .complete(serverName: "contoso.com"))
    // What follows is nobody's business here.
    #expect(ClientHello.read((bytes + [20, 3, 3]).span) == .complete(serverName: "contoso.com"))
  }

  @Test func `what is no greeting is refused at once`() {
    for bytes: [UInt8] in [
      Array("GET / HTTP/1.1".utf8), [22, 2], [23, 3, 1], [22, 3, 1, 0, 0], [22, 3, 1, 0x40, 1], [22, 3, 1, 0, 1, 2],
      records(handshake([]), of: 20).prefix(25) + [21],
    ] {
      #expect(ClientHello.read(bytes.span) == .refused, "\(bytes)")
    }
  }

  @Test func `a greeting has a bound`() {
    let long = records([1, 0xff, 0xff, 0xff] + [UInt8](repeating: 0, count: 40_000))
    #expect(ClientHello.read(long.span) == .refused)
    let crumbs = records([1, 0xff, 0xff, 0xff] + [UInt8](repeating: 0, count: 8_000), of: 1)
    #expect(ClientHello.read(crumbs.span) == .refused)
  }
}
