import DotNet

/// Writes a tree as Newtonsoft does, behind the machine's texts in the making.
struct JsonWriter {
  /// Where the text that the evaluation's limits have counted ends.
  private var charged: Int
  private let isIndented: Bool
  private let machine: Machine

  static func text(_ token: JsonToken, isIndented: Bool, _ machine: Machine) throws -> String {
    let start = machine.textCount
    var writer = JsonWriter(isIndented: isIndented, machine)
    do {
      try writer.write(token, depth: 0)
      try writer.charge()
    } catch {
      machine.dropText(from: start)
      throw error
    }
    return machine.takeText(from: start)
  }

  private init(isIndented: Bool, _ machine: Machine) {
    self.isIndented = isIndented
    self.machine = machine
    charged = machine.textCount
  }

  private mutating func write(_ token: JsonToken, depth: Int) throws {
    try machine.charge()
    // Before the text is whole: a small tree can hold one long string many times.
    if machine.textCount - charged > 64 * 1024 { try charge() }
    switch token.content {
    case .scalar(let value): try write(value)
    case .raw(let text): machine.append(text)
    case .comment(let text):
      machine.append("/*")
      machine.append(text)
      machine.append("*/")
    case .undefined: machine.append("undefined")
    case .property(let name):
      quote(name)
      machine.append(byte: UInt8(ascii: ":"))
      if isIndented { machine.append(byte: UInt8(ascii: " ")) }
      if let value = token.propertyValue { try write(value, depth: depth) }
    case .object: try write(token, UInt8(ascii: "{"), UInt8(ascii: "}"), depth)
    case .array: try write(token, UInt8(ascii: "["), UInt8(ascii: "]"), depth)
    case .constructor(let name):
      machine.append("new ")
      machine.append(name)
      try write(token, UInt8(ascii: "("), UInt8(ascii: ")"), depth)
    }
  }

  private mutating func write(_ token: JsonToken, _ open: UInt8, _ close: UInt8, _ depth: Int) throws {
    machine.append(byte: open)
    let count = token.count
    var index = 0
    while index < count, let child = token.child(at: index) {
      if index > 0 { machine.append(byte: UInt8(ascii: ",")) }
      if isIndented { newLine(depth + 1) }
      try write(child, depth: depth + 1)
      index += 1
    }
    if isIndented, count > 0 { newLine(depth) }
    machine.append(byte: close)
  }

  /// Counts the text written since the last time.
  private mutating func charge() throws {
    try machine.process(bytes: machine.textCount - charged)
    charged = machine.textCount
  }

  private func newLine(_ depth: Int) {
    machine.append(byte: 0x0D)
    machine.append(byte: 0x0A)
    for _ in 0..<(depth * 2) { machine.append(byte: 0x20) }
  }

  private func write(_ value: Value) throws {
    switch value {
    case .null: machine.append("null")
    case .bool(let flag): machine.append(flag ? "true" : "false")
    case .string(let text): quote(text)
    case .char: quote(try Operation.text(value, machine))
    case .double(let number) where !number.isFinite: quote(NumberText.shortest(number))
    case .float(let number) where !number.isFinite: quote(NumberText.shortest(number))
    case .double, .float, .decimal:
      let number = try Operation.text(value, machine)
      machine.append(number)
      // A real keeps its point, so that it reads back as one.
      if !number.utf8.contains(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "E") }) { machine.append(".0") }
    case .uint64(let number): machine.append(number)
    case .object(let object): try write(object)
    case .cell(let cell): try write(cell.value)
    default:
      // Whole numbers and enumerators.
      machine.append(Int(Operation.integer(value) ?? 0))
    }
  }

  private func write(_ object: any RuntimeObject) throws {
    switch object {
    case let array as ArrayObject: quote(Base64.text(array.bytes))
    case let date as DateTimeObject: quote(try date.value.isoText())
    case let date as DateTimeOffsetObject: quote(try date.text(format: "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"))
    case let uri as UriObject: quote(uri.uri.original)
    case let number as BigIntegerObject: machine.append(number.digits)
    default: quote(try object.text(machine))
    }
  }

  // MARK: - Texts

  /// A text in quotation marks: controls, the next-line and the two Unicode line separators are escaped.
  private func quote(_ text: String) {
    machine.append(byte: UInt8(ascii: "\""))
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
        machine.append(UnsafeBufferPointer(rebasing: source[start..<index]))
        escape.withUTF8Buffer { machine.append($0) }
        if byte < 0x20, escape.utf8CodeUnitCount == 5 { machine.append(byte: Self.digits[Int(byte & 0xF)]) }
        index += length
        start = index
      }
      machine.append(UnsafeBufferPointer(rebasing: source[start...]))
    }
    machine.append(byte: UInt8(ascii: "\""))
  }

  private static let digits = Array("0123456789abcdef".utf8)
}

extension DateTimeValue {
  /// The form of dates in JSON: `2024-01-15T10:30:00.5Z`, with an offset for local times and nothing for others.
  func isoText() throws -> String { try format("yyyy-MM-ddTHH:mm:ss.FFFFFFFK") }
}
