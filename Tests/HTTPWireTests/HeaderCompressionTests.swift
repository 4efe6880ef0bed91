import Testing

@testable import HTTPWire

/// HPACK against the examples of RFC 7541, appendix C.
struct HeaderCompressionTests {
  private func bytes(_ hexadecimal: String) -> [UInt8] {
    let digits = Array(hexadecimal.filter { !$0.isWhitespace })
    return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...($0 + 1)]), radix: 16) }
  }

  private func fields(_ decoder: inout HeaderDecoder, _ block: String) -> [String]? {
    let block = bytes(block)
    var found: [String] = []
    let isValid = decoder.decode(block.span) { name, value in
      func text(_ span: Span<UInt8>) -> String { String(decoding: span.indices.map { span[$0] }, as: UTF8.self) }
      found.append("\(text(name)): \(text(value))")
    }
    return isValid ? found : nil
  }

  @Test func `three requests without Huffman coding share a table`() {
    var decoder = HeaderDecoder(tableBound: 4_096)
    #expect(
      fields(&decoder, "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d")
        == [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"])
    #expect(
      fields(&decoder, "8286 84be 5808 6e6f 2d63 6163 6865")
        == [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache"])
    #expect(
      fields(&decoder, "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65")
        == [
          ":method: GET", ":scheme: https", ":path: /index.html", ":authority: www.example.com",
          "custom-key: custom-value",
        ])
  }

  @Test func `three requests with Huffman coding share a table`() {
    var decoder = HeaderDecoder(tableBound: 4_096)
    #expect(
      fields(&decoder, "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff")
        == [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"])
    #expect(
      fields(&decoder, "8286 84be 5886 a8eb 1064 9cbf")?.last == "cache-control: no-cache")
    #expect(
      fields(&decoder, "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf")?.last
        == "custom-key: custom-value")
  }

  @Test func `responses evict what a table of 256 bytes cannot hold`() {
    var decoder = HeaderDecoder(tableBound: 256)
    let first =
      "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3"
    #expect(
      fields(&decoder, first)
        == [
          ":status: 302", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:21 GMT",
          "location: https://www.example.com",
        ])
    #expect(fields(&decoder, "4883 640e ffc1 c0bf")?.first == ":status: 307")
    // The oldest, `:status: 302`, is gone: number 65 is the last there is.
    #expect(fields(&decoder, "c2") == nil)
  }

  @Test func `malformed blocks are refused`() {
    for block in [
      "80",  // number 0
      "ff80 8080 8001",  // an integer without end
      "400a 6375",  // a string that is cut off
      "0085 ffff ffff ff00",  // the end-of-string symbol inside a string
      "3fe2 1f",  // a table larger than allowed
      "8220",  // a resize behind a field
    ] {
      var decoder = HeaderDecoder(tableBound: 4_096)
      #expect(fields(&decoder, block) == nil, "\(block)")
    }
    var decoder = HeaderDecoder(tableBound: 4_096)
    // '&' is eight bits, 0xf8; an empty value follows.
    #expect(fields(&decoder, "0081 f800") == ["&: "])
    // Padding of zeros is no padding.
    #expect(fields(&decoder, "0081 0000") == nil)
  }

  @Test func `every byte has a code that decodes to it, among others and at the end`() {
    // The code is rebuilt here from its definition: canonical, by length, then by symbol.
    let code = HuffmanCode.standard
    for length in [1, 2, 7, 40] {
      for byte in UInt8.min...UInt8.max {
        let text = [UInt8](repeating: byte, count: length)
        var decoded: [UInt8] = []
        let encoded = Self.encode(text)
        #expect(code.decode(encoded.span, into: &decoded))
        #expect(decoded == text)
      }
    }
  }

  private func encode(_ encoder: inout HeaderEncoder, _ fields: [(String, String)]) -> [UInt8] {
    var block: [UInt8] = []
    encoder.begin(&block)
    for (name, value) in fields {
      let (name, value) = (Array(name.utf8), Array(value.utf8))
      encoder.field(name.span, value.span, to: &block)
    }
    return block
  }

  private func decode(_ decoder: inout HeaderDecoder, _ block: [UInt8]) -> [String]? {
    fields(&decoder, block.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
  }

  @Test func `what is written is read again, whatever was written before`() {
    var encoder = HeaderEncoder()
    var decoder = HeaderDecoder(tableBound: 4_096)
    var generator = SystemRandomNumberGenerator()
    let names = ["content-type", "x-request-id", "date", "x-own", "grpc-status", "server", "etag", "cookie"]
    for round in 0..<400 {
      var written: [(String, String)] = []
      for _ in 0..<8 {
        let length = Int.random(in: 0...(round % 50 == 0 ? 600 : 40), using: &generator)
        let value =
          Bool.random(using: &generator)
          ? "value-\(Int.random(in: 0..<6, using: &generator))"
          : String((0..<length).map { _ in "abc/;=xyz{|}~".randomElement(using: &generator) ?? "-" })
        written.append((names.randomElement(using: &generator) ?? "x", value))
      }
      if round % 37 == 0 { encoder.resize([0, 100, 4_096, 60, 9_000].randomElement(using: &generator) ?? 0) }
      let block = encode(&encoder, written)
      #expect(decode(&decoder, block) == written.map { "\($0): \($1)" })
    }
  }

  @Test func `a field met twice is a number from then on, in Huffman's code until then`() {
    var encoder = HeaderEncoder()
    let field = [("content-type", "application/json")]
    let sizes = (0..<3).map { _ in encode(&encoder, field).count }
    #expect(sizes == [14, 13, 1])
    var plain = HeaderEncoder()
    // Bytes that Huffman's code would make longer.
    #expect(encode(&plain, [("x", "{|}~")]).suffix(5) == [4] + Array("{|}~".utf8))
  }

  @Test func `secrets never enter the table`() {
    var encoder = HeaderEncoder()
    for name in ["authorization", "cookie", "set-cookie", "x-api-key", "x-session-id"] {
      let blocks = (0..<4).map { _ in encode(&encoder, [(name, "abcdefgh")]) }
      #expect(Set(blocks.map(\.count)).count <= 2)
      #expect((blocks.last?.count ?? 0) > 6, "\(name)")
    }
  }

  /// An encoder that knows nothing of the decoder but the published lengths.
  private static func encode(_ text: [UInt8]) -> [UInt8] {
    let order = (0..<257).sorted { (HuffmanCode.lengths[$0], $0) < (HuffmanCode.lengths[$1], $1) }
    var codes = [UInt32](repeating: 0, count: 257)
    var code: UInt32 = 0
    var last = HuffmanCode.lengths[order[0]]
    for symbol in order {
      code <<= UInt32(HuffmanCode.lengths[symbol] - last)
      last = HuffmanCode.lengths[symbol]
      codes[symbol] = code
      code += 1
    }
    var bits = ""
    for byte in text {
      let digits = String(codes[Int(byte)], radix: 2)
      bits += String(repeating: "0", count: Int(HuffmanCode.lengths[Int(byte)]) - digits.count) + digits
    }
    while bits.count % 8 != 0 { bits += "1" }
    let all = Array(bits)
    return stride(from: 0, to: all.count, by: 8).compactMap { UInt8(String(all[$0..<($0 + 8)]), radix: 2) }
  }
}
