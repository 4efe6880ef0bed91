import Expressions
import GatewayConfiguration
import HTTPWire
import PolicySyntax

extension PolicyDefinition {
  /// `set-header`: of the request in inbound and backend, of the response elsewhere.
  static let setHeader = PolicyDefinition("set-header", in: .everywhere) { element, plan in
    if let step = SetHeader(element, plan, onResponse: plan.section == .outbound || plan.section == .onError) {
      if let fixed = FixedHeader(step) { plan.emit(fixed, element) } else { plan.emit(step, element) }
    }
  }
}

/// What most `set-header` do: a header of a known name has one value in place of all others, or is taken away.
private struct FixedHeader: PolicyStep {
  private let name: HeaderName
  private let onResponse: Bool
  private let isDeleted: Bool
  /// The value, where no expression says it.
  private let literal: [UInt8]?
  private let value: Argument<String>

  /// nil for a policy that does more.
  init?(_ step: SetHeader) {
    guard let name = step.literalName, !step.mayBeKept, let action = step.literalAction else { return nil }
    guard action == .delete || (action == .override && step.values.count == 1) else { return nil }
    self.name = name
    onResponse = step.onResponse
    isDeleted = action == .delete
    value = step.values.first ?? .literal("")
    literal = value.literal.map { Array($0.utf8) }
  }

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    if isDeleted {
      if onResponse { exchange.response.remove(name) } else { exchange.request.remove(name) }
      return .proceed
    }
    if let literal {
      try set(literal.span, exchange)
    } else {
      try set(try value.value(exchange).utf8Span.span, exchange)
    }
    return .proceed
  }

  private func set(_ value: Span<UInt8>, _ exchange: Exchange) throws(PolicyError) {
    do {
      if onResponse { try exchange.response.set(name, value) } else { try exchange.request.set(name, value) }
    } catch {
      throw SetHeader.invalidValue(name, error)
    }
  }
}

/// Writes one header of the exchange's current message.
struct SetHeader: PolicyStep {
  let name: Argument<String>
  /// Known at once where the name is a literal, so that no name is checked on the request path.
  let literalName: HeaderName?
  /// What `exists-action` says; nil where an expression says it for each exchange.
  fileprivate let literalAction: Action?
  private let action: Argument<String>
  let values: [Argument<String>]
  let onResponse: Bool
  /// False for a literal name that may always be changed, so that no name is looked at on the request path.
  fileprivate let mayBeKept: Bool

  static let actions = ["override", "skip", "append", "delete"]
  /// Headers whose values stand on lines of their own; others are joined with commas.
  static let separateLines: Set<String> = [
    "user-agent", "www-authenticate", "proxy-authenticate", "cookie", "set-cookie", "warning", "date", "expires",
    "if-modified-since", "if-unmodified-since", "last-modified", "retry-after",
  ]
  /// What frames a message on its connection: the gateway writes it, and policies about it change nothing.
  private static let framing: Set<String> = ["connection", "content-length", "keep-alive", "transfer-encoding"]

  init?(_ element: PolicyElement, _ plan: PolicyCompilation, onResponse: Bool) {
    let attributes = AttributeReader(element, plan)
    let name = attributes.string("name", isRequired: true)
    let action = attributes.word("exists-action", among: Self.actions) ?? .literal("override")
    attributes.finish()
    plan.allowChildren(["value"], in: element)
    var values: [Argument<String>] = []
    for value in element.elements(named: "value") {
      AttributeReader(value, plan).finish()
      plan.allowChildren([], in: value)
      values.append(value.text.flatMap { plan.string($0) } ?? .literal(""))
    }
    guard let name else { return nil }
    if case .literal(let text) = name, HeaderName(text) == nil {
      let value = element.attribute("name")?.value
      let message = "'\(text)' cannot be the name of a header."
      plan.report(value?.diagnostic("PL0122", message) ?? element.diagnostic("PL0122", message))
      return nil
    }
    if case .literal("delete") = action {
    } else if values.isEmpty {
      plan.report(element.diagnostic("PL0123", "'set-header' needs a <value>, or exists-action=\"delete\"."))
    }
    if case .literal(let text) = name { literalName = HeaderName(text) } else { literalName = nil }
    if let literalName {
      mayBeKept = Self.isKept(literalName, deleting: true, ofResponse: onResponse)
      if Self.isKept(literalName, deleting: action.literal == "delete", ofResponse: onResponse) {
        var diagnostic = element.diagnostic("PL0133", "The gateway keeps '\(literalName)' as it is.")
        diagnostic.severity = .warning
        plan.report(diagnostic)
      }
    } else {
      mayBeKept = true
    }
    self.name = name
    self.action = action
    literalAction = action.literal.flatMap { Action(rawValue: $0) }
    self.values = values
    self.onResponse = onResponse
  }

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    try apply(exchange, toResponse: onResponse)
    return .proceed
  }

  func apply(_ exchange: Exchange, toResponse: Bool) throws(PolicyError) {
    let header = try header(exchange)
    let action = try action(exchange)
    if mayBeKept, Self.isKept(header, deleting: action == .delete, ofResponse: toResponse) { return }
    if action == .skip, toResponse ? exchange.response.contains(header) : exchange.request.contains(header) { return }
    if action == .delete {
      if toResponse { exchange.response.remove(header) } else { exchange.request.remove(header) }
      return
    }
    let texts = try texts(header, exchange)
    do {
      if toResponse {
        try Self.write(texts, header, action, to: &exchange.response)
      } else {
        try Self.write(texts, header, action, to: &exchange.request)
      }
    } catch {
      throw Self.invalidValue(header, error)
    }
  }

  private static func write(
    _ texts: [String], _ header: HeaderName, _ action: Action, to head: inout MessageHead
  ) throws(WireError) {
    // One line that takes another's place stands where that stood.
    if action != .append, texts.count == 1 { return try head.set(header, texts[0]) }
    if action != .append { head.remove(header) }
    for text in texts { try head.append(header, text) }
  }

  fileprivate static func invalidValue(_ header: HeaderName, _ error: WireError) -> PolicyError {
    .internal(
      source: "set-header", reason: "InvalidHeaderValue",
      message: "The value of '\(header)' cannot stand in a header: \(error)")
  }

  /// The same for a request that a policy makes.
  func apply(_ exchange: Exchange, to request: inout OutgoingRequest) throws(PolicyError) {
    let header = try header(exchange)
    let action = try action(exchange)
    if mayBeKept, Self.isKept(header, deleting: action == .delete, ofResponse: false) { return }
    let name = header.text.lowercased()
    if action == .skip, request.headers.contains(where: { $0.name.lowercased() == name }) { return }
    if action != .append { request.headers.removeAll { $0.name.lowercased() == name } }
    if action == .delete { return }
    for text in try texts(header, exchange) { request.headers.append((header.text, text)) }
  }

  /// Whether the header stays as it is, whatever a policy says.
  private static func isKept(_ header: HeaderName, deleting: Bool, ofResponse: Bool) -> Bool {
    let name = header.text.lowercased()
    return framing.contains(name) || (deleting && ofResponse && name == "server")
  }

  fileprivate enum Action: String { case override, skip, append, delete }

  private func header(_ exchange: Exchange) throws(PolicyError) -> HeaderName {
    if let literalName { return literalName }
    let text = try name.value(exchange)
    guard let made = HeaderName(text) else {
      throw .internal(source: "set-header", reason: "InvalidHeaderName", message: "'\(text)' is no header name.")
    }
    return made
  }

  private func action(_ exchange: Exchange) throws(PolicyError) -> Action {
    if let literalAction { return literalAction }
    let text = try action.value(exchange)
    guard let action = Action(rawValue: text) else {
      throw .internal(
        source: "set-header", reason: "InvalidExistsAction",
        message: "'\(text)' is no value of exists-action; expected override, skip, append or delete.")
    }
    return action
  }

  /// A text for each line.
  private func texts(_ header: HeaderName, _ exchange: Exchange) throws(PolicyError) -> [String] {
    var texts: [String] = []
    for value in values { texts.append(try value.value(exchange)) }
    if texts.count > 1, !Self.separateLines.contains(header.text.lowercased()) { return [texts.joined(separator: ",")] }
    return texts
  }
}
