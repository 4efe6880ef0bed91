/// The body of a member that takes few operands and takes them as they are: the receiver, if there is one, then the
/// arguments. Running one makes no ``Call``.
enum DirectBody: Sendable {
  case none(@Sendable (Machine) throws -> Value)
  case one(@Sendable (Machine, Value) throws -> Value)
  case two(@Sendable (Machine, Value, Value) throws -> Value)
  case three(@Sendable (Machine, Value, Value, Value) throws -> Value)
  case testOne(@Sendable (Machine, Value) throws -> Bool)
  case testTwo(@Sendable (Machine, Value, Value) throws -> Bool)
  case testThree(@Sendable (Machine, Value, Value, Value) throws -> Bool)
  case numberOne(@Sendable (Machine, Value) throws -> Int)

  /// The same for callers that have a ``Call``; `offset` is 1 when the receiver is the first operand.
  func called(receivers offset: Int) -> LibraryBody {
    @Sendable func operand(_ call: Call, _ index: Int) -> Value { index < offset ? call.this : call[index - offset] }
    switch self {
    case .none(let body): return { call in try body(call.machine) }
    case .one(let body): return { call in try body(call.machine, operand(call, 0)) }
    case .two(let body): return { call in try body(call.machine, operand(call, 0), operand(call, 1)) }
    case .three(let body):
      return { call in try body(call.machine, operand(call, 0), operand(call, 1), operand(call, 2)) }
    case .testOne(let body): return { call in .bool(try body(call.machine, operand(call, 0))) }
    case .testTwo(let body): return { call in .bool(try body(call.machine, operand(call, 0), operand(call, 1))) }
    case .testThree(let body):
      return { call in .bool(try body(call.machine, operand(call, 0), operand(call, 1), operand(call, 2))) }
    case .numberOne(let body): return { call in .int32(Int32(clamping: try body(call.machine, operand(call, 0)))) }
    }
  }

  /// The use of the member; nil when the number of operands is another.
  ///
  /// - Parameter needsReceiver: the first operand must not be null.
  func bound(_ operands: [Bound], needsReceiver: Bool, _ type: TypeSymbol, _ at: Int) -> Bound? {
    guard operands.count == count else { return nil }
    if case .none(let body) = self {
      return Bound(type, at) { machine in
        try Thrown.placing(at) {
          try machine.charge()
          return try body(machine)
        }
      }
    }
    guard let first = operands.first else { return nil }
    let (a, presence) = (first.run, first.presence)
    let runs = operands.dropFirst().map(\.run)
    // Arguments that are constants are at hand, as is a part of the context: nothing runs for them.
    let constants = operands.dropFirst().compactMap(\.settled)
    switch self {
    case .none: return nil
    case .one(let body):
      if let known = first.known {
        return Bound(type, at) { machine in
          try Thrown.placing(at) {
            if let presence, try !presence(machine) { throw Thrown.nullReference() }
            try machine.charge()
            return try body(machine, known)
          }
        }
      }
      return Bound(type, at) { machine in
        try Thrown.placing(at) {
          let x = try a(machine)
          if needsReceiver, x.isNull { throw Thrown.nullReference() }
          try machine.charge()
          return try body(machine, x)
        }
      }
    case .testOne(let body):
      if let known = first.known {
        return Bound(test: at) { machine in
          try Thrown.placing(at) {
            if let presence, try !presence(machine) { throw Thrown.nullReference() }
            try machine.charge()
            return try body(machine, known)
          }
        }
      }
      return Bound(test: at) { machine in
        try Thrown.placing(at) {
          let x = try a(machine)
          if needsReceiver, x.isNull { throw Thrown.nullReference() }
          try machine.charge()
          return try body(machine, x)
        }
      }
    case .numberOne(let body):
      return Bound(number: at) { machine in
        try Thrown.placing(at) {
          let x = try a(machine)
          if needsReceiver, x.isNull { throw Thrown.nullReference() }
          try machine.charge()
          return Int32(clamping: try body(machine, x))
        }
      }
    case .two(let body):
      if constants.count == 1 {
        let b = constants[0]
        if let known = first.known {
          return Bound(type, at) { machine in
            try Thrown.placing(at) {
              if let presence, try !presence(machine) { throw Thrown.nullReference() }
              try machine.charge()
              return try body(machine, known, b)
            }
          }
        }
        return Bound(type, at) { machine in
          try Thrown.placing(at) {
            let x = try a(machine)
            if needsReceiver, x.isNull { throw Thrown.nullReference() }
            try machine.charge()
            return try body(machine, x, b)
          }
        }
      }
      let b = runs[0]
      return Bound(type, at) { machine in
        try Thrown.placing(at) {
          let (x, y) = (try a(machine), try b(machine))
          if needsReceiver, x.isNull { throw Thrown.nullReference() }
          try machine.charge()
          return try body(machine, x, y)
        }
      }
    case .testTwo(let body):
      if constants.count == 1 {
        let b = constants[0]
        if let known = first.known {
          return Bound(test: at) { machine in
            try Thrown.placing(at) {
              if let presence, try !presence(machine) { throw Thrown.nullReference() }
              try machine.charge()
              return try body(machine, known, b)
            }
          }
        }
        return Bound(test: at) { machine in
          try Thrown.placing(at) {
            let x = try a(machine)
            if needsReceiver, x.isNull { throw Thrown.nullReference() }
            try machine.charge()
            return try body(machine, x, b)
          }
        }
      }
      let b = runs[0]
      return Bound(test: at) { machine in
        try Thrown.placing(at) {
          let (x, y) = (try a(machine), try b(machine))
          if needsReceiver, x.isNull { throw Thrown.nullReference() }
          try machine.charge()
          return try body(machine, x, y)
        }
      }
    case .three(let body):
      if constants.count == 2 {
        let (b, c) = (constants[0], constants[1])
        if let known = first.known {
          return Bound(type, at) { machine in
            try Thrown.placing(at) {
              if let presence, try !presence(machine) { throw Thrown.nullReference() }
              try machine.charge()
              return try body(machine, known, b, c)
            }
          }
        }
        return Bound(type, at) { machine in
          try Thrown.placing(at) {
            let x = try a(machine)
            if needsReceiver, x.isNull { throw Thrown.nullReference() }
            try machine.charge()
            return try body(machine, x, b, c)
          }
        }
      }
      let (b, c) = (runs[0], runs[1])
      return Bound(type, at) { machine in
        try Thrown.placing(at) {
          let (x, y, z) = (try a(machine), try b(machine), try c(machine))
          if needsReceiver, x.isNull { throw Thrown.nullReference() }
          try machine.charge()
          return try body(machine, x, y, z)
        }
      }
    case .testThree(let body):
      if constants.count == 2 {
        let (b, c) = (constants[0], constants[1])
        if let known = first.known {
          return Bound(test: at) { machine in
            try Thrown.placing(at) {
              if let presence, try !presence(machine) { throw Thrown.nullReference() }
              try machine.charge()
              return try body(machine, known, b, c)
            }
          }
        }
        return Bound(test: at) { machine in
          try Thrown.placing(at) {
            let x = try a(machine)
            if needsReceiver, x.isNull { throw Thrown.nullReference() }
            try machine.charge()
            return try body(machine, x, b, c)
          }
        }
      }
      let (b, c) = (runs[0], runs[1])
      return Bound(test: at) { machine in
        try Thrown.placing(at) {
          let (x, y, z) = (try a(machine), try b(machine), try c(machine))
          if needsReceiver, x.isNull { throw Thrown.nullReference() }
          try machine.charge()
          return try body(machine, x, y, z)
        }
      }
    }
  }

  /// Number of operands.
  private var count: Int {
    switch self {
    case .none: 0
    case .one, .testOne, .numberOne: 1
    case .two, .testTwo: 2
    case .three, .testThree: 3
    }
  }
}

/// One use of a member, as far as it is known when an expression is compiled.
struct MemberUse {
  /// Type arguments of the method, or of the declaring type for constructors and static members.
  let types: [TypeSymbol]
  /// The arguments that are constants; nil for each of the others.
  var arguments: [Value?] = []

  /// The text of an argument that is a constant.
  func text(_ index: Int) -> String? {
    if arguments.indices.contains(index), case .string(let text)? = arguments[index] { return text }
    return nil
  }
}

extension Value {
  /// The bytes of an operand that is a `byte[]`; null throws ArgumentNullException.
  @inline(__always)
  func bytes(_ parameter: @autoclosure () -> String) throws -> [UInt8] {
    guard case .object(let object) = self, let array = object as? ArrayObject else {
      throw Thrown.argumentNull(parameter())
    }
    return array.bytes
  }

  /// The delegate of an operand; null throws ArgumentNullException.
  @inline(__always)
  func delegate(_ parameter: @autoclosure () -> String) throws -> DelegateObject {
    guard case .object(let object) = self, let delegate = object as? DelegateObject else {
      throw Thrown.argumentNull(parameter())
    }
    return delegate
  }

  /// The text of an operand; null throws ArgumentNullException.
  @inline(__always)
  func text(_ parameter: @autoclosure () -> String) throws -> String {
    if case .string(let text) = self { return text }
    throw Thrown.argumentNull(parameter())
  }

  /// The text of a receiver; null throws NullReferenceException.
  @inline(__always)
  func receiverText() throws -> String {
    if case .string(let text) = self { return text }
    throw Thrown.nullReference()
  }

  /// An operand that is a number, a character or an enumerator.
  var int: Int { Int(Operation.integer(self) ?? 0) }

  /// The object of a receiver, of the Swift class its .NET type has.
  @inline(__always)
  func instance<Object: AnyObject>(_ type: Object.Type = Object.self) throws -> Object {
    guard case .object(let object) = self, let typed = object as? Object else { throw Thrown.nullReference() }
    return typed
  }
}
