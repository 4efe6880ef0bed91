/// Runs a `RegexProgram` by backtracking, with every change of its state undone on the way back.
struct RegexMatcher {
  private let program: RegexProgram
  private let text: [UInt32]
  /// Where the search began: `\G`.
  private let searchStart: Int
  private var registers: [Int]
  /// All captures of each group, the latest last.
  private(set) var captures: [Int: [Range<Int>]] = [:]
  private var choices: [Choice] = []
  private var trail: [Change] = []
  private var steps: Int

  private struct Choice {
    var next: Int
    var position: Int
    /// How far a run may still give back, or take more.
    var limit: Int
    var trail: Int
  }

  private enum Change {
    case register(Int, Int)
    case captured(Int)
    case released(Int, Range<Int>)
  }

  /// Backtracking points that may wait.
  private static let maximumChoices = 1_000_000

  init(_ program: RegexProgram, _ text: [UInt32], searchStart: Int, steps: Int) {
    self.program = program
    self.text = text
    self.searchStart = searchStart
    self.steps = steps
    registers = Array(repeating: 0, count: program.registers)
  }

  /// The end of the match that begins at a place; nil when there is none.
  mutating func match(at start: Int) throws -> Int? {
    captures = [:]
    choices.removeAll(keepingCapacity: true)
    trail.removeAll(keepingCapacity: true)
    return try run(0, start)
  }

  private mutating func count(_ work: Int = 1) throws {
    steps -= work
    if steps < 0 || choices.count > Self.maximumChoices { throw RegularExpression.timeout() }
  }

  // MARK: - State

  private mutating func set(_ register: Int, _ value: Int) {
    trail.append(.register(register, registers[register]))
    registers[register] = value
  }

  private mutating func push(_ group: Int, _ range: Range<Int>) {
    trail.append(.captured(group))
    captures[group, default: []].append(range)
  }

  private mutating func undo(to height: Int) {
    while trail.count > height, let change = trail.popLast() {
      switch change {
      case .register(let register, let value): registers[register] = value
      case .captured(let group): captures[group]?.removeLast()
      case .released(let group, let range): captures[group, default: []].append(range)
      }
    }
  }

  private func at(_ position: Int, _ isBackward: Bool) -> UInt32? {
    let place = isBackward ? position - 1 : position
    return place >= 0 && place < text.count ? text[place] : nil
  }

  // MARK: - Running

  private mutating func run(_ entry: Int, _ start: Int) throws -> Int? {
    let bottom = choices.count
    var (next, position) = (entry, start)
    while true {
      try count()
      if try step(&next, &position) {
        if next < 0 {
          // What waits is given up: the part has matched.
          choices.removeSubrange(bottom...)
          return position
        }
        continue
      }
      guard choices.count > bottom else { return nil }
      (next, position) = resume()
    }
  }

  private mutating func resume() -> (Int, Int) {
    let choice = choices[choices.count - 1]
    undo(to: choice.trail)
    if choice.position != choice.limit {
      // One character less of a greedy run, one more of a lazy one.
      let isUp = choice.limit > choice.position
      choices[choices.count - 1].position += isUp ? 1 : -1
      return (choice.next, choice.position)
    }
    choices.removeLast()
    return (choice.next, choice.position)
  }

  private mutating func wait(_ next: Int, _ position: Int) {
    choices.append(Choice(next: next, position: position, limit: position, trail: trail.count))
  }

  /// Carries out one instruction; false when it does not hold. `next` is negative at an end.
  private mutating func step(_ next: inout Int, _ position: inout Int) throws -> Bool {
    let place = next
    next += 1
    switch program.code[place] {
    case .end: next = -1
    case .character(let test, let isBackward):
      guard let value = at(position, isBackward), test.holds(value) else { return false }
      position += isBackward ? -1 : 1
    case .run(let test, let minimum, let maximum, let isLazy, let isBackward):
      return try run(test, minimum, maximum, isLazy, isBackward, next, &position)
    case .reference(let group, let ignoresCase, let isBackward):
      guard let range = captures[group]?.last else { return false }
      let start = isBackward ? position - range.count : position
      guard start >= 0, start + range.count <= text.count else { return false }
      try count(range.count)
      for offset in 0..<range.count
      where !RegexCase.areEqual(text[start + offset], text[range.lowerBound + offset], ignoresCase: ignoresCase) {
        return false
      }
      position = isBackward ? start : start + range.count
    case .anchor(let anchor): return holds(anchor, position)
    case .fork(let other): wait(other, position)
    case .jump(let target): next = target
    case .clear(let register):
      set(register, 0)
      set(register + 1, -1)
    case .loop(let register, let minimum, let maximum, let isLazy, let exit):
      let (rounds, began) = (registers[register], registers[register + 1])
      if rounds < minimum { return true }
      // A round that took nothing would take nothing for ever.
      if rounds >= maximum || (rounds > 0 && began == position) {
        next = exit
      } else if isLazy {
        wait(next, position)
        next = exit
      } else {
        wait(exit, position)
      }
    case .enterLoop(let register, let body):
      set(register, registers[register] + 1)
      set(register + 1, position)
      next = body
    case .mark(let register): set(register, position)
    case .capture(let group, let register): push(group, range(registers[register], position))
    case .balance(let pushed, let popped, let register):
      guard let range = captures[popped]?.popLast() else { return false }
      trail.append(.released(popped, range))
      if let pushed { push(pushed, between(range, self.range(registers[register], position))) }
    case .look(let isNegative, let target):
      let height = trail.count
      let matched = try run(place + 1, position) != nil
      if matched == isNegative {
        undo(to: height)
        return false
      }
      if isNegative { undo(to: height) }
      next = target
    case .atomic(let target):
      guard let end = try run(place + 1, position) else { return false }
      position = end
      next = target
    case .test(let group, let otherwise): if captures[group]?.isEmpty ?? true { next = otherwise }
    case .choose(let start, let otherwise):
      next = try nested(place + 1, position, upTo: start) ? start : otherwise
    }
    return true
  }

  private func range(_ a: Int, _ b: Int) -> Range<Int> { min(a, b)..<max(a, b) }

  /// What lies between two captures.
  private func between(_ popped: Range<Int>, _ own: Range<Int>) -> Range<Int> {
    if own.lowerBound >= popped.upperBound { return popped.upperBound..<own.lowerBound }
    if own.upperBound <= popped.lowerBound { return own.upperBound..<popped.lowerBound }
    return max(own.lowerBound, popped.lowerBound)..<min(own.upperBound, popped.upperBound)
  }

  /// Whether the lookaround of a conditional, which ends before `end`, holds.
  private mutating func nested(_ entry: Int, _ position: Int, upTo end: Int) throws -> Bool {
    guard case .look(let isNegative, _) = program.code[entry] else { return false }
    let height = trail.count
    let matched = try run(entry + 1, position) != nil
    if !matched || isNegative { undo(to: height) }
    return matched != isNegative
  }

  private mutating func run(
    _ test: RegexTest, _ minimum: Int, _ maximum: Int, _ isLazy: Bool, _ isBackward: Bool, _ next: Int,
    _ position: inout Int
  ) throws -> Bool {
    let direction = isBackward ? -1 : 1
    var taken = 0
    while taken < maximum, let value = at(position + direction * taken, isBackward), test.holds(value) { taken += 1 }
    try count(taken)
    guard taken >= minimum else { return false }
    let (least, most) = (position + direction * minimum, position + direction * taken)
    position = isLazy ? least : most
    if taken > minimum {
      let first = isLazy ? least + direction : most - direction
      choices.append(Choice(next: next, position: first, limit: isLazy ? most : least, trail: trail.count))
    }
    return true
  }

  private func holds(_ anchor: RegexNode.Anchor, _ position: Int) -> Bool {
    switch anchor {
    case .textStart: return position == 0
    case .textEnd: return position == text.count
    case .textEndOrLastLine:
      return position == text.count || (position == text.count - 1 && text[position] == 0x0A)
    case .lineStart: return position == 0 || text[position - 1] == 0x0A
    case .lineEnd: return position == text.count || text[position] == 0x0A
    case .searchStart: return position == searchStart
    case .wordBoundary, .noWordBoundary:
      let before = position > 0 && Self.isWord(text[position - 1])
      let after = position < text.count && Self.isWord(text[position])
      return (before != after) == (anchor == .wordBoundary)
    }
  }

  /// Joiners count as parts of words at boundaries.
  private static func isWord(_ value: UInt32) -> Bool {
    RegexSet.Category.word.contains(value) || value == 0x200C || value == 0x200D
  }
}
