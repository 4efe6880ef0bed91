/// One complaint of a compiler about a text, with the place it is about.
public struct Diagnostic: Sendable, Hashable, Error {
  public enum Severity: String, Sendable, Hashable, Codable {
    case error
    case warning
  }

  public var severity: Severity
  /// Stable name of the kind of complaint: `CS1061` for the language, `PL0012` for policies.
  public var code: String
  public var message: String
  /// Where the offending text begins.
  public var position: SourcePosition
  /// Length of the offending text in Unicode scalars; 0 when the complaint is about a point.
  public var length: Int
  /// The text complained about, as it stands in the source.
  public var offendingText: String
  /// What was probably meant (`did you mean 'Length'?`), if there is a good guess.
  public var suggestion: String?

  public init(
    severity: Severity = .error, code: String, message: String, position: SourcePosition, length: Int = 0,
    offendingText: String = "", suggestion: String? = nil
  ) {
    self.severity = severity
    self.code = code
    self.message = message
    self.position = position
    self.length = length
    self.offendingText = offendingText
    self.suggestion = suggestion
  }
}

extension Diagnostic: CustomStringConvertible {
  public var description: String {
    let hint = suggestion.map { " (did you mean '\($0)'?)" } ?? ""
    return "\(position.line):\(position.column): \(severity.rawValue) \(code): \(message)\(hint)"
  }
}
