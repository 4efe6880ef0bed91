/// What formats and parses with a culture name: the invariant culture stands for all of them.
extension LibraryCatalog {
  static let formattingTypes: [LibraryType] = [
    LibraryType("interface System.IFormatProvider", listed: false),
    LibraryType("interface System.IFormattable", listed: false) { type in
      type.member("string ToString(string format, IFormatProvider formatProvider)") { call in
        .string(try CompositeFormat.text(call.this, call.stringOrNull(0), call.machine))
      }
    },
    LibraryType("interface System.IConvertible", listed: false),
    LibraryType("interface System.IComparable", listed: false) { type in
      type.member("int CompareTo(object obj)") { call in try compared(call) }
    },
    LibraryType("interface System.IComparable<in T>", listed: false) { type in
      type.member("int CompareTo(T other)") { call in try compared(call) }
    },
    LibraryType("class System.Globalization.CultureInfo : IFormatProvider", listed: false) { type in
      for name in ["InvariantCulture", "CurrentCulture", "CurrentUICulture"] {
        type.member("static CultureInfo \(name) { get; }") { _ in .object(CultureObject.invariant) }
      }
      type.member("static CultureInfo GetCultureInfo(string name)") { _ in .object(CultureObject.invariant) }
      type.member("CultureInfo(string name)") { _ in .object(CultureObject.invariant) }
      type.member("string Name { get; }") { _ in .string("") }
    },
    LibraryType(
      enumeration: "System.Globalization.NumberStyles", listed: false, flags: true,
      [
        ("None", 0), ("AllowLeadingWhite", 1), ("AllowTrailingWhite", 2), ("AllowLeadingSign", 4), ("Integer", 7),
        ("AllowTrailingSign", 8), ("AllowParentheses", 16), ("AllowDecimalPoint", 32), ("AllowThousands", 64),
        ("Number", 111), ("AllowExponent", 128), ("Float", 167), ("AllowCurrencySymbol", 256), ("Currency", 383),
        ("Any", 511), ("AllowHexSpecifier", 512), ("HexNumber", 515),
      ]),
    LibraryType(
      enumeration: "System.Globalization.DateTimeStyles", listed: false, flags: true,
      [
        ("None", 0), ("AllowLeadingWhite", 1), ("AllowTrailingWhite", 2), ("AllowInnerWhite", 4),
        ("AllowWhiteSpaces", 7), ("NoCurrentDateDefault", 8), ("AdjustToUniversal", 16), ("AssumeLocal", 32),
        ("AssumeUniversal", 64), ("RoundtripKind", 128),
      ]),
    LibraryType(
      enumeration: "System.Globalization.UnicodeCategory", listed: false,
      [
        "UppercaseLetter", "LowercaseLetter", "TitlecaseLetter", "ModifierLetter", "OtherLetter", "NonSpacingMark",
        "SpacingCombiningMark", "EnclosingMark", "DecimalDigitNumber", "LetterNumber", "OtherNumber", "SpaceSeparator",
        "LineSeparator", "ParagraphSeparator", "Control", "Format", "Surrogate", "PrivateUse", "ConnectorPunctuation",
        "DashPunctuation", "OpenPunctuation", "ClosePunctuation", "InitialQuotePunctuation", "FinalQuotePunctuation",
        "OtherPunctuation", "MathSymbol", "CurrencySymbol", "ModifierSymbol", "OtherSymbol", "OtherNotAssigned",
      ].enumerated().map { ($1, Int64($0)) }),
  ]

  /// `CompareTo`: null comes first, and only values of the same type have an order.
  static func compared(_ call: Call) throws -> Value {
    if call[0].isNull { return .int32(1) }
    guard call.this.runtimeType == call[0].runtimeType else {
      throw Thrown.argument("Object must be of type \(call.this.runtimeType.definition.name).")
    }
    return .int32(Int32(clamping: try Operation.compare(call.this, call[0])))
  }
}

/// A culture: always the invariant one.
final class CultureObject: RuntimeObject, Sendable {
  static let invariant = CultureObject()

  var runtimeType: TypeSymbol { .named("System.Globalization.CultureInfo") }
  func text(_ machine: Machine) throws -> String { "" }
}
