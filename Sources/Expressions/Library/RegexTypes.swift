import DotNet
import Synchronization

/// `System.Text.RegularExpressions`.
extension LibraryCatalog {
  static let regexTypes: [LibraryType] = [
    LibraryType(
      enumeration: "System.Text.RegularExpressions.RegexOptions", flags: true,
      [
        ("None", 0), ("IgnoreCase", 1), ("Multiline", 2), ("ExplicitCapture", 4), ("Compiled", 8), ("Singleline", 16),
        ("IgnorePatternWhitespace", 32), ("RightToLeft", 64), ("ECMAScript", 256), ("CultureInvariant", 512),
      ]),
    LibraryType("class System.Text.RegularExpressions.Capture") { type in
      type.member("string Value { get; }") { call in .string(try call.receiver(CaptureObject.self).text) }
      type.member("int Index { get; }") { call in .int32(Int32(clamping: try call.receiver(CaptureObject.self).index)) }
      type.member("int Length { get; }") { call in
        .int32(Int32(clamping: try call.receiver(CaptureObject.self).text.utf16.count))
      }
    },
    LibraryType("class System.Text.RegularExpressions.Group : Capture") { type in
      type.member("bool Success { get; }") { call in .bool(try call.receiver(CaptureObject.self).isSuccess) }
    },
    LibraryType("class System.Text.RegularExpressions.Match : Group") { type in
      type.member("GroupCollection Groups { get; }") { call in
        .object(GroupsObject(try call.receiver(CaptureObject.self)))
      }
    },
    LibraryType("class System.Text.RegularExpressions.GroupCollection : IEnumerable<Group>") { type in
      type.member("int Count { get; }") { call in
        .int32(Int32(clamping: try call.receiver(GroupsObject.self).match.groups.count))
      }
      type.member("Group this[int groupnum] { get; }") { call in
        .object(try call.receiver(GroupsObject.self).group("\(call.int(0))"))
      }
      type.member("Group this[string groupname] { get; }") { call in
        .object(try call.receiver(GroupsObject.self).group(try call.string(0)))
      }
    },
    LibraryType("class System.Text.RegularExpressions.MatchCollection : IReadOnlyCollection<Match>") { type in
      type.member("int Count { get; }", listed: false) { call in
        .int32(Int32(clamping: try call.receiver(ListObject.self).elements.count))
      }
      type.member("Match this[int i] { get; }") { call in
        let list = try call.receiver(ListObject.self)
        return list.elements[try list.checked(call.int(0))]
      }
    },
    LibraryType("class System.Text.RegularExpressions.Regex") { type in
      type.member("Regex(string pattern)") { call in .object(try RegexObject.make(try call.string(0), 0)) }
      type.member("Regex(string pattern, RegexOptions options)") { call in
        .object(try RegexObject.make(try call.string(0), call.int(1)))
      }
      for (head, pattern) in [("static ", true), ("", false)] {
        for options in pattern ? ["", ", RegexOptions options"] : [""] {
          uses(&type, head, pattern, options)
        }
      }
    },
  ]

  private static func uses(
    _ type: inout LibraryRegistration, _ head: String, _ isStatic: Bool, _ options: String
  ) {
    let middle = isStatic ? ", string pattern" : ""
    @Sendable func regex(_ call: Call, _ optionsAt: Int) throws -> RegexObject {
      guard isStatic else { return try call.receiver(RegexObject.self) }
      return try RegexObject.make(try call.string(1), options.isEmpty ? 0 : call.int(optionsAt))
    }
    type.member("\(head)bool IsMatch(string input\(middle)\(options))") { call in
      .bool(try regex(call, 2).first(try call.string(0), call.machine).isSuccess)
    }
    type.member("\(head)Match Match(string input\(middle)\(options))") { call in
      .object(try regex(call, 2).first(try call.string(0), call.machine))
    }
    type.member("\(head)MatchCollection Matches(string input\(middle)\(options))") { call in
      let matches = try regex(call, 2).all(try call.string(0), call.machine)
      return .object(
        ListObject(.named("System.Text.RegularExpressions.MatchCollection"), matches.map { .object($0) }))
    }
    type.member("\(head)string Replace(string input\(middle), string replacement\(options))") { call in
      let (input, replacement) = (try call.string(0), try call.string(isStatic ? 2 : 1))
      return .string(
        try regex(call, 3).replaced(input, call.machine) { match in match.expanded(replacement, input) })
    }
    type.member("\(head)string Replace(string input\(middle), Func<Match, string> evaluator\(options))") { call in
      let evaluator = try call.delegate(isStatic ? 2 : 1)
      return .string(
        try regex(call, 3).replaced(try call.string(0), call.machine) { match in
          try Operation.text(try evaluator.invoke(call.machine, .object(match)), call.machine)
        })
    }
    type.member("\(head)string[] Split(string input\(middle)\(options))") { call in
      let bytes = Array(try call.string(0).utf8)
      var parts: [String] = []
      var start = 0
      for match in try regex(call, 2).all(try call.string(0), call.machine) {
        guard let range = match.range else { continue }
        parts.append(String(decoding: bytes[start..<range.lowerBound], as: UTF8.self))
        parts += match.groups.dropFirst().filter(\.isSuccess).map(\.text)
        start = range.upperBound
      }
      parts.append(String(decoding: bytes[start...], as: UTF8.self))
      return .object(ArrayObject(strings: parts))
    }
  }
}

/// `Regex`, compiled; patterns written in expressions are compiled once for the process.
final class RegexObject: RuntimeObject {
  private static let known = Mutex<[String: RegularExpression]>([:])
  private static let capacity = 256

  let expression: RegularExpression

  private init(_ expression: RegularExpression) { self.expression = expression }

  var runtimeType: TypeSymbol { .named("System.Text.RegularExpressions.Regex") }

  static func make(_ pattern: String, _ options: Int) throws -> RegexObject {
    let key = "\(options)/\(pattern)"
    if let expression = known.withLock({ $0[key] }) { return RegexObject(expression) }
    let expression = try RegularExpression(pattern, options: options)
    known.withLock { table in
      // Patterns computed from requests must not fill the memory.
      if table.count >= capacity { table.removeAll() }
      table[key] = expression
    }
    return RegexObject(expression)
  }

  func first(_ input: String, _ machine: Machine) throws -> CaptureObject {
    let bytes = Array(input.utf8)
    try machine.process(bytes: bytes.count)
    return CaptureObject(try expression.match(in: bytes, from: 0), bytes, expression.groupNames)
  }

  func all(_ input: String, _ machine: Machine) throws -> [CaptureObject] {
    let bytes = Array(input.utf8)
    var result: [CaptureObject] = []
    var at = 0
    while let ranges = try expression.match(in: bytes, from: at), let whole = ranges[0] {
      try machine.process(bytes: 256)
      result.append(CaptureObject(ranges, bytes, expression.groupNames))
      at = whole.upperBound
      if whole.isEmpty {
        // Past an empty match by one character.
        at += 1
        while at < bytes.count, bytes[at] & 0xC0 == 0x80 { at += 1 }
      }
    }
    return result
  }

  func replaced(
    _ input: String, _ machine: Machine, _ body: (CaptureObject) throws -> String
  ) throws -> String {
    let bytes = Array(input.utf8)
    var result = ""
    var start = 0
    for match in try all(input, machine) {
      guard let range = match.range else { continue }
      result += String(decoding: bytes[start..<range.lowerBound], as: UTF8.self)
      result += try body(match)
      start = range.upperBound
    }
    result += String(decoding: bytes[start...], as: UTF8.self)
    try machine.process(bytes: result.utf8.count)
    return result
  }
}

/// `Match` and `Group`.
final class CaptureObject: RuntimeObject {
  let range: Range<Int>?
  let text: String
  /// In UTF-16 units.
  let index: Int
  let names: [String]
  /// Of a match: all groups, the match itself first.
  private(set) var groups: [CaptureObject] = []

  init(_ ranges: [Range<Int>?]?, _ bytes: [UInt8], _ names: [String]) {
    range = ranges?.first ?? nil
    self.names = names
    (text, index) = Self.content(range, bytes)
    groups = (ranges ?? []).map { CaptureObject(group: $0, bytes) }
  }

  private init(group range: Range<Int>?, _ bytes: [UInt8]) {
    self.range = range
    names = []
    (text, index) = Self.content(range, bytes)
  }

  private static func content(_ range: Range<Int>?, _ bytes: [UInt8]) -> (String, Int) {
    guard let range else { return ("", 0) }
    let before = String(decoding: bytes[..<range.lowerBound], as: UTF8.self)
    return (String(decoding: bytes[range], as: UTF8.self), before.utf16.count)
  }

  var isSuccess: Bool { range != nil }
  var runtimeType: TypeSymbol {
    .named("System.Text.RegularExpressions." + (names.isEmpty ? "Group" : "Match"))
  }
  func text(_ machine: Machine) throws -> String { text }

  func group(_ name: String) -> CaptureObject? {
    names.firstIndex(of: name).flatMap { $0 < groups.count ? groups[$0] : nil }
  }

  /// A replacement text with `$1`, `${name}`, `$$` and `$&` filled in; what names no group stays.
  func expanded(_ replacement: String, _ input: String) -> String {
    let text = Array(replacement)
    var result = ""
    var index = 0
    while index < text.count {
      guard text[index] == "$", index + 1 < text.count else {
        result.append(text[index])
        index += 1
        continue
      }
      let next = text[index + 1]
      if next == "$" || next == "&" || next == "_" {
        result += next == "$" ? "$" : next == "&" ? self.text : input
        index += 2
        continue
      }
      var end = index + 1
      var name = ""
      if next == "{", let close = text[index...].firstIndex(of: "}") {
        name = String(text[(index + 2)..<close])
        end = close + 1
      } else {
        while end < text.count, text[end].isASCII, text[end].isNumber {
          name.append(text[end])
          end += 1
        }
      }
      if let index = names.firstIndex(of: name) {
        result += index < groups.count ? groups[index].text : ""
      } else {
        result += String(text[index..<end])
      }
      index = end
    }
    return result
  }
}

/// `GroupCollection`: a name that is none gives a group without success.
final class GroupsObject: RuntimeObject {
  let match: CaptureObject

  init(_ match: CaptureObject) { self.match = match }

  var runtimeType: TypeSymbol { .named("System.Text.RegularExpressions.GroupCollection") }
  func makeIterator() throws -> (any ValueIterator)? { ValuesIterator(match.groups.map { .object($0) }) }
  func group(_ name: String) -> CaptureObject { match.group(name) ?? CaptureObject(nil, [], []) }
}
