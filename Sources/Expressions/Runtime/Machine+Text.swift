/// Texts in the making: concatenations write their bytes one behind the other, nested ones further up.
extension Machine {
  func append(_ text: String) {
    let stored: Void? = text.utf8.withContiguousStorageIfAvailable { append($0) }
    if stored == nil {
      for byte in text.utf8 { append(byte: byte) }
    }
  }

  @inline(__always)
  func append(_ bytes: UnsafeBufferPointer<UInt8>) {
    reserve(bytes.count)
    if let source = bytes.baseAddress { (text + textCount).update(from: source, count: bytes.count) }
    textCount &+= bytes.count
  }

  /// A whole number in decimal.
  func append(_ number: Int) {
    if number < 0 { append(byte: 0x2D) }
    append(UInt64(number.magnitude))
  }

  func append(_ number: UInt64) {
    var rest = number
    var digits = 1
    var bound: UInt64 = 10
    while rest >= bound, digits < 19 {
      digits &+= 1
      bound &*= 10
    }
    if digits == 19, rest >= bound { digits = 20 }
    reserve(digits)
    var place = textCount &+ digits
    textCount = place
    repeat {
      place &-= 1
      let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10)
      text[place] = UInt8(truncatingIfNeeded: 0x30 &+ remainder)
      rest = quotient
    } while rest > 0
  }

  @inline(__always)
  func append(byte: UInt8) {
    reserve(1)
    text[textCount] = byte
    textCount &+= 1
  }

  /// The text written since `start`, which is free again.
  func takeText(from start: Int) -> String {
    let bytes = UnsafeBufferPointer(start: text + start, count: textCount - start)
    dropText(from: start)
    return String(decoding: bytes, as: UTF8.self)
  }

  func dropText(from start: Int) { textCount = start }
}
