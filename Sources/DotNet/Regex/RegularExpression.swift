import CPCRE2
import Synchronization

/// A .NET regular expression, compiled once. Places are in bytes of UTF-8.
///
/// PCRE2 runs it, compiled to machine code. Balancing groups, matching from right to left, lookbehinds without a fixed
/// length, groups that share a number and the list of a group's captures are left to a matcher of our own.
public final class RegularExpression: Sendable {
  public let pattern: String
  public let isRightToLeft: Bool
  /// Numbers of the groups, ascending from 0.
  public let groupNumbers: [Int]
  /// The name of each of `groupNumbers`: its number when it has no other. Few enough to be searched one by one.
  private let groupNames: [String]
  private let compiled: CompiledPattern?
  private let program: RegexProgram
  /// Place in `groupNumbers` of PCRE2's groups, from its group 0 on; empty when both count alike.
  private let order: [Int]
  /// Groups that stand in a loop and may capture more than once.
  private let repeated: Set<Int>
  /// Whether `\G` stands in it.
  private let asksForStart: Bool

  /// Instructions a match of our own matcher may take: some tens of milliseconds.
  private static let maximumSteps = 2_000_000

  /// - Parameter options: a combination of `RegexOptions`.
  ///
  /// ArgumentException for a pattern that is not valid, ArgumentOutOfRangeException for options that are none.
  public init(_ pattern: String, options: Int) throws {
    guard options & ~RegexFlags.known == 0, options & 256 == 0 || options & ~(256 | 1 | 2 | 8) == 0 else {
      throw DotNetException.outOfRange("options")
    }
    let flags = RegexFlags(rawValue: options)
    let (node, groups) = try RegexParser.parse(pattern, flags)
    self.pattern = pattern
    isRightToLeft = flags.contains(.rightToLeft)
    groupNumbers = groups.numbers.sorted()
    let names = Dictionary(groups.numberOfName.map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    groupNames = groupNumbers.map { names[$0] ?? "\($0)" }
    program = RegexProgram(node, isBackward: isRightToLeft)
    repeated = Self.repeated(node, inLoop: false)
    asksForStart = Self.asksForStart(node)
    guard !isRightToLeft, let translation = RegexTranslation(node, groups.uses),
      let compiled = CompiledPattern(translation.text)
    else {
      (self.compiled, order) = (nil, [])
      return
    }
    self.compiled = compiled
    let numbers = groupNumbers
    order = ([0] + translation.groups).map { numbers.firstIndex(of: $0) ?? 0 }
  }

  private static func repeated(_ node: RegexNode, inLoop: Bool) -> Set<Int> {
    switch node {
    case .literal, .any, .set, .anchor, .reference: []
    case .sequence(let nodes), .alternatives(let nodes):
      nodes.reduce(into: []) { $0.formUnion(repeated($1, inLoop: inLoop)) }
    case .capture(let number, let body): repeated(body, inLoop: inLoop).union(inLoop ? [number] : [])
    case .balance(let push, _, let body): repeated(body, inLoop: inLoop).union(push.map { [$0] } ?? [])
    case .look(let body, _, _), .atomic(let body): repeated(body, inLoop: inLoop)
    case .loop(let body, _, let maximum, _): repeated(body, inLoop: inLoop || maximum != 1)
    case .conditional(let condition, let yes, let no):
      conditional(condition, [yes, no], inLoop)
    }
  }

  private static func asksForStart(_ node: RegexNode) -> Bool {
    switch node {
    case .anchor(let anchor): anchor == .searchStart
    case .literal, .any, .set, .reference: false
    case .sequence(let nodes), .alternatives(let nodes): nodes.contains(where: asksForStart)
    case .capture(_, let body), .balance(_, _, let body), .look(let body, _, _), .atomic(let body),
      .loop(let body, _, _, _):
      asksForStart(body)
    case .conditional(.matches(let look), let yes, let no): [look, yes, no].contains(where: asksForStart)
    case .conditional(_, let yes, let no): asksForStart(yes) || asksForStart(no)
    }
  }

  private static func conditional(
    _ condition: RegexNode.Condition, _ branches: [RegexNode], _ inLoop: Bool
  ) -> Set<Int> {
    var nodes = branches
    if case .matches(let look) = condition { nodes.append(look) }
    return repeated(.sequence(nodes), inLoop: inLoop)
  }

  static func timeout() -> DotNetException {
    DotNetException(
      "System.Text.RegularExpressions.RegexMatchTimeoutException",
      "The Regex engine has timed out while trying to match a pattern to an input string. This can occur for many "
        + "reasons, including very large inputs or excessive backtracking caused by nested quantifiers, "
        + "back-references and other factors.")
  }

  /// The name of a group, by its place in `groupNumbers`.
  public func name(at place: Int) -> String { groupNames[place] }

  /// The place of a group in `groupNumbers`, by its name or its number; nil for a name that is none.
  public func group(named name: String) -> Int? {
    if let place = groupNames.firstIndex(of: name) { return place }
    // A group with a name answers to its number, too.
    return Int(name).flatMap { groupNumbers.firstIndex(of: $0) }
  }

  /// `Regex.Unescape`. ArgumentException for an escape that is none.
  public static func unescape(_ text: String) throws -> String { try RegexParser.unescaped(text) }

  /// `Regex.Escape`: the text as a pattern that matches it.
  public static func escape(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{c}": result += "\\f"
      case "\\", "*", "+", "?", "|", "{", "[", "(", ")", "^", "$", ".", "#", " ":
        result += "\\"
        result.unicodeScalars.append(scalar)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  // MARK: - Matching

  /// The first match at or after a place, or before it from right to left: where each group of `groupNumbers` matched
  /// last, nil for one that took no part.
  ///
  /// RegexMatchTimeoutException when the pattern backtracks without end.
  ///
  /// - Parameter origin: where `\G` holds, when that is not the start: behind an empty match the search begins a character
  ///   later than the match ended.
  public func match(in text: String, from start: Int, origin: Int? = nil) throws -> GroupRanges? {
    guard let compiled, origin == nil || origin == start || !asksForStart else {
      return try ownMatch(in: text, from: start, origin: origin).map { GroupRanges($0.map(\.last)) }
    }
    return try compiled.match(in: text, from: start, order: order, groups: groupNumbers.count)
  }

  /// Whether the text matches anywhere.
  public func isMatch(_ text: String, from start: Int) throws -> Bool {
    guard let compiled else { return try ownMatch(in: text, from: start) != nil }
    return try compiled.isMatch(text, from: start)
  }

  /// Everything the groups captured in a match that was found: for each of `groupNumbers` its ranges in order.
  ///
  /// - Parameter start: where `\G` held.
  public func captures(in text: String, of found: GroupRanges, from start: Int) throws -> [[Range<Int>]] {
    let single = found.map { $0.map { [$0] } ?? [] }
    guard compiled == nil || groupNumbers.contains(where: { repeated.contains($0) }), let whole = found[0] else {
      return single
    }
    let begin = isRightToLeft ? whole.upperBound : whole.lowerBound
    // The two matchers must agree on the match; where they would not, the last captures are all that is known.
    guard let all = try ownMatch(in: text, from: start, at: begin), all[0].last == whole else { return single }
    return all
  }

  /// A match by our own matcher, searched from a place, or only tried at one.
  private func ownMatch(
    in text: String, from start: Int, origin: Int? = nil, at only: Int? = nil
  ) throws -> [[Range<Int>]]? {
    var scalars: [UInt32] = []
    var offsets: [Int] = []
    var offset = 0
    for scalar in text.unicodeScalars {
      scalars.append(scalar.value)
      offsets.append(offset)
      offset += UTF8.width(scalar)
    }
    offsets.append(offset)
    func place(_ offset: Int) -> Int {
      var (low, high) = (0, offsets.count - 1)
      while low < high {
        let middle = (low + high) / 2
        if offsets[middle] < offset { low = middle + 1 } else { high = middle }
      }
      return low
    }
    let begin = place(start)
    let searchStart = origin.map { place($0) } ?? begin
    var matcher = RegexMatcher(program, scalars, searchStart: searchStart, steps: Self.maximumSteps)
    var position = only.map { place($0) } ?? begin
    while position >= 0, position <= scalars.count {
      if let end = try matcher.match(at: position) {
        func bytes(_ range: Range<Int>) -> Range<Int> { offsets[range.lowerBound]..<offsets[range.upperBound] }
        let whole = bytes(min(position, end)..<max(position, end))
        return groupNumbers.map { $0 == 0 ? [whole] : (matcher.captures[$0] ?? []).map(bytes) }
      }
      if only != nil { return nil }
      position += isRightToLeft ? -1 : 1
    }
    return nil
  }
}
