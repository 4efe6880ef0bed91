import DotNet

/// `Char`: one UTF-16 unit.
extension LibraryCatalog {
  static let charType = LibraryType("struct System.Char : IComparable") { type in
    charTests(&type)
    charConversions(&type)
  }

  private typealias Category = Unicode.GeneralCategory

  private static let letters: Set<Category> = [
    .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
  ]
  private static let numbers: Set<Category> = [.decimalNumber, .letterNumber, .otherNumber]
  private static let punctuation: Set<Category> = [
    .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
    .finalPunctuation, .otherPunctuation,
  ]
  private static let symbols: Set<Category> = [.mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol]
  private static let separators: Set<Category> = [.spaceSeparator, .lineSeparator, .paragraphSeparator]

  /// In the order of `UnicodeCategory`.
  private static let categories: [Category] = [
    .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark, .spacingMark,
    .enclosingMark, .decimalNumber, .letterNumber, .otherNumber, .spaceSeparator, .lineSeparator, .paragraphSeparator,
    .control, .format, .surrogate, .privateUse, .connectorPunctuation, .dashPunctuation, .openPunctuation,
    .closePunctuation, .initialPunctuation, .finalPunctuation, .otherPunctuation, .mathSymbol, .currencySymbol,
    .modifierSymbol, .otherSymbol, .unassigned,
  ]

  private static func category(_ unit: UInt16) -> Category {
    Unicode.Scalar(unit)?.properties.generalCategory ?? .surrogate
  }

  /// The unit at an index of a text.
  private static func unit(_ call: Call) throws -> UInt16 {
    let units = try call.string(0).utf16
    guard call.int(1) >= 0, call.int(1) < units.count else { throw Thrown.outOfRange("index") }
    return units[units.index(units.startIndex, offsetBy: call.int(1))]
  }

  private static func charTests(_ type: inout LibraryRegistration) {
    let tests: [(String, @Sendable (UInt16) -> Bool)] = [
      ("IsDigit", { category($0) == .decimalNumber }), ("IsLetter", { letters.contains(category($0)) }),
      ("IsLetterOrDigit", { letters.contains(category($0)) || category($0) == .decimalNumber }),
      ("IsNumber", { numbers.contains(category($0)) }),
      ("IsWhiteSpace", { Unicode.Scalar($0)?.properties.isWhitespace ?? false }),
      ("IsUpper", { category($0) == .uppercaseLetter }), ("IsLower", { category($0) == .lowercaseLetter }),
      ("IsPunctuation", { punctuation.contains(category($0)) }), ("IsSymbol", { symbols.contains(category($0)) }),
      ("IsSeparator", { separators.contains(category($0)) }), ("IsControl", { category($0) == .control }),
      ("IsSurrogate", { UTF16.isSurrogate($0) }), ("IsHighSurrogate", { UTF16.isLeadSurrogate($0) }),
      ("IsLowSurrogate", { UTF16.isTrailSurrogate($0) }),
    ]
    for (name, test) in tests {
      type.member("static bool \(name)(char c)") { call in .bool(test(call.char(0))) }
      type.member("static bool \(name)(string s, int index)") { call in .bool(test(try unit(call))) }
    }
    type.member("static UnicodeCategory GetUnicodeCategory(char c)") { call in
      let place = categories.firstIndex(of: category(call.char(0))) ?? 29
      return .enumeration(Int32(place), .named("System.Globalization.UnicodeCategory"))
    }
    type.member("static bool IsSurrogatePair(char highSurrogate, char lowSurrogate)") { call in
      .bool(UTF16.isLeadSurrogate(call.char(0)) && UTF16.isTrailSurrogate(call.char(1)))
    }
    type.member("static bool IsSurrogatePair(string s, int index)") { call in
      let units = Array(try call.string(0).utf16)
      guard units.indices.contains(call.int(1)) else { throw Thrown.outOfRange("index") }
      let next = call.int(1) + 1
      return .bool(
        next < units.count && UTF16.isLeadSurrogate(units[next - 1]) && UTF16.isTrailSurrogate(units[next]))
    }
    type.member("static double GetNumericValue(string s, int index)") { call in
      .double(Unicode.Scalar(try unit(call))?.properties.numericValue ?? -1)
    }
    type.member("static double GetNumericValue(char c)") { call in
      .double(Unicode.Scalar(call.char(0))?.properties.numericValue ?? -1)
    }
  }

  private static func charConversions(_ type: inout LibraryRegistration) {
    for (name, isUpper) in [("ToUpper", true), ("ToLower", false)] {
      for (suffix, more) in [("", ""), ("Invariant", ""), ("", ", CultureInfo culture")] {
        type.member("static char \(name)\(suffix)(char c\(more))") { call in
          .char(isUpper ? InvariantCase.upper(call.char(0)) : InvariantCase.lower(call.char(0)))
        }
      }
    }
    type.member("static char Parse(string s)") { call in
      let units = Array(try call.string(0).utf16)
      guard units.count == 1 else { throw Thrown.format("String must be exactly one character long.") }
      return .char(units[0])
    }
    type.member("static bool TryParse(string s, out char result)") { call in
      let units = Array((call.stringOrNull(0) ?? "").utf16)
      call.set(1, .char(units.count == 1 ? units[0] : 0))
      return .bool(units.count == 1)
    }
    type.member("static string ToString(char c)") { call in text([call.char(0)]) }
    type.member("static string ConvertFromUtf32(int utf32)") { call in
      guard let value = UInt32(exactly: call.int(0)), let scalar = Unicode.Scalar(value) else {
        throw Thrown.outOfRange("utf32", "A valid UTF32 value is between 0x000000 and 0x10ffff, inclusive.")
      }
      return .string(String(Character(scalar)))
    }
    type.member("static int ConvertToUtf32(string s, int index)") { call in
      let units = Array(try call.string(0).utf16)
      guard units.indices.contains(call.int(1)) else { throw Thrown.outOfRange("index") }
      let text = String(decoding: units[call.int(1)...].prefix(2), as: UTF16.self)
      return .int32(Int32(text.unicodeScalars.first?.value ?? 0))
    }
    type.constant("char MaxValue", .char(.max))
    type.constant("char MinValue", .char(0))
    type.member("int CompareTo(char value)") { call in
      guard case .char(let own) = call.this else { return .int32(0) }
      return .int32(Int32(own) - Int32(call.char(0)))
    }
    type.member("bool Equals(char obj)") { call in .bool(Operation.areEqual(call.this, call[0])) }
  }
}
