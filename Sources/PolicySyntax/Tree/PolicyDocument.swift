public import Expressions

/// The two ways a policy document travels.
public enum PolicyFormat: String, Sendable, Hashable, Codable {
  /// XML 1.0: quotes, `<` and `&` inside expressions are written as entities.
  case xml
  /// Expressions stand as plain C#; a text that happens to be XML 1.0 is read with its entities decoded.
  case rawxml
}

/// A policy document or fragment as a tree that knows where everything stood.
public struct PolicyDocument: Sendable {
  /// The text.
  public let source: PolicySource
  /// What stands at the top: one root element and comments; a snippet may have several elements.
  public let nodes: [PolicyNode]
  /// Whether expressions are written with entities: the text is XML 1.0.
  public let isEncoded: Bool
  /// Whether some island holds what an XML reader would take for markup, though the text as a whole is XML 1.0.
  let hasPlainIslands: Bool

  /// The first element: `policies`, `fragment`, or a policy.
  public var root: PolicyElement? {
    for node in nodes {
      if case .element(let element) = node { return element }
    }
    return nil
  }

  /// The elements at the top.
  public var roots: [PolicyElement] {
    nodes.compactMap { if case .element(let element) = $0 { element } else { nil } }
  }

  /// Reads a document.
  ///
  /// Never fails half-way: every complaint about the text is in the answer, in order of position. The document is nil
  /// only when there is nothing in it that could be read; with errors among the diagnostics it is good for further
  /// checks, not for running.
  ///
  /// - Parameters:
  ///   - name: what messages call the text.
  ///   - namedValues: what `{{name}}` stands for; nil leaves the braces as they are and complains about none.
  public static func parse(
    _ text: String, format: PolicyFormat = .rawxml, name: String = "", namedValues: NamedValues? = nil,
    limits: PolicyLimits = PolicyLimits()
  ) -> (document: PolicyDocument?, diagnostics: [Diagnostic]) {
    let source = PolicySource(text, name: name)
    guard source.bytes.count <= limits.documentSize else {
      let message =
        "The document has \(source.bytes.count) bytes; expected at most \(limits.documentSize)."
      return (nil, [Diagnostic(code: "PL0001", message: message, position: .start)])
    }
    let isEncoded = WellFormedness.check(source.bytes, nesting: limits.nesting) == nil
    var parser = PolicyParser(source: source, isEncoded: isEncoded, namedValues: namedValues, limits: limits)
    if format == .xml, !isEncoded { parser.demandsEntities = true }
    parser.allowsPlainIslands = isEncoded && format == .rawxml
    let nodes = parser.parseDocument()
    var diagnostics = parser.diagnostics
    if format == .xml, !isEncoded, !diagnostics.contains(where: { $0.severity == .error }),
      let error = WellFormedness.check(source.bytes, nesting: limits.nesting)
    {
      diagnostics.append(
        Diagnostic(code: "PL0015", message: error.message, position: source.position(at: error.offset)))
    }
    diagnostics.sort { ($0.position.line, $0.position.column) < ($1.position.line, $1.position.column) }
    if diagnostics.count > limits.diagnostics {
      diagnostics.removeSubrange(limits.diagnostics...)
      diagnostics.append(
        Diagnostic(
          code: "PL0099", message: "There are more errors; only the first \(limits.diagnostics) are listed.",
          position: diagnostics.last?.position ?? .start))
    }
    let document = PolicyDocument(
      source: source, nodes: nodes, isEncoded: isEncoded, hasPlainIslands: parser.hasPlainIslands)
    return (document.root == nil ? nil : document, diagnostics)
  }
}
