/// A .NET regular expression in PCRE2's syntax.
struct RegexTranslation {
  private(set) var text = ""
  /// .NET's number of each group of the translation, from the first on.
  private(set) var groups: [Int] = []
  /// Whether letters match either case at this place of the text.
  private var ignoresCase = false
  private let references: [Int: Int]

  /// nil for what PCRE2 has no form of: balancing groups, and groups that share a number.
  init?(_ node: RegexNode, _ uses: [Int: Int]) {
    guard !uses.values.contains(where: { $0 > 1 }) else { return nil }
    // References may point forward: PCRE2's numbers are known only after all groups were seen.
    var order: [Int] = []
    guard Self.collect(node, &order) else { return nil }
    references = Dictionary(order.enumerated().map { ($1, $0 + 1) }, uniquingKeysWith: { first, _ in first })
    write(node)
  }

  /// The groups in the order of the text; false when a balancing group is among them.
  private static func collect(_ node: RegexNode, _ order: inout [Int]) -> Bool {
    switch node {
    case .literal, .any, .set, .anchor, .reference: return true
    case .balance: return false
    case .sequence(let nodes), .alternatives(let nodes):
      for node in nodes where !collect(node, &order) { return false }
      return true
    case .capture(let number, let body):
      order.append(number)
      return collect(body, &order)
    case .look(let body, _, _), .atomic(let body), .loop(let body, _, _, _): return collect(body, &order)
    case .conditional(let condition, let yes, let no):
      if case .matches(let body) = condition, !collect(body, &order) { return false }
      return collect(yes, &order) && collect(no, &order)
    }
  }

  private mutating func write(_ node: RegexNode) {
    switch node {
    case .literal(let value, let ignoresCase):
      setCase(ignoresCase)
      text += Self.escaped(value)
    case .any(let all): text += all ? "(?s:.)" : "."
    case .set(let set, let ignoresCase):
      setCase(ignoresCase)
      write(set)
    case .anchor(let anchor): write(anchor)
    case .sequence(let nodes): for node in nodes { write(node) }
    case .alternatives(let nodes): group("(?:") { $0.writeAlternatives(nodes) }
    case .capture(let number, let body):
      groups.append(number)
      group("(") { $0.write(body) }
    case .balance: break
    case .look(let body, let isAhead, let isNegative):
      group(isAhead ? (isNegative ? "(?!" : "(?=") : (isNegative ? "(?<!" : "(?<=")) { $0.write(body) }
    case .atomic(let body): group("(?>") { $0.write(body) }
    case .loop(let body, let minimum, let maximum, let isLazy):
      group("(?:") { $0.write(body) }
      switch (minimum, maximum) {
      case (0, nil): text += "*"
      case (1, nil): text += "+"
      case (0, 1): text += "?"
      default: text += "{\(minimum),\(maximum.map { "\($0)" } ?? "")}"
      }
      if isLazy { text += "?" }
    case .reference(let number, let ignoresCase):
      setCase(ignoresCase)
      text += references[number].map { "\\g{\($0)}" } ?? "(?!)"
    case .conditional(let condition, let yes, let no):
      group("(?") {
        switch condition {
        case .captured(let number): $0.text += $0.references[number].map { "(\($0))" } ?? "(?!)"
        case .matches(let look): $0.write(look)
        }
        $0.group("(?:") { $0.write(yes) }
        $0.text += "|"
        $0.group("(?:") { $0.write(no) }
      }
    }
  }

  private mutating func writeAlternatives(_ nodes: [RegexNode]) {
    for (index, node) in nodes.enumerated() {
      if index > 0 { text += "|" }
      write(node)
    }
  }

  /// Options set within a group end with it.
  private mutating func group(_ open: String, _ body: (inout RegexTranslation) -> Void) {
    let saved = ignoresCase
    text += open
    body(&self)
    text += ")"
    ignoresCase = saved
  }

  private mutating func setCase(_ wanted: Bool) {
    guard wanted != ignoresCase else { return }
    text += wanted ? "(?i)" : "(?-i)"
    ignoresCase = wanted
  }

  private mutating func write(_ anchor: RegexNode.Anchor) {
    switch anchor {
    case .textStart: text += "\\A"
    case .textEnd: text += "\\z"
    case .textEndOrLastLine: text += "\\Z"
    case .lineStart: text += "(?m:^)"
    case .lineEnd: text += "(?m:$)"
    case .searchStart: text += "\\G"
    case .wordBoundary: text += "\\b"
    case .noWordBoundary: text += "\\B"
    }
  }

  private mutating func write(_ set: RegexSet) {
    // A subtraction looks ahead at the same character.
    if let subtracted = set.subtracted.first {
      text += "(?:(?!"
      write(subtracted)
      text += ")"
    }
    if set.ranges.isEmpty, set.categories.isEmpty {
      text += set.isNegated ? "(?s:.)" : "(?!)"
    } else {
      // A negated class among others cannot stand in PCRE2's set as one: it is another alternative.
      let whole = set.categories.filter { !$0.isNegated || Self.isSingle($0.category) }
      let apart = set.categories.filter { $0.isNegated && !Self.isSingle($0.category) }
      let positive = Self.bracket(set.ranges, whole, isNegated: set.isNegated && apart.isEmpty)
      if apart.isEmpty {
        text += positive
      } else {
        var options = apart.map { Self.bracket([], [($0.category, false)], isNegated: true) }
        if !set.ranges.isEmpty || !whole.isEmpty { options.append(positive) }
        text +=
          set.isNegated ? "(?:(?!\(options.joined(separator: "|")))(?s:.))" : "(?:\(options.joined(separator: "|")))"
      }
    }
    if !set.subtracted.isEmpty { text += ")" }
  }

  private static func isSingle(_ category: RegexSet.Category) -> Bool {
    switch category {
    case .digit, .general: true
    case .word, .space: false
    }
  }

  private static func bracket(
    _ ranges: [ClosedRange<UInt32>], _ categories: [(category: RegexSet.Category, isNegated: Bool)], isNegated: Bool
  ) -> String {
    var text = isNegated ? "[^" : "["
    for range in ranges {
      // Surrogates are no characters of UTF-8.
      let (low, high) = (range.lowerBound, range.upperBound)
      guard !(low >= 0xD800 && high <= 0xDFFF) else { continue }
      text += escaped(low == 0xDFFF ? 0xE000 : (0xD800..<0xDFFF).contains(low) ? 0xE000 : low)
      if low < high { text += "-" + escaped((0xD800...0xDFFF).contains(high) ? 0xD7FF : high) }
    }
    for (category, isNegated) in categories {
      switch category {
      case .digit: text += isNegated ? "\\P{Nd}" : "\\p{Nd}"
      case .word: text += "\\p{L}\\p{Mn}\\p{Nd}\\p{Pc}"
      case .space: text += "\\x09-\\x0d\\x85\\p{Z}"
      case .general(let name): text += (isNegated ? "\\P{" : "\\p{") + name + "}"
      }
    }
    return text == "[" || text == "[^" ? (isNegated ? "(?s:.)" : "(?!)") : text + "]"
  }

  private static func escaped(_ value: UInt32) -> String {
    if value < 0x80, RegexSet.Category.word.contains(value), let scalar = Unicode.Scalar(value) {
      return String(Character(scalar))
    }
    // A lone surrogate never occurs in a text: a character that is not assigned stands for it.
    return "\\x{" + String((0xD800...0xDFFF).contains(value) ? 0x10FFFF : value, radix: 16) + "}"
  }
}
