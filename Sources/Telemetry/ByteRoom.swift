/// Room behind an array's bytes, asked for once for several pieces: a record of thirty fields would otherwise pay the
/// array's checks with every byte.
struct ByteRoom: ~Copyable {
  private var next: UnsafeMutablePointer<UInt8>
  private let start: UnsafeMutablePointer<UInt8>
  private let end: UnsafeMutablePointer<UInt8>

  private init(next: UnsafeMutablePointer<UInt8>, end: UnsafeMutablePointer<UInt8>) {
    self.next = next
    start = next
    self.end = end
  }

  /// Bytes written so far.
  var count: Int { next - start }

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

  @inline(__always)
  mutating func append(_ byte: UInt8) {
    precondition(next < end)
    next.pointee = byte
    next += 1
  }

  mutating func append(_ text: StaticString) {
    append(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  mutating func append(_ text: UnsafeBufferPointer<UInt8>) {
    precondition(text.count <= end - next)
    copy(UnsafeRawBufferPointer(text))
    next += text.count
  }

  /// Copies text for which there is room, without moving on. Eight bytes at a time, the last eight perhaps once more:
  /// what is written here is short, and a call of `memcpy` would cost more than the copy.
  private func copy(_ text: UnsafeRawBufferPointer) {
    let room = UnsafeMutableRawPointer(next)
    let count = text.count
    if count >= 8 {
      var index = 0
      while index < count - 8 {
        room.storeBytes(
          of: text.loadUnaligned(fromByteOffset: index, as: UInt64.self), toByteOffset: index, as: UInt64.self)
        index += 8
      }
      room.storeBytes(
        of: text.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self), toByteOffset: count - 8, as: UInt64.self)
    } else if count >= 4 {
      let last = text.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
      room.storeBytes(of: text.loadUnaligned(as: UInt32.self), as: UInt32.self)
      room.storeBytes(of: last, toByteOffset: count - 4, as: UInt32.self)
    } else {
      for index in 0..<count { next[index] = text[index] }
    }
  }

  /// The last bytes of what was written; not to be used when there is less.
  func last(_ count: Int) -> UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: next - count, count: count) }

  /// Appends a JSON string's inside: quotes, backslashes and control characters escaped.
  mutating func append(escaped text: UnsafeBufferPointer<UInt8>) {
    let bytes = UnsafeRawBufferPointer(text)
    // The common case: nothing needs an escape.
    if bytes.count <= end - next, Self.isPlain(bytes) {
      copy(bytes)
      next += bytes.count
      return
    }
    for byte in bytes { append(escaped: byte) }
  }

  /// Whether nothing needs an escape; now and then false without need.
  private static func isPlain(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let count = bytes.count
    if count >= 8 {
      var index = 0
      while index < count - 8 {
        if needsEscape(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) { return false }
        index += 8
      }
      return !needsEscape(bytes.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self))
    }
    if count >= 4 {
      let first = bytes.loadUnaligned(as: UInt32.self)
      let last = bytes.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
      return !needsEscape(UInt64(first) | UInt64(last) << 32)
    }
    for byte in bytes where byte < 0x20 || byte == 0x22 || byte == 0x5c || byte == 0x7f { return false }
    return true
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
    var index = width
    while index >= 2 {
      let pair = rest % 100
      rest /= 100
      index -= 2
      next[index] = UInt8(truncatingIfNeeded: 48 + pair / 10)
      next[index + 1] = UInt8(truncatingIfNeeded: 48 + pair % 10)
    }
    if index == 1 { next[0] = UInt8(truncatingIfNeeded: 48 + rest % 10) }
    next += width
  }

  static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }
}
