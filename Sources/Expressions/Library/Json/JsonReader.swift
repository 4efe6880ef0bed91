import DotNet

/// Reads JSON as Newtonsoft does: comments, single quotes, unquoted names, trailing commas, constructors and NaN are
/// accepted, the last of equal names counts, and texts in the ISO form of a date are dates.
struct JsonReader {
  let bytes: [UInt8]
  var index = 0
  let machine: Machine
  /// The container being read and the name of the property whose value is due, for the path in messages.
  private var container: JsonToken?
  private var pending: String?
  /// Whether texts in the form of a date are dates.
  private let readsDates: Bool
  /// Containers that are open.
  private var depth = 0

  static let failure = "Newtonsoft.Json.JsonReaderException"

  private init(_ bytes: [UInt8], _ machine: Machine, readsDates: Bool) {
    self.bytes = bytes
    self.machine = machine
    self.readsDates = readsDates
  }

  /// A whole document. JsonReaderException for anything else.
  static func parse(_ text: String, _ machine: Machine, as wanted: JsonKind? = nil) throws -> JsonToken {
    try parse(Array(text.utf8), machine, as: wanted)
  }

  /// A whole document in UTF-8, kept by the evaluation.
  ///
  /// - Parameter wanted: the kind of token the caller asked for; any when nil.
  static func parse(
    _ bytes: [UInt8], _ machine: Machine, as wanted: JsonKind? = nil, readsDates: Bool = true
  ) throws -> JsonToken {
    try machine.process(bytes: bytes.count * 4)
    var reader = JsonReader(bytes, machine, readsDates: readsDates)
    let result = try reader.document(wanted)
    machine.keep(result)
    return result
  }

  private mutating func document(_ wanted: JsonKind?) throws -> JsonToken {
    let type = wanted?.runtimeType.definition.name ?? "JToken"
    try skipBlanks()
    guard index < bytes.count else {
      if bytes.isEmpty {
        throw Thrown(Self.failure, "Error reading \(type) from JsonReader. Path '', line 0, position 0.")
      }
      throw error("Error reading \(type) from JsonReader")
    }
    let start = index
    if let wanted {
      // Another container is refused before it is read, as the original does.
      let found: JsonKind? =
        switch bytes[index] {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        default: nil
        }
      if let found, found != wanted {
        index += 1
        throw mismatch(type, wanted, found.readerName)
      }
    }
    let result = try value()
    if let wanted, result.kind != wanted {
      if result.kind == .constructor { index = start }
      throw mismatch(type, wanted, result.kind.readerName)
    }
    try skipBlanks()
    if index < bytes.count {
      index += 1
      throw error("Additional text encountered after finished reading JSON content: \(character(at: index - 1))")
    }
    return result
  }

  private func mismatch(_ type: String, _ wanted: JsonKind, _ found: String) -> Thrown {
    let description = wanted == .array ? "an array" : "an object"
    return error("Error reading \(type) from JsonReader. Current JsonReader item is not \(description): \(found)")
  }

  // MARK: - Failures

  func error(_ message: String) -> Thrown {
    var (line, column) = (1, 0)
    for byte in bytes.prefix(index) where byte & 0xC0 != 0x80 {
      column += 1
      if byte == 0x0A { (line, column) = (line + 1, 0) }
    }
    let text = message.hasSuffix(".") ? message : message + "."
    return Thrown(Self.failure, "\(text) Path '\(path)', line \(line), position \(column).")
  }

  private var path: String {
    guard let container else { return "" }
    if let pending { return JsonPath.path(of: container, to: pending) }
    if container.isObject || container.count == 0 { return JsonPath.path(of: container) }
    return JsonPath.path(of: container) + "[\(container.count - 1)]"
  }

  func character(at place: Int) -> String {
    guard place < bytes.count else { return "" }
    var end = place + 1
    while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
    return String(decoding: bytes[place..<end], as: UTF8.self)
  }

  // MARK: - Structure

  var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

  mutating func skipBlanks() throws {
    while index < bytes.count {
      switch bytes[index] {
      case 0x20, 0x0A, 0x0D, 0x09: index += 1
      case UInt8(ascii: "/"): try skipComment()
      // Any other white space of Unicode: no-break spaces and byte order marks between tokens.
      case 0xC2 where index + 1 < bytes.count && bytes[index + 1] == 0xA0: index += 2
      case 0xEF where bytes[index...].starts(with: [0xEF, 0xBB, 0xBF]): index += 3
      default: return
      }
    }
  }

  private mutating func skipComment() throws {
    index += 1
    switch peek {
    case UInt8(ascii: "/"): while let byte = peek, byte != 0x0A, byte != 0x0D { _ = byte; index += 1 }
    case UInt8(ascii: "*"):
      index += 1
      while index + 1 < bytes.count, !(bytes[index] == UInt8(ascii: "*") && bytes[index + 1] == UInt8(ascii: "/")) {
        index += 1
      }
      guard index + 1 < bytes.count else {
        index = bytes.count
        throw error("Unexpected end while parsing comment")
      }
      index += 2
    default: throw error("Error parsing comment. Expected: *, got \(character(at: index))")
    }
  }

  private mutating func value() throws -> JsonToken {
    guard index < bytes.count else { throw endOfContent() }
    try machine.charge()
    switch bytes[index] {
    case UInt8(ascii: "{"): return try nested(JsonToken(.object))
    case UInt8(ascii: "["): return try nested(JsonToken(.array))
    case UInt8(ascii: "\""), UInt8(ascii: "'"):
      let text = try string()
      if readsDates, let date = JsonDate.value(of: text) { return JsonToken(.scalar(.object(date))) }
      return JsonToken(.scalar(.string(text)))
    case UInt8(ascii: "n") where isWord("new"):
      index += 3
      try skipBlanks()
      let start = index
      while let byte = peek, Self.isName(byte) { index += 1 }
      let name = String(decoding: bytes[start..<index], as: UTF8.self)
      try skipBlanks()
      guard !name.isEmpty, peek == UInt8(ascii: "(") else {
        throw error("Unexpected character while parsing constructor: \(character(at: index))")
      }
      return try nested(JsonToken(.constructor(name)))
    default: return try word()
    }
  }

  func isWord(_ word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard index + count <= bytes.count else { return false }
    let matches = word.withUTF8Buffer { bytes[index..<(index + count)].elementsEqual($0) }
    return matches && (index + count == bytes.count || !Self.isName(bytes[index + count]))
  }

  private func endOfContent() -> Thrown {
    guard let container else { return error("Error reading JToken from JsonReader") }
    return error("Unexpected end of content while loading \(container.runtimeType.definition.name)")
  }

  /// Reads a container from its opening bracket to its closing one.
  private mutating func nested(_ token: JsonToken) throws -> JsonToken {
    depth += 1
    index += 1
    guard depth <= JsonToken.maximumDepth else {
      throw error("The reader's MaxDepth of \(JsonToken.maximumDepth) has been exceeded")
    }
    try attach(token)
    let outer = container
    container = token
    pending = nil
    if token.isObject { try members(of: token) } else { try elements(of: token) }
    index += 1
    depth -= 1
    container = outer
    pending = nil
    return token
  }

  /// Puts a container into its parent before it is read, so that messages know its path.
  private func attach(_ token: JsonToken) throws {
    guard let container else { return }
    if let pending { try container.set(pending, token, machine) } else { try container.append(token, machine) }
  }

  private mutating func add(_ token: JsonToken, as name: String?, to parent: JsonToken) throws {
    if token.parent != nil { return }
    if let name { try parent.set(name, token, machine) } else { try parent.append(token, machine) }
  }

  private mutating func elements(of token: JsonToken) throws {
    let close = token.isArray ? UInt8(ascii: "]") : UInt8(ascii: ")")
    while true {
      try skipBlanks()
      guard let byte = peek else { throw endOfContent() }
      if byte == close { return }
      if byte == UInt8(ascii: ",") {
        // An element left out is undefined.
        try token.append(JsonToken(.undefined), machine)
        index += 1
        continue
      }
      try add(try value(), as: nil, to: token)
      if try !separator(close) { return }
    }
  }

  private mutating func members(of object: JsonToken) throws {
    while true {
      try skipBlanks()
      guard let byte = peek else { throw endOfContent() }
      if byte == UInt8(ascii: "}") { return }
      let name = try memberName(byte)
      pending = name
      try skipBlanks()
      guard let colon = peek else { throw endOfContent() }
      guard colon == UInt8(ascii: ":") else {
        index += 1
        throw error(
          "Invalid character after parsing property name. Expected ':' but got: \(character(at: index - 1))")
      }
      index += 1
      try skipBlanks()
      try add(try value(), as: name, to: object)
      pending = name
      if try !separator(UInt8(ascii: "}")) { return }
      pending = nil
    }
  }

  /// Whether another element follows; the closing bracket is left where it is.
  private mutating func separator(_ close: UInt8) throws -> Bool {
    try skipBlanks()
    guard let byte = peek else { throw endOfContent() }
    if byte == close { return false }
    index += 1
    guard byte == UInt8(ascii: ",") else {
      throw error("After parsing a value an unexpected character was encountered: \(character(at: index - 1))")
    }
    return true
  }

  private mutating func memberName(_ first: UInt8) throws -> String {
    if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") { return try string() }
    guard Self.isName(first) else {
      index += 1
      throw error("Invalid property identifier character: \(character(at: index - 1))")
    }
    let start = index
    while index < bytes.count, Self.isName(bytes[index]) { index += 1 }
    guard let byte = peek else { throw error("Unexpected end while parsing unquoted property name") }
    guard byte == UInt8(ascii: ":") || byte == 0x20 || (0x09...0x0D).contains(byte) else {
      index += 1
      throw error("Invalid JavaScript property identifier character: \(character(at: index - 1))")
    }
    return String(decoding: bytes[start..<index], as: UTF8.self)
  }

  static func isName(_ byte: UInt8) -> Bool {
    (byte >= 0x30 && byte <= 0x39) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || byte == 0x5F || byte == 0x24
      || byte >= 0x80
  }
}
