/// Room behind an array's bytes, asked for once for several pieces: a record of thirty fields would otherwise pay the
/// array's checks with every byte.
struct ByteRoom: ~Copyable {
  private var next: UnsafeMutablePointer<UInt8>
  private let end: UnsafeMutablePointer<UInt8>

  /// Appends to `bytes` what `write` puts into the room, at most `count` bytes.
  static func extend(_ bytes: inout [UInt8], by count: Int, _ write: (inout ByteRoom) -> Void) {
    bytes.append(addingCapacity: count) { output in
      output.withUnsafeMutableBufferPointer { buffer, used in
        guard let start = buffer.baseAddress else { return }
        // The pointers do not leave this closure: a room cannot be copied, and `write` only borrows it.
        var room = ByteRoom(next: start + used, end: start + buffer.count)
        write(&room)
        used = room.next - start
      }
    }
  }

  mutating func append(_ byte: UInt8) {
    precondition(next < end)
    next.pointee = byte
    next += 1
  }

  mutating func append(_ text: StaticString) {
    append(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  mutating func append(_ text: UnsafeBufferPointer<UInt8>) {
    guard let start = text.baseAddress, !text.isEmpty else { return }
    precondition(text.count <= end - next)
    next.update(from: start, count: text.count)
    next += text.count
  }

  /// Appends a JSON string's inside: quotes, backslashes and control characters escaped.
  mutating func append(escaped text: UnsafeBufferPointer<UInt8>) {
    let bytes = UnsafeRawBufferPointer(text)
    var index = 0
    while index < bytes.count {
      // Eight bytes that need no escape, the common case, are looked at and copied at once.
      if bytes.count - index >= 8, end - next >= 8 {
        let eight = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        if !Self.needsEscape(eight) {
          UnsafeMutableRawPointer(next).storeBytes(of: eight, as: UInt64.self)
          next += 8
          index += 8
          continue
        }
      }
      append(escaped: bytes[index])
      index += 1
    }
  }

  private mutating func append(escaped byte: UInt8) {
    switch byte {
    case 0x22, 0x5c:
      append(0x5c)
      append(byte)
    case 0..<0x20, 0x7f:
      append("\\u00")
      append(Self.digit(byte >> 4))
      append(Self.digit(byte & 15))
    default: append(byte)
    }
  }

  /// Whether any of eight bytes may be a quote, a backslash or a control character; now and then true without need.
  private static func needsEscape(_ eight: UInt64) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    func zeros(_ x: UInt64) -> UInt64 { (x &- ones) & ~x }
    let found =
      zeros(eight ^ (ones &* 0x22)) | zeros(eight ^ (ones &* 0x5c)) | zeros(eight ^ (ones &* 0x7f))
      | ((eight &- ones &* 0x20) & ~eight)
    return found & (ones &* 0x80) != 0
  }

  mutating func append(decimal value: Int) {
    if value < 0 { append(0x2d) }
    var rest = value.magnitude
    var width = 1
    while rest >= 10 {
      width += 1
      rest /= 10
    }
    append(digits: value.magnitude, width: width)
  }

  /// Exactly `width` decimal digits.
  mutating func append(digits value: UInt, width: Int) {
    precondition(width <= end - next)
    var rest = value
    for index in stride(from: width - 1, through: 0, by: -1) {
      next[index] = UInt8(truncatingIfNeeded: 48 + rest % 10)
      rest /= 10
    }
    next += width
  }

  static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }
}
