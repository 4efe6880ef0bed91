import DotNet

/// JSON as text.
public enum JSONText {
  /// A string of JSON, with its quotes.
  public static func quoted(_ text: String) -> String {
    var bytes: [UInt8] = []
    quote(text, into: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  static func quote(_ text: String, into bytes: inout [UInt8]) {
    bytes.append(0x22)
    for byte in text.utf8 {
      switch byte {
      case 0x22, 0x5c: bytes += [0x5c, byte]
      case 0x0a: bytes += [0x5c, 0x6e]
      case 0x0d: bytes += [0x5c, 0x72]
      case 0x09: bytes += [0x5c, 0x74]
      case 0..<0x20: bytes += Array("\\u00".utf8) + [byte < 16 ? 0x30 : 0x31, hex(byte & 15)]
      default: bytes.append(byte)
      }
    }
    bytes.append(0x22)
  }

  private static func hex(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }
}

extension JSONValue {
  /// The value as compact JSON.
  public var bytes: [UInt8] {
    var result: [UInt8] = []
    write(into: &result, depth: nil)
    return result
  }

  /// The value as JSON for people: two spaces a level.
  public var indentedBytes: [UInt8] {
    var result: [UInt8] = []
    write(into: &result, depth: 0)
    return result
  }

  /// - Parameter depth: the level of indentation; nil for none.
  private func write(into bytes: inout [UInt8], depth: Int?) {
    switch self {
    case .null: bytes += Array("null".utf8)
    case .bool(let flag): bytes += Array((flag ? "true" : "false").utf8)
    case .integer(let number): bytes += Array("\(number)".utf8)
    case .real(let number): bytes += Array((number.isFinite ? NumberText.shortest(number) : "null").utf8)
    case .text(let text): JSONText.quote(text, into: &bytes)
    case .array(let elements):
      Self.write(elements, between: "[", "]", into: &bytes, depth: depth) { element, bytes, depth in
        element.write(into: &bytes, depth: depth)
      }
    case .object(let object):
      Self.write(object.members, between: "{", "}", into: &bytes, depth: depth) { member, bytes, depth in
        JSONText.quote(member.name, into: &bytes)
        bytes += Array((depth == nil ? ":" : ": ").utf8)
        member.value.write(into: &bytes, depth: depth)
      }
    }
  }

  private static func write<Element>(
    _ elements: [Element], between open: Character, _ close: Character, into bytes: inout [UInt8], depth: Int?,
    _ write: (Element, inout [UInt8], Int?) -> Void
  ) {
    func newLine(_ depth: Int) { bytes += Array(("\n" + String(repeating: "  ", count: depth)).utf8) }
    bytes += Array(open.utf8)
    for (index, element) in elements.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      if let depth { newLine(depth + 1) }
      write(element, &bytes, depth.map { $0 + 1 })
    }
    if let depth, !elements.isEmpty { newLine(depth) }
    bytes += Array(close.utf8)
  }
}
