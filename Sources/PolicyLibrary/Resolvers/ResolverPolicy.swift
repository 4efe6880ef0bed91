import Expressions
import PolicySyntax

/// The policy of a GraphQL resolver: a document whose root says where the value of a field comes from.
enum ResolverPolicy {
  /// What the root may be.
  static let names = [CosmosDataSource.name, HTTPDataSource.name, SQLDataSource.name]

  /// The plan of a resolver whose request is compiled: `response`, which may hold these children, is its outbound section.
  static func plan(
    _ request: [[PolicyPlan.Instruction]], response: PolicyElement?, of children: [String],
    _ compilation: PolicyCompilation
  ) -> PolicyPlan {
    if let response { check(response: response, of: children, compilation) }
    return PolicyPlan(
      sections: request + [compilation.takeInstructions(), []], places: compilation.places, needsRequestBody: true,
      needsResponseBody: true)
  }

  /// Compiles `response`, which may hold these children.
  static func check(response: PolicyElement, of children: [String], _ compilation: PolicyCompilation) {
    AttributeReader(response, compilation).finish()
    compilation.allowChildren(children, in: response)
    compilation.compile(resolver: response, .outbound) { compilation.compileChildren(of: response) }
  }

  /// The value of a `parameter`: a text, or an expression of any type. Nil after a complaint.
  static func value(of parameter: PolicyElement, _ plan: PolicyCompilation) -> Argument<String>? {
    guard let text = parameter.text else { return .literal("") }
    return text.expression.map { plan.expression($0, .object).map { .expression($0) } } ?? plan.string(text)
  }

  /// Reads a resolver's document as a plan for an exchange of its own. Nil after a complaint.
  static func plan(_ text: String, format: PolicyFormat, _ compilation: PolicyCompilation) -> PolicyPlan? {
    let (document, complaints) = PolicyDocument.parse(
      text, format: format, namedValues: compilation.environment.namedValues)
    for complaint in complaints { compilation.report(complaint) }
    guard let document, let root = document.root else { return nil }
    defer { compilation.compileRemainingExpressions(of: document) }
    PolicyCheck.checkRoots(document, compilation)
    switch root.name {
    case HTTPDataSource.name: return HTTPDataSource.plan(root, compilation)
    case CosmosDataSource.name: return CosmosDataSource.plan(root, compilation)
    case SQLDataSource.name: return SQLDataSource.plan(root, compilation)
    default:
      if let reason = PolicyCatalogue.cloudOnly[root.name] {
        compilation.report(root.diagnostic("PL0132", "Policy '\(root.name)' cannot run in Postern: \(reason)."))
      } else {
        let expected = names.map { "<\($0)>" }.joined(separator: ", ")
        compilation.report(
          root.diagnostic(
            "PL0100", "The policy of a resolver begins with \(expected), not <\(root.name)>.",
            suggestion: Spelling.nearest(to: root.name, among: names)))
      }
      return nil
    }
  }
}
