import Testing

@testable import PolicyLibrary

/// What is remembered of tokens that were found right.
struct VerifiedTokensTests {
  private let owner = VerifiedTokens.Owner()

  /// An unsigned token whose end differs from that of every other number.
  private func token(_ number: Int, expires: Int = 4_102_444_800) throws -> Token {
    func part(_ text: String) -> String {
      let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
      var bits = 0
      var count = 0
      var result: [UInt8] = []
      for byte in text.utf8 {
        bits = bits << 8 | Int(byte)
        count += 8
        while count >= 6 {
          count -= 6
          result.append(digits[bits >> count & 63])
        }
      }
      if count > 0 { result.append(digits[bits << (6 - count) & 63]) }
      return String(decoding: result, as: UTF8.self)
    }
    let text =
      part("{\"alg\":\"none\"}") + "." + part("{\"exp\":\(expires),\"n\":\(number)}") + "."
      + part("signature of \(number * 7919)")
    return try #require(Token(Array(text.utf8)))
  }

  private func isKnown(_ token: Token, _ memory: VerifiedTokens, now: Int64 = 0) -> Bool {
    let text = token.text
    return memory.find(text.span, owner, now: TokenTime.epochTicks + now)?.token === token
  }

  private func keep(_ token: Token, _ memory: VerifiedTokens, now: Int64 = 0) {
    memory.keep(token, as: token.text, keyID: nil, owner, [], now: TokenTime.epochTicks + now)
  }

  @Test func `a token is known to who found it right, until it ends or five minutes are over`() throws {
    let memory = VerifiedTokens()
    let (long, short) = (try token(1), try token(2, expires: 100))
    #expect(!isKnown(long, memory))
    keep(long, memory)
    keep(short, memory)
    #expect(isKnown(long, memory, now: 299 * 10_000_000) && !isKnown(long, memory, now: 300 * 10_000_000))
    #expect(isKnown(short, memory, now: 99 * 10_000_000) && !isKnown(short, memory, now: 100 * 10_000_000))
    let text = long.text
    let isKnownToOthers = memory.find(text.span, VerifiedTokens.Owner(), now: TokenTime.epochTicks) != nil
    #expect(!isKnownToOthers)
    memory.removeAll()
    #expect(!isKnown(long, memory))
  }

  @Test func `a text with one byte changed is not known, wherever the byte stands`() throws {
    let memory = VerifiedTokens()
    let known = try token(3)
    keep(known, memory)
    for place in known.text.indices {
      var text = known.text
      text[place] ^= 1
      let found = memory.find(text.span, owner, now: TokenTime.epochTicks) != nil
      #expect(!found)
    }
  }

  @Test func `it holds two thousand at most, and those in use stay`() throws {
    let memory = VerifiedTokens()
    let used = try (0..<100).map { try token($0) }
    for token in used { keep(token, memory) }
    let others = try (1_000..<9_000).map { try token($0) }
    for (i, token) in others.enumerated() {
      keep(token, memory, now: Int64(i) + 1)
      // Each of the hundred is asked for now and then.
      #expect(isKnown(used[i % 100], memory, now: Int64(i) + 1))
    }
    let kept = others.filter { isKnown($0, memory, now: 9_000) }.count
    #expect((1_500...1_948).contains(kept))
    #expect(others.suffix(500).filter { isKnown($0, memory, now: 9_000) }.count > 450)
  }
}
