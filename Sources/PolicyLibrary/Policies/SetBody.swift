import DotNet
import Expressions
import HTTPWire
import Liquid
import PolicySyntax

extension PolicyDefinition {
  /// `set-body`: of the request in inbound and backend, of the response elsewhere.
  static let setBody = PolicyDefinition("set-body", in: .everywhere) { element, plan in
    if let step = SetBody(element, plan, onResponse: plan.section == .outbound || plan.section == .onError) {
      plan.emit(step, element)
    }
  }
}

/// Text, or a Liquid template over the message it is for, as the body of a message.
struct SetBody: PolicyStep {
  enum Content: Sendable {
    case text(Argument<String>)
    case template(LiquidTemplate, LiquidBinding.Options)
  }

  let content: Content
  let onResponse: Bool

  init(content: Content, onResponse: Bool) {
    self.content = content
    self.onResponse = onResponse
  }

  init?(_ element: PolicyElement, _ plan: PolicyCompilation, onResponse: Bool) {
    let attributes = AttributeReader(element, plan)
    let template = attributes.word("template", among: ["liquid", "none"], allowsExpression: false)
    let nils = LiquidElement.Nil.allCases.map(\.rawValue)
    let whenNil = attributes.word("xsi-nil", among: nils, allowsExpression: false)
    let dates = attributes.boolean("parse-date", allowsExpression: false)
    attributes.finish()
    plan.probe?.note(children: ["value"], of: element)
    self.onResponse = onResponse
    if case .literal("liquid") = template {
      guard let made = Self.template(element, plan, onResponse: onResponse) else { return nil }
      let standsForNil = whenNil?.literal.flatMap { LiquidElement.Nil(rawValue: $0) } ?? .blank
      content = .template(made, .init(parsesDates: dates?.literal ?? true, standsForNil: standsForNil))
      return
    }
    guard let text = element.first("value")?.text ?? element.text else {
      content = .text(.literal(element.payload ?? ""))
      return
    }
    guard let argument = plan.string(text) else { return nil }
    content = .text(argument)
  }

  static func template(
    _ element: PolicyElement, _ plan: PolicyCompilation, onResponse: Bool
  ) -> LiquidTemplate? {
    if !onResponse {
      plan.readsRequestBody = true
    } else if plan.section == .outbound || plan.section == .onError {
      plan.readsResponseBody = true
    }
    do {
      return try LiquidTemplate(element.payload ?? "")
    } catch let error as LiquidError {
      plan.report(element.diagnostic("PL0130", "Liquid template, line \(error.line): \(error.message)"))
    } catch {
      plan.report(element.diagnostic("PL0130", "Liquid template: \(error)"))
    }
    return nil
  }

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    try apply(exchange)
    return .proceed
  }

  func bytes(_ exchange: Exchange) throws(PolicyError) -> [UInt8] {
    switch content {
    case .text(let text): return Array(try text.value(exchange).utf8)
    case .template(let template, let options):
      do {
        let binding = try LiquidBinding(exchange, body: structuredBody(exchange), options)
        return Array(try template.render(binding.variable).utf8)
      } catch {
        throw .internal(
          source: exchange.place?.policy ?? "set-body", reason: EvaluationError.reason,
          message: "Liquid template failed. \(Self.message(error))")
      }
    }
  }

  private static func message(_ error: any Error) -> String {
    (error as? LiquidError)?.message ?? (error as? EvaluationError)?.message ?? (error as? DotNetException)?.message
      ?? "\(error)"
  }

  /// The body of the message the policy is for, when the message says that it is JSON or XML.
  private func structuredBody(_ exchange: Exchange) -> LiquidBinding.Body? {
    let name = "Content-Type"
    let type = (onResponse ? exchange.response.value(of: name) : exchange.request.value(of: name))?.lowercased() ?? ""
    guard let bytes = (onResponse ? exchange.responseBody : exchange.requestBody).bytes else { return nil }
    if type.contains("json") { return .json(bytes) }
    return type.contains("xml") && !bytes.isEmpty ? .xml(bytes) : nil
  }

  func apply(_ exchange: Exchange) throws(PolicyError) {
    let bytes = try bytes(exchange)
    if onResponse {
      if !exchange.hasResponse { exchange.beginResponse(200) }
      exchange.responseBody = .bytes(bytes)
      exchange.response.remove("Content-Encoding")
    } else {
      exchange.requestBody = .bytes(bytes)
      exchange.request.remove("Content-Encoding")
    }
  }
}
