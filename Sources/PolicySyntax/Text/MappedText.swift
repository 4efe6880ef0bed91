/// A text made from a piece of source by decoding entities and putting named values in, with the way back.
struct MappedText: Sendable {
  /// From `decoded` on, bytes come from `source` on; all from that one place when `isFixed`.
  struct Mark: Sendable {
    var decoded: Int
    var source: Int
    var isFixed: Bool
  }

  var bytes: [UInt8] = []
  private(set) var marks: [Mark] = []

  /// Whether source and text run in step, so that no mapping is needed.
  var isVerbatim: Bool { marks.count <= 1 && marks.first?.isFixed != true }

  /// Adds source bytes as they are.
  mutating func append(_ source: [UInt8], _ range: Range<Int>) {
    guard !range.isEmpty else { return }
    if let last = marks.last, !last.isFixed, last.source + (bytes.count - last.decoded) == range.lowerBound {
    } else {
      marks.append(Mark(decoded: bytes.count, source: range.lowerBound, isFixed: false))
    }
    bytes.append(contentsOf: source[range])
  }

  /// Adds text that stands for what the source has at one place.
  mutating func append(_ text: some Sequence<UInt8>, for source: Int) {
    marks.append(Mark(decoded: bytes.count, source: source, isFixed: true))
    bytes.append(contentsOf: text)
  }

  /// Adds a part of another mapped text.
  mutating func append(_ other: MappedText, _ range: Range<Int>) {
    guard !range.isEmpty else { return }
    var i = other.markIndex(range.lowerBound)
    var start = range.lowerBound
    while start < range.upperBound {
      let mark = other.marks[i]
      let end = i + 1 < other.marks.count ? min(other.marks[i + 1].decoded, range.upperBound) : range.upperBound
      let source = mark.isFixed ? mark.source : mark.source + (start - mark.decoded)
      if !mark.isFixed, let last = marks.last, !last.isFixed, last.source + (bytes.count - last.decoded) == source {
      } else {
        marks.append(Mark(decoded: bytes.count, source: source, isFixed: mark.isFixed))
      }
      bytes.append(contentsOf: other.bytes[start..<end])
      start = end
      i += 1
    }
  }

  /// Offset in the source of a byte of the text.
  func sourceOffset(_ decoded: Int) -> Int {
    guard !marks.isEmpty else { return 0 }
    let mark = marks[markIndex(decoded)]
    return mark.isFixed ? mark.source : mark.source + (decoded - mark.decoded)
  }

  private func markIndex(_ decoded: Int) -> Int {
    var low = 0
    var high = marks.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if marks[middle].decoded <= decoded { low = middle } else { high = middle }
    }
    return low
  }
}
