/// Upper and lower case of the invariant culture: one character becomes one, so "ß" stays what it is.
public enum InvariantCase {
  public static func upper(_ text: String) -> String { mapped(text, 0x61...0x7A, upper) }

  public static func lower(_ text: String) -> String { mapped(text, 0x41...0x5A, lower) }

  public static func upper(_ unit: UInt16) -> UInt16 { Unicode.Scalar(unit).map { UInt16(upper($0).value) } ?? unit }

  public static func lower(_ unit: UInt16) -> UInt16 { Unicode.Scalar(unit).map { UInt16(lower($0).value) } ?? unit }

  static func upper(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    if scalar.isASCII { return (0x61...0x7A).contains(scalar.value) ? other(scalar) : scalar }
    // The dotless i and the long s have capitals within ASCII, which the invariant culture keeps apart.
    if scalar == "\u{131}" || scalar == "\u{17F}" { return scalar }
    return single(scalar.properties.uppercaseMapping) ?? single(scalar.properties.titlecaseMapping) ?? scalar
  }

  static func lower(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    if scalar.isASCII { return (0x41...0x5A).contains(scalar.value) ? other(scalar) : scalar }
    // The Kelvin sign has a small letter within ASCII.
    if scalar == "\u{212A}" { return scalar }
    return single(scalar.properties.lowercaseMapping) ?? scalar
  }

  private static func single(_ text: String) -> Unicode.Scalar? {
    text.unicodeScalars.count == 1 ? text.unicodeScalars.first : nil
  }

  /// An ASCII letter in the other case.
  private static func other(_ letter: Unicode.Scalar) -> Unicode.Scalar {
    Unicode.Scalar(UInt8(truncatingIfNeeded: letter.value) ^ 0x20)
  }

  private static func mapped(
    _ text: String, _ letters: ClosedRange<UInt8>, _ map: (Unicode.Scalar) -> Unicode.Scalar
  ) -> String {
    if text.utf8.allSatisfy({ $0 < 0x80 }) {
      if !text.utf8.contains(where: { letters.contains($0) }) { return text }
      return String(decoding: text.utf8.map { letters.contains($0) ? $0 ^ 0x20 : $0 }, as: UTF8.self)
    }
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { result.append(map(scalar)) }
    return String(result)
  }
}
