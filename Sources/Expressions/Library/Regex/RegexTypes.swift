import DotNet

/// `System.Text.RegularExpressions`.
extension LibraryCatalog {
  static let regexTypes: [LibraryType] = [
    LibraryType(
      enumeration: "System.Text.RegularExpressions.RegexOptions", flags: true,
      [
        ("None", 0), ("IgnoreCase", 1), ("Multiline", 2), ("ExplicitCapture", 4), ("Compiled", 8), ("Singleline", 16),
        ("IgnorePatternWhitespace", 32), ("RightToLeft", 64), ("ECMAScript", 256), ("CultureInvariant", 512),
      ]),
    LibraryType("delegate string System.Text.RegularExpressions.MatchEvaluator(Match match)"),
    LibraryType("class System.Text.RegularExpressions.Capture") { type in
      type.direct("string Value { get; }") { _, capture in .string(try capture.instance(CaptureObject.self).value) }
      type.member("int Index { get; }") { call in .int32(Int32(clamping: try call.receiver(CaptureObject.self).index)) }
      type.member("int Length { get; }") { call in
        .int32(Int32(clamping: try call.receiver(CaptureObject.self).length))
      }
    },
    LibraryType("class System.Text.RegularExpressions.Group : Capture") { type in
      type.test("bool Success { get; }") { _, group in try group.instance(CaptureObject.self).range != nil }
      type.member("string Name { get; }", listed: false) { call in
        .string(try call.receiver(CaptureObject.self).name)
      }
      type.member("CaptureCollection Captures { get; }") { call in
        let captures = try call.receiver(CaptureObject.self).captures(call.machine)
        return .object(
          ListObject(.named("System.Text.RegularExpressions.CaptureCollection"), captures.map { .object($0) }))
      }
    },
    LibraryType("class System.Text.RegularExpressions.Match : Group") { type in
      type.member("static Match Empty { get; }") { _ in .object(CaptureObject.empty) }
      type.direct("GroupCollection Groups { get; }") { _, match in .object(GroupsObject(try match.instance())) }
      type.member("string Result(string replacement)") { call in
        let match = try call.receiver(CaptureObject.self)
        guard case .match(let regex, _, _) = match.role, match.range != nil else {
          throw Thrown.notSupported("Result cannot be called on a failed Match.")
        }
        return .string(try RegexReplacement(try call.string(0), regex.expression).expanded(match))
      }
      type.member("Match NextMatch()", listed: false) { call in
        let match = try call.receiver(CaptureObject.self)
        guard case .match(let regex, _, _) = match.role, match.range != nil, let next = regex.next(after: match) else {
          return .object(CaptureObject.empty)
        }
        return .object(try regex.first(match.input, from: next.start, origin: next.origin, call.machine))
      }
    },
    LibraryType("class System.Text.RegularExpressions.CaptureCollection : IEnumerable<Capture>") { type in
      items(&type, "Capture", isCountListed: true)
    },
    LibraryType("class System.Text.RegularExpressions.MatchCollection : IReadOnlyCollection<Match>") { type in
      items(&type, "Match", isCountListed: false)
    },
    LibraryType("class System.Text.RegularExpressions.GroupCollection : IEnumerable<Group>") { type in
      type.member("int Count { get; }") { call in
        .int32(Int32(clamping: try call.receiver(GroupsObject.self).count))
      }
      type.direct("Group this[int groupnum] { get; }") { _, groups, number in
        .object(try groups.instance(GroupsObject.self).group(number.int))
      }
      type.direct("Group this[string groupname] { get; }") { _, groups, name in
        .object(try groups.instance(GroupsObject.self).group(try name.text("groupname")))
      }
    },
    LibraryType("class System.Text.RegularExpressions.Regex") { type in regexMembers(&type) },
  ]

  private static func items(_ type: inout LibraryRegistration, _ element: String, isCountListed: Bool) {
    type.member("int Count { get; }", listed: isCountListed) { call in
      .int32(Int32(clamping: try call.receiver(ListObject.self).elements.count))
    }
    type.member("\(element) this[int i] { get; }") { call in
      let list = try call.receiver(ListObject.self)
      return list.elements[try list.checked(call.int(0), "i")]
    }
  }

  private static func regexMembers(_ type: inout LibraryRegistration) {
    type.member("Regex(string pattern)") { call in .object(try RegexObject.make(try call.string(0), 0)) }
    // A timeout has no effect: every match is bounded.
    for timeout in ["", ", TimeSpan matchTimeout"] {
      type.member("Regex(string pattern, RegexOptions options\(timeout))") { call in
        if !timeout.isEmpty { try checkTimeout(call[2]) }
        return .object(try RegexObject.make(try call.string(0), call.int(1)))
      }
      staticUses(&type, ", RegexOptions options" + timeout)
    }
    staticUses(&type, "")
    instanceUses(&type)
    type.member("static string Unescape(string str)") { call in
      .string(try RegularExpression.unescape(try call.string(0)))
    }
    type.member("static string Escape(string str)", listed: false) { call in
      .string(RegularExpression.escape(try call.string(0)))
    }
  }

  /// A timeout is more than nothing and less than 25 days, or -1 ms for none.
  private static func checkTimeout(_ value: Value) throws {
    guard case .object(let object) = value, let span = object as? TimeSpanObject else { return }
    guard span.ticks == -10_000 || (1...(Int64(Int32.max) * 10_000)).contains(span.ticks) else {
      throw Thrown.outOfRange("matchTimeout")
    }
  }

  // MARK: - Static members

  private static func staticUses(_ type: inout LibraryRegistration, _ options: String) {
    let hasOptions = !options.isEmpty
    let hasTimeout = options.contains("TimeSpan")
    @Sendable func regex(_ call: Call, _ place: Int = 2) throws -> RegexObject {
      if hasTimeout { try checkTimeout(call[place + 1]) }
      return try RegexObject.make(try call.string(1), hasOptions ? call.int(place) : 0)
    }
    if hasOptions {
      type.member("static bool IsMatch(string input, string pattern\(options))") { call in
        .bool(try regex(call).isMatch(try call.string(0), call.machine))
      }
      type.member("static Match Match(string input, string pattern\(options))") { call in
        .object(try regex(call).first(try call.string(0), from: nil, call.machine))
      }
    } else {
      type.prepared("static bool IsMatch(string input, string pattern)") { use in
        let known = use.text(1).flatMap { try? RegexObject.make($0, 0) }
        return .testTwo { machine, input, pattern in
          let regex = try known ?? RegexObject.make(try pattern.text("pattern"), 0)
          return try regex.isMatch(try input.text("input"), machine)
        }
      }
      type.prepared("static Match Match(string input, string pattern)") { use in
        let known = use.text(1).flatMap { try? RegexObject.make($0, 0) }
        return .two { machine, input, pattern in
          let regex = try known ?? RegexObject.make(try pattern.text("pattern"), 0)
          return .object(try regex.first(try input.text("input"), from: nil, machine))
        }
      }
    }
    type.member("static MatchCollection Matches(string input, string pattern\(options))") { call in
      matches(try regex(call).all(try call.string(0), call.machine))
    }
    type.member("static string Replace(string input, string pattern, string replacement\(options))") { call in
      try replaced(try regex(call, 3), try call.string(0), try call.string(2), -1, nil, call.machine)
    }
    type.member("static string Replace(string input, string pattern, MatchEvaluator evaluator\(options))") { call in
      try replaced(try regex(call, 3), try call.string(0), try call.delegate(2), -1, nil, call.machine)
    }
    type.member("static string[] Split(string input, string pattern\(options))") { call in
      .object(ArrayObject(strings: try regex(call).split(try call.string(0), 0, from: nil, call.machine)))
    }
  }

  private static func matches(_ matches: [CaptureObject]) -> Value {
    .object(ListObject(.named("System.Text.RegularExpressions.MatchCollection"), matches.map { .object($0) }))
  }

  private static func replaced(
    _ regex: RegexObject, _ input: String, _ replacement: String, _ count: Int, _ start: Int?, _ machine: Machine
  ) throws -> Value {
    let replacement = RegexReplacement(replacement, regex.expression)
    return .string(try regex.replaced(input, count, from: start, machine) { try replacement.expanded($0) })
  }

  private static func replaced(
    _ regex: RegexObject, _ input: String, _ evaluator: DelegateObject, _ count: Int, _ start: Int?, _ machine: Machine
  ) throws -> Value {
    .string(
      try regex.replaced(input, count, from: start, machine) { match in
        try Operation.text(try evaluator.invoke(machine, .object(match)), machine)
      })
  }

  // MARK: - Members of an instance

  private static func regex(_ call: Call) throws -> RegexObject { try call.receiver(RegexObject.self) }

  private static func instanceUses(_ type: inout LibraryRegistration) {
    for (start, isGiven) in [("", false), (", int startat", true)] {
      type.member("bool IsMatch(string input\(start))") { call in
        let input = try call.string(0)
        return .bool(
          try regex(call).isMatch(input, from: isGiven ? place(call.int(1), in: input) : nil, call.machine))
      }
      type.member("Match Match(string input\(start))") { call in
        let input = try call.string(0)
        return .object(
          try regex(call).first(input, from: isGiven ? place(call.int(1), in: input) : nil, call.machine))
      }
      type.member("MatchCollection Matches(string input\(start))") { call in
        let input = try call.string(0)
        return matches(
          try regex(call).all(input, from: isGiven ? place(call.int(1), in: input) : nil, call.machine))
      }
    }
    for (tail, arguments) in [("", 0), (", int count", 1), (", int count, int startat", 2)] {
      type.member("string Replace(string input, string replacement\(tail))") { call in
        let input = try call.string(0)
        let start = arguments == 2 ? try place(call.int(3), in: input) : nil
        return try replaced(
          try regex(call), input, try call.string(1), try count(call, 2, arguments, -1), start, call.machine)
      }
      type.member("string Replace(string input, MatchEvaluator evaluator\(tail))") { call in
        let input = try call.string(0)
        let start = arguments == 2 ? try place(call.int(3), in: input) : nil
        return try replaced(
          try regex(call), input, try call.delegate(1), try count(call, 2, arguments, -1), start, call.machine)
      }
      type.member("string[] Split(string input\(tail))") { call in
        let input = try call.string(0)
        let start = arguments == 2 ? try place(call.int(2), in: input) : nil
        return .object(
          ArrayObject(
            strings: try regex(call).split(input, try count(call, 1, arguments, 0), from: start, call.machine)))
      }
    }
  }

  private static func count(_ call: Call, _ index: Int, _ arguments: Int, _ least: Int) throws -> Int {
    guard arguments > 0 else { return least }
    guard call.int(index) >= least else {
      throw Thrown.outOfRange(
        "count", least == 0 ? "Count cannot be less than 0." : "Count cannot be less than -1.")
    }
    return call.int(index)
  }

  /// A place in UTF-16 units as one in bytes.
  private static func place(_ units: Int, in input: String) throws -> Int {
    guard units >= 0, let index = input.utf16.index(input.startIndex, offsetBy: units, limitedBy: input.endIndex) else {
      throw Thrown.outOfRange("startat", "Start index cannot be less than 0 or greater than input length.")
    }
    return input.utf8.distance(from: input.startIndex, to: index)
  }
}
