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
      mathType,
      convertType,
    ]

  /// Reads a number as `Parse` does, by the flags of `NumberStyles`; nil are those that `Parse` has by itself.
  static func parse(_ text: String, _ type: NumberKind, styles: Int? = nil) throws -> Value {
    let styles = styles.map { NumberReader.Styles(rawValue: $0) } ?? type.styles
    if type == .double || type == .float, let named = namedReal(text.trimmingWhiteSpace()) {
      return type == .float ? .float(Float(named)) : .double(named)
    }
    guard let number = NumberReader(text, styles) else { throw Thrown.format() }
    let excess = Thrown.overflow("Value was either too large or too small for \(type.article) \(type.rawValue).")
    switch type {
    case .double, .float:
      let value = number.double
      if type == .float { return .float(Float(value)) }
      return .double(value)
    case .decimal:
      guard let value = number.decimal else { throw excess }
      return .decimal(value)
    default:
      let symbol = type.symbol
      if styles.contains(.hexadecimal) {
        guard number.whole.count <= 32, let bits = UInt128(number.whole, radix: 16), bits <= type.mask else {
          throw excess
        }
        return Operation.convert(.uint64(UInt64(bits)), to: symbol)
      }
      guard let value = number.integer, symbol.range.contains(value) else { throw excess }
      if type == .uint64 { return .uint64(UInt64(value)) }
      return Operation.convert(.int64(Int64(value)), to: symbol)
    }
  }

  private static func namedReal(_ text: String) -> Double? {
    switch text {
    case "NaN": .nan
    case "Infinity": .infinity
    case "-Infinity": -.infinity
    default: nil
    }
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
    /// What `Parse` accepts without being told.
    var styles: NumberReader.Styles {
      switch self {
      case .float, .double: [.float, .thousands]
      case .decimal: .number
      default: .integer
      }
    }
    /// The largest value that the bits of the type can show.
    var mask: UInt128 { UInt128(symbol.range.upperBound - min(0, symbol.range.lowerBound)) }
    var article: String { rawValue.hasPrefix("I") ? "an" : self == .uint8 || self == .int8 ? "an unsigned" : "a" }
  }

  private static func number(_ name: String, _ kind: NumberKind) -> LibraryType {
    LibraryType("struct System.\(name) : IComparable, IFormattable, IConvertible") { type in
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
      numberText(&type, kind)
      type.member("int CompareTo(\(word) value)") { call in .int32(Int32(try Operation.compare(call.this, call[0]))) }
      type.member("bool Equals(\(word) obj)") { call in .bool(Operation.areEqual(call.this, call[0])) }
      if kind == .double || kind == .float {
        let wrap: @Sendable (Double) -> Value = { kind == .float ? .float(Float($0)) : .double($0) }
        type.constant("\(word) NaN", wrap(-.nan))
        type.constant("\(word) PositiveInfinity", wrap(.infinity))
        type.constant("\(word) NegativeInfinity", wrap(-.infinity))
        type.constant(
          "\(word) Epsilon", kind == .float ? .float(.leastNonzeroMagnitude) : .double(.leastNonzeroMagnitude))
        type.member("static bool IsNaN(\(word) d)") { call in .bool(call.double(0).isNaN) }
        type.member("static bool IsInfinity(\(word) d)") { call in .bool(call.double(0).isInfinite) }
        type.member("static bool IsPositiveInfinity(\(word) d)") { call in .bool(call.double(0) == .infinity) }
        type.member("static bool IsNegativeInfinity(\(word) d)") { call in .bool(call.double(0) == -.infinity) }
      }
      if kind == .decimal { decimalMembers(&type) }
    }
  }

  private static func numberText(_ type: inout LibraryRegistration, _ kind: NumberKind) {
    let word = kind.keyword
    for (more, styles) in [
      ("", nil), (", IFormatProvider provider", nil), (", NumberStyles style", 1),
      (", NumberStyles style, IFormatProvider provider", 1),
    ] as [(String, Int?)] {
      type.member("static \(word) Parse(string s\(more))") { call in
        try parse(try call.string(0), kind, styles: styles.map { call.int($0) })
      }
    }
    for (more, styles) in [("", nil), (", NumberStyles style, IFormatProvider provider", 1)] as [(String, Int?)] {
      type.member("static bool TryParse(string s\(more), out \(word) result)") { call in
        let value = call.stringOrNull(0).flatMap { try? parse($0, kind, styles: styles.map { call.int($0) }) }
        call.set(styles == nil ? 1 : 3, value ?? Value.defaultValue(of: kind.symbol))
        return .bool(value != nil)
      }
    }
    for parameters in ["string format", "IFormatProvider provider", "string format, IFormatProvider provider"] {
      type.member("string ToString(\(parameters))") { call in
        .string(try CompositeFormat.text(call.this, call.stringOrNull(0), call.machine))
      }
    }
  }

  private static func decimalMembers(_ type: inout LibraryRegistration) {
    for source in ["int", "uint", "long", "ulong", "float", "double"] {
      type.member("Decimal(\(source) value)") { call in .decimal(try Operation.decimal(call[0])) }
    }
    type.member("Decimal(int lo, int mid, int hi, bool isNegative, byte scale)") { call in
      try decimal(bits: (0..<3).map { call.int($0) }, scale: call.int(4), isNegative: call.bool(3))
    }
    type.member("Decimal(int[] bits)") { call in
      let bits = try call.elements(0).map { Int(Operation.integer($0) ?? 0) }
      guard bits.count == 4, bits[3] & 0x7F00_FFFF == 0 else { throw invalidDecimal }
      return try decimal(bits: bits, scale: bits[3] >> 16 & 0xFF, isNegative: bits[3] < 0)
    }
    type.member("static int[] GetBits(decimal d)") { call in
      let value = try Operation.decimal(call[0])
      let flags = Int32(value.scale) << 16 | (value.isNegative ? Int32.min : 0)
      let words = (0..<3).map { Int32(truncatingIfNeeded: value.coefficient >> ($0 * 32)) } + [flags]
      return .object(ArrayObject(of: .int32, words.map { .int32($0) }))
    }
    type.member("static long ToOACurrency(decimal value)") { call in
      let scaled = try Operation.decimal(call[0]) * DecimalNumber(Int64(10_000))
      return try Operation.convertChecked(.decimal(scaled.rounded(0)), to: .int64)
    }
    type.member("static decimal FromOACurrency(long cy)") { call in
      .decimal(try DecimalNumber(call.long(0)) / DecimalNumber(Int64(10_000)))
    }
    type.constant("decimal Zero", .decimal(.zero))
    type.constant("decimal One", .decimal(.one))
    type.constant("decimal MinusOne", .decimal(DecimalNumber.one.negated))
    for name in ["Round", "Truncate", "Floor", "Ceiling"] {
      type.member("static decimal \(name)(decimal d)") { call in .decimal(rounded(name, try Operation.decimal(call[0])))
      }
    }
    for (parameters, digits, mode) in [
      ("int decimals", 1, nil), ("MidpointRounding mode", nil, 1), ("int decimals, MidpointRounding mode", 1, 2),
    ] as [(String, Int?, Int?)] {
      type.member("static decimal Round(decimal d, \(parameters))") { call in
        try roundedDecimal(call, digits: digits, mode: mode)
      }
    }
    for (name, operation) in [
      ("Add", Arithmetic.add), ("Subtract", .subtract), ("Multiply", .multiply), ("Divide", .divide),
      ("Remainder", .remainder),
    ] {
      type.member("static decimal \(name)(decimal d1, decimal d2)") { call in
        try operation.apply(call[0], call[1], .decimal, isChecked: true)
      }
    }
    type.member("static decimal Negate(decimal d)") { call in .decimal(try Operation.decimal(call[0]).negated) }
    type.member("static int Compare(decimal d1, decimal d2)") { call in
      .int32(Int32(try Operation.compare(call[0], call[1])))
    }
    type.member("static bool Equals(decimal d1, decimal d2)") { call in .bool(Operation.areEqual(call[0], call[1])) }
    for (name, target) in [
      ("Int32", TypeSymbol.int32), ("Int64", .int64), ("Double", .double), ("Byte", .uint8), ("UInt64", .uint64),
      ("Int16", .int16), ("UInt16", .uint16), ("SByte", .int8), ("UInt32", .uint32), ("Single", .float),
    ] {
      type.member("static \(target) To\(name)(decimal d)") { call in
        try Operation.convertChecked(call[0], to: target)
      }
    }
  }

  private static var invalidDecimal: Thrown {
    Thrown.argument("Decimal byte array constructor requires an array of length four containing valid decimal bytes.")
  }

  /// A decimal from three words of 32 bits, the lowest first.
  private static func decimal(bits: [Int], scale: Int, isNegative: Bool) throws -> Value {
    guard (0...28).contains(scale) else {
      throw Thrown.outOfRange("scale", "Decimal's scale value must be between 0 and 28.")
    }
    let coefficient = bits.prefix(3).enumerated().reduce(UInt128(0)) { value, word in
      value | UInt128(UInt32(truncatingIfNeeded: word.element)) << UInt128(word.offset * 32)
    }
    return .decimal(DecimalNumber(coefficient, scale: scale, isNegative: isNegative))
  }

  /// `Round` of a decimal, by the arguments that say how.
  static func roundedDecimal(_ call: Call, digits: Int?, mode: Int?) throws -> Value {
    let places = digits.map { call.int($0) } ?? 0
    guard (0...28).contains(places) else {
      throw Thrown.outOfRange("decimals", "Decimal can only round to between 0 and 28 digits of precision.")
    }
    let awayFromZero = mode.map { call.int($0) == 1 } ?? false
    return .decimal(try Operation.decimal(call[0]).rounded(places, awayFromZero: awayFromZero))
  }

  static func rounded(_ name: String, _ value: DecimalNumber) -> DecimalNumber {
    switch name {
    case "Truncate": value.truncated
    case "Floor": value.floor
    case "Ceiling": value.ceiling
    default: value.rounded(0)
    }
  }
}
