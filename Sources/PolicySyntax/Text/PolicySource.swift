public import Expressions

/// The text of one policy document or fragment as its author wrote it, and the way from byte offsets to lines and columns.
///
/// A byte order mark is taken off. Finding a position costs the logarithm of the number of lines.
public final class PolicySource: Sendable {
  /// What the text is called in messages: `global`, `api`, `fragment 'auth'`; may be empty.
  public let name: String
  /// The text in UTF-8 without byte order mark.
  public let bytes: [UInt8]
  private let lineStarts: [Int]
  /// Scalars before byte `stride * i`.
  private let checkpoints: [Int]
  private static let stride = 256

  public init(_ text: String, name: String = "") {
    self.name = name
    var bytes = Array(text.utf8)
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
    self.bytes = bytes
    var starts = [0]
    var checkpoints: [Int] = []
    checkpoints.reserveCapacity(bytes.count / Self.stride + 1)
    var scalars = 0
    for i in bytes.indices {
      if i % Self.stride == 0 { checkpoints.append(scalars) }
      let byte = bytes[i]
      if byte & 0xC0 != 0x80 { scalars += 1 }
      if byte == 0x0A || (byte == 0x0D && (i + 1 == bytes.count || bytes[i + 1] != 0x0A)) { starts.append(i + 1) }
    }
    if checkpoints.isEmpty { checkpoints = [0] }
    lineStarts = starts
    self.checkpoints = checkpoints
  }

  /// Where the byte stands: line and column from 1, the column in Unicode scalars.
  public func position(at offset: Int) -> SourcePosition {
    let offset = min(max(offset, 0), bytes.count)
    var low = 0
    var high = lineStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    return SourcePosition(line: low + 1, column: scalars(before: offset) - scalars(before: lineStarts[low]) + 1)
  }

  /// The byte offset of a position; positions behind the end of a line give its end.
  public func offset(of position: SourcePosition) -> Int {
    guard position.line >= 1, position.line <= lineStarts.count else { return bytes.count }
    var offset = lineStarts[position.line - 1]
    let end = position.line < lineStarts.count ? lineStarts[position.line] : bytes.count
    var column = 1
    while column < position.column, offset < end {
      offset += 1
      while offset < end, bytes[offset] & 0xC0 == 0x80 { offset += 1 }
      column += 1
    }
    return offset
  }

  /// The text of one line without its end, for messages; nil when there is no such line.
  public func line(_ number: Int) -> String? {
    guard number >= 1, number <= lineStarts.count else { return nil }
    let start = lineStarts[number - 1]
    var end = number < lineStarts.count ? lineStarts[number] : bytes.count
    while end > start, bytes[end - 1] == 0x0A || bytes[end - 1] == 0x0D { end -= 1 }
    return text(start..<end)
  }

  /// The text between two byte offsets.
  public func text(_ range: Range<Int>) -> String {
    String(decoding: bytes[range.clamped(to: 0..<bytes.count)], as: UTF8.self)
  }

  /// Number of Unicode scalars between two byte offsets.
  func scalarCount(_ range: Range<Int>) -> Int { scalars(before: range.upperBound) - scalars(before: range.lowerBound) }

  private func scalars(before offset: Int) -> Int {
    let block = min(offset / Self.stride, checkpoints.count - 1)
    var count = checkpoints[block]
    var i = block * Self.stride
    while i < offset {
      if bytes[i] & 0xC0 != 0x80 { count += 1 }
      i += 1
    }
    return count
  }
}
