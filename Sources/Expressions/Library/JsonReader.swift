/// Reads JSON as Newtonsoft does: comments, single quotes, unquoted names, trailing commas and NaN are accepted.
struct JsonReader {
  private let bytes: [UInt8]
  private var index = 0
  private let machine: Machine

  static let failure = "Newtonsoft.Json.JsonReaderException"

  private init(_ text: String, _ machine: Machine) {
    bytes = Array(text.utf8)
    self.machine = machine
  }

  /// A whole document. JsonReaderException for anything else.
  static func parse(_ text: String, _ machine: Machine) throws -> JsonToken {
    try machine.process(bytes: text.utf8.count * 8)
    var reader = JsonReader(text, machine)
    let result = try reader.value(depth: 0)
    try reader.skipBlanks()
    if reader.index < reader.bytes.count {
      throw reader.error("Additional text encountered after finished reading JSON content")
    }
    return result
  }

  private func error(_ message: String) -> Thrown {
    var (line, column) = (1, 0)
    for byte in bytes.prefix(index) {
      column += 1
      if byte == 0x0A { (line, column) = (line + 1, 0) }
    }
    return Thrown(Self.failure, "\(message). Path '', line \(line), position \(column).")
  }

  private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

  private mutating func skipBlanks() throws {
    while let byte = peek {
      if byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
        index += 1
      } else if byte == 0x2F, index + 1 < bytes.count, bytes[index + 1] == 0x2F {
        while let byte = peek, byte != 0x0A { _ = byte; index += 1 }
      } else if byte == 0x2F, index + 1 < bytes.count, bytes[index + 1] == 0x2A {
        index += 2
        while index + 1 < bytes.count, !(bytes[index] == 0x2A && bytes[index + 1] == 0x2F) { index += 1 }
        guard index + 1 < bytes.count else { throw error("Unexpected end while parsing comment") }
        index += 2
      } else {
        return
      }
    }
  }

  private mutating func value(depth: Int) throws -> JsonToken {
    guard depth < JsonToken.maximumDepth else { throw error("The reader's MaxDepth of 128 has been exceeded") }
    try machine.charge()
    try skipBlanks()
    guard let byte = peek else { throw error("Error reading JToken from JsonReader") }
    switch byte {
    case UInt8(ascii: "{"): return try object(depth)
    case UInt8(ascii: "["):
      index += 1
      let array = JsonToken(.array)
      while true {
        try skipBlanks()
        if peek == UInt8(ascii: "]") { break }
        array.append(try value(depth: depth + 1))
        try skipBlanks()
        if peek == UInt8(ascii: ",") {
          index += 1
        } else if peek != UInt8(ascii: "]") {
          throw error(
            peek == nil
              ? "Unexpected end of content while loading JArray"
              : "After parsing a value an unexpected character was encountered: \(Character(UnicodeScalar(peek ?? 0)))")
        }
      }
      index += 1
      return array
    case UInt8(ascii: "\""), UInt8(ascii: "'"): return JsonToken(.scalar(.string(try string())))
    default: return JsonToken(.scalar(try word()))
    }
  }

  private mutating func object(_ depth: Int) throws -> JsonToken {
    index += 1
    let object = JsonToken(.object)
    while true {
      try skipBlanks()
      guard let byte = peek else { throw error("Unexpected end of content while loading JObject") }
      if byte == UInt8(ascii: "}") { break }
      var name: String
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        name = try string()
      } else {
        let start = index
        while let byte = peek, Self.isName(byte) { index += 1 }
        name = String(decoding: bytes[start..<index], as: UTF8.self)
        if name.isEmpty {
          throw error("Invalid property identifier character: \(Character(UnicodeScalar(byte)))")
        }
      }
      try skipBlanks()
      guard peek == UInt8(ascii: ":") else {
        throw error("Invalid character after parsing property name. Expected ':' but got another one")
      }
      index += 1
      object.set(name, try value(depth: depth + 1))
      try skipBlanks()
      if peek == UInt8(ascii: ",") {
        index += 1
      } else if peek != UInt8(ascii: "}") {
        throw error(
          peek == nil
            ? "Unexpected end of content while loading JObject"
            : "After parsing a value an unexpected character was encountered: \(Character(UnicodeScalar(peek ?? 0)))")
      }
    }
    index += 1
    return object
  }

  private static func isName(_ byte: UInt8) -> Bool {
    (byte >= 0x30 && byte <= 0x39) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || byte == 0x5F || byte == 0x24
      || byte >= 0x80
  }

  private mutating func string() throws -> String {
    let quote = bytes[index]
    index += 1
    let start = index
    while let byte = peek, byte != quote, byte != 0x5C { index += 1 }
    if peek == quote {
      index += 1
      return String(decoding: bytes[start..<(index - 1)], as: UTF8.self)
    }
    var units: [UInt16] = Array(String(decoding: bytes[start..<index], as: UTF8.self).utf16)
    while let byte = peek {
      if byte == quote {
        index += 1
        return String(decoding: units, as: UTF16.self)
      }
      if byte == 0x5C {
        index += 1
        units += try escape()
      } else {
        let start = index
        while let byte = peek, byte != quote, byte != 0x5C { index += 1 }
        units += Array(String(decoding: bytes[start..<index], as: UTF8.self).utf16)
      }
    }
    throw error("Unterminated string. Expected delimiter: \(Character(UnicodeScalar(quote)))")
  }

  private mutating func escape() throws -> [UInt16] {
    guard let byte = peek else { throw error("Unterminated string") }
    index += 1
    switch byte {
    case UInt8(ascii: "n"): return [10]
    case UInt8(ascii: "r"): return [13]
    case UInt8(ascii: "t"): return [9]
    case UInt8(ascii: "b"): return [8]
    case UInt8(ascii: "f"): return [12]
    case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [UInt16(byte)]
    case UInt8(ascii: "u"):
      guard index + 4 <= bytes.count,
        let unit = UInt16(String(decoding: bytes[index..<(index + 4)], as: UTF8.self), radix: 16)
      else { throw error("Invalid Unicode escape sequence") }
      index += 4
      return [unit]
    default: throw error("Bad JSON escape sequence: \\\(Character(UnicodeScalar(byte)))")
    }
  }

  private mutating func word() throws -> Value {
    let start = index
    while let byte = peek, Self.isName(byte) || [0x2B, 0x2D, 0x2E].contains(byte) { index += 1 }
    let text = String(decoding: bytes[start..<index], as: UTF8.self)
    switch text {
    case "true": return .bool(true)
    case "false": return .bool(false)
    case "null", "undefined": return .null
    case "NaN": return .double(.nan)
    case "Infinity": return .double(.infinity)
    case "-Infinity": return .double(-.infinity)
    default: break
    }
    let digits = text.hasPrefix("-") ? String(text.dropFirst()) : text
    if digits.lowercased().hasPrefix("0x"), let value = Int64(digits.dropFirst(2), radix: 16) { return .int64(value) }
    if digits.count > 1, digits.hasPrefix("0"), !digits.contains("."), let value = Int64(digits, radix: 8) {
      return .int64(value)
    }
    if let value = Int64(text) { return .int64(value) }
    if let value = UInt64(text) { return .uint64(value) }
    if digits.first?.isNumber == true || digits.hasPrefix("."),
      let value = Double(digits.hasPrefix(".") ? "0" + digits : text)
    {
      return .double(value)
    }
    index = start
    let shown = peek.map { String(Character(UnicodeScalar($0))) } ?? ""
    throw error("Unexpected character encountered while parsing value: \(shown)")
  }
}
