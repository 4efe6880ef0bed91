import DotNet

/// `System.String`: UTF-16 units; what .NET does by culture happens in the invariant culture.
extension LibraryCatalog {
  static let stringTypes: [LibraryType] = [
    LibraryType(
      enumeration: "System.StringComparison",
      [
        ("CurrentCulture", 0), ("CurrentCultureIgnoreCase", 1), ("InvariantCulture", 2),
        ("InvariantCultureIgnoreCase", 3), ("Ordinal", 4), ("OrdinalIgnoreCase", 5),
      ]),
    LibraryType(enumeration: "System.StringSplitOptions", flags: true, [("None", 0), ("RemoveEmptyEntries", 1)]),
    LibraryType("class System.String : IEnumerable<char>, IComparable, IComparable<string>, IConvertible") { type in
      stringMaking(&type)
      stringComparisons(&type)
      stringSearch(&type)
      stringEdits(&type)
      stringParts(&type)
    },
    charType, builderType, encodingType, comparerType,
  ]

  /// The text of UTF-16 units.
  static func text(_ units: some Collection<UInt16>) -> Value { .string(String(decoding: units, as: UTF16.self)) }

  /// The units of a `char[]`; none when it is null.
  static func units(_ call: Call, _ index: Int) throws -> [UInt16] { try units(call[index]) }

  private static func units(_ array: Value) throws -> [UInt16] {
    if array.isNull { return [] }
    let array: ArrayObject = try array.instance()
    return array.elements.compactMap { value in if case .char(let unit) = value { unit } else { nil } }
  }

  private static func stringMaking(_ type: inout LibraryRegistration) {
    type.member("String(char c, int count)") { call in
      if call.int(1) < 0 { throw Thrown.outOfRange("count", "'count' must be non-negative.") }
      try call.machine.process(bytes: call.int(1))
      return text(repeatElement(call.char(0), count: call.int(1)))
    }
    type.member("String(char[] value)") { call in text(try units(call, 0)) }
    type.member("String(char[] value, int startIndex, int length)") { call in
      let all = try units(call, 0)
      let (start, length) = try textPart(all.count, call.int(1), call.int(2))
      return text(all[start..<(start + length)])
    }
    type.member("static string Empty { get; }") { _ in .string("") }
    type.number("int Length { get; }") { _, text in Ordinal.count(try text.receiverText()) }
    type.direct("char this[int index] { get; }") { _, text, index in
      let (units, index) = (try text.receiverText().utf16, index.int)
      guard index >= 0, index < units.count else { throw Thrown.indexOutOfRange() }
      return .char(units[units.index(units.startIndex, offsetBy: index)])
    }
    for element in ["string", "object"] {
      type.member("static string Concat(params \(element)[] values)") { call in
        try joined(try call.array(0), "", call.machine)
      }
      type.member("static string Join(string separator, params \(element)[] values)") { call in
        try joined(try call.array(1), call.stringOrNull(0) ?? "", call.machine)
      }
    }
    type.member("static string Concat<T>(IEnumerable<T> values)") { call in
      try joined(try call.elements(0), "", call.machine)
    }
    type.member("static string Join(string separator, string[] value, int startIndex, int count)") { call in
      let all = try call.array(1)
      let (start, count) = try textPart(all.count, call.int(2), call.int(3))
      return try joined(Array(all[start..<(start + count)]), call.stringOrNull(0) ?? "", call.machine)
    }
    for signature in [
      "Join(string separator, IEnumerable<string> values)", "Join<T>(string separator, IEnumerable<T> values)",
    ] {
      type.member("static string \(signature)") { call in
        try joined(try call.elements(1), call.stringOrNull(0) ?? "", call.machine)
      }
    }
    type.member("static string Format(string format, params object[] args)") { call in
      .string(try CompositeFormat.format(try call.string(0), try call.array(1), call.machine))
    }
    type.member("static string Format(IFormatProvider provider, string format, params object[] args)") { call in
      .string(try CompositeFormat.format(try call.string(1), try call.array(2), call.machine))
    }
    for name in ["Copy", "Intern"] {
      type.member("static string \(name)(string str)") { call in .string(try call.string(0)) }
    }
    type.member("object Clone()") { call in call.this }
    type.direct("string ToString()") { _, text in text }
    type.member("string ToString(IFormatProvider provider)") { call in call.this }
    type.member("char[] ToCharArray()") { call in
      .object(ArrayObject(of: .char, try call.thisString().utf16.map { .char($0) }))
    }
    type.member("char[] ToCharArray(int startIndex, int length)") { call in
      let units = Array(try call.thisString().utf16)
      let (start, length) = try textPart(units.count, call.int(0), call.int(1))
      return .object(ArrayObject(of: .char, units[start..<(start + length)].map { .char($0) }))
    }
  }

  private static func joined(_ values: [Value], _ separator: String, _ machine: Machine) throws -> Value {
    var result = ""
    for (index, value) in values.enumerated() {
      if index > 0 { result += separator }
      result += try Operation.text(value, machine)
      try machine.process(bytes: separator.utf8.count)
    }
    try machine.process(bytes: result.utf8.count)
    return .string(result)
  }

  private static func stringComparisons(_ type: inout LibraryRegistration) {
    type.test("static bool IsNullOrEmpty(string value)") { _, value in
      if case .string(let text) = value { return text.isEmpty }
      return true
    }
    type.test("static bool IsNullOrWhiteSpace(string value)") { _, value in
      if case .string(let text) = value { return text.unicodeScalars.allSatisfy { $0.properties.isWhitespace } }
      return true
    }
    type.test("bool Equals(string value)") { _, text, value in Operation.areEqual(text, value) }
    type.test("bool Equals(string value, StringComparison comparisonType)") { _, text, value, comparison in
      let kind = try Self.comparison(comparison)
      guard case .string(let other) = value else { return false }
      if kind >= 4 { return Ordinal.areEqual(try text.receiverText(), other, ignoringCase: kind == 5) }
      return try ComparerObject(kind).order(text, value) == 0
    }
    type.test("static bool Equals(string a, string b)") { _, a, b in Operation.areEqual(a, b) }
    type.member("static bool Equals(string a, string b, StringComparison comparisonType)") { call in
      .bool(try ComparerObject(try comparison(call[2])).order(call[0], call[1]) == 0)
    }
    for (parameters, comparisonAt, ignoresAt) in [
      ("", nil, nil), (", bool ignoreCase", nil, 2), (", StringComparison comparisonType", 2, nil),
    ] as [(String, Int?, Int?)] {
      type.member("static int Compare(string strA, string strB\(parameters))") { call in
        var comparer = ComparerObject(ignoresCase: ignoresAt.map { call.bool($0) } ?? false, isOrdinal: false)
        if let comparisonAt { comparer = ComparerObject(try comparison(call[comparisonAt])) }
        return .int32(Int32(clamping: try comparer.order(call[0], call[1])))
      }
      type.member(
        "static int Compare(string strA, int indexA, string strB, int indexB, int length\(parameters))"
      ) { call in
        var comparer = ComparerObject(ignoresCase: ignoresAt.map { call.bool($0 + 3) } ?? false, isOrdinal: false)
        if let comparisonAt { comparer = ComparerObject(try comparison(call[comparisonAt + 3])) }
        func piece(_ text: Int, _ start: Int) throws -> Value {
          guard let own = call.stringOrNull(text) else { return .null }
          let units = Array(own.utf16)
          guard call.int(4) >= 0 else { throw Thrown.outOfRange("length") }
          guard (0...units.count).contains(call.int(start)) else { throw Thrown.outOfRange("indexA") }
          return Self.text(units[call.int(start)...].prefix(call.int(4)))
        }
        return .int32(Int32(clamping: try comparer.order(try piece(0, 1), try piece(2, 3))))
      }
    }
    type.member("static int CompareOrdinal(string strA, int indexA, string strB, int indexB, int length)") { call in
      guard let a = call.stringOrNull(0), let b = call.stringOrNull(2) else {
        return .int32(call[0].isNull ? (call[2].isNull ? 0 : -1) : 1)
      }
      if call.int(4) < 0 { throw Thrown.outOfRange("length") }
      let length = call.int(4)
      @Sendable func part(_ text: String, _ start: Int, _ name: String) throws -> String {
        guard (0...text.utf16.count).contains(start) else { throw Thrown.outOfRange(name) }
        return String(decoding: Array(text.utf16.dropFirst(start).prefix(length)), as: UTF16.self)
      }
      let (x, y) = (try part(a, call.int(1), "indexA"), try part(b, call.int(3), "indexB"))
      return .int32(Int32(clamping: Operation.compareOrdinal(x, y)))
    }
    type.member("static int CompareOrdinal(string strA, string strB)") { call in
      .int32(Int32(clamping: try ComparerObject(ignoresCase: false, isOrdinal: true).order(call[0], call[1])))
    }
    type.member("int CompareTo(string strB)") { call in .int32(Int32(try Operation.compare(call.this, call[0]))) }
  }

  /// A `StringComparison` argument.
  private static func comparison(_ value: Value) throws -> Int {
    guard (0...5).contains(value.int) else {
      throw Thrown.argument(
        "The string comparison type passed in is currently not supported. (Parameter 'comparisonType')")
    }
    return value.int
  }

  private static func stringSearch(_ type: inout LibraryRegistration) {
    for (name, atEnd) in [("StartsWith", false), ("EndsWith", true)] {
      @Sendable func holds(_ machine: Machine, _ text: Value, _ value: Value, _ comparison: Int) throws -> Bool {
        let (own, wanted) = (try text.receiverText(), try value.text("value"))
        try machine.charge(steps: own.utf8.count / 64)
        return TextSearch(comparison).isEdge(wanted, of: own, atEnd: atEnd)
      }
      type.test("bool \(name)(string value)") { machine, text, value in try holds(machine, text, value, 0) }
      type.test("bool \(name)(string value, StringComparison comparisonType)") { machine, text, value, comparison in
        try holds(machine, text, value, try Self.comparison(comparison))
      }
      type.member("bool \(name)(string value, bool ignoreCase, IFormatProvider culture)") { call in
        .bool(try holds(call.machine, call.this, call[0], call.bool(1) ? 1 : 0))
      }
    }
    type.test("bool Contains(string value)") { machine, text, value in
      try Ordinal.index(of: try value.text("value"), in: try text.receiverText(), machine) >= 0
    }
    for (name, isLast) in [("IndexOf", false), ("LastIndexOf", true)] {
      for (parameters, hasComparison) in [
        ("", false), (", int startIndex", false), (", int startIndex, int count", false),
        (", StringComparison comparisonType", true), (", int startIndex, StringComparison comparisonType", true),
        (", int startIndex, int count, StringComparison comparisonType", true),
      ] {
        let count = parameters.filter { $0 == "," }.count
        for kind in ["string", "char"] where kind == "string" || !hasComparison {
          type.member("int \(name)(\(kind) value\(parameters))") { call in
            let own = try call.thisString()
            let wanted = kind == "char" ? String(decoding: [call.char(0)], as: UTF16.self) : try call.string(0)
            let comparison = kind == "char" ? 4 : hasComparison ? try comparison(call[count]) : 0
            let numbers = count - (hasComparison ? 1 : 0)
            try call.machine.charge(steps: own.utf8.count / 32)
            let place = try TextSearch(comparison).place(
              of: wanted, in: own, start: numbers > 0 ? call.int(1) : nil, count: numbers > 1 ? call.int(2) : nil,
              isLast: isLast)
            return .int32(Int32(clamping: place))
          }
        }
      }
    }
    for (name, isLast) in [("IndexOfAny", false), ("LastIndexOfAny", true)] {
      for (parameters, count) in [("", 0), (", int startIndex", 1), (", int startIndex, int count", 2)] {
        type.member("int \(name)(char[] anyOf\(parameters))") { call in
          let (units, wanted) = (Array(try call.thisString().utf16), Set(try units(call, 0)))
          try call.machine.charge(steps: units.count / 32)
          let window = try TextSearch.window(
            units.count, count > 0 ? call.int(1) : nil, count > 1 ? call.int(2) : nil, isLast: isLast)
          let found =
            isLast ? units[window].lastIndex(where: wanted.contains) : units[window].firstIndex(where: wanted.contains)
          return .int32(Int32(clamping: found ?? -1))
        }
      }
    }
  }

  private static func stringEdits(_ type: inout LibraryRegistration) {
    for (name, isUpper) in [("ToUpper", true), ("ToLower", false)] {
      @Sendable func changed(_ machine: Machine, _ text: Value) throws -> Value {
        let own = try text.receiverText()
        try machine.process(bytes: own.utf8.count)
        return .string(isUpper ? InvariantCase.upper(own) : InvariantCase.lower(own))
      }
      for suffix in ["", "Invariant"] {
        type.direct("string \(name)\(suffix)()") { machine, text in try changed(machine, text) }
      }
      type.member("string \(name)(CultureInfo culture)") { call in try changed(call.machine, call.this) }
    }
    type.direct("string Replace(string oldValue, string newValue)") { machine, text, old, new in
      let other = if case .string(let other) = new { other } else { "" }
      return .string(try replaced(text.receiverText(), try old.text("oldValue"), other, machine))
    }
    type.member("string Replace(char oldChar, char newChar)") { call in
      let (old, new) = (call.char(0), call.char(1))
      try call.machine.process(bytes: try call.thisString().utf8.count)
      return text(try call.thisString().utf16.map { $0 == old ? new : $0 })
    }
    type.member("string Insert(int startIndex, string value)") { call in
      var units = Array(try call.thisString().utf16)
      let value = try call.string(1)
      guard (0...units.count).contains(call.int(0)) else { throw Thrown.outOfRange("startIndex") }
      try call.machine.process(bytes: units.count + value.utf8.count)
      units.insert(contentsOf: value.utf16, at: call.int(0))
      return text(units)
    }
    for hasCount in [false, true] {
      type.member("string Remove(int startIndex\(hasCount ? ", int count" : ""))") { call in
        var units = Array(try call.thisString().utf16)
        let start = call.int(0)
        if start < 0 || (!hasCount && start >= units.count) { throw Thrown.outOfRange("startIndex") }
        let count = hasCount ? call.int(1) : units.count - start
        guard count >= 0, start <= units.count, count <= units.count - start else { throw Thrown.outOfRange("count") }
        units.removeSubrange(start..<(start + count))
        return text(units)
      }
    }
    for (name, left, right) in [("Trim", true, true), ("TrimStart", true, false), ("TrimEnd", false, true)] {
      type.direct("string \(name)(params char[] trimChars)") { _, text, characters in
        let own = try text.receiverText()
        let wanted = try Self.units(characters)
        if wanted.isEmpty, let trimmed = Ordinal.trimmed(own, start: left, end: right) { return .string(trimmed) }
        var units = Array(own.utf16)[...]
        let drops: (UInt16) -> Bool = { unit in
          wanted.isEmpty ? Unicode.Scalar(unit)?.properties.isWhitespace ?? false : wanted.contains(unit)
        }
        if left { units = units.drop(while: drops) }
        if right { while let last = units.last, drops(last) { units.removeLast() } }
        return Self.text(units)
      }
    }
    for (name, isLeft) in [("PadLeft", true), ("PadRight", false)] {
      for (parameters, hasSign) in [("", false), (", char paddingChar", true)] {
        type.member("string \(name)(int totalWidth\(parameters))") { call in
          if call.int(0) < 0 { throw Thrown.outOfRange("totalWidth", "Non-negative number required.") }
          let own = try call.thisString()
          let missing = call.int(0) - own.utf16.count
          if missing <= 0 { return call.this }
          try call.machine.process(bytes: missing)
          let fill = String(decoding: Array(repeating: hasSign ? call.char(1) : 0x20, count: missing), as: UTF16.self)
          return .string(isLeft ? fill + own : own + fill)
        }
      }
    }
    type.member("string Normalize()") { call in call.this }
    type.member("bool IsNormalized()") { _ in .bool(true) }
  }

  /// `Replace`, unit by unit.
  static func replaced(_ text: String, _ old: String, _ new: String, _ machine: Machine) throws -> String {
    if old.isEmpty { throw Thrown.argument("String cannot be of zero length. (Parameter 'oldValue')") }
    // UTF-8 finds what UTF-16 finds: no character begins within another.
    let (source, wanted, other) = (Array(text.utf8), Array(old.utf8), Array(new.utf8))
    try machine.process(bytes: source.count)
    var result: [UInt8] = []
    result.reserveCapacity(source.count)
    var at = 0
    while at < source.count {
      if source[at] == wanted[0], at + wanted.count <= source.count,
        source[at..<(at + wanted.count)].elementsEqual(wanted)
      {
        try machine.process(bytes: other.count)
        result += other
        at += wanted.count
      } else {
        result.append(source[at])
        at += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func stringParts(_ type: inout LibraryRegistration) {
    for hasLength in [false, true] {
      @Sendable func part(_ machine: Machine, _ whole: Value, _ start: Int, _ wanted: Int?) throws -> Value {
        let own = try whole.receiverText()
        let units = own.utf16
        let count = units.count
        if start < 0 { throw Thrown.outOfRange("startIndex", "StartIndex cannot be less than zero.") }
        if start > count {
          throw Thrown.outOfRange("startIndex", "startIndex cannot be larger than length of string.")
        }
        let length = wanted ?? count - start
        if length < 0 { throw Thrown.outOfRange("length", "Length cannot be less than zero.") }
        if length > count - start {
          throw Thrown.outOfRange("length", "Index and length must refer to a location within the string.")
        }
        try machine.process(bytes: length)
        if count == own.utf8.count { return .string(Ordinal.part(own, start, start + length)) }
        let from = units.index(units.startIndex, offsetBy: start)
        return text(units[from..<units.index(from, offsetBy: length)])
      }
      if hasLength {
        type.direct("string Substring(int startIndex, int length)") { machine, text, start, length in
          try part(machine, text, start.int, length.int)
        }
      } else {
        type.direct("string Substring(int startIndex)") { machine, text, start in
          try part(machine, text, start.int, nil)
        }
      }
    }
    type.direct("string[] Split(params char[] separator)") { machine, text, separators in
      let own = try text.receiverText()
      // The usual case: one ASCII character.
      if case .object(let object) = separators, let array = object as? ArrayObject, array.count == 1,
        case .char(let unit) = array[0], unit < 0x80
      {
        try machine.process(bytes: own.utf8.count * 4)
        return .object(ArrayObject(of: .string, Ordinal.split(own, at: UInt8(truncatingIfNeeded: unit))))
      }
      return try split(own, try Self.separators(separators, isText: false), .max, removesEmpty: false, machine)
    }
    for (parameters, kind) in [
      ("char[] separator, StringSplitOptions options", 1),
      ("char[] separator, int count", 2), ("char[] separator, int count, StringSplitOptions options", 3),
      ("string[] separator, StringSplitOptions options", 1),
      ("string[] separator, int count, StringSplitOptions options", 3),
    ] {
      let isText = parameters.hasPrefix("string")
      type.member("string[] Split(\(parameters))") { call in
        let count = kind >= 2 ? call.int(1) : .max
        if count < 0 { throw Thrown.outOfRange("count", "Count cannot be less than zero.") }
        let options = kind == 2 ? 0 : call.int(kind == 3 ? 2 : 1)
        let separators = try separators(call[0], isText: isText)
        return try split(try call.thisString(), separators, count, removesEmpty: options == 1, call.machine)
      }
    }
  }

  /// The units of each separator; none for null and for empty texts.
  private static func separators(_ array: Value, isText: Bool) throws -> [[UInt16]] {
    if !isText { return try units(array).map { [$0] } }
    guard case .object(let object) = array, let array = object as? ArrayObject else { return [] }
    return array.elements.compactMap { value in
      if case .string(let text) = value, !text.isEmpty { Array(text.utf16) } else { nil }
    }
  }

  /// `Split`: without separators at white space. The last part holds the rest when `count` is reached.
  private static func split(
    _ text: String, _ separators: [[UInt16]], _ count: Int, removesEmpty: Bool, _ machine: Machine
  ) throws -> Value {
    let units = Array(text.utf16)
    try machine.process(bytes: units.count * (4 + separators.count))
    if count == 0 { return .object(ArrayObject(strings: [])) }
    var parts: [String] = []
    var (start, at) = (0, 0)
    func length(_ at: Int) -> Int? {
      if separators.isEmpty { return Unicode.Scalar(units[at])?.properties.isWhitespace == true ? 1 : nil }
      return separators.first { $0[0] == units[at] && units[at...].starts(with: $0) }?.count
    }
    func keep(_ end: Int) {
      if !removesEmpty || end > start { parts.append(String(decoding: units[start..<end], as: UTF16.self)) }
    }
    while at < units.count, parts.count < count - 1 {
      guard let length = length(at) else {
        at += 1
        continue
      }
      keep(at)
      at += length
      start = at
    }
    // Separators before the rest fall away with the empty parts between them.
    if removesEmpty, count != .max, count > 1 { while start < units.count, let more = length(start) { start += more } }
    keep(units.count)
    try machine.allocate(bytes: parts.count * 24)
    return .object(ArrayObject(strings: parts))
  }
}
