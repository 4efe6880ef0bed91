/// Bytes of a protocol buffers message, written field by field. Only what OTLP's messages need.
struct ProtobufWriter {
  private(set) var bytes: [UInt8] = []

  mutating func string(_ field: Int, _ value: String) {
    if value.isEmpty { return }
    tag(field, wireType: 2)
    var value = value
    value.withUTF8 { text in
      varint(UInt64(text.count))
      bytes.append(contentsOf: text)
    }
  }

  /// Words one behind the other as a field of bytes.
  mutating func bigEndian(_ field: Int, _ words: UInt64...) {
    tag(field, wireType: 2)
    varint(UInt64(words.count * 8))
    for word in words { withUnsafeBytes(of: word.bigEndian) { bytes.append(contentsOf: $0) } }
  }

  /// - Parameter isPresentAtZero: writes a zero too, as a field of a `oneof` needs it.
  mutating func integer(_ field: Int, _ value: UInt64, isPresentAtZero: Bool = false) {
    if value == 0, !isPresentAtZero { return }
    tag(field, wireType: 0)
    varint(value)
  }

  mutating func fixed64(_ field: Int, _ value: UInt64) {
    tag(field, wireType: 1)
    append(value)
  }

  mutating func fixed32(_ field: Int, _ value: UInt32) {
    tag(field, wireType: 5)
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func double(_ field: Int, _ value: Double) { fixed64(field, value.bitPattern) }

  /// A packed list of eight-byte values.
  mutating func packed(_ field: Int, _ values: [UInt64]) {
    if values.isEmpty { return }
    tag(field, wireType: 2)
    varint(UInt64(values.count * 8))
    for value in values { append(value) }
  }

  /// A message inside this one; present even when it is empty.
  mutating func message(_ field: Int, _ write: (inout ProtobufWriter) -> Void) {
    var inner = ProtobufWriter()
    write(&inner)
    tag(field, wireType: 2)
    varint(UInt64(inner.bytes.count))
    bytes += inner.bytes
  }

  private mutating func tag(_ field: Int, wireType: UInt64) { varint(UInt64(field) << 3 | wireType) }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  private mutating func append(_ value: UInt64) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }
}
