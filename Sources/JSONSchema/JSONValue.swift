/// A document of JSON (RFC 8259).
public enum JSONValue: Sendable {
  case null
  case bool(Bool)
  case integer(Int64)
  case real(Double)
  case text(String)
  case array([JSONValue])
  case object(JSONObject)

  /// JSONError for what is no JSON, and for more than 128 levels.
  public init(_ bytes: [UInt8]) throws(JSONError) {
    var parser = JSONParser(bytes)
    self = try parser.document()
  }

  /// The name of the type in schemas.
  var typeName: String {
    switch self {
    case .null: "Null"
    case .bool: "Boolean"
    case .integer: "Integer"
    case .real: "Number"
    case .text: "String"
    case .array: "Array"
    case .object: "Object"
    }
  }

  /// A number of either kind.
  public var number: Double? {
    switch self {
    case .integer(let number): Double(number)
    case .real(let number): number
    default: nil
    }
  }

  public var text: String? { if case .text(let text) = self { text } else { nil } }
  public var elements: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }
  public var object: JSONObject? { if case .object(let object) = self { object } else { nil } }
  public var flag: Bool? { if case .bool(let flag) = self { flag } else { nil } }

  /// A whole number that is not negative.
  public var count: Int? {
    guard let number, number >= 0, number.rounded() == number, number < 1e15 else { return nil }
    return Int(number)
  }

  public subscript(_ name: String) -> JSONValue? { object?[name] }
}

/// The members of an object in their order; of equal names the last counts.
public struct JSONObject: Sendable {
  public private(set) var members: [(name: String, value: JSONValue)] = []
  /// Of an object with many members.
  private var places: [String: Int] = [:]

  /// Members that are looked through one after another, which is faster than a table while they are few.
  private static let few = 16

  public init() {}

  /// - Parameter members: of equal names the last counts.
  public init(_ members: some Sequence<(String, JSONValue)>) {
    for (name, value) in members { set(name, value) }
  }

  /// Puts a member in the place of one of that name, or at the end.
  public mutating func set(_ name: String, _ value: JSONValue) {
    if let place = place(of: name) {
      members[place].value = value
      return
    }
    members.append((name, value))
    if members.count > Self.few {
      if places.isEmpty { for i in members.indices { places[members[i].name] = i } }
      places[name] = members.count - 1
    }
  }

  private func place(of name: String) -> Int? {
    members.count > Self.few ? places[name] : members.firstIndex { $0.name == name }
  }

  public subscript(_ name: String) -> JSONValue? { place(of: name).map { members[$0].value } }
}

extension JSONValue: ExpressibleByDictionaryLiteral {
  /// Members without a value are left out.
  public init(dictionaryLiteral elements: (String, JSONValue?)...) {
    self = .object(JSONObject(elements.compactMap { name, value in value.map { (name, $0) } }))
  }
}

extension JSONValue: Equatable {
  /// As schemas compare: 1 and 1.0 are equal, the order of members does not count.
  public static func == (a: JSONValue, b: JSONValue) -> Bool {
    switch (a, b) {
    case (.null, .null): return true
    case (.bool(let x), .bool(let y)): return x == y
    case (.text(let x), .text(let y)): return x == y
    case (.integer(let x), .integer(let y)): return x == y
    case (.array(let x), .array(let y)): return x == y
    case (.object(let x), .object(let y)):
      return x.members.count == y.members.count && x.members.allSatisfy { y[$0.name] == $0.value }
    default: return a.number != nil && a.number == b.number
    }
  }
}

/// A text that is no JSON.
public struct JSONError: Error, Sendable, Equatable {
  public let message: String
  public let line: Int
  public let column: Int
}

/// Reads JSON strictly.
struct JSONParser {
  private let bytes: [UInt8]
  private(set) var index = 0
  private var depth = 0

  private static let depthLimit = 128

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    // A byte order mark is no part of the text.
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
  }

  private func failure(_ message: String) -> JSONError {
    var (line, column) = (1, 1)
    for byte in bytes.prefix(index) where byte & 0xC0 != 0x80 {
      column += 1
      if byte == 0x0A { (line, column) = (line + 1, 1) }
    }
    return JSONError(message: message, line: line, column: column)
  }

  private var unexpected: JSONError {
    guard index < bytes.count else { return failure("Unexpected end of JSON.") }
    var end = index + 1
    while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
    return failure("Unexpected character '\(String(decoding: bytes[index..<end], as: UTF8.self))' in JSON.")
  }

  mutating func document() throws(JSONError) -> JSONValue {
    let value = try value()
    if index < bytes.count { throw unexpected }
    return value
  }

  // MARK: - Places

  /// Goes on elsewhere.
  mutating func move(to index: Int) { self.index = index }

  var isAtContainer: Bool {
    index < bytes.count && (bytes[index] == UInt8(ascii: "{") || bytes[index] == UInt8(ascii: "["))
  }

  var isAtEndOfContainer: Bool {
    index < bytes.count && (bytes[index] == UInt8(ascii: "}") || bytes[index] == UInt8(ascii: "]"))
  }

  /// Goes behind a value of a document that has been read before, without reading it again.
  mutating func skipValue() {
    var depth = 0
    repeat {
      guard index < bytes.count else { return }
      switch bytes[index] {
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: "\""): skipString()
      default:
        // The last byte of a number or word.
        while index + 1 < bytes.count, !Self.endsWord(bytes[index + 1]) { index += 1 }
      }
      index += 1
    } while depth > 0
    skipBlanks()
  }

  private mutating func skipString() {
    index += 1
    while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
      index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
    }
  }

  private static func endsWord(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x20, 0x0A, 0x0D, 0x09, UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "\""), UInt8(ascii: "{"),
      UInt8(ascii: "}"), UInt8(ascii: "["), UInt8(ascii: "]"):
      true
    default: false
    }
  }

  /// Behind the last byte before here that is no blank.
  var endOfLastToken: Int {
    var end = index
    while end > 0, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[end - 1]) { end -= 1 }
    return end
  }

  // MARK: - Values

  mutating func skipBlanks() {
    while index < bytes.count,
      bytes[index] == 0x20 || bytes[index] == 0x0A || bytes[index] == 0x0D || bytes[index] == 0x09
    {
      index += 1
    }
  }

  mutating func accept(_ byte: UInt8) -> Bool {
    guard index < bytes.count, bytes[index] == byte else { return false }
    index += 1
    skipBlanks()
    return true
  }

  private mutating func expect(_ byte: UInt8) throws(JSONError) { if !accept(byte) { throw unexpected } }

  mutating func value() throws(JSONError) -> JSONValue {
    skipBlanks()
    guard index < bytes.count else { throw unexpected }
    let result: JSONValue
    switch bytes[index] {
    case UInt8(ascii: "{"): result = try object()
    case UInt8(ascii: "["): result = try array()
    case UInt8(ascii: "\""): result = .text(try string())
    case UInt8(ascii: "t"): result = try word("true", .bool(true))
    case UInt8(ascii: "f"): result = try word("false", .bool(false))
    case UInt8(ascii: "n"): result = try word("null", .null)
    default: result = try number()
    }
    skipBlanks()
    return result
  }

  private mutating func enter() throws(JSONError) {
    depth += 1
    if depth > Self.depthLimit { throw failure("JSON is nested deeper than \(Self.depthLimit) levels.") }
  }

  /// A name with its colon.
  mutating func memberName() throws(JSONError) -> String {
    guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { throw unexpected }
    let name = try string()
    skipBlanks()
    try expect(UInt8(ascii: ":"))
    return name
  }

  private mutating func object() throws(JSONError) -> JSONValue {
    try enter()
    try expect(UInt8(ascii: "{"))
    var object = JSONObject()
    if !accept(UInt8(ascii: "}")) {
      repeat {
        let name = try memberName()
        object.set(name, try value())
      } while accept(UInt8(ascii: ","))
      try expect(UInt8(ascii: "}"))
    }
    depth -= 1
    return .object(object)
  }

  private mutating func array() throws(JSONError) -> JSONValue {
    try enter()
    try expect(UInt8(ascii: "["))
    var elements: [JSONValue] = []
    if !accept(UInt8(ascii: "]")) {
      repeat { elements.append(try value()) } while accept(UInt8(ascii: ","))
      try expect(UInt8(ascii: "]"))
    }
    depth -= 1
    return .array(elements)
  }

  private mutating func word(_ text: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
    let count = text.utf8CodeUnitCount
    guard index + count <= bytes.count,
      text.withUTF8Buffer({ bytes[index..<(index + count)].elementsEqual($0) })
    else { throw unexpected }
    index += count
    return value
  }

  private mutating func number() throws(JSONError) -> JSONValue {
    let start = index
    if index < bytes.count, bytes[index] == UInt8(ascii: "-") { index += 1 }
    let first = index
    let whole = digits()
    guard whole > 0, whole == 1 || bytes[first] != UInt8(ascii: "0") else { throw unexpected }
    var isReal = false
    if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
      index += 1
      isReal = true
      guard digits() > 0 else { throw unexpected }
    }
    if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
      index += 1
      isReal = true
      if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") { index += 1 }
      guard digits() > 0 else { throw unexpected }
    }
    let text = String(decoding: bytes[start..<index], as: UTF8.self)
    if !isReal, let number = Int64(text) { return .integer(number) }
    guard let number = Double(text) else { throw unexpected }
    return .real(number)
  }

  private mutating func digits() -> Int {
    let start = index
    while index < bytes.count, (0x30...0x39).contains(bytes[index]) { index += 1 }
    return index - start
  }

  private mutating func string() throws(JSONError) -> String {
    index += 1
    let start = index
    while index < bytes.count, bytes[index] != UInt8(ascii: "\""), bytes[index] != UInt8(ascii: "\\"),
      bytes[index] >= 0x20
    {
      index += 1
    }
    guard index < bytes.count, bytes[index] >= 0x20 else { throw unexpected }
    if bytes[index] == UInt8(ascii: "\"") {
      index += 1
      return String(decoding: bytes[start..<(index - 1)], as: UTF8.self)
    }
    var text = Array(bytes[start..<index])
    while index < bytes.count, bytes[index] >= 0x20 {
      let byte = bytes[index]
      index += 1
      if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
      if byte == UInt8(ascii: "\\") { try escape(&text) } else { text.append(byte) }
    }
    throw unexpected
  }

  private mutating func escape(_ text: inout [UInt8]) throws(JSONError) {
    guard index < bytes.count else { throw unexpected }
    let mark = bytes[index]
    index += 1
    switch mark {
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(mark)
    case UInt8(ascii: "u"):
      var scalar = try codeUnit()
      if scalar & 0xFC00 == 0xD800, index + 1 < bytes.count, bytes[index] == 0x5C, bytes[index + 1] == 0x75 {
        index += 2
        let low = try codeUnit()
        scalar = low & 0xFC00 == 0xDC00 ? 0x10000 + (scalar & 0x3FF) << 10 + (low & 0x3FF) : 0xFFFD
      }
      text += String(Character(Unicode.Scalar(scalar) ?? "\u{FFFD}")).utf8
    default:
      index -= 1
      throw unexpected
    }
  }

  private mutating func codeUnit() throws(JSONError) -> UInt32 {
    guard index + 4 <= bytes.count, bytes[index] != UInt8(ascii: "+"), bytes[index] != UInt8(ascii: "-"),
      let unit = UInt32(String(decoding: bytes[index..<(index + 4)], as: UTF8.self), radix: 16)
    else { throw unexpected }
    index += 4
    return unit
  }
}
