import Expressions
import GatewayConfiguration
import HTTPWire
import PolicySyntax

extension PolicyDefinition {
  /// `check-header`: refuses requests without a header, or with another value of it.
  static let checkHeader = PolicyDefinition("check-header", in: [.inbound]) { element, plan in
    let attributes = AttributeReader(element, plan)
    let name = attributes.string("name", isRequired: true)
    let status = attributes.integer("failed-check-httpcode", isRequired: true, in: 100...999)
    let message = attributes.string("failed-check-error-message", isRequired: true)
    let ignoresCase = attributes.boolean("ignore-case", isRequired: true)
    attributes.finish()
    plan.allowChildren(["value"], in: element)
    let values = element.elements(named: "value").map { $0.text.flatMap { plan.string($0) } ?? .literal("") }
    guard let name, let status, let message, let ignoresCase else { return }
    plan.emit(
      CheckHeader(name: name, status: status, message: message, ignoresCase: ignoresCase, values: values), element)
  }

  /// `trace`: a message for the gateway's log.
  static let trace = PolicyDefinition("trace", in: .everywhere) { element, plan in
    let attributes = AttributeReader(element, plan)
    let source = attributes.string("source", isRequired: true)
    let severity = attributes.word("severity", among: TraceSeverity.allCases.map(\.rawValue), allowsExpression: false)
    attributes.finish()
    plan.allowChildren(["message", "metadata"], in: element)
    let message = element.first("message")?.text.flatMap { plan.string($0) } ?? element.text.flatMap { plan.string($0) }
    var metadata: [Trace.Metadata] = []
    for child in element.elements(named: "metadata") {
      let attributes = AttributeReader(child, plan)
      let name = attributes.literal("name", isRequired: true)
      let value = attributes.string("value", isRequired: true)
      attributes.finish()
      if let name, let value { metadata.append(Trace.Metadata(name: name, value: value)) }
    }
    guard let source else { return }
    plan.emit(
      Trace(
        source: source, severity: severity?.literal.flatMap { TraceSeverity(rawValue: $0) } ?? .verbose,
        message: message ?? .literal(""), metadata: metadata), element)
  }

  /// `set-variable`: a value for later policies and expressions of this exchange.
  static let setVariable = PolicyDefinition("set-variable", in: .everywhere) { element, plan in
    let attributes = AttributeReader(element, plan)
    let name = attributes.literal("name", isRequired: true)
    let value = attributes.object("value", isRequired: true)
    attributes.finish()
    plan.allowChildren([], in: element)
    if let name, let value { plan.emit(SetVariable(name: name, value: value), element) }
  }
}

struct CheckHeader: PolicyStep {
  let name: Argument<String>
  let status: Argument<Int>
  let message: Argument<String>
  let ignoresCase: Argument<Bool>
  let values: [Argument<String>]

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let name = try name.value(exchange)
    guard let found = exchange.request.value(of: name) else {
      throw try refused(exchange, "HeaderNotFound", "Header \(name) was not found in the request. Access denied.")
    }
    if values.isEmpty { return .proceed }
    let ignoresCase = try ignoresCase.value(exchange)
    for value in values {
      let wanted = try value.value(exchange)
      if found == wanted || (ignoresCase && found.lowercased() == wanted.lowercased()) { return .proceed }
    }
    throw try refused(
      exchange, "HeaderValueNotAllowed", "Header \(name) value of \(found) is not allowed. Access denied.")
  }

  private func refused(_ exchange: Exchange, _ reason: String, _ message: String) throws(PolicyError) -> PolicyError {
    PolicyError(
      source: "check-header", reason: reason, message: message, status: try status.value(exchange),
      responseMessage: try self.message.value(exchange))
  }
}

struct Trace: PolicyStep {
  struct Metadata: Sendable {
    let name: String
    let value: Argument<String>
  }

  let source: Argument<String>
  let severity: TraceSeverity
  let message: Argument<String>
  let metadata: [Metadata]

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    var pairs: [(name: String, value: String)] = []
    for item in metadata { pairs.append((item.name, try item.value.value(exchange))) }
    exchange.log(
      severity, source: try source.value(exchange), message: try message.value(exchange), metadata: pairs)
    return .proceed
  }
}

struct SetVariable: PolicyStep {
  let name: String
  let value: Argument<String>

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    exchange.variables[name] = try value.object(exchange)
    return .proceed
  }
}
