import Testing

@testable import TDSWire

/// Messages in packets, and what both sides say first.
struct TDSPacketTests {
  private func read(_ bytes: [UInt8], pieces: Int, bound: Int = 10_000) throws -> [TDSMessage] {
    var reader = TDSMessageReader(bound: bound)
    var messages: [TDSMessage] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = Array(rest.prefix(pieces))
      rest = rest.dropFirst(piece.count)
      messages += try reader.read(piece.span)
    }
    return messages
  }

  @Test(arguments: [1, 7, 8, 9, 100_000]) func `messages are put together, in pieces of any size`(_ pieces: Int) throws
  {
    let payload = (0..<1_500).map { UInt8(truncatingIfNeeded: $0) }
    let bytes =
      TDSPacket.bytes(.response, payload, size: 512) + TDSPacket.bytes(.response, [])
      + TDSPacket.bytes(.response, [1], resets: true)
    #expect(bytes.count == 1_500 + 3 * 8 + 8 + 9)
    #expect(bytes[1] == 0)
    #expect(bytes[2...3] == [2, 0])
    let messages = try read(bytes, pieces: pieces)
    #expect(messages.map(\.payload) == [payload, [], [1]])
    #expect(messages.allSatisfy { !$0.isCut && $0.type == 4 })
  }

  @Test(arguments: [1, 100, 100_000]) func `a message beyond the bound is read to its end, and what follows is whole`(
    _ pieces: Int
  ) throws {
    let long = [UInt8](repeating: 7, count: 5_000) + [0xfd, 0x20] + [UInt8](repeating: 0, count: 11)
    let messages = try read(
      TDSPacket.bytes(.response, long, size: 600) + TDSPacket.bytes(.response, [1, 2]), pieces: pieces, bound: 1_000)
    #expect(messages.count == 2)
    #expect(messages[0].isCut)
    #expect(messages[0].payload.count == 13)
    #expect(messages[0].endsWithAttention)
    #expect(messages[1] == TDSMessage(type: 4, payload: [1, 2], isCut: false))
  }

  @Test(arguments: [
    [4, 1, 0, 7, 0, 0, 1, 0], [9, 1, 0, 8, 0, 0, 1, 0], [4, 0, 0, 9, 0, 0, 1, 0, 5, 3, 1, 0, 8, 0, 0, 1, 0],
  ]) func `what is no packet is an error`(_ bytes: [UInt8]) {
    #expect(throws: TDSProtocolError.self) { try read(bytes, pieces: 3) }
  }

  @Test func `the first message says what is wanted, and reads what is answered`() throws {
    let question = TDSPrelogin(encryption: .on, takesToken: true)
    #expect(try TDSPrelogin(question.bytes) == question)
    #expect(try TDSPrelogin(TDSPrelogin(encryption: .off).bytes).takesToken == nil)
    for bytes in [[], [1], [1, 0, 9, 0, 1, 255], [1, 0, 6, 0, 1, 255, 9], [255], [0, 0, 6, 0, 1, 255, 9]] as [[UInt8]] {
      #expect(throws: TDSProtocolError.self) { try TDSPrelogin(bytes) }
    }
  }

  @Test func `both sides agree on encryption as the protocol has it`() {
    func agreement(_ asked: TDSPrelogin.Encryption, _ answer: TDSPrelogin.Encryption, token: Bool? = nil)
      -> TDSPrelogin.Agreement
    {
      TDSPrelogin(encryption: asked, takesToken: token).agreement(with: TDSPrelogin(encryption: answer))
    }
    #expect(agreement(.off, .off) == .loginAlone)
    #expect(agreement(.off, .on) == .everything)
    #expect(agreement(.off, .required) == .everything)
    #expect(agreement(.off, .notSupported) == .nothing)
    #expect(agreement(.on, .on) == .everything)
    #expect(agreement(.on, .required) == .everything)
    for (asked, answer, token) in [(.on, .off, nil), (.on, .notSupported, nil), (.off, .notSupported, true)]
      as [(TDSPrelogin.Encryption, TDSPrelogin.Encryption, Bool?)]
    {
      guard case .refused = agreement(asked, answer, token: token) else {
        Issue.record("\(asked) \(answer)")
        continue
      }
    }
  }

  @Test func `a password is hidden as the protocol has it`() {
    // 'a' is 0x61: nibbles exchanged 0x16, and 0xa5.
    #expect(TDSLogin.obscured("a") == [0xb3, 0xa5])
  }
}
