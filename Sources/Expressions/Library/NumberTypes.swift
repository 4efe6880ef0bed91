import DotNet
import Foundation

/// The numeric structures, `Math` and `Convert`.
extension LibraryCatalog {
  static let numberTypes: [LibraryType] =
    [
      number("SByte", .int8), number("Byte", .uint8), number("Int16", .int16), number("UInt16", .uint16),
      number("Int32", .int32), number("UInt32", .uint32), number("Int64", .int64), number("UInt64", .uint64),
      number("Single", .float), number("Double", .double), number("Decimal", .decimal),
      LibraryType(enumeration: "System.MidpointRounding", [("ToEven", 0), ("AwayFromZero", 1)]),
      LibraryType("static class System.Math") { type in
        mathReal(&type)
        mathRounding(&type)
      },
      LibraryType("static class System.Convert") { type in convert(&type) },
    ]

  /// Reads a number as `Parse` does: white space, sign and digits; reals with groups, point and exponent, too.
  static func parse(_ text: String, _ type: NumberKind) throws -> Value {
    let trimmed = text.trimmingWhiteSpace()
    switch type {
    case .double, .float:
      guard let value = real(trimmed) else { throw Thrown.format() }
      return type == .float ? .float(Float(value)) : .double(value)
    case .decimal:
      var digits = trimmed.filter { $0 != "," }
      let isNegative = digits.hasPrefix("-")
      if isNegative || digits.hasPrefix("+") { digits.removeFirst() }
      guard !digits.contains(where: { $0 == "e" || $0 == "E" }), digits.contains(where: \.isNumber) else {
        throw Thrown.format()
      }
      guard let value = DecimalNumber(literal: digits) else {
        guard digits.allSatisfy({ $0.isNumber || $0 == "." }) else { throw Thrown.format() }
        throw Thrown.overflow("Value was either too large or too small for a Decimal.")
      }
      return .decimal(isNegative ? value.negated : value)
    default:
      let symbol = type.symbol
      var digits = Substring(trimmed)
      if digits.hasPrefix("+") || digits.hasPrefix("-") { digits.removeFirst() }
      guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { throw Thrown.format() }
      guard let value = Int128(trimmed.hasPrefix("+") ? String(digits) : trimmed), symbol.range.contains(value) else {
        throw Thrown.overflow("Value was either too large or too small for \(type.article) \(type.rawValue).")
      }
      if type == .uint64 { return .uint64(UInt64(value)) }
      return Operation.convert(.int64(Int64(value)), to: symbol)
    }
  }

  private static func real(_ text: String) -> Double? {
    switch text {
    case "NaN": return .nan
    case "Infinity", "∞": return .infinity
    case "-Infinity", "-∞": return -.infinity
    default: break
    }
    let plain = text.filter { $0 != "," }
    guard plain.contains(where: \.isNumber),
      plain.utf8.allSatisfy({ (0x30...0x39).contains($0) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains($0) })
    else { return nil }
    let padded = plain.hasSuffix(".") ? plain + "0" : plain
    return Double(padded.hasPrefix(".") ? "0" + padded : padded)
  }

  enum NumberKind: String {
    case int8 = "SByte"
    case uint8 = "Byte"
    case int16 = "Int16"
    case uint16 = "UInt16"
    case int32 = "Int32"
    case uint32 = "UInt32"
    case int64 = "Int64"
    case uint64 = "UInt64"
    case float = "Single"
    case double = "Double"
    case decimal = "Decimal"

    var symbol: TypeSymbol { .named("System." + rawValue) }
    var keyword: String { TypeDefinition.keywords["System." + rawValue] ?? rawValue }
    var article: String { rawValue.hasPrefix("I") ? "an" : self == .uint8 || self == .int8 ? "an unsigned" : "a" }
  }

  private static func number(_ name: String, _ kind: NumberKind) -> LibraryType {
    LibraryType("struct System.\(name)") { type in
      let word = kind.keyword
      let bounds: (Value, Value)
      switch kind {
      case .double: bounds = (.double(-.greatestFiniteMagnitude), .double(.greatestFiniteMagnitude))
      case .float: bounds = (.float(-.greatestFiniteMagnitude), .float(.greatestFiniteMagnitude))
      case .decimal: bounds = (.decimal(.minimum), .decimal(.maximum))
      case .uint64: bounds = (.uint64(0), .uint64(.max))
      default:
        let range = kind.symbol.range
        bounds = (
          Operation.convert(.int64(Int64(range.lowerBound)), to: kind.symbol),
          Operation.convert(.int64(Int64(range.upperBound)), to: kind.symbol)
        )
      }
      type.constant("\(word) MinValue", bounds.0)
      type.constant("\(word) MaxValue", bounds.1)
      type.member("static \(word) Parse(string s)") { call in try parse(try call.string(0), kind) }
      type.member("static bool TryParse(string s, out \(word) result)") { call in
        let value = call.stringOrNull(0).flatMap { try? parse($0, kind) }
        call.set(1, value ?? Value.defaultValue(of: kind.symbol))
        return .bool(value != nil)
      }
      type.member("string ToString(string format)") { call in
        .string(try CompositeFormat.text(call.this, call.stringOrNull(0), call.machine))
      }
      type.member("int CompareTo(\(word) value)") { call in .int32(Int32(try Operation.compare(call.this, call[0]))) }
      type.member("bool Equals(\(word) obj)") { call in .bool(Operation.areEqual(call.this, call[0])) }
      if kind == .double || kind == .float {
        let wrap: @Sendable (Double) -> Value = { kind == .float ? .float(Float($0)) : .double($0) }
        type.constant("\(word) NaN", wrap(.nan))
        type.constant("\(word) PositiveInfinity", wrap(.infinity))
        type.constant("\(word) NegativeInfinity", wrap(-.infinity))
        type.constant(
          "\(word) Epsilon", kind == .float ? .float(.leastNonzeroMagnitude) : .double(.leastNonzeroMagnitude))
        type.member("static bool IsNaN(\(word) d)") { call in .bool(call.double(0).isNaN) }
        type.member("static bool IsInfinity(\(word) d)") { call in .bool(call.double(0).isInfinite) }
      }
      if kind == .decimal {
        type.constant("decimal Zero", .decimal(.zero))
        type.constant("decimal One", .decimal(.one))
        for name in ["Round", "Truncate", "Floor", "Ceiling"] {
          type.member("static decimal \(name)(decimal d)") { call in
            .decimal(rounded(name, try Operation.decimal(call[0])))
          }
        }
        type.member("static decimal Round(decimal d, int decimals)") { call in
          .decimal(try Operation.decimal(call[0]).rounded(call.int(1)))
        }
      }
    }
  }

  private static func rounded(_ name: String, _ value: DecimalNumber) -> DecimalNumber {
    switch name {
    case "Truncate": value.truncated
    case "Floor": value.floor
    case "Ceiling": value.ceiling
    default: value.rounded(0)
    }
  }

  // MARK: - Math

  private static func mathReal(_ type: inout LibraryRegistration) {
    type.constant("double PI", .double(.pi))
    type.constant("double E", .double(M_E))
    let functions: [(String, @Sendable (Double) -> Double)] = [
      ("Sqrt", { $0.squareRoot() }), ("Exp", { exp($0) }), ("Log", { log($0) }), ("Log10", { log10($0) }),
      ("Sin", { sin($0) }), ("Cos", { cos($0) }), ("Tan", { tan($0) }), ("Asin", { asin($0) }), ("Acos", { acos($0) }),
      ("Atan", { atan($0) }), ("Sinh", { sinh($0) }), ("Cosh", { cosh($0) }), ("Tanh", { tanh($0) }),
    ]
    for (name, function) in functions {
      type.member("static double \(name)(double d)") { call in .double(function(call.double(0))) }
    }
    type.member("static double Pow(double x, double y)") { call in .double(pow(call.double(0), call.double(1))) }
    type.member("static double Log(double a, double newBase)") { call in
      .double(log(call.double(0)) / log(call.double(1)))
    }
    type.member("static double Atan2(double y, double x)") { call in .double(atan2(call.double(0), call.double(1))) }
    for name in ["int", "long", "double", "decimal", "float", "short", "byte", "uint", "ulong", "sbyte"] {
      for (function, sign) in [("Max", 1), ("Min", -1)] {
        type.member("static \(name) \(function)(\(name) val1, \(name) val2)") { call in
          if call.double(0).isNaN { return call[0] }
          return try Operation.compare(call[0], call[1]) * sign >= 0 ? call[0] : call[1]
        }
      }
      if name.hasPrefix("u") || name == "byte" { continue }
      let numeric = SignatureReader.type(name, in: [])
      type.member("static \(name) Abs(\(name) value)") { call in
        let zero = Value.defaultValue(of: numeric)
        if try Operation.compare(call[0], zero) >= 0 { return call[0] }
        do {
          return try Arithmetic.subtract.apply(zero, call[0], numeric, isChecked: true)
        } catch {
          throw Thrown.overflow("Negating the minimum value of a twos complement number is invalid.")
        }
      }
      type.member("static int Sign(\(name) value)") { call in
        .int32(Int32(try Operation.compare(call[0], Value.defaultValue(of: numeric))))
      }
    }
  }

  private static func mathRounding(_ type: inout LibraryRegistration) {
    for name in ["Round", "Truncate", "Floor", "Ceiling"] {
      type.member("static double \(name)(double d)") { call in
        let value = call.double(0)
        switch name {
        case "Truncate": return .double(value.rounded(.towardZero))
        case "Floor": return .double(value.rounded(.down))
        case "Ceiling": return .double(value.rounded(.up))
        default: return .double(value.rounded(.toNearestOrEven))
        }
      }
      type.member("static decimal \(name)(decimal d)") { call in .decimal(rounded(name, try Operation.decimal(call[0])))
      }
    }
    type.member("static double Round(double value, int digits)") { call in try round(call, .toNearestOrEven, 1) }
    type.member("static double Round(double value, MidpointRounding mode)") { call in
      .double(call.double(0).rounded(call.int(1) == 1 ? .toNearestOrAwayFromZero : .toNearestOrEven))
    }
    type.member("static double Round(double value, int digits, MidpointRounding mode)") { call in
      try round(call, call.int(2) == 1 ? .toNearestOrAwayFromZero : .toNearestOrEven, 1)
    }
    type.member("static decimal Round(decimal d, int decimals)") { call in
      .decimal(try Operation.decimal(call[0]).rounded(call.int(1)))
    }
    type.member("static decimal Round(decimal d, MidpointRounding mode)") { call in
      .decimal(try Operation.decimal(call[0]).rounded(0, awayFromZero: call.int(1) == 1))
    }
    type.member("static decimal Round(decimal d, int decimals, MidpointRounding mode)") { call in
      .decimal(try Operation.decimal(call[0]).rounded(call.int(1), awayFromZero: call.int(2) == 1))
    }
  }

  private static func round(_ call: Call, _ rule: FloatingPointRoundingRule, _ at: Int) throws -> Value {
    guard (0...15).contains(call.int(at)) else {
      throw Thrown.outOfRange("digits", "Rounding digits must be between 0 and 15, inclusive.")
    }
    let (value, power) = (call.double(0), pow(10, Double(call.int(at))))
    return .double(abs(value) < 1e16 ? (value * power).rounded(rule) / power : value)
  }

  // MARK: - Convert

  private static func convert(_ type: inout LibraryRegistration) {
    let kinds: [NumberKind] = [
      .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64, .float, .double, .decimal,
    ]
    for kind in kinds {
      for source in ["object", "string", "bool", "int", "long", "double", "decimal", "char", "float", "byte"] {
        type.member("static \(kind.keyword) To\(kind.rawValue)(\(source) value)") { call in
          try converted(call[0], to: kind)
        }
      }
    }
    for source in ["object", "string", "bool", "int", "long", "double", "decimal"] {
      type.member("static bool ToBoolean(\(source) value)") { call in
        switch call[0] {
        case .null: return .bool(false)
        case .bool: return call[0]
        case .string(let text): return try parseBool(text)
        default: return .bool(Operation.real(call[0]) != 0)
        }
      }
    }
    type.member("static string ToString(string value)") { call in call[0] }
    for source in ["object", "bool", "int", "long", "double", "decimal", "char", "float", "byte"] {
      type.member("static string ToString(\(source) value)") { call in
        .string(try Operation.text(call[0], call.machine))
      }
    }
    for source in ["int", "long"] {
      type.member("static string ToString(\(source) value, int toBase)") { call in
        let bits: UInt64 =
          source == "int" ? UInt64(UInt32(truncatingIfNeeded: call.int(0))) : UInt64(bitPattern: call.long(0))
        guard [2, 8, 10, 16].contains(call.int(1)) else { throw Thrown.argument("Invalid Base.") }
        return .string(call.int(1) == 10 ? "\(call.int(0))" : String(bits, radix: call.int(1)))
      }
    }
    for (name, is32) in [("Int32", true), ("Int64", false)] {
      type.member("static \(is32 ? "int" : "long") To\(name)(string value, int fromBase)") { call in
        guard let text = call.stringOrNull(0) else { return is32 ? .int32(0) : .int64(0) }
        let digits = text.lowercased().hasPrefix("0x") ? String(text.dropFirst(2)) : text
        guard let bits = UInt64(digits, radix: call.int(1)) else {
          throw Thrown.format("Could not find any recognizable digits.")
        }
        return is32 ? .int32(Int32(truncatingIfNeeded: bits)) : .int64(Int64(bitPattern: bits))
      }
    }
    type.member("static string ToBase64String(byte[] inArray)") { call in
      .string(Data(try call.bytes(0)).base64EncodedString())
    }
    type.member("static byte[] FromBase64String(string s)") { call in
      let text = try call.string(0).filter { !$0.isWhitespace }
      guard text.utf8.count % 4 == 0, let data = Data(base64Encoded: text) else {
        throw Thrown.format(
          "The input is not a valid Base-64 string as it contains a non-base 64 character, more than two padding "
            + "characters, or an illegal character among the padding characters.")
      }
      return .object(ArrayObject(bytes: Array(data)))
    }
    type.member("static char ToChar(int value)") { call in .char(UInt16(truncatingIfNeeded: call.int(0))) }
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
        throw Thrown.invalidCast(object.runtimeType, .object)
      }
      return try converted(token.scalar(), to: kind)
    default: return try Operation.convertChecked(value, to: kind.symbol)
    }
  }
}
