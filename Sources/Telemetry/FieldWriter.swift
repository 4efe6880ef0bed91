/// Writes `key: value` or `"key":value` pairs, leaving out what is nil.
struct FieldWriter {
  enum Style {
    case text, json
  }

  var bytes: [UInt8]
  let style: Style
  var isFirst: Bool

  mutating func string(_ key: StaticString, _ value: String?) {
    guard let value else { return }
    name(key)
    bytes.append(0x22)
    for byte in value.utf8 {
      switch byte {
      case 0x22, 0x5c:
        bytes.append(0x5c)
        bytes.append(byte)
      case 0x00..<0x20, 0x7f:
        bytes.append(contentsOf: "\\u00".utf8)
        bytes.append(Self.digit(byte >> 4))
        bytes.append(Self.digit(byte & 15))
      default: bytes.append(byte)
      }
    }
    bytes.append(0x22)
  }

  mutating func number(_ key: StaticString, _ value: Int?) {
    guard let value else { return }
    name(key)
    LogLine.append(value, &bytes)
  }

  mutating func bool(_ key: StaticString, _ value: Bool) {
    name(key)
    bytes.append(contentsOf: value ? "true".utf8 : "false".utf8)
  }

  mutating func time(_ key: StaticString, _ microseconds: Int64) {
    name(key)
    if style == .json { bytes.append(0x22) }
    Timestamp.append(microseconds: microseconds, zone: style == .json, to: &bytes)
    if style == .json { bytes.append(0x22) }
  }

  /// An array of JSON objects.
  mutating func array<Element>(
    _ key: StaticString, _ elements: [Element], _ write: (Element, inout FieldWriter) -> Void
  ) {
    name(key)
    bytes.append(0x5b)
    for (index, element) in elements.enumerated() {
      if index > 0 { bytes.append(0x2c) }
      bytes.append(0x7b)
      isFirst = true
      write(element, &self)
      bytes.append(0x7d)
    }
    bytes.append(0x5d)
    isFirst = false
  }

  private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }

  private mutating func name(_ key: StaticString) {
    if !isFirst { bytes.append(0x2c) }
    isFirst = false
    if style == .text {
      bytes.append(0x20)
      append(key)
      bytes.append(contentsOf: ": ".utf8)
    } else {
      bytes.append(0x22)
      append(key)
      bytes.append(contentsOf: "\":".utf8)
    }
  }

  private mutating func append(_ key: StaticString) {
    key.withUTF8Buffer { bytes.append(contentsOf: $0) }
  }
}
