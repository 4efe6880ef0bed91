/// Instructions of the backtracking matcher, for what PCRE2 has no form of.
struct RegexProgram: Sendable {
  enum Instruction: Sendable {
    case character(RegexTest, isBackward: Bool)
    /// As many of one character as there are, or as few.
    case run(RegexTest, minimum: Int, maximum: Int, isLazy: Bool, isBackward: Bool)
    case reference(Int, ignoresCase: Bool, isBackward: Bool)
    case anchor(RegexNode.Anchor)
    /// Goes on with the next instruction; later, with `other`.
    case fork(other: Int)
    case jump(Int)
    case clear(register: Int)
    /// Decides whether a loop's body runs again. Two registers: rounds, and where the last one began.
    case loop(register: Int, minimum: Int, maximum: Int, isLazy: Bool, exit: Int)
    case enterLoop(register: Int, body: Int)
    case mark(register: Int)
    case capture(group: Int, register: Int)
    case balance(push: Int?, pop: Int, register: Int)
    /// A part that is matched by itself up to its `end`; `next` follows.
    case look(isNegative: Bool, next: Int)
    case atomic(next: Int)
    case test(group: Int, otherwise: Int)
    case choose(look: Int, otherwise: Int)
    case end
  }

  private(set) var code: [Instruction] = []
  private(set) var registers = 0
  let isBackward: Bool

  init(_ node: RegexNode, isBackward: Bool) {
    self.isBackward = isBackward
    emit(node, isBackward)
    code.append(.end)
  }

  private mutating func register(_ count: Int = 1) -> Int {
    defer { registers += count }
    return registers
  }

  private mutating func emit(_ node: RegexNode, _ isBackward: Bool) {
    if let test = RegexTest(node) { return code.append(.character(test, isBackward: isBackward)) }
    switch node {
    case .literal, .any, .set: break
    case .anchor(let anchor): code.append(.anchor(anchor))
    case .sequence(let nodes): for node in isBackward ? nodes.reversed() : nodes { emit(node, isBackward) }
    case .alternatives(let nodes):
      var jumps: [Int] = []
      for (index, node) in nodes.enumerated() {
        let isLast = index == nodes.count - 1
        let fork = code.count
        if !isLast { code.append(.fork(other: 0)) }
        emit(node, isBackward)
        if isLast { break }
        jumps.append(code.count)
        code.append(.jump(0))
        code[fork] = .fork(other: code.count)
      }
      for jump in jumps { code[jump] = .jump(code.count) }
    case .capture(let number, let body):
      let mark = register()
      code.append(.mark(register: mark))
      emit(body, isBackward)
      code.append(.capture(group: number, register: mark))
    case .balance(let push, let pop, let body):
      let mark = register()
      code.append(.mark(register: mark))
      emit(body, isBackward)
      code.append(.balance(push: push, pop: pop, register: mark))
    case .look(let body, let isAhead, let isNegative):
      let place = code.count
      code.append(.end)
      emit(body, !isAhead)
      code.append(.end)
      code[place] = .look(isNegative: isNegative, next: code.count)
    case .atomic(let body):
      let place = code.count
      code.append(.end)
      emit(body, isBackward)
      code.append(.end)
      code[place] = .atomic(next: code.count)
    case .loop(let body, let minimum, let maximum, let isLazy):
      emitLoop(body, minimum, maximum ?? .max, isLazy, isBackward)
    case .reference(let number, let ignoresCase):
      code.append(.reference(number, ignoresCase: ignoresCase, isBackward: isBackward))
    case .conditional(let condition, let yes, let no): emitConditional(condition, yes, no, isBackward)
    }
  }

  private mutating func emitLoop(
    _ body: RegexNode, _ minimum: Int, _ maximum: Int, _ isLazy: Bool, _ isBackward: Bool
  ) {
    if let test = RegexTest(body) {
      return code.append(
        .run(test, minimum: minimum, maximum: maximum, isLazy: isLazy, isBackward: isBackward))
    }
    let register = register(2)
    code.append(.clear(register: register))
    let head = code.count
    code.append(.end)
    let enter = code.count
    code.append(.enterLoop(register: register, body: enter + 1))
    emit(body, isBackward)
    code.append(.jump(head))
    code[head] = .loop(register: register, minimum: minimum, maximum: maximum, isLazy: isLazy, exit: code.count)
  }

  private mutating func emitConditional(
    _ condition: RegexNode.Condition, _ yes: RegexNode, _ no: RegexNode, _ isBackward: Bool
  ) {
    let place = code.count
    code.append(.end)
    if case .matches(let look) = condition {
      emit(look, isBackward)
    }
    let start = code.count
    emit(yes, isBackward)
    let jump = code.count
    code.append(.jump(0))
    let otherwise = code.count
    emit(no, isBackward)
    code[jump] = .jump(code.count)
    switch condition {
    case .captured(let number): code[place] = .test(group: number, otherwise: otherwise)
    case .matches: code[place] = .choose(look: start, otherwise: otherwise)
    }
  }
}

/// What one character must be.
enum RegexTest: Sendable {
  case literal(UInt32)
  case foldedLiteral(UInt32)
  case any(all: Bool)
  case set(RegexSet, ignoresCase: Bool)

  /// nil for a node that is not one character.
  init?(_ node: RegexNode) {
    switch node {
    case .literal(let value, let ignoresCase): self = ignoresCase ? .foldedLiteral(value) : .literal(value)
    case .any(let all): self = .any(all: all)
    case .set(let set, let ignoresCase): self = .set(set, ignoresCase: ignoresCase)
    default: return nil
    }
  }

  func holds(_ value: UInt32) -> Bool {
    switch self {
    case .literal(let wanted): value == wanted
    case .foldedLiteral(let wanted): RegexCase.areEqual(value, wanted, ignoresCase: true)
    case .any(let all): all || value != 0x0A
    case .set(let set, let ignoresCase): set.contains(value, ignoresCase: ignoresCase)
    }
  }
}
