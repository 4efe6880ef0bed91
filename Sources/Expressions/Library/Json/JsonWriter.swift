import DotNet
import FoundationEssentials

/// Writes a tree as Newtonsoft does, into one buffer of UTF-8.
struct JsonWriter {
  private var bytes: [UInt8] = []
  /// Bytes that the evaluation's limits have counted.
  private var charged = 0
  private let isIndented: Bool
  private let machine: Machine

  static func text(_ token: JsonToken, isIndented: Bool, _ machine: Machine) throws -> String {
    var writer = JsonWriter(isIndented: isIndented, machine)
    try writer.write(token, depth: 0)
    try writer.charge()
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private init(isIndented: Bool, _ machine: Machine) {
    self.isIndented = isIndented
    self.machine = machine
    bytes.reserveCapacity(256)
  }

  private mutating func write(_ token: JsonToken, depth: Int) throws {
    try machine.charge()
    // Before the text is whole: a small tree can hold one long string many times.
    if bytes.count - charged > 64 * 1024 { try charge() }
    switch token.content {
    case .scalar(let value): try write(value)
    case .raw(let text): bytes += text.utf8
    case .comment(let text):
      bytes += "/*".utf8
      bytes += text.utf8
      bytes += "*/".utf8
    case .undefined: bytes += "undefined".utf8
    case .property(let name):
      quote(name)
      bytes.append(UInt8(ascii: ":"))
      if isIndented { bytes.append(UInt8(ascii: " ")) }
      if let value = token.propertyValue { try write(value, depth: depth) }
    case .object: try write(token, UInt8(ascii: "{"), UInt8(ascii: "}"), depth)
    case .array: try write(token, UInt8(ascii: "["), UInt8(ascii: "]"), depth)
    case .constructor(let name):
      bytes += "new ".utf8
      bytes += name.utf8
      try write(token, UInt8(ascii: "("), UInt8(ascii: ")"), depth)
    }
  }

  private mutating func write(_ token: JsonToken, _ open: UInt8, _ close: UInt8, _ depth: Int) throws {
    bytes.append(open)
    let count = token.count
    var index = 0
    while index < count, let child = token.child(at: index) {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      if isIndented { newLine(depth + 1) }
      try write(child, depth: depth + 1)
      index += 1
    }
    if isIndented, count > 0 { newLine(depth) }
    bytes.append(close)
  }

  /// Counts the text written since the last time.
  private mutating func charge() throws {
    try machine.process(bytes: bytes.count - charged)
    charged = bytes.count
  }

  private mutating func newLine(_ depth: Int) {
    bytes.append(0x0D)
    bytes.append(0x0A)
    for _ in 0..<(depth * 2) { bytes.append(0x20) }
  }

  private mutating func write(_ value: Value) throws {
    switch value {
    case .null: bytes += "null".utf8
    case .bool(let flag): bytes += (flag ? "true" : "false").utf8
    case .string(let text): quote(text)
    case .char: quote(try Operation.text(value, machine))
    case .double(let number) where !number.isFinite: quote(NumberText.shortest(number))
    case .float(let number) where !number.isFinite: quote(NumberText.shortest(number))
    case .double, .float, .decimal:
      let number = try Operation.text(value, machine)
      bytes += number.utf8
      // A real keeps its point, so that it reads back as one.
      if !number.utf8.contains(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "E") }) { bytes += ".0".utf8 }
    case .uint64(let number): append(number)
    case .object(let object): try write(object)
    case .cell(let cell): try write(cell.value)
    default:
      // Whole numbers and enumerators.
      let number = Operation.integer(value) ?? 0
      if number < 0 { bytes.append(UInt8(ascii: "-")) }
      append(number.magnitude)
    }
  }

  private mutating func append(_ number: UInt64) {
    var (divisor, rest): (UInt64, UInt64) = (1, number)
    while rest / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / divisor))
      rest %= divisor
      divisor /= 10
    }
  }

  private mutating func write(_ object: any RuntimeObject) throws {
    switch object {
    case let array as ArrayObject: quote(Data(array.bytes).base64EncodedString())
    case let date as DateTimeObject: quote(try date.value.isoText())
    case let date as DateTimeOffsetObject: quote(try date.text(format: "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"))
    case let uri as UriObject: quote(uri.uri.original)
    case let number as BigIntegerObject: bytes += number.digits.utf8
    default: quote(try object.text(machine))
    }
  }

  // MARK: - Texts

  /// A text in quotation marks: controls, the next-line and the two Unicode line separators are escaped.
  private mutating func quote(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    var text = text
    text.withUTF8 { source in
      var start = 0
      var index = 0
      while index < source.count {
        let byte = source[index]
        var length = 1
        if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte != 0xC2, byte != 0xE2 {
          index += 1
          continue
        }
        let escape: StaticString
        switch byte {
        case UInt8(ascii: "\""): escape = "\\\""
        case UInt8(ascii: "\\"): escape = "\\\\"
        case 0x0A: escape = "\\n"
        case 0x0D: escape = "\\r"
        case 0x09: escape = "\\t"
        case 0x08: escape = "\\b"
        case 0x0C: escape = "\\f"
        case 0xC2 where index + 1 < source.count && source[index + 1] == 0x85:
          (escape, length) = ("\\u0085", 2)
        case 0xE2
        where index + 2 < source.count && source[index + 1] == 0x80
          && (source[index + 2] == 0xA8 || source[index + 2] == 0xA9):
          (escape, length) = (source[index + 2] == 0xA8 ? "\\u2028" : "\\u2029", 3)
        case 0xC2, 0xE2:
          index += 1
          continue
        default: escape = byte < 0x10 ? "\\u000" : "\\u001"
        }
        bytes.append(contentsOf: source[start..<index])
        escape.withUTF8Buffer { bytes.append(contentsOf: $0) }
        if byte < 0x20, escape.utf8CodeUnitCount == 5 { bytes.append(Self.digits[Int(byte & 0xF)]) }
        index += length
        start = index
      }
      bytes.append(contentsOf: source[start...])
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private static let digits = Array("0123456789abcdef".utf8)
}

extension DateTimeValue {
  /// The form of dates in JSON: `2024-01-15T10:30:00.5Z`, with an offset for local times and nothing for others.
  func isoText() throws -> String { try format("yyyy-MM-ddTHH:mm:ss.FFFFFFFK") }
}
