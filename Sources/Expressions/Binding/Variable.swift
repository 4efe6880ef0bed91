/// A variable of a function.
final class Variable {
  let name: String
  let type: TypeSymbol
  let slot: Int
  /// Captured by a lambda, or passed by reference: its value lives in a cell.
  let isCell: Bool
  /// Its value is a bare number, in the frame's numbers.
  let isNumber: Bool
  /// Why it cannot be assigned; nil when it can.
  var readOnly: String?
  /// The value of a constant.
  var constant: Value?
  /// The local function this name stands for.
  var function: LocalFunction?

  init(_ name: String, _ type: TypeSymbol, slot: Int, isCell: Bool) {
    self.name = name
    self.type = type
    self.slot = slot
    self.isCell = isCell
    isNumber = !isCell && (type == .int32 || type == .bool)
  }

  /// Where its value stands in the frame.
  var storage: VariableStorage {
    if isCell { return .cell }
    if isNumber { return type == .bool ? .flag : .number }
    return .value
  }

  var read: Evaluation {
    let slot = slot
    switch storage {
    case .cell:
      return Evaluation { machine in
        if case .cell(let cell) = machine.frame[slot] { return cell.value }
        return .null
      }
    case .number: return Evaluation { machine in .int32(machine.numbers[slot]) }
    case .flag: return Evaluation { machine in .bool(machine.numbers[slot] != 0) }
    case .value: return Evaluation { machine in machine.frame[slot] }
    }
  }

  var write: (Machine, Value) -> Void {
    let (slot, storage) = (slot, storage)
    switch storage {
    case .cell:
      return { machine, value in
        if case .cell(let cell) = machine.frame[slot] { cell.value = value }
      }
    case .number, .flag: return { machine, value in machine.set(slot, storage, value) }
    case .value: return { machine, value in machine.frame[slot] = value }
    }
  }

  /// Reading it.
  func bound(_ at: Int) -> Bound {
    if let constant { return .constant(constant, type, at) }
    let slot = slot
    var result: Bound
    switch storage {
    case .number: result = Bound(number: at, .variable(slot))
    case .flag: result = Bound(test: at) { machine in machine.numbers[slot] != 0 }
    case .cell, .value: result = Bound(type, at, read)
    }
    result.form = .reference(.variable(self))
    return result
  }

  /// Assigning to it; the value is the result.
  func storing(_ value: Bound, _ at: Int) -> Bound {
    let slot = slot
    switch storage {
    case .number:
      let operand = value.operand
      let number = operand.evaluation
      return Bound(number: at, effect: value.storing?(slot) ?? operand.storing(slot)) { machine in
        let value = try number(machine)
        machine.numbers[slot] = value
        return value
      }
    case .flag:
      let test = value.condition
      return Bound(test: at) { machine in
        let value = try test(machine)
        machine.numbers[slot] = value ? 1 : 0
        return value
      }
    case .value:
      let run = value.run
      let effect = Execution { machine in
        machine.frame[slot] = try run(machine)
        return .next
      }
      return Bound(type, at, effect: effect) { machine in
        let value = try run(machine)
        machine.frame[slot] = value
        return value
      }
    case .cell:
      let (run, write) = (value.run, write)
      return Bound(type, at) { machine in
        let value = try run(machine)
        write(machine, value)
        return value
      }
    }
  }
}

/// Where the value of a variable stands.
enum VariableStorage: Sendable {
  case value
  case cell
  case number
  case flag
}

extension Machine {
  /// Puts a value into a place of the running frame that is no cell.
  @inline(__always)
  func set(_ slot: Int, _ storage: VariableStorage, _ value: Value) {
    switch (storage, value) {
    case (.number, .int32(let number)): numbers[slot] = number
    case (.number, _): numbers[slot] = Int32(truncatingIfNeeded: Operation.integer(value) ?? 0)
    case (.flag, .bool(let flag)): numbers[slot] = flag ? 1 : 0
    case (.flag, _): numbers[slot] = 0
    default: frame[slot] = value
    }
  }
}

/// A local function while it is bound, and after.
final class LocalFunction {
  let syntax: FunctionSyntax
  var member: Member
  /// The body of a function that needs nothing from around it: calls reach it without a delegate. It is filled in once
  /// the function is bound.
  let code: FunctionCode?
  /// Where a generic function is declared: the function, and the depth of the scope in it.
  var home: (scope: FunctionScope, depth: Int)?
  /// Types a generic function was used with and is not bound for yet, and the variables for the results.
  var pending: [(types: [TypeSymbol], variable: Variable)] = []
  var isUsed = false

  init(_ syntax: FunctionSyntax, _ member: Member, code: FunctionCode? = nil) {
    self.syntax = syntax
    self.member = member
    self.code = code
  }
}
