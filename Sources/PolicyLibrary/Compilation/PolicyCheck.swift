public import Expressions
public import PolicySyntax

/// What is wrong with a policy document, found without running it: the same code that compiles it in a gateway.
public enum PolicyCheck {
  /// Every complaint about a document at a scope, in order of position; without errors it can be saved.
  public static func diagnostics(
    _ text: String, format: PolicyFormat = .rawxml, at scope: PolicyScope, in environment: PolicyEnvironment
  ) -> [Diagnostic] {
    let (document, complaints) = PolicyDocument.parse(text, format: format, namedValues: environment.namedValues)
    let compilation = PolicyCompilation(environment: environment)
    for complaint in complaints { compilation.report(complaint) }
    guard let document, let root = document.root else { return compilation.diagnostics }
    guard root.name == "policies" else {
      let suggestion = Spelling.nearest(to: root.name, among: ["policies"])
      compilation.report(
        root.diagnostic(
          "PL0100", "A policy document begins with <policies>, not <\(root.name)>.", suggestion: suggestion))
      compilation.compileRemainingExpressions(of: document)
      return sorted(compilation.diagnostics)
    }
    checkRoots(document, compilation)
    checkSections(root, compilation)
    for section in PolicySection.allCases {
      if let element = root.first(section.rawValue) {
        compilation.compile(section: element, section, at: scope, base: nil)
      }
    }
    compilation.compileRemainingExpressions(of: document)
    return sorted(compilation.diagnostics)
  }

  /// Every complaint about a fragment, as it would be included in `inbound` of a document at global scope.
  public static func diagnostics(
    fragment text: String, format: PolicyFormat = .rawxml, id: String, in environment: PolicyEnvironment
  ) -> [Diagnostic] {
    let (document, complaints) = PolicyDocument.parse(text, format: format, namedValues: environment.namedValues)
    let compilation = PolicyCompilation(environment: environment)
    for complaint in complaints { compilation.report(complaint) }
    guard let document, let root = document.root else { return compilation.diagnostics }
    guard root.name == "fragment" else {
      compilation.report(
        root.diagnostic(
          "PL0112", "A policy fragment begins with <fragment>, not <\(root.name)>.",
          suggestion: Spelling.nearest(to: root.name, among: ["fragment"])))
      compilation.compileRemainingExpressions(of: document)
      return sorted(compilation.diagnostics)
    }
    checkRoots(document, compilation)
    // A fragment may be meant for any section: it is refused only if no section can hold it.
    let attempts = PolicySection.allCases.map { section in
      let attempt = PolicyCompilation(environment: environment)
      attempt.compile(fragment: root, id, in: section)
      attempt.compileRemainingExpressions(of: document)
      return attempt.diagnostics
    }
    let best = attempts.min { $0.count < $1.count } ?? []
    return sorted(compilation.diagnostics + best)
  }

  /// Whether a document with this root is meant as the policy of a resolver: it is a data source, be it one that does not
  /// exist or is misspelt.
  public static func isResolver(root name: String) -> Bool {
    let known = Spelling.nearest(to: name, among: ["policies", "fragment"] + ResolverPolicy.names) ?? name
    return name.hasSuffix("data-source") || ResolverPolicy.names.contains(known)
  }

  /// Every complaint about the policy of a resolver.
  public static func diagnostics(
    resolver text: String, format: PolicyFormat = .rawxml, in environment: PolicyEnvironment
  ) -> [Diagnostic] {
    let compilation = PolicyCompilation(environment: environment)
    _ = ResolverPolicy.plan(text, format: format, compilation)
    return sorted(compilation.diagnostics)
  }

  static func checkRoots(_ document: PolicyDocument, _ compilation: PolicyCompilation) {
    for root in document.roots.dropFirst() {
      compilation.report(root.diagnostic("PL0118", "A document has one root element; '\(root.name)' is another."))
    }
  }

  private static func checkSections(_ root: PolicyElement, _ compilation: PolicyCompilation) {
    AttributeReader(root, compilation).finish()
    let names = PolicySection.allCases.map(\.rawValue)
    var seen: Set<String> = []
    for element in root.elements {
      if !names.contains(element.name) {
        let suggestion = Spelling.nearest(to: element.name, among: names)
        let message = "'\(element.name)' is no section; expected inbound, backend, outbound or on-error."
        compilation.report(element.diagnostic("PL0116", message, suggestion: suggestion))
      } else if !seen.insert(element.name).inserted {
        compilation.report(element.diagnostic("PL0117", "The section '\(element.name)' stands here a second time."))
      }
      AttributeReader(element, compilation).finish()
    }
    if let text = root.text, !text.isBroken {
      compilation.report(text.diagnostic("PL0105", "Text is not allowed here; expected sections."))
    }
  }

  private static func sorted(_ diagnostics: [Diagnostic]) -> [Diagnostic] {
    diagnostics.sorted { ($0.position.line, $0.position.column) < ($1.position.line, $1.position.column) }
  }
}

/// A complaint about a policy document.
public typealias PolicyDiagnostic = Diagnostic
