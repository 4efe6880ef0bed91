/// Replacements in a source text, collected in order of their places.
struct SourceEdits {
  let source: PolicySource
  private var output: [UInt8] = []
  private var copied = 0

  init(_ source: PolicySource) {
    self.source = source
    output.reserveCapacity(source.bytes.count + source.bytes.count / 8)
  }

  /// Puts bytes in the place of a range that begins behind everything replaced so far.
  mutating func replace(_ range: Range<Int>, with bytes: some Sequence<UInt8>) {
    assert(range.lowerBound >= copied, "edits come in order")
    output.append(contentsOf: source.bytes[copied..<range.lowerBound])
    output.append(contentsOf: bytes)
    copied = range.upperBound
  }

  /// The text with everything replaced.
  func text() -> String {
    String(decoding: output + source.bytes[copied...], as: UTF8.self)
  }
}
