import DotNet
import Synchronization

/// `Regex`, compiled; patterns used lately are compiled once for the process.
final class RegexObject: RuntimeObject, Sendable {
  private struct Key: Hashable {
    let pattern: String
    let options: Int
  }

  private static let known = Mutex<[Key: RegexObject]>([:])
  private static let capacity = 256

  let expression: RegularExpression

  private init(_ expression: RegularExpression) { self.expression = expression }

  static let type = TypeSymbol.named("System.Text.RegularExpressions.Regex")
  var runtimeType: TypeSymbol { Self.type }
  func text(_ machine: Machine) throws -> String { expression.pattern }

  static func make(_ pattern: String, _ options: Int) throws -> RegexObject {
    let key = Key(pattern: pattern, options: options)
    if let regex = known.withLock({ $0[key] }) { return regex }
    let regex = RegexObject(try RegularExpression(pattern, options: options))
    known.withLock { table in
      // Patterns computed from requests must not fill the memory.
      if table.count >= capacity { table.removeAll() }
      table[key] = regex
    }
    return regex
  }

  // MARK: - Matching

  private func start(_ given: Int?, _ input: String) -> Int {
    given ?? (expression.isRightToLeft ? input.utf8.count : 0)
  }

  func isMatch(_ input: String, from given: Int? = nil, _ machine: Machine) throws -> Bool {
    try machine.process(bytes: input.utf8.count)
    return try expression.isMatch(input, from: start(given, input))
  }

  /// - Parameter origin: where `\G` holds, when that is not where the search begins.
  func first(
    _ input: String, from given: Int?, origin: Int? = nil, _ machine: Machine
  ) throws -> CaptureObject {
    try machine.process(bytes: input.utf8.count)
    let start = start(given, input)
    guard let ranges = try expression.match(in: input, from: start, origin: origin) else { return CaptureObject.empty }
    return CaptureObject(input, ranges[0], .match(self, ranges, from: origin ?? start))
  }

  /// Matches in the order they are found; `count` of them at most.
  func all(
    _ input: String, from given: Int? = nil, count: Int = .max, _ machine: Machine
  ) throws -> [CaptureObject] {
    try machine.process(bytes: input.utf8.count)
    var result: [CaptureObject] = []
    let first = start(given, input)
    var at: (start: Int, origin: Int)? = (first, first)
    while result.count < count, let place = at,
      let ranges = try expression.match(in: input, from: place.start, origin: place.origin)
    {
      try machine.process(bytes: 128 + 16 * ranges.count)
      let match = CaptureObject(input, ranges[0], .match(self, ranges, from: place.origin))
      result.append(match)
      at = next(after: match)
    }
    return result
  }

  /// Where the search goes on after a match, and where the match ended; nil at the end of the text.
  func next(after match: CaptureObject) -> (start: Int, origin: Int)? {
    guard let range = match.range else { return nil }
    let bytes = match.input.utf8
    let end = expression.isRightToLeft ? range.lowerBound : range.upperBound
    if !range.isEmpty { return (end, end) }
    // Past an empty match by one character.
    let scalars = match.input.unicodeScalars
    let place = bytes.index(bytes.startIndex, offsetBy: range.lowerBound)
    if expression.isRightToLeft {
      if place == bytes.startIndex { return nil }
      return (bytes.distance(from: bytes.startIndex, to: scalars.index(before: place)), end)
    }
    if place == bytes.endIndex { return nil }
    return (bytes.distance(from: bytes.startIndex, to: scalars.index(after: place)), end)
  }

  // MARK: - Replacing and splitting

  /// - Parameter count: the number of replacements; -1 for all.
  func replaced(
    _ input: String, _ count: Int, from start: Int?, _ machine: Machine, _ body: (CaptureObject) throws -> String
  ) throws -> String {
    let found = try all(input, from: start, count: count < 0 ? .max : count, machine)
    if found.isEmpty { return input }
    let texts = try found.map { match in
      let text = try body(match)
      try machine.process(bytes: text.utf8.count)
      return text
    }
    var result = ""
    var end = 0
    for (match, text) in inOrder(Array(zip(found, texts))) {
      guard let range = match.range else { continue }
      result += match.slice(end..<range.lowerBound)
      result += text
      end = range.upperBound
    }
    result += found[0].slice(end..<input.utf8.count)
    try machine.process(bytes: input.utf8.count)
    return result
  }

  private func inOrder<Element>(_ elements: [Element]) -> [Element] {
    expression.isRightToLeft ? elements.reversed() : elements
  }

  /// The parts between matches, and what their groups captured.
  ///
  /// - Parameter count: the number of parts; 0 for all.
  func split(_ input: String, _ count: Int, from start: Int?, _ machine: Machine) throws -> [String] {
    if count == 1 { return [input] }
    let found = try all(input, from: start, count: count == 0 ? .max : count - 1, machine)
    if found.isEmpty { return [input] }
    var parts: [String] = []
    var end = 0
    for match in inOrder(found) {
      guard let range = match.range, case .match(_, let ranges, _) = match.role else { continue }
      parts.append(match.slice(end..<range.lowerBound))
      for group in ranges.dropFirst() { if let group { parts.append(match.slice(group)) } }
      end = range.upperBound
    }
    parts.append(found[0].slice(end..<input.utf8.count))
    try machine.process(bytes: input.utf8.count + parts.count * 16)
    return parts
  }
}

/// `Match`, `Group` or `Capture`: a part of the text that was searched.
final class CaptureObject: RuntimeObject {
  enum Role {
    case capture
    /// A group of a match, by its place in the numbers of the expression's groups.
    case group(CaptureObject, Int)
    /// The ranges of all groups, and where the search began.
    case match(RegexObject, GroupRanges, from: Int)
    /// A match that failed, or a group that does not exist.
    case none(isMatch: Bool)
  }

  let input: String
  /// In bytes; nil when the group took no part.
  let range: Range<Int>?
  let role: Role

  init(_ input: String, _ range: Range<Int>?, _ role: Role) {
    self.input = input
    self.range = range
    self.role = role
  }

  static var empty: CaptureObject { CaptureObject("", nil, .none(isMatch: true)) }

  func slice(_ range: Range<Int>) -> String {
    Ordinal.part(input, range.lowerBound, range.upperBound)
  }

  var value: String { range.map { slice($0) } ?? "" }

  /// In UTF-16 units, as `Length`.
  var index: Int {
    guard let range else { return 0 }
    return input.utf16.distance(
      from: input.startIndex, to: input.utf8.index(input.startIndex, offsetBy: range.lowerBound))
  }

  var length: Int { value.utf16.count }

  private static let types = ["Capture", "Group", "Match"].map {
    TypeSymbol.named("System.Text.RegularExpressions." + $0)
  }

  var runtimeType: TypeSymbol {
    switch role {
    case .capture: Self.types[0]
    case .group: Self.types[1]
    case .match: Self.types[2]
    case .none(let isMatch): Self.types[isMatch ? 2 : 1]
    }
  }

  func text(_ machine: Machine) throws -> String { value }

  var name: String {
    guard case .group(let match, let place) = role, case .match(let regex, _, _) = match.role else { return "0" }
    return regex.expression.name(at: place)
  }

  /// All that the group captured, in order; nothing when it took no part.
  func captures(_ machine: Machine) throws -> [CaptureObject] {
    guard range != nil else { return [] }
    guard case .group(let match, let place) = role, case .match(let regex, let ranges, let start) = match.role else {
      return [CaptureObject(input, range, .capture)]
    }
    try machine.process(bytes: input.utf8.count)
    return try regex.expression.captures(in: input, of: ranges, from: start)[place].map {
      CaptureObject(input, $0, .capture)
    }
  }
}

/// `GroupCollection`: a name or number that is none gives a group without success.
final class GroupsObject: RuntimeObject {
  private let match: CaptureObject

  init(_ match: CaptureObject) { self.match = match }

  static let type = TypeSymbol.named("System.Text.RegularExpressions.GroupCollection")
  var runtimeType: TypeSymbol { Self.type }

  var count: Int {
    guard case .match(_, let ranges, _) = match.role else { return 1 }
    return ranges.count
  }

  private func group(at place: Int?) -> CaptureObject {
    guard let place, case .match(_, let ranges, _) = match.role else {
      return CaptureObject("", nil, .none(isMatch: false))
    }
    return place == 0 ? match : CaptureObject(match.input, ranges[place], .group(match, place))
  }

  func group(_ name: String) -> CaptureObject {
    guard case .match(let regex, _, _) = match.role else { return group(at: nil) }
    return group(at: regex.expression.group(named: name))
  }

  func group(_ number: Int) -> CaptureObject {
    guard case .match(let regex, _, _) = match.role else { return group(at: nil) }
    return group(at: regex.expression.groupNumbers.firstIndex(of: number))
  }

  func makeIterator() throws -> (any ValueIterator)? {
    ValuesIterator((0..<count).map { .object(group(at: $0)) })
  }
}
