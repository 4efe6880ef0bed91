/// More of `System.String`, and the types around it: `Char`, `StringComparer`, `StringBuilder`, `Encoding`.
extension LibraryCatalog {
  static let textTypes: [LibraryType] = [
    LibraryType(enumeration: "System.StringSplitOptions", flags: true, [("None", 0), ("RemoveEmptyEntries", 1)]),
    LibraryType("class System.StringComparer") { type in
      for (name, ignoresCase, isOrdinal) in [
        ("Ordinal", false, true), ("OrdinalIgnoreCase", true, true), ("InvariantCulture", false, false),
        ("InvariantCultureIgnoreCase", true, false), ("CurrentCulture", false, false),
        ("CurrentCultureIgnoreCase", true, false),
      ] {
        type.member("static StringComparer \(name) { get; }") { _ in
          .object(ComparerObject(ignoresCase: ignoresCase, isOrdinal: isOrdinal))
        }
      }
      type.member("bool Equals(string x, string y)") { call in
        .bool(try call.receiver(ComparerObject.self).order(call[0], call[1]) == 0)
      }
      type.member("int Compare(string x, string y)") { call in
        .int32(Int32(clamping: try call.receiver(ComparerObject.self).order(call[0], call[1])))
      }
    },
    LibraryType("struct System.Char") { type in
      let tests: [(String, @Sendable (Unicode.Scalar.Properties) -> Bool)] = [
        ("IsDigit", { $0.generalCategory == .decimalNumber }), ("IsLetter", { letters.contains($0.generalCategory) }),
        ("IsLetterOrDigit", { letters.contains($0.generalCategory) || $0.generalCategory == .decimalNumber }),
        ("IsWhiteSpace", { $0.isWhitespace }), ("IsUpper", { $0.generalCategory == .uppercaseLetter }),
        ("IsLower", { $0.generalCategory == .lowercaseLetter }),
        ("IsPunctuation", { punctuation.contains($0.generalCategory) }),
        ("IsControl", { $0.generalCategory == .control }),
      ]
      for (name, test) in tests {
        type.member("static bool \(name)(char c)") { call in
          .bool(Unicode.Scalar(call.char(0)).map { test($0.properties) } ?? false)
        }
      }
      for name in ["ToUpper", "ToUpperInvariant", "ToLower", "ToLowerInvariant"] {
        type.member("static char \(name)(char c)") { call in
          let text = String(decoding: [call.char(0)], as: UTF16.self)
          let folded = Array((name.hasPrefix("ToUpper") ? text.uppercased() : text.lowercased()).utf16)
          return folded.count == 1 ? .char(folded[0]) : call[0]
        }
      }
      type.member("static char Parse(string s)") { call in
        let units = Array(try call.string(0).utf16)
        guard units.count == 1 else { throw Thrown.format("String must be exactly one character long.") }
        return .char(units[0])
      }
      type.constant("char MaxValue", .char(.max))
      type.constant("char MinValue", .char(0))
      type.member("int CompareTo(char value)") { call in
        guard case .char(let own) = call.this else { return .int32(0) }
        return .int32(Int32(own) - Int32(call.char(0)))
      }
    },
    LibraryType("class System.Text.StringBuilder") { type in builder(&type) },
    LibraryType("abstract class System.Text.Encoding") { type in
      for name in ["UTF8", "ASCII", "Unicode"] {
        type.member("static Encoding \(name) { get; }") { _ in .object(EncodingObject(name)) }
      }
      type.member("byte[] GetBytes(string s)") { call in
        let (text, encoding) = (try call.string(0), try call.receiver(EncodingObject.self))
        try call.machine.process(bytes: text.utf8.count)
        return .object(ArrayObject(bytes: encoding.bytes(text)))
      }
      type.member("string GetString(byte[] bytes)") { call in
        let bytes = try call.bytes(0)
        try call.machine.process(bytes: bytes.count)
        return .string(try call.receiver(EncodingObject.self).text(bytes))
      }
    },
  ]

  private static let letters: Set<Unicode.GeneralCategory> = [
    .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
  ]
  private static let punctuation: Set<Unicode.GeneralCategory> = [
    .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
    .finalPunctuation, .otherPunctuation,
  ]

  private static func builder(_ type: inout LibraryRegistration) {
    type.member("StringBuilder()") { _ in .object(BuilderObject("")) }
    type.member("StringBuilder(string value)") { call in .object(BuilderObject(call.stringOrNull(0) ?? "")) }
    type.member("StringBuilder(int capacity)") { _ in .object(BuilderObject("")) }
    for (name, end) in [("Append", ""), ("AppendLine", "\n")] {
      for kind in ["string", "char", "int", "long", "double", "decimal", "bool", "object"] {
        type.member("StringBuilder \(name)(\(kind) value)") { call in
          let text = try Operation.text(call[0], call.machine) + end
          try call.machine.process(bytes: text.utf8.count)
          try call.receiver(BuilderObject.self).text += text
          return call.this
        }
      }
    }
    type.member("StringBuilder AppendLine()") { call in
      try call.receiver(BuilderObject.self).text += "\n"
      return call.this
    }
    type.member("StringBuilder Append(char value, int repeatCount)") { call in
      try call.machine.process(bytes: max(0, call.int(1)))
      let unit = String(decoding: [call.char(0)], as: UTF16.self)
      try call.receiver(BuilderObject.self).text += String(repeating: unit, count: max(0, call.int(1)))
      return call.this
    }
    type.member("StringBuilder AppendFormat(string format, params object[] args)") { call in
      let text = try CompositeFormat.format(try call.string(0), try call.array(1), call.machine)
      try call.receiver(BuilderObject.self).text += text
      return call.this
    }
    type.member("StringBuilder Insert(int index, string value)") { call in
      let builder = try call.receiver(BuilderObject.self)
      var units = Array(builder.text.utf16)
      guard (0...units.count).contains(call.int(0)) else { throw Thrown.outOfRange("index") }
      units.insert(contentsOf: (call.stringOrNull(1) ?? "").utf16, at: call.int(0))
      builder.text = String(decoding: units, as: UTF16.self)
      return call.this
    }
    type.member("StringBuilder Remove(int startIndex, int length)") { call in
      let builder = try call.receiver(BuilderObject.self)
      var units = Array(builder.text.utf16)
      let (start, length) = (call.int(0), call.int(1))
      guard start >= 0, length >= 0, start + length <= units.count else { throw Thrown.outOfRange("length") }
      units.removeSubrange(start..<(start + length))
      builder.text = String(decoding: units, as: UTF16.self)
      return call.this
    }
    type.member("StringBuilder Replace(string oldValue, string newValue)") { call in
      let builder = try call.receiver(BuilderObject.self)
      builder.text = try replaced(builder.text, try call.string(0), call.stringOrNull(1) ?? "", call.machine)
      return call.this
    }
    type.member("StringBuilder Clear()") { call in
      try call.receiver(BuilderObject.self).text = ""
      return call.this
    }
    type.member("int Length { get; }") { call in
      .int32(Int32(clamping: try call.receiver(BuilderObject.self).text.utf16.count))
    }
  }

  static func replaced(_ text: String, _ old: String, _ new: String, _ machine: Machine) throws -> String {
    if old.isEmpty { throw Thrown.argument("String cannot be of zero length. (Parameter 'oldValue')") }
    let (units, wanted, other) = (Array(text.utf16), Array(old.utf16), Array(new.utf16))
    var result: [UInt16] = []
    var at = 0
    while at < units.count {
      if units[at] == wanted[0], at + wanted.count <= units.count,
        units[at..<(at + wanted.count)].elementsEqual(wanted)
      {
        result += other
        at += wanted.count
        try machine.process(bytes: other.count)
      } else {
        result.append(units[at])
        at += 1
      }
    }
    try machine.process(bytes: result.count * 2)
    return String(decoding: result, as: UTF16.self)
  }

  /// Members of `System.String` beyond the first ones.
  static func registerMore(_ type: inout LibraryRegistration) {
    type.member("String(char c, int count)") { call in
      if call.int(1) < 0 { throw Thrown.outOfRange("count") }
      try call.machine.process(bytes: call.int(1))
      return .string(String(repeating: String(decoding: [call.char(0)], as: UTF16.self), count: call.int(1)))
    }
    type.member("String(char[] value)") { call in .string(text(try call.array(0))) }
    type.member("static string Concat<T>(IEnumerable<T> values)") { call in
      .string(try call.elements(0).map { try Operation.text($0, call.machine) }.joined())
    }
    type.member("static string Join(string separator, IEnumerable<string> values)") { call in try joined(call) }
    type.member("static string Join<T>(string separator, IEnumerable<T> values)") { call in try joined(call) }
    type.member("static string Format(string format, params object[] args)") { call in
      .string(try CompositeFormat.format(try call.string(0), try call.array(1), call.machine))
    }
    type.member("static bool Equals(string a, string b, StringComparison comparisonType)") { call in
      guard let a = call.stringOrNull(0), let b = call.stringOrNull(1) else {
        return .bool(call[0].isNull && call[1].isNull)
      }
      return .bool(call.int(2) % 2 == 1 ? a.uppercased() == b.uppercased() : a == b)
    }
    type.member("static int Compare(string strA, string strB)") { call in
      .int32(Int32(try Operation.compare(call[0], call[1])))
    }
    type.member("static int Compare(string strA, string strB, bool ignoreCase)") { call in
      .int32(
        Int32(
          Operation.compareCulture(call.stringOrNull(0) ?? "", call.stringOrNull(1) ?? "", ignoresCase: call.bool(2))))
    }
    type.member("static int Compare(string strA, string strB, StringComparison comparisonType)") { call in
      let comparer = ComparerObject(ignoresCase: call.int(2) % 2 == 1, isOrdinal: call.int(2) >= 4)
      return .int32(Int32(clamping: try comparer.order(call[0], call[1])))
    }
    type.member("static int CompareOrdinal(string strA, string strB)") { call in
      .int32(Int32(clamping: Operation.compareOrdinal(call.stringOrNull(0) ?? "", call.stringOrNull(1) ?? "")))
    }
    type.member("int CompareTo(string strB)") { call in .int32(Int32(try Operation.compare(call.this, call[0]))) }
    type.direct("string ToString()") { _, text in text }
    type.member("char[] ToCharArray()") { call in
      .object(ArrayObject(of: .char, try call.thisString().utf16.map { .char($0) }))
    }
    type.member("string Insert(int startIndex, string value)") { call in
      var units = Array(try call.thisString().utf16)
      guard (0...units.count).contains(call.int(0)) else { throw Thrown.outOfRange("startIndex") }
      units.insert(contentsOf: try call.string(1).utf16, at: call.int(0))
      return .string(String(decoding: units, as: UTF16.self))
    }
    type.member("string Remove(int startIndex, int count = -1)") { call in
      var units = Array(try call.thisString().utf16)
      let start = call.int(0)
      let count = call.int(1) == -1 ? units.count - start : call.int(1)
      guard start >= 0, count >= 0, start + count <= units.count else { throw Thrown.outOfRange("startIndex") }
      units.removeSubrange(start..<(start + count))
      return .string(String(decoding: units, as: UTF16.self))
    }
    for (name, left, right) in [("Trim", true, true), ("TrimStart", true, false), ("TrimEnd", false, true)] {
      type.direct("string \(name)(params char[] trimChars)") { _, receiver, characters in
        let text = try receiver.receiverText()
        let array: ArrayObject = try characters.instance()
        if array.count == 0, let trimmed = Ordinal.trimmed(text, start: left, end: right) { return .string(trimmed) }
        var units = Array(text.utf16)[...]
        let wanted = Set(
          array.elements.compactMap { value -> UInt16? in if case .char(let c) = value { c } else { nil } })
        let drops: (UInt16) -> Bool = { unit in
          wanted.isEmpty ? Unicode.Scalar(unit)?.properties.isWhitespace ?? false : wanted.contains(unit)
        }
        if left { units = units.drop(while: drops) }
        if right { while let last = units.last, drops(last) { units.removeLast() } }
        return .string(String(decoding: units, as: UTF16.self))
      }
    }
    for (name, isLeft) in [("PadLeft", true), ("PadRight", false)] {
      type.member("string \(name)(int totalWidth)") { call in try padded(call, 0x20, isLeft) }
      type.member("string \(name)(int totalWidth, char paddingChar)") { call in try padded(call, call.char(1), isLeft) }
    }
    type.member("string Replace(char oldChar, char newChar)") { call in
      let (old, new) = (call.char(0), call.char(1))
      return .string(String(decoding: try call.thisString().utf16.map { $0 == old ? new : $0 }, as: UTF16.self))
    }
    for (name, options) in [
      ("string", "StringSplitOptions options"), ("string", "int count, StringSplitOptions options"),
    ] {
      let hasCount = options.hasPrefix("int")
      type.member("string[] Split(\(name)[] separator, \(options))") { call in
        let separators =
          call[0].isNull
          ? []
          : try call.array(0).compactMap { value -> [UInt16]? in
            if case .string(let text) = value, !text.isEmpty { return Array(text.utf16) }
            return nil
          }
        return try split(call, separators, hasCount ? call.int(1) : .max, call.int(hasCount ? 2 : 1))
      }
    }
    for options in ["StringSplitOptions options", "int count", "int count, StringSplitOptions options"] {
      let hasCount = options.hasPrefix("int")
      let place = options.contains("Options") ? (hasCount ? 2 : 1) : nil
      type.member("string[] Split(char[] separator, \(options))") { call in
        let separators =
          call[0].isNull
          ? []
          : try call.array(0).compactMap { value -> [UInt16]? in
            if case .char(let unit) = value { return [unit] }
            return nil
          }
        return try split(call, separators, hasCount ? call.int(1) : .max, place.map { call.int($0) } ?? 0)
      }
    }
    registerSearch(&type)
  }

  private static func registerSearch(_ type: inout LibraryRegistration) {
    for (name, isLast) in [("IndexOf", false), ("LastIndexOf", true)] {
      for kind in ["char", "string"] {
        for more in [
          "", ", int startIndex", ", StringComparison comparisonType",
          ", int startIndex, StringComparison comparisonType",
        ] {
          if kind == "string", more.isEmpty, !isLast { continue }
          if kind == "char", more.contains("Comparison") { continue }
          let hasStart = more.contains("startIndex")
          let comparison = more.contains("Comparison") ? (hasStart ? 2 : 1) : nil
          type.member("int \(name)(\(kind) value\(more))") { call in
            let ignores = comparison.map { call.int($0) % 2 == 1 } ?? false
            let own = try call.thisString()
            let wanted =
              kind == "char"
              ? [call.char(0)] : Array((ignores ? try call.string(0).uppercased() : try call.string(0)).utf16)
            let units = Array((ignores ? own.uppercased() : own).utf16)
            try call.machine.charge(steps: units.count / 16)
            return .int32(Int32(try place(wanted, units, hasStart ? call.int(1) : nil, isLast)))
          }
        }
      }
    }
    for (name, isLast) in [("IndexOfAny", false), ("LastIndexOfAny", true)] {
      type.member("int \(name)(char[] anyOf)") { call in
        let wanted = Set(
          try call.array(0).compactMap { value -> UInt16? in if case .char(let c) = value { c } else { nil } })
        let units = Array(try call.thisString().utf16)
        let found = isLast ? units.lastIndex(where: wanted.contains) : units.firstIndex(where: wanted.contains)
        return .int32(Int32(clamping: found ?? -1))
      }
    }
  }

  private static func place(_ wanted: [UInt16], _ units: [UInt16], _ start: Int?, _ isLast: Bool) throws -> Int {
    if isLast {
      if wanted.isEmpty { return max(0, units.count - 1) }
      if units.isEmpty { return -1 }
      var at = min(start ?? (units.count - 1), units.count - 1) - wanted.count + 1
      while at >= 0 {
        if units[at..<(at + wanted.count)].elementsEqual(wanted) { return at }
        at -= 1
      }
      return -1
    }
    guard (0...units.count).contains(start ?? 0) else { throw Thrown.outOfRange("startIndex") }
    if wanted.isEmpty { return start ?? 0 }
    var at = start ?? 0
    while at + wanted.count <= units.count {
      if units[at] == wanted[0], units[at..<(at + wanted.count)].elementsEqual(wanted) { return at }
      at += 1
    }
    return -1
  }

  private static func text(_ characters: [Value]) -> String {
    String(
      decoding: characters.compactMap { value -> UInt16? in if case .char(let c) = value { c } else { nil } },
      as: UTF16.self)
  }

  private static func joined(_ call: Call) throws -> Value {
    let text = try call.elements(1).map { try Operation.text($0, call.machine) }.joined(
      separator: call.stringOrNull(0) ?? "")
    try call.machine.process(bytes: text.utf8.count)
    return .string(text)
  }

  private static func padded(_ call: Call, _ unit: UInt16, _ isLeft: Bool) throws -> Value {
    let text = try call.thisString()
    if call.int(0) < 0 { throw Thrown.outOfRange("totalWidth") }
    let missing = call.int(0) - text.utf16.count
    if missing <= 0 { return call.this }
    try call.machine.process(bytes: missing)
    let fill = String(repeating: String(decoding: [unit], as: UTF16.self), count: missing)
    return .string(isLeft ? fill + text : text + fill)
  }

  private static func split(_ call: Call, _ separators: [[UInt16]], _ count: Int, _ options: Int) throws -> Value {
    let units = Array(try call.thisString().utf16)
    try call.machine.process(bytes: units.count * 4)
    var parts: [String] = []
    var start = 0
    var at = 0
    func keep(_ end: Int) {
      if options != 1 || end > start { parts.append(String(decoding: units[start..<end], as: UTF16.self)) }
    }
    while at < units.count, parts.count < count - 1 {
      let length: Int? =
        separators.isEmpty
        ? (Unicode.Scalar(units[at])?.properties.isWhitespace == true ? 1 : nil)
        : separators.first { units[at...].starts(with: $0) }?.count
      if let length {
        keep(at)
        at += length
        start = at
      } else {
        at += 1
      }
    }
    keep(units.count)
    return .object(ArrayObject(strings: parts))
  }
}

/// `StringBuilder`.
final class BuilderObject: RuntimeObject {
  var text: String

  init(_ text: String) { self.text = text }

  var runtimeType: TypeSymbol { .named("System.Text.StringBuilder") }
  func text(_ machine: Machine) throws -> String { text }
}

/// `Encoding`.
final class EncodingObject: RuntimeObject, Sendable {
  let name: String

  init(_ name: String) { self.name = name }

  var runtimeType: TypeSymbol { .named("System.Text.Encoding") }

  func bytes(_ text: String) -> [UInt8] {
    switch name {
    case "ASCII": text.unicodeScalars.map { $0.value < 0x80 ? UInt8($0.value) : 0x3F }
    case "Unicode": text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    default: Array(text.utf8)
    }
  }

  func text(_ bytes: [UInt8]) -> String {
    switch name {
    case "ASCII": return String(decoding: bytes.map { $0 < 0x80 ? $0 : 0x3F }, as: UTF8.self)
    case "Unicode":
      let units = stride(from: 0, to: bytes.count - 1, by: 2).map { UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8 }
      return String(decoding: units, as: UTF16.self)
    default: return String(decoding: bytes, as: UTF8.self)
    }
  }
}
