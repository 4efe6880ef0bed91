import Expressions
import PolicySyntax

/// A policy file laid out.
public struct PolicyLayout: Sendable {
  /// The text laid out; nil when it cannot be understood.
  public let text: String?
  /// Why it cannot.
  public let errors: [PolicyFinding]

  public init(_ text: String, file: String) {
    let (result, diagnostics) = PolicyFormatter.format(text)
    let source = PolicySource(text)
    self.text = result
    errors = diagnostics.filter { $0.severity == .error }.map {
      PolicyFinding(file: file, diagnostic: $0, line: source.line($0.position.line))
    }
  }
}
