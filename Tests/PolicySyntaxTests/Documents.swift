import Expressions
import PolicySyntax
import Testing

/// Reads a text that must be without complaints.
func read(
  _ text: String, format: PolicyFormat = .rawxml, namedValues: NamedValues? = nil,
  sourceLocation: SourceLocation = #_sourceLocation
) throws -> PolicyElement {
  let (document, diagnostics) = PolicyDocument.parse(text, format: format, namedValues: namedValues)
  #expect(diagnostics.isEmpty, "\(diagnostics)", sourceLocation: sourceLocation)
  return try #require(document?.root, sourceLocation: sourceLocation)
}

/// The complaints about a text, each as `line:column code offending text`.
func complaints(_ text: String, format: PolicyFormat = .rawxml, namedValues: NamedValues? = nil) -> [String] {
  PolicyDocument.parse(text, format: format, namedValues: namedValues).diagnostics.map {
    "\($0.position.line):\($0.position.column) \($0.code) \($0.offendingText)"
  }
}

extension PolicyElement {
  /// The code of an attribute.
  func code(_ attribute: String) -> String? { self.attribute(attribute)?.value.expression?.code }
}
