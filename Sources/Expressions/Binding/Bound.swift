import DotNet

/// An expression whose type is known, ready to run.
struct Bound {
  /// What has no type before its target is known.
  enum Untyped {
    case lambda(LambdaSyntax)
    case methodGroup([Binder.Candidate], receiver: Bound?, name: String)
    case function(LocalFunction)
    case defaultLiteral
    case throwing
  }

  /// Another type has other ways to run.
  var type: TypeSymbol {
    didSet { if type != oldValue { (test, number, effect, storing) = (nil, nil, nil, nil) } }
  }
  var offset: Int
  /// The value, where it is known when the expression is compiled.
  var constant: Value?
  /// A part of the context, or a function that takes nothing from around it: nothing has to run to have it.
  var known: Value?
  /// Whether a known part is there; nil when it always is.
  var presence: FlagEvaluation?
  var run: Evaluation {
    didSet { (test, number, effect, storing, known, presence) = (nil, nil, nil, nil, nil, nil) }
  }
  /// The value of a `bool` without a `Value` around it, where there is such a way.
  private(set) var test: FlagEvaluation?
  /// The value of an `int` without a `Value` around it, where there is such a way.
  private(set) var number: NumberOperand?
  /// What an assignment does, without giving its value.
  private(set) var effect: Execution?
  /// Puts the value of `int` arithmetic into a variable in one go.
  var storing: ((_ slot: Int) -> Execution)?
  indirect enum Form {
    case plain
    case untyped(Untyped)
    /// The parts of a tuple literal, converted one by one.
    case tuple([Bound])
    /// `out var x`: the type comes from the parameter.
    case declares(String)
    /// An `out` or `ref` argument that is a variable.
    case passed(Variable)
    case reference(Place)
    /// The parts of a concatenation of strings.
    case concatenation([Bound])
    /// A comparison of numbers.
    case comparison(NumberTest)
    /// A change of a variable by a constant.
    case counted(Int, by: Int32)
  }
  var form = Form.plain

  init(_ type: TypeSymbol, _ offset: Int, constant: Value? = nil, _ run: Evaluation) {
    self.type = type
    self.offset = offset
    self.constant = constant
    self.run = run
  }

  init(_ type: TypeSymbol, _ offset: Int, constant: Value? = nil, _ run: @escaping (Machine) throws -> Value) {
    self.init(type, offset, constant: constant, Evaluation(run))
  }

  /// A `bool`.
  init(test offset: Int, _ test: FlagEvaluation) {
    self.init(.bool, offset) { .bool(try test($0)) }
    self.test = test
  }

  init(test offset: Int, _ test: @escaping (Machine) throws -> Bool) {
    self.init(test: offset, FlagEvaluation(test))
  }

  /// An `int`; `effect` does the same without giving the value.
  init(number offset: Int, effect: Execution? = nil, _ number: NumberOperand) {
    let run = number.evaluation
    self.init(.int32, offset) { .int32(try run($0)) }
    self.number = number
    self.effect = effect
  }

  init(number offset: Int, effect: Execution? = nil, _ number: NumberEvaluation) {
    self.init(number: offset, effect: effect, .computed(number))
  }

  init(number offset: Int, effect: Execution? = nil, _ number: @escaping (Machine) throws -> Int32) {
    self.init(number: offset, effect: effect, .computed(NumberEvaluation(number)))
  }

  /// An assignment to a variable.
  init(_ type: TypeSymbol, _ offset: Int, effect: Execution, _ run: @escaping (Machine) throws -> Value) {
    self.init(type, offset, run)
    self.effect = effect
  }

  static func constant(_ value: Value, _ type: TypeSymbol, _ offset: Int) -> Bound {
    Bound(type, offset, constant: value) { _ in value }
  }

  static func known(_ value: Value, _ type: TypeSymbol, _ offset: Int, presence: FlagEvaluation? = nil) -> Bound {
    var result = Bound(type, offset) { _ in value }
    if let presence { result.run = Evaluation { machine in try presence(machine) ? value : .null } }
    result.known = value
    result.presence = presence
    return result
  }

  /// `test ? yes : no`, both of the same type.
  static func choice(_ condition: Bound, _ yes: Bound, _ no: Bound, _ at: Int) -> Bound {
    let test = condition.condition
    if yes.type == .int32, no.type == .int32 {
      if case .comparison(let comparison) = condition.form {
        return Bound(number: at, comparison.choice(yes.operand, no.operand))
      }
      let otherwise = no.operand.evaluation
      if case .variable(let slot) = yes.operand {
        return Bound(number: at) { machine in try test(machine) ? machine.numbers[slot] : try otherwise(machine) }
      }
      let then = yes.operand.evaluation
      return Bound(number: at) { machine in try test(machine) ? try then(machine) : try otherwise(machine) }
    }
    if yes.type == .bool, no.type == .bool {
      let (then, otherwise) = (yes.condition, no.condition)
      return Bound(test: at) { machine in try test(machine) ? try then(machine) : try otherwise(machine) }
    }
    let (then, otherwise) = (yes.run, no.run)
    return Bound(yes.type, at) { machine in try test(machine) ? try then(machine) : try otherwise(machine) }
  }

  static func untyped(
    _ form: Untyped, _ type: TypeSymbol, _ offset: Int, _ run: @escaping (Machine) throws -> Value = { _ in .null }
  ) -> Bound {
    var result = Bound(type, offset, run)
    result.form = .untyped(form)
    return result
  }

  /// The same with failures of the language marked with this place.
  func placed() -> Bound {
    guard constant == nil, known == nil else { return self }
    let offset = offset
    var result = self
    let (run, test, number, effect) = (run, test, number, effect)
    result.run = Evaluation { machine in try Thrown.placing(offset) { try run(machine) } }
    if let test {
      result.test = FlagEvaluation { machine in try Thrown.placing(offset) { try test(machine) } }
    }
    if case .computed(let number)? = number {
      result.number = .computed(NumberEvaluation { machine in try Thrown.placing(offset) { try number(machine) } })
    }
    if let effect {
      result.effect = Execution { machine in try Thrown.placing(offset) { try effect(machine) } }
    }
    return result
  }

  /// The value, where nothing has to run to have it.
  var settled: Value? { constant ?? (presence == nil ? known : nil) }

  // MARK: Ways to run it

  /// Runs it as a condition.
  var condition: FlagEvaluation {
    if let test { return test }
    if case .bool(let flag)? = constant { return FlagEvaluation { _ in flag } }
    let run = run
    return FlagEvaluation { machine in
      if case .bool(true) = try run(machine) { return true }
      return false
    }
  }

  /// Runs it as an operand of `int` arithmetic.
  var operand: NumberOperand {
    if case .int32(let value)? = constant { return .constant(value) }
    if let number { return number }
    let run = run
    return .computed(
      NumberEvaluation { machine in
        let value = try run(machine)
        if case .int32(let number) = value { return number }
        return Int32(truncatingIfNeeded: Operation.integer(value) ?? 0)
      })
  }

  /// Runs it for what it does.
  var effects: Execution {
    if let effect { return effect }
    if let number {
      let run = number.evaluation
      return Execution { machine in
        _ = try run(machine)
        return .next
      }
    }
    let run = run
    return Execution { machine in
      _ = try run(machine)
      return .next
    }
  }
}

extension Thrown {
  /// Runs a piece of a program, and marks its failures of the language with a place.
  @inline(__always)
  static func placing<Result>(_ offset: Int, _ run: () throws -> Result) throws -> Result {
    do {
      return try run()
    } catch {
      throw placed(error, offset)
    }
  }

  /// An error with the place of the node that failed, unless it has one.
  static func placed(_ error: any Error, _ offset: Int) -> any Error {
    switch error {
    case var thrown as Thrown:
      if thrown.offset < 0 { thrown.offset = offset }
      return thrown
    case let exception as DotNetException:
      var thrown = Thrown(exception)
      thrown.offset = offset
      return thrown
    default: return error
    }
  }
}

/// Something that can be assigned.
indirect enum Place {
  case variable(Variable)
  case element(array: Bound, indices: [Bound], type: TypeSymbol)
  case member(receiver: Bound?, member: Member, types: [TypeSymbol], arguments: [Bound], type: TypeSymbol)
  /// A field of a tuple: assigning makes the tuple anew, as it is a value.
  case field(of: Place, index: Int, type: TypeSymbol)
  case discard
}

extension TypeSymbol {
  private static let numericRanks: [TypeSymbol: Int] = [
    .int8: 1, .uint8: 1, .int16: 2, .uint16: 2, .int32: 3, .uint32: 3, .int64: 4, .uint64: 4, .float: 5, .double: 6,
    .decimal: 7,
  ]

  var isNumeric: Bool { Self.numericRanks[self] != nil || self == .char }
  var isIntegral: Bool { isNumeric && self != .float && self != .double && self != .decimal }

  /// C#'s implicit numeric conversions (specification §10.2.3).
  func widens(to target: TypeSymbol) -> Bool {
    if self == .char { return [.uint16, .int32, .uint32, .int64, .uint64, .float, .double, .decimal].contains(target) }
    guard let from = Self.numericRanks[self], let to = Self.numericRanks[target], target != .char else { return false }
    let isSigned = [TypeSymbol.int8, .int16, .int32, .int64].contains(self)
    let targetIsUnsigned = [TypeSymbol.uint8, .uint16, .uint32, .uint64].contains(target)
    if isSigned, targetIsUnsigned { return false }
    if target == .decimal { return isIntegral }
    return to > from
  }

  /// Whether a value of the type can stand where the other is asked for without any change of its form.
  func isReferenceConvertible(to target: TypeSymbol) -> Bool {
    if self == target { return true }
    if target == .object { return !isVoid && !isNullLiteral }
    if let element = elementType, let other = target.elementType, definition.rank == target.definition.rank {
      return !element.isValueType && !other.isValueType && element.isReferenceConvertible(to: other)
    }
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
      switch variance {
      case .covariant: return !pair.0.isValueType && pair.0.isReferenceConvertible(to: pair.1)
      case .contravariant: return !pair.1.isValueType && pair.1.isReferenceConvertible(to: pair.0)
      case .invariant: return false
      }
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
    case .decimal(let v): v.doubleValue
    default: Double(integer(value) ?? 0)
    }
  }

  /// The bits of a number in another numeric type; out of range they wrap, as unchecked C# does.
  static func convert(_ value: Value, to type: TypeSymbol) -> Value {
    if type == .double { return .double(real(value)) }
    if type == .float { return .float(Float(real(value))) }
    if type == .decimal { return (try? decimal(value)).map { .decimal($0) } ?? .decimal(.zero) }
    if type.isEnum { return .enumeration(Int32(truncatingIfNeeded: integer(value) ?? 0), type) }
    let bits: Int64
    switch value {
    case .double(let v): bits = truncated(v, for: type)
    case .float(let v): bits = truncated(Double(v), for: type)
    case .uint64(let v): bits = Int64(bitPattern: v)
    case .decimal(let v): bits = Int64(truncatingIfNeeded: v.integerValue ?? 0)
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

  /// The integer part of a real number as the processor gives it: what has no place in an `int` (for `int` and smaller
  /// types) or a `long` is the smallest of them; `ulong` has another range above.
  private static func truncated(_ value: Double, for type: TypeSymbol) -> Int64 {
    if type == .uint64 {
      // NaN goes the way of what is too large.
      return value < 0x1p63
        ? Int64(exactly: value.rounded(.towardZero)) ?? .min
        : (Int64(exactly: (value - 0x1p63).rounded(.towardZero)) ?? .min) &+ .min
    }
    if type == .int64 || type == .uint32 { return Int64(exactly: value.rounded(.towardZero)) ?? .min }
    return Int64(Int32(exactly: value.rounded(.towardZero)) ?? .min)
  }

  /// A number as a decimal. OverflowException when it is out of range.
  static func decimal(_ value: Value) throws -> DecimalNumber {
    switch value {
    case .decimal(let v): v
    case .double(let v): try DecimalNumber(v)
    case .float(let v): try DecimalNumber(Double(v), digits: 7)
    case .uint64(let v): DecimalNumber(v)
    default: DecimalNumber(integer(value) ?? 0)
    }
  }

  /// A number in another type; OverflowException when it does not fit.
  static func convertChecked(_ value: Value, to type: TypeSymbol) throws -> Value {
    if type == .decimal { return .decimal(try decimal(value)) }
    if type == .double || type == .float { return convert(value, to: type) }
    let whole: Int128
    switch value {
    case .double, .float:
      let number = real(value).rounded(.towardZero)
      guard number.isFinite, abs(number) < 1e20 else { throw Thrown.overflow() }
      whole = Int128(number)
    case .decimal(let v): whole = v.integerValue ?? 0
    case .uint64(let v): whole = Int128(v)
    default: whole = Int128(integer(value) ?? 0)
    }
    guard whole >= type.range.lowerBound, whole <= type.range.upperBound else { throw Thrown.overflow() }
    if type == .uint64 { return .uint64(UInt64(whole)) }
    return convert(.int64(Int64(whole)), to: type)
  }

  /// Whether a value matches the constant of a pattern or a `case` label.
  static func isConstant(_ constant: Value, _ value: Value) -> Bool {
    if value.isNull || constant.isNull { return value.isNull && constant.isNull }
    return value.runtimeType == constant.runtimeType && areEqual(value, constant)
  }

  /// `object.Equals`, and `==` where the type has no operator of its own.
  static func areEqual(_ a: Value, _ b: Value) -> Bool {
    switch (a, b) {
    case (.null, .null): return true
    case (.null, _), (_, .null): return false
    case (.string(let x), .string(let y)): return x.utf8.elementsEqual(y.utf8)
    case (.bool(let x), .bool(let y)): return x == y
    case (.object(let x), _): return x.isEqual(to: b)
    case (.decimal(let x), .decimal(let y)): return x == y
    case (.enumeration(let x, let p), .enumeration(let y, let q)): return x == y && p == q
    // NaN equals itself, unlike with the operator.
    case (.double(let x), .double(let y)): return x == y || (x.isNaN && y.isNaN)
    case (.float(let x), .float(let y)): return x == y || (x.isNaN && y.isNaN)
    case (.uint64(let x), .uint64(let y)): return x == y
    default:
      // Numbers of different types are never equal.
      guard let x = integer(a), let y = integer(b) else { return false }
      return x == y && a.runtimeType == b.runtimeType
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
    case .float(let v): return NumberText.shortest(v)
    case .double(let v): return NumberText.shortest(v)
    case .decimal(let v): return v.description
    case .enumeration(let v, let type): return type.definition.enumeratorText(Int64(v))
    case .object(let object): return try object.text(machine)
    case .cell(let cell): return try text(cell.value, machine)
    default: return "\(integer(value) ?? 0)"
    }
  }
}

extension TypeSymbol {
  /// The values of an integral type.
  var range: ClosedRange<Int128> {
    switch self {
    case .int8: -128...127
    case .uint8: 0...255
    case .int16: -32_768...32_767
    case .uint16, .char: 0...65_535
    case .uint32: 0...4_294_967_295
    case .int64: Int128(Int64.min)...Int128(Int64.max)
    case .uint64: 0...Int128(UInt64.max)
    default: Int128(Int32.min)...Int128(Int32.max)
    }
  }
}

extension TypeDefinition {
  /// `ToString()` of an enumerator: its name, the names of its flags, or the number.
  func enumeratorText(_ value: Int64) -> String {
    if let exact = enumerators.first(where: { $0.value == value }) { return exact.name }
    guard isFlags, value != 0 else { return "\(value)" }
    var rest = value
    var names: [String] = []
    for entry in enumerators.reversed() where entry.value != 0 && rest & entry.value == entry.value {
      rest &= ~entry.value
      names.insert(entry.name, at: 0)
    }
    return rest == 0 ? names.joined(separator: ", ") : "\(value)"
  }
}
