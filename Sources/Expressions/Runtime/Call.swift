/// What runs when a library member is used.
typealias LibraryBody = @Sendable (inout Call) throws -> Value

/// The arguments of one use of a library member.
struct Call {
  let machine: Machine
  let member: Member
  /// Type arguments of the method, or of the declaring type for constructors and static members.
  let types: [TypeSymbol]
  /// The receiver; `.null` for static members and constructors.
  var this: Value
  private var first = Value.null
  private var second = Value.null
  private var third = Value.null
  private var rest: [Value] = []

  init(_ machine: Machine, _ member: Member, types: [TypeSymbol], this: Value) {
    self.machine = machine
    self.member = member
    self.types = types
    self.this = this
  }

  /// Argument `index`; `params` arrives as one array.
  subscript(_ index: Int) -> Value {
    get {
      switch index {
      case 0: first
      case 1: second
      case 2: third
      default: rest.indices.contains(index - 3) ? rest[index - 3] : .null
      }
    }
    set {
      switch index {
      case 0: first = newValue
      case 1: second = newValue
      case 2: third = newValue
      default:
        while rest.count <= index - 3 { rest.append(.null) }
        rest[index - 3] = newValue
      }
    }
  }

  /// Gives an `out` or `ref` argument its value.
  mutating func set(_ index: Int, _ value: Value) { self[index] = value }

  private func name(_ index: Int) -> String {
    member.parameters.indices.contains(index) ? member.parameters[index].name : "value"
  }

  // MARK: Typed arguments

  /// A string; null throws ArgumentNullException.
  func string(_ index: Int) throws -> String {
    if case .string(let text) = self[index] { return text }
    throw Thrown.argumentNull(name(index))
  }

  func stringOrNull(_ index: Int) -> String? {
    if case .string(let text) = self[index] { return text }
    return nil
  }

  func bool(_ index: Int) -> Bool {
    if case .bool(let value) = self[index] { return value }
    return false
  }

  func int(_ index: Int) -> Int {
    switch self[index] {
    case .int32(let value): Int(value)
    case .int64(let value): Int(value)
    case .enumeration(let value, _): Int(value)
    case .char(let value): Int(value)
    case .uint8(let value): Int(value)
    case .int16(let value): Int(value)
    case .uint16(let value): Int(value)
    case .int8(let value): Int(value)
    case .uint32(let value): Int(value)
    default: 0
    }
  }

  func long(_ index: Int) -> Int64 { Int64(int(index)) }

  func double(_ index: Int) -> Double {
    switch self[index] {
    case .double(let value): value
    case .float(let value): Double(value)
    default: Double(int(index))
    }
  }

  func char(_ index: Int) -> UInt16 {
    if case .char(let value) = self[index] { return value }
    return 0
  }

  /// The numeric value of an enumerator.
  func enumerator(_ index: Int) -> Int { int(index) }

  /// An object of a Swift class; null throws ArgumentNullException, another class InvalidCastException.
  func object<Object>(_ index: Int, as type: Object.Type = Object.self) throws -> Object {
    guard case .object(let object) = self[index] else { throw Thrown.argumentNull(name(index)) }
    guard let typed = object as? Object else {
      throw Thrown.invalidCast(object.runtimeType, member.parameters[index].type)
    }
    return typed
  }

  func objectOrNull<Object>(_ index: Int, as type: Object.Type = Object.self) -> Object? {
    if case .object(let object) = self[index] { return object as? Object }
    return nil
  }

  /// The receiver as an object of a Swift class.
  func receiver<Object>(_ type: Object.Type) throws -> Object {
    guard case .object(let object) = this else { throw Thrown.nullReference() }
    guard let typed = object as? Object else {
      throw Thrown.invalidCast(object.runtimeType, member.declaringType.selfType)
    }
    return typed
  }

  /// The receiver of a string member.
  func thisString() throws -> String {
    if case .string(let text) = this { return text }
    throw Thrown.nullReference()
  }

  /// A delegate argument; null throws ArgumentNullException.
  func delegate(_ index: Int) throws -> DelegateObject { try object(index) }

  func delegateOrNull(_ index: Int) -> DelegateObject? { objectOrNull(index) }

  /// An enumerator over an argument of an enumerable type (also strings); null throws ArgumentNullException.
  func iterator(_ index: Int) throws -> any ValueIterator {
    if self[index].isNull { throw Thrown.argumentNull(name(index)) }
    return try self[index].makeIterator()
  }

  /// All elements of an enumerable argument.
  func elements(_ index: Int) throws -> [Value] {
    if self[index].isNull { throw Thrown.argumentNull(name(index)) }
    return try self[index].elements(machine)
  }

  /// The elements of a `params` argument or any array.
  func array(_ index: Int) throws -> [Value] {
    let array: ArrayObject = try object(index)
    return array.elements
  }

  /// The bytes of a `byte[]` argument.
  func bytes(_ index: Int) throws -> [UInt8] {
    let array: ArrayObject = try object(index)
    return array.bytes
  }
}
