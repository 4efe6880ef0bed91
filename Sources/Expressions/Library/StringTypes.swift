/// `System.String`: ordinal semantics over UTF-16, as .NET has them.
extension LibraryCatalog {
  static let stringTypes: [LibraryType] = [
    LibraryType(
      enumeration: "System.StringComparison",
      [
        ("CurrentCulture", 0), ("CurrentCultureIgnoreCase", 1), ("InvariantCulture", 2),
        ("InvariantCultureIgnoreCase", 3),
        ("Ordinal", 4), ("OrdinalIgnoreCase", 5),
      ]),
    LibraryType("class System.String : IEnumerable<char>") { type in
      registerTests(&type)
      registerEdits(&type)
      registerMore(&type)
      type.member("static string Empty { get; }") { _ in .string("") }
      type.number("int Length { get; }") { _, text in Ordinal.count(try text.receiverText()) }
      type.test("static bool IsNullOrEmpty(string value)") { _, value in
        if case .string(let text) = value { return text.isEmpty }
        return true
      }
      type.test("static bool IsNullOrWhiteSpace(string value)") { _, value in
        if case .string(let text) = value { return text.unicodeScalars.allSatisfy { $0.properties.isWhitespace } }
        return true
      }
      type.member("static string Concat(params object[] values)") { call in
        var text = ""
        for value in try call.array(0) { text += try Operation.text(value, call.machine) }
        try call.machine.process(bytes: text.utf8.count)
        return .string(text)
      }
      type.member("static string Join(string separator, params object[] values)") { call in
        let texts = try call.array(1).map { try Operation.text($0, call.machine) }
        let text = texts.joined(separator: call.stringOrNull(0) ?? "")
        try call.machine.process(bytes: text.utf8.count)
        return .string(text)
      }
      type.test("static bool Equals(string a, string b)") { _, a, b in Operation.areEqual(a, b) }
    },
  ]

  /// Whether a `StringComparison` ignores case.
  private static func ignoresCase(_ comparison: Value) -> Bool { comparison.int % 2 == 1 }

  private static func registerTests(_ type: inout LibraryRegistration) {
    type.test("bool Equals(string value)") { _, text, value in Operation.areEqual(text, value) }
    type.test("bool Equals(string value, StringComparison comparisonType)") { _, text, value, comparison in
      guard case .string(let other) = value else { return false }
      return Ordinal.areEqual(try text.receiverText(), other, ignoringCase: ignoresCase(comparison))
    }
    type.test("bool StartsWith(string value)") { _, text, value in
      Ordinal.hasPrefix(try text.receiverText(), try value.text("value"))
    }
    type.test("bool StartsWith(string value, StringComparison comparisonType)") { _, text, value, comparison in
      Ordinal.hasPrefix(
        try text.receiverText(), try value.text("value"), ignoringCase: ignoresCase(comparison))
    }
    type.test("bool EndsWith(string value)") { _, text, value in
      Ordinal.hasSuffix(try text.receiverText(), try value.text("value"))
    }
    type.test("bool EndsWith(string value, StringComparison comparisonType)") { _, text, value, comparison in
      Ordinal.hasSuffix(
        try text.receiverText(), try value.text("value"), ignoringCase: ignoresCase(comparison))
    }
    type.test("bool Contains(string value)") { machine, text, value in
      try Ordinal.index(of: try value.text("value"), in: try text.receiverText(), machine) >= 0
    }
    type.member("int IndexOf(string value)") { call in
      .int32(Int32(clamping: try find(try call.string(0), in: try call.thisString(), from: 0, call.machine)))
    }
    type.member("char this[int index] { get; }") { call in
      let units = Array(try call.thisString().utf16)
      guard units.indices.contains(call.int(0)) else { throw Thrown.indexOutOfRange() }
      return .char(units[call.int(0)])
    }
  }

  /// The first place of a text within another in UTF-16 units; -1 when there is none.
  private static func find(_ wanted: String, in text: String, from start: Int, _ machine: Machine) throws -> Int {
    let (a, b) = (Array(text.utf16), Array(wanted.utf16))
    if b.isEmpty { return start }
    guard a.count >= b.count else { return -1 }
    try machine.charge(steps: a.count / 16)
    for at in start...max(start, a.count - b.count) where at + b.count <= a.count && a[at] == b[0] {
      try machine.charge(steps: b.count / 16)
      if a[at..<(at + b.count)].elementsEqual(b) { return at }
    }
    return -1
  }

  private static func registerEdits(_ type: inout LibraryRegistration) {
    for name in ["ToLower", "ToLowerInvariant"] {
      type.direct("string \(name)()") { _, text in .string(try text.receiverText().lowercased()) }
    }
    for name in ["ToUpper", "ToUpperInvariant"] {
      type.direct("string \(name)()") { _, text in .string(try text.receiverText().uppercased()) }
    }
    type.member("string Substring(int startIndex)") { call in
      let units = Array(try call.thisString().utf16)
      let start = call.int(0)
      if start < 0 { throw Thrown.outOfRange("startIndex", "StartIndex cannot be less than zero.") }
      if start > units.count {
        throw Thrown.outOfRange("startIndex", "startIndex cannot be larger than length of string.")
      }
      return .string(String(decoding: units[start...], as: UTF16.self))
    }
    type.member("string Substring(int startIndex, int length)") { call in
      let units = Array(try call.thisString().utf16)
      let (start, length) = (call.int(0), call.int(1))
      if start < 0 { throw Thrown.outOfRange("startIndex", "StartIndex cannot be less than zero.") }
      if start > units.count {
        throw Thrown.outOfRange("startIndex", "startIndex cannot be larger than length of string.")
      }
      if length < 0 { throw Thrown.outOfRange("length", "Length cannot be less than zero.") }
      if start + length > units.count {
        throw Thrown.outOfRange("length", "Index and length must refer to a location within the string.")
      }
      return .string(String(decoding: units[start..<(start + length)], as: UTF16.self))
    }
    type.member("string Replace(string oldValue, string newValue)") { call in
      .string(try replaced(call.thisString(), call.string(0), call.stringOrNull(1) ?? "", call.machine))
    }
    type.direct("string[] Split(params char[] separator)") { machine, receiver, separators in
      let text = try receiver.receiverText()
      try machine.process(bytes: text.utf8.count * 4)
      let array: ArrayObject = try separators.instance()
      if array.count == 1, case .char(let unit) = array[0], unit < 0x80 {
        return .object(ArrayObject(of: .string, Ordinal.split(text, at: UInt8(unit))))
      }
      let wanted = Set(array.elements.map { value -> UInt16 in if case .char(let unit) = value { unit } else { 0 } })
      let isSeparator: (UInt16) -> Bool = { unit in
        wanted.isEmpty ? Unicode.Scalar(unit)?.properties.isWhitespace ?? false : wanted.contains(unit)
      }
      let parts = Array(text.utf16).split(omittingEmptySubsequences: false, whereSeparator: isSeparator)
      return .object(ArrayObject(strings: parts.map { String(decoding: $0, as: UTF16.self) }))
    }
  }
}
