/// A piece of a program that gives a value.
typealias Evaluation = (Machine) throws -> Value

/// An expression whose type is known, ready to run.
struct Bound {
  var type: TypeSymbol
  var offset: Int
  /// The value, where it is known when the expression is compiled.
  var constant: Value?
  var run: Evaluation

  init(_ type: TypeSymbol, _ offset: Int, constant: Value? = nil, _ run: @escaping Evaluation) {
    self.type = type
    self.offset = offset
    self.constant = constant
    self.run = run
  }

  static func constant(_ value: Value, _ type: TypeSymbol, _ offset: Int) -> Bound {
    Bound(type, offset, constant: value) { _ in value }
  }

  /// The same with failures of the language marked with this place.
  func placed() -> Bound {
    guard constant == nil else { return self }
    let run = run
    let offset = offset
    var result = self
    result.run = { machine in
      do {
        return try run(machine)
      } catch var thrown as Thrown {
        if thrown.offset < 0 { thrown.offset = offset }
        throw thrown
      }
    }
    return result
  }
}

extension TypeSymbol {
  private static let numericRanks: [TypeSymbol: Int] = [
    .int8: 1, .uint8: 1, .int16: 2, .uint16: 2, .int32: 3, .uint32: 3, .int64: 4, .uint64: 4, .float: 5, .double: 6,
  ]

  var isNumeric: Bool { Self.numericRanks[self] != nil || self == .char }
  var isIntegral: Bool { isNumeric && self != .float && self != .double }

  /// C#'s implicit numeric conversions (specification §10.2.3).
  func widens(to target: TypeSymbol) -> Bool {
    if self == .char { return [.uint16, .int32, .uint32, .int64, .uint64, .float, .double].contains(target) }
    guard let from = Self.numericRanks[self], let to = Self.numericRanks[target], target != .char else { return false }
    let isSigned = [TypeSymbol.int8, .int16, .int32, .int64].contains(self)
    let targetIsUnsigned = [TypeSymbol.uint8, .uint16, .uint32, .uint64].contains(target)
    if isSigned, targetIsUnsigned { return false }
    return to > from
  }

  /// Whether a value of the type can stand where the other is asked for without any change of its form.
  func isReferenceConvertible(to target: TypeSymbol) -> Bool {
    if self == target { return true }
    if target == .object { return !isVoid && !isNullLiteral }
    var base = baseType
    while let type = base {
      if type == target { return true }
      base = type.baseType
    }
    guard target.isInterface else { return false }
    return (isInterface ? [self] : []).contains(target)
      || allInterfaces.contains { $0 == target || $0.isVariant(of: target) }
      || isVariant(of: target)
  }

  /// `IEnumerable<string>` is an `IEnumerable<object>`.
  private func isVariant(of target: TypeSymbol) -> Bool {
    guard definition === target.definition, !arguments.isEmpty else { return false }
    return zip(zip(arguments, target.arguments), definition.variances).allSatisfy { pair, variance in
      if pair.0 == pair.1 { return true }
      return variance == .covariant && !pair.0.isValueType && pair.0.isReferenceConvertible(to: pair.1)
    }
  }
}

/// What operators do with values.
enum Operation {
  static func integer(_ value: Value) -> Int64? {
    switch value {
    case .int8(let v): Int64(v)
    case .uint8(let v): Int64(v)
    case .int16(let v): Int64(v)
    case .uint16(let v): Int64(v)
    case .int32(let v): Int64(v)
    case .uint32(let v): Int64(v)
    case .int64(let v): v
    case .char(let v): Int64(v)
    case .enumeration(let v, _): Int64(v)
    default: nil
    }
  }

  static func real(_ value: Value) -> Double {
    switch value {
    case .float(let v): Double(v)
    case .double(let v): v
    case .uint64(let v): Double(v)
    default: Double(integer(value) ?? 0)
    }
  }

  /// The bits of a number in another numeric type; out of range they wrap, as unchecked C# does.
  static func convert(_ value: Value, to type: TypeSymbol) -> Value {
    if type == .double { return .double(real(value)) }
    if type == .float { return .float(Float(real(value))) }
    let bits: Int64
    switch value {
    case .double(let v): bits = v.isFinite && abs(v) < 9.2e18 ? Int64(v) : .min
    case .float(let v): bits = v.isFinite && abs(v) < 9.2e18 ? Int64(v) : .min
    case .uint64(let v): bits = Int64(bitPattern: v)
    default: bits = integer(value) ?? 0
    }
    switch type {
    case .int8: return .int8(Int8(truncatingIfNeeded: bits))
    case .uint8: return .uint8(UInt8(truncatingIfNeeded: bits))
    case .int16: return .int16(Int16(truncatingIfNeeded: bits))
    case .uint16: return .uint16(UInt16(truncatingIfNeeded: bits))
    case .int32: return .int32(Int32(truncatingIfNeeded: bits))
    case .uint32: return .uint32(UInt32(truncatingIfNeeded: bits))
    case .uint64: return .uint64(UInt64(bitPattern: bits))
    case .char: return .char(UInt16(truncatingIfNeeded: bits))
    default: return .int64(bits)
    }
  }

  /// `object.Equals`, and `==` where the type has no operator of its own.
  static func areEqual(_ a: Value, _ b: Value) -> Bool {
    switch (a, b) {
    case (.null, .null): return true
    case (.null, _), (_, .null): return false
    case (.string(let x), .string(let y)): return x.utf8.elementsEqual(y.utf8)
    case (.bool(let x), .bool(let y)): return x == y
    case (.object(let x), _): return x.isEqual(to: b)
    case (.double, _), (.float, _), (_, .double), (_, .float): return real(a) == real(b)
    case (.uint64(let x), .uint64(let y)): return x == y
    default:
      if let x = integer(a), let y = integer(b) { return x == y }
      return false
    }
  }

  /// `ToString()`, and what concatenation shows; null is empty.
  static func text(_ value: Value, _ machine: Machine) throws -> String {
    switch value {
    case .null: return ""
    case .bool(let v): return v ? "True" : "False"
    case .char(let v): return String(decoding: [v], as: UTF16.self)
    case .string(let v): return v
    case .uint64(let v): return "\(v)"
    case .float(let v): return real(Double(v), shortest: "\(v)", isSingle: true)
    case .double(let v): return real(v, shortest: "\(v)", isSingle: false)
    case .enumeration(let v, let type):
      return type.definition.enumerators.first { $0.value == Int64(v) }?.name ?? "\(v)"
    case .object(let object): return try object.text(machine)
    case .cell(let cell): return try text(cell.value, machine)
    default: return "\(integer(value) ?? 0)"
    }
  }

  /// As .NET Core writes doubles: the shortest text that reads back the same, exponents as `E+20`.
  private static func real(_ value: Double, shortest: String, isSingle: Bool) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
    var text = shortest
    if text.hasSuffix(".0") { text.removeLast(2) }
    guard let e = text.firstIndex(of: "e") else { return text == "-0" ? "-0" : text }
    let mantissa = text[..<e]
    let exponent = Int(text[text.index(after: e)...]) ?? 0
    let bare = mantissa.hasSuffix(".0") ? mantissa.dropLast(2) : mantissa
    if exponent >= 0, exponent < (isSingle ? 7 : 15) { return text }
    let digits = abs(exponent) < 10 ? "0\(abs(exponent))" : "\(abs(exponent))"
    return "\(bare)E\(exponent < 0 ? "-" : "+")\(digits)"
  }
}
