/// The body of a function with `yield`.
final class IteratorCode {
  let run: Execution
  /// Place in the frame that says the enumeration is being left.
  let leaving: Int
  var slots = 0
  /// Parameters: the first places of the frame.
  var kept = 0
  var captures: [Int] = []
  /// Parameters that live in cells.
  var cells: [Int] = []

  init(_ run: Execution, leaving: Int) {
    self.run = run
    self.leaving = leaving
  }
}

/// The variables of an iterator while it does not run.
struct KeptFrame {
  private var values: [Value]
  private var numbers: [Int32]

  /// The arguments in the running frame, and nothing else of it.
  init(_ machine: Machine, _ code: IteratorCode) {
    values = Array(repeating: .null, count: code.slots)
    numbers = Array(repeating: 0, count: code.slots)
    for place in Array(0..<code.kept) + code.captures {
      values[place] = machine.frame[place]
      numbers[place] = machine.numbers[place]
    }
  }

  /// The same arguments for another enumeration, which may change them.
  func copy(_ code: IteratorCode) -> KeptFrame {
    var result = self
    for place in code.cells {
      if case .cell(let cell) = values[place] { result.values[place] = .cell(Cell(cell.value)) }
    }
    return result
  }

  func restore(_ machine: Machine) {
    for place in values.indices {
      machine.frame[place] = values[place]
      machine.numbers[place] = numbers[place]
    }
  }

  mutating func save(_ machine: Machine) {
    for place in values.indices {
      values[place] = machine.frame[place]
      numbers[place] = machine.numbers[place]
    }
  }

  mutating func mark(_ place: Int) { numbers[place] = 1 }

  mutating func clear() {
    values = []
    numbers = []
  }
}

/// One enumeration of an iterator: each element runs the body up to the next `yield`.
final class IteratorRun: ValueIterator {
  private let code: IteratorCode
  private var frame: KeptFrame
  private var isOver = false
  private var isRunning = false
  private var hasBegun = false

  init(_ code: IteratorCode, _ frame: KeptFrame) {
    self.code = code
    self.frame = frame
  }

  func next(_ machine: Machine) throws -> Value? {
    guard !isOver, !isRunning else { return nil }
    (isRunning, hasBegun) = (true, true)
    defer { isRunning = false }
    try machine.charge(steps: 1 + code.slots / 16)
    do {
      return try machine.call(code.slots) {
        frame.restore(machine)
        guard case .yielded = try code.run(machine) else {
          end()
          return nil
        }
        frame.save(machine)
        defer { machine.result = .null }
        return machine.result
      }
    } catch {
      end()
      throw error
    }
  }

  /// Runs what `finally` clauses around the last `yield` have to do.
  func leave(_ machine: Machine) throws {
    guard !isOver, !isRunning, hasBegun else { return end() }
    frame.mark(code.leaving)
    let result = machine.result
    defer { machine.result = result }
    _ = try next(machine)
    end()
  }

  private func end() {
    isOver = true
    if !isRunning { frame.clear() }
  }
}

/// An enumerator that lies in the frame of an iterator.
final class HeldIterator: RuntimeObject {
  let iterator: any ValueIterator

  init(_ iterator: any ValueIterator) { self.iterator = iterator }

  var runtimeType: TypeSymbol { .object }
}
