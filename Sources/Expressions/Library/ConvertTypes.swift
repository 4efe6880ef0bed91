import DotNet
import Foundation

/// `Convert`.
extension LibraryCatalog {
  static let convertType = LibraryType("static class System.Convert") { type in
    convertNumbers(&type)
    convertOthers(&type)
    convertRadix(&type)
    convertBase64(&type)
  }

  private static let kinds: [NumberKind] = [
    .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64, .float, .double, .decimal,
  ]
  /// Every type that the conversions take, the general one first.
  private static let sources =
    ["object", "string", "bool", "char"] + kinds.map { $0.keyword } + ["DateTime"]

  private static func convertNumbers(_ type: inout LibraryRegistration) {
    for kind in kinds {
      for source in sources {
        type.member("static \(kind.keyword) To\(kind.rawValue)(\(source) value)") { call in
          if kind == .float || kind == .double || kind == .decimal, case .char = call[0] {
            throw Thrown.invalidCast(.char, kind.symbol)
          }
          return try converted(call[0], to: kind)
        }
      }
      for source in ["object", "string"] {
        type.member("static \(kind.keyword) To\(kind.rawValue)(\(source) value, IFormatProvider provider)") { call in
          try converted(call[0], to: kind)
        }
      }
    }
    for source in sources {
      type.member("static bool ToBoolean(\(source) value)") { call in
        switch call[0] {
        case .null: return .bool(false)
        case .bool: return call[0]
        case .string(let text): return try parseBool(text)
        case .char: throw Thrown.invalidCast(.char, .bool)
        case .object(let object) where !(object is JsonToken): throw Thrown.invalidCast(object.runtimeType, .bool)
        case .object: return .bool(Operation.real(try converted(call[0], to: .double)) != 0)
        default: return .bool(Operation.real(call[0]) != 0)
        }
      }
    }
  }

  private static func convertOthers(_ type: inout LibraryRegistration) {
    type.member("static string ToString(string value)") { call in call[0] }
    for source in sources where source != "string" {
      type.member("static string ToString(\(source) value)") { call in
        .string(try Operation.text(call[0], call.machine))
      }
      type.member("static string ToString(\(source) value, IFormatProvider provider)") { call in
        .string(try Operation.text(call[0], call.machine))
      }
    }
    for source in ["object", "string", "int", "long", "byte", "char", "short", "ushort", "uint", "ulong", "sbyte"] {
      type.member("static char ToChar(\(source) value)") { call in
        switch call[0] {
        case .null where source == "string": throw Thrown.argumentNull("value")
        case .null: return .char(0)
        case .uint64(let number):
          guard let unit = UInt16(exactly: number) else {
            throw Thrown.overflow("Value was either too large or too small for a character.")
          }
          return .char(unit)
        case .char: return call[0]
        case .string(let text):
          guard let unit = text.utf16.first, text.utf16.count == 1 else {
            throw Thrown.format("String must be exactly one character long.")
          }
          return .char(unit)
        default:
          guard let number = Operation.integer(call[0]) else { throw Thrown.invalidCast(call[0].runtimeType, .char) }
          guard let unit = UInt16(exactly: number) else {
            throw Thrown.overflow("Value was either too large or too small for a character.")
          }
          return .char(unit)
        }
      }
    }
    for source in ["DateTime", "object", "string"] {
      type.member("static DateTime ToDateTime(\(source) value)") { call in
        switch call[0] {
        case .null: return value(try DateTimeValue(ticks: 0))
        case .string(let text): return value(try DateTimeValue.parse(text, today: today(call.machine)))
        case .object(let object) where object is DateTimeObject: return call[0]
        default: throw Thrown.invalidCast(call[0].runtimeType, .dateTime)
        }
      }
    }
    type.member("static object ChangeType(object value, Type conversionType)") { call in
      let wanted = (try call.object(1) as TypeObject).type
      if call[0].runtimeType == wanted, !call[0].isNull { return call[0] }
      if call[0].isNull {
        if wanted.isValueType {
          throw Thrown("System.InvalidCastException", "Null object cannot be converted to a value type.")
        }
        return .null
      }
      if wanted == .string { return .string(try Operation.text(call[0], call.machine)) }
      if wanted == .bool, case .string(let text) = call[0] { return try parseBool(text) }
      if let kind = kinds.first(where: { $0.symbol == wanted }) { return try converted(call[0], to: kind) }
      if call[0].isInstance(of: wanted) { return call[0] }
      throw Thrown.invalidCast(call[0].runtimeType, wanted)
    }
  }

  private static func convertRadix(_ type: inout LibraryRegistration) {
    for (source, bits) in [("byte", 8), ("short", 16), ("int", 32), ("long", 64)] {
      type.member("static string ToString(\(source) value, int toBase)") { call in
        guard [2, 8, 10, 16].contains(call.int(1)) else { throw Thrown.argument("Invalid Base.") }
        if call.int(1) == 10 { return .string("\(call.int(0))") }
        let mask = bits == 64 ? UInt64.max : (UInt64(1) << UInt64(bits)) - 1
        return .string(String(UInt64(bitPattern: call.long(0)) & mask, radix: call.int(1)))
      }
    }
    for kind in kinds where kind.symbol.isIntegral {
      type.member("static \(kind.keyword) To\(kind.rawValue)(string value, int fromBase)") { call in
        guard let text = call.stringOrNull(0) else { return Value.defaultValue(of: kind.symbol) }
        let radix = call.int(1)
        guard [2, 8, 10, 16].contains(radix) else { throw Thrown.argument("Invalid Base.") }
        if text.isEmpty { throw Thrown.outOfRange("startIndex", "Index was out of range.") }
        if radix == 10 { return try parse(text, kind) }
        if text.hasPrefix("-") { throw Thrown.argument("String cannot contain a minus sign if the base is not 10.") }
        let isPrefixed = radix == 16 && (text.hasPrefix("0x") || text.hasPrefix("0X"))
        let digits = isPrefixed ? text.dropFirst(2) : text[...]
        guard let first = digits.first, first.isHexDigit, Int(String(first), radix: radix) != nil else {
          throw Thrown.format("Could not find any recognizable digits.")
        }
        guard digits.allSatisfy({ Int(String($0), radix: radix) != nil }) else {
          throw Thrown.format("Additional non-parsable characters are at the end of the string.")
        }
        guard let bits = UInt64(digits, radix: radix), UInt128(bits) <= kind.mask else {
          throw Thrown.overflow("Value was either too large or too small for \(kind.article) \(kind.rawValue).")
        }
        return Operation.convert(.uint64(bits), to: kind.symbol)
      }
    }
  }

  private static func convertBase64(_ type: inout LibraryRegistration) {
    type.direct("static string ToBase64String(byte[] inArray)") { machine, bytes in
      let bytes = try bytes.bytes("inArray")
      try machine.process(bytes: bytes.count)
      return .string(Base64.text(bytes))
    }
    type.member("static string ToBase64String(byte[] inArray, int offset, int length)") { call in
      let bytes = try call.bytes(0)
      let (start, length) = try textPart(bytes.count, call.int(1), call.int(2))
      return .string(Base64.text(Array(bytes[start..<(start + length)])))
    }
    type.member("static byte[] FromBase64String(string s)") { call in try fromBase64(try call.string(0), call.machine) }
    type.member(
      "static int ToBase64CharArray(byte[] inArray, int offsetIn, int length, char[] outArray, int offsetOut)"
    ) { call in
      let (bytes, target): ([UInt8], ArrayObject) = (try call.bytes(0), try call.object(3))
      let (start, length) = try textPart(bytes.count, call.int(1), call.int(2))
      let digits = Array(Base64.text(Array(bytes[start..<(start + length)])).utf16)
      guard call.int(4) >= 0, digits.count <= target.count - call.int(4) else { throw Thrown.outOfRange("offsetOut") }
      for (place, digit) in digits.enumerated() { target[call.int(4) + place] = .char(digit) }
      return .int32(Int32(clamping: digits.count))
    }
    type.member("static byte[] FromBase64CharArray(char[] inArray, int offset, int length)") { call in
      let all = try units(call, 0)
      let (start, length) = try textPart(all.count, call.int(1), call.int(2))
      return try fromBase64(String(decoding: all[start..<(start + length)], as: UTF16.self), call.machine)
    }
  }

  /// Blanks do not count; the padding must be there.
  private static func fromBase64(_ text: String, _ machine: Machine) throws -> Value {
    try machine.process(bytes: text.utf8.count)
    let digits = text.unicodeScalars.filter { !" \t\r\n".unicodeScalars.contains($0) }
    guard digits.count % 4 == 0, let data = Data(base64Encoded: String(String.UnicodeScalarView(digits))) else {
      throw Thrown.format(
        "The input is not a valid Base-64 string as it contains a non-base 64 character, more than two padding "
          + "characters, or an illegal character among the padding characters.")
    }
    return .object(ArrayObject(bytes: Array(data)))
  }

  static func parseBool(_ text: String) throws -> Value {
    switch text.trimmingWhiteSpace().lowercased() {
    case "true": return .bool(true)
    case "false": return .bool(false)
    default: throw Thrown.format("String '\(text)' was not recognized as a valid Boolean.")
    }
  }

  /// `Convert.ToX`: null is zero, reals round half to even, texts parse.
  static func converted(_ value: Value, to kind: NumberKind) throws -> Value {
    switch value {
    case .null: return Value.defaultValue(of: kind.symbol)
    case .string(let text): return try parse(text, kind)
    case .bool(let flag): return Operation.convert(.int32(flag ? 1 : 0), to: kind.symbol)
    case .double, .float:
      let real = Operation.real(value)
      if kind == .double || kind == .float || kind == .decimal {
        return try Operation.convertChecked(value, to: kind.symbol)
      }
      return try Operation.convertChecked(.double(real.rounded(.toNearestOrEven)), to: kind.symbol)
    case .decimal(let decimal):
      let rounded = kind == .double || kind == .float || kind == .decimal ? decimal : decimal.rounded(0)
      return try Operation.convertChecked(.decimal(rounded), to: kind.symbol)
    case .object(let object):
      guard let token = object as? JsonToken else {
        throw Thrown.invalidCast(object.runtimeType, kind.symbol)
      }
      return try converted(token.scalar(), to: kind)
    default: return try Operation.convertChecked(value, to: kind.symbol)
    }
  }
}
