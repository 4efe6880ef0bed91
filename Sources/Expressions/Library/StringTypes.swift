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
      type.member("int Length { get; }") { call in .int32(Int32(clamping: try call.thisString().utf16.count)) }
      type.member("static bool IsNullOrEmpty(string value)") { call in .bool(call.stringOrNull(0)?.isEmpty ?? true) }
      type.member("static bool IsNullOrWhiteSpace(string value)") { call in
        .bool(call.stringOrNull(0)?.unicodeScalars.allSatisfy { $0.properties.isWhitespace } ?? true)
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
      type.member("static bool Equals(string a, string b)") { call in .bool(Operation.areEqual(call[0], call[1])) }
    },
  ]

  private static func ignoresCase(_ call: Call, _ index: Int) -> Bool { call.enumerator(index) % 2 == 1 }

  private static func fold(_ text: String, _ ignoring: Bool) -> [UInt16] {
    Array((ignoring ? text.uppercased() : text).utf16)
  }

  private static func registerTests(_ type: inout LibraryRegistration) {
    type.member("bool Equals(string value)") { call in .bool(Operation.areEqual(call.this, call[0])) }
    type.member("bool Equals(string value, StringComparison comparisonType)") { call in
      guard let other = call.stringOrNull(0) else { return .bool(false) }
      let ignoring = ignoresCase(call, 1)
      return .bool(fold(try call.thisString(), ignoring) == fold(other, ignoring))
    }
    type.member("bool StartsWith(string value)") { call in
      .bool(try call.thisString().utf16.starts(with: try call.string(0).utf16))
    }
    type.member("bool StartsWith(string value, StringComparison comparisonType)") { call in
      let ignoring = ignoresCase(call, 1)
      return .bool(fold(try call.thisString(), ignoring).starts(with: fold(try call.string(0), ignoring)))
    }
    type.member("bool EndsWith(string value)") { call in
      .bool(Array(try call.thisString().utf16.reversed()).starts(with: try call.string(0).utf16.reversed()))
    }
    type.member("bool EndsWith(string value, StringComparison comparisonType)") { call in
      let ignoring = ignoresCase(call, 1)
      return .bool(
        fold(try call.thisString(), ignoring).reversed().starts(with: fold(try call.string(0), ignoring).reversed()))
    }
    type.member("bool Contains(string value)") { call in
      .bool(try find(try call.string(0), in: try call.thisString(), from: 0, call.machine) >= 0)
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
    type.member("string ToLower()") { call in .string(try call.thisString().lowercased()) }
    type.member("string ToUpper()") { call in .string(try call.thisString().uppercased()) }
    type.member("string ToLowerInvariant()") { call in .string(try call.thisString().lowercased()) }
    type.member("string ToUpperInvariant()") { call in .string(try call.thisString().uppercased()) }
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
    type.member("string[] Split(params char[] separator)") { call in
      let separators = Set(
        try call.array(0).map { value -> UInt16 in if case .char(let unit) = value { unit } else { 0 } })
      let units = Array(try call.thisString().utf16)
      try call.machine.process(bytes: units.count * 4)
      let isSeparator: (UInt16) -> Bool = { unit in
        separators.isEmpty
          ? Unicode.Scalar(unit)?.properties.isWhitespace ?? false : separators.contains(unit)
      }
      let parts = units.split(omittingEmptySubsequences: false, whereSeparator: isSeparator)
      return .object(ArrayObject(strings: parts.map { String(decoding: $0, as: UTF16.self) }))
    }
  }
}
