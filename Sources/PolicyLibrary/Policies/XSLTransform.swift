import DotNet
import Expressions
import PolicySyntax

extension PolicyDefinition {
  /// `xsl-transform`: the body through a stylesheet.
  static let xslTransform = PolicyDefinition("xsl-transform", in: .everywhere) { element, plan in
    AttributeReader(element, plan).finish()
    plan.probe?.note(children: ["parameter", "xsl:stylesheet"], of: element)
    if let text = element.text, !text.isBroken {
      plan.report(text.diagnostic("PL0105", "Text is not allowed here; expected <parameter> and a stylesheet."))
    }
    let parameters = element.elements(named: "parameter").compactMap { XSLTransform.Parameter($0, plan) }
    guard let transform = XSLTransform.stylesheet(in: element, plan) else { return }
    plan.emit(XSLTransform(transform: transform, parameters: parameters, body: CurrentBody(plan)), element)
  }
}

/// Transforms the body of the exchange's current message.
struct XSLTransform: PolicyStep {
  /// A value for a top-level `xsl:param`.
  struct Parameter: Sendable {
    let name: String
    let value: Argument<String>

    init?(_ element: PolicyElement, _ plan: PolicyCompilation) {
      let attributes = AttributeReader(element, plan)
      let name = attributes.literal("name", isRequired: true)
      attributes.finish()
      plan.allowChildren([], in: element)
      value = element.text.flatMap { plan.string($0) } ?? .literal("")
      guard let name else { return nil }
      self.name = name
    }
  }

  let transform: XslTransform
  let parameters: [Parameter]
  let body: CurrentBody

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    guard let bytes = body.bytes(exchange) else { return .proceed }
    var values: [(name: String, value: String)] = []
    for parameter in parameters { values.append((parameter.name, try parameter.value.value(exchange))) }
    let result: [UInt8]
    do {
      result = try transform.apply(to: bytes, parameters: values)
    } catch {
      throw .internal(
        source: "xsl-transform", reason: "TransformationFailure", message: "The body cannot be transformed: \(error)")
    }
    try body.replace(exchange, result)
    return .proceed
  }

  /// The one stylesheet among the children, compiled; nil after a complaint.
  static func stylesheet(in element: PolicyElement, _ plan: PolicyCompilation) -> XslTransform? {
    let candidates = element.elements.filter { $0.name != "parameter" }
    guard let root = candidates.first else {
      plan.report(element.diagnostic("PL0140", "'xsl-transform' needs an <xsl:stylesheet>."))
      return nil
    }
    for extra in candidates.dropFirst() {
      plan.report(
        extra.diagnostic("PL0107", "'xsl-transform' has one stylesheet; '\(extra.name)' is one more element."))
    }
    do {
      return try XslTransform(root.outerSource)
    } catch {
      var diagnostic = root.diagnostic("PL0141", "The stylesheet cannot be used: \(error.message)")
      if error.line > 1 {
        diagnostic.position = SourcePosition(line: root.position.line + error.line - 1, column: max(1, error.column))
        diagnostic.length = 0
      } else if error.line == 1, error.column > 0 {
        diagnostic.position.column = root.position.column + error.column - 1
        diagnostic.length = 0
      }
      plan.report(diagnostic)
      return nil
    }
  }
}
