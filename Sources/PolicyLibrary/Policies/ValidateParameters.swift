import Expressions
import GatewayConfiguration
import HTTPWire
import PolicySyntax

extension PolicyDefinition {
  /// `validate-parameters`: path, query and headers of the request against the operation.
  static let validateParameters = PolicyDefinition("validate-parameters", in: [.inbound], isOnce: true) {
    element, plan in
    let attributes = AttributeReader(element, plan)
    let specified = attributes.action("specified-parameter-action", isRequired: true)
    let unspecified = attributes.action("unspecified-parameter-action", isRequired: true)
    let variable = attributes.errorsVariable()
    attributes.finish()
    plan.allowChildren(["headers", "query", "path"], in: element)
    plan.readsContract = true
    let places = ["headers", "query", "path"].map { PlaceActions(element.first($0), plan) }
    guard let specified, let unspecified else { return }
    let actions = places.map { ParameterActions($0, specified, unspecified) }
    plan.emit(ValidateParameters(headers: actions[0], query: actions[1], path: actions[2], variable: variable), element)
  }

  /// `validate-headers`: of the response, against the operation.
  static let validateHeaders = PolicyDefinition("validate-headers", in: [.outbound, .onError], isOnce: true) {
    element, plan in
    let attributes = AttributeReader(element, plan)
    let specified = attributes.action("specified-header-action", isRequired: true)
    let unspecified = attributes.action("unspecified-header-action", isRequired: true)
    let variable = attributes.errorsVariable()
    attributes.finish()
    plan.allowChildren(["header"], in: element)
    plan.readsContract = true
    let named = PlaceActions.named(element.elements(named: "header"), plan)
    guard let specified, let unspecified else { return }
    plan.emit(
      ValidateHeaders(
        actions: ParameterActions(specified: specified, unspecified: unspecified, named: named), variable: variable),
      element)
  }
}

/// `headers`, `query` or `path`: actions that go before those of the policy.
struct PlaceActions {
  private(set) var specified: ValidationActionArgument?
  private(set) var unspecified: ValidationActionArgument?
  private(set) var named: [String: ValidationActionArgument] = [:]

  init(_ element: PolicyElement?, _ plan: PolicyCompilation) {
    guard let element else { return }
    let attributes = AttributeReader(element, plan)
    specified = attributes.action("specified-parameter-action")
    // Every parameter of a path is one of the template.
    if element.name != "path" { unspecified = attributes.action("unspecified-parameter-action") }
    attributes.finish()
    plan.allowChildren(["parameter"], in: element)
    named = Self.named(element.elements(named: "parameter"), plan)
  }

  static func named(_ elements: [PolicyElement], _ plan: PolicyCompilation) -> [String: ValidationActionArgument] {
    var named: [String: ValidationActionArgument] = [:]
    for element in elements {
      let attributes = AttributeReader(element, plan)
      let name = attributes.literal("name", isRequired: true)
      let action = attributes.action("action", isRequired: true)
      attributes.finish()
      plan.allowChildren([], in: element)
      if let name, let action { named[name.lowercased()] = action }
    }
    return named
  }
}

/// What is done about parameters of one place: by name, else by whether the operation has it.
struct ParameterActions: Sendable {
  let specified: ValidationActionArgument
  let unspecified: ValidationActionArgument
  /// Names in lower case.
  let named: [String: ValidationActionArgument]

  init(
    specified: ValidationActionArgument, unspecified: ValidationActionArgument,
    named: [String: ValidationActionArgument]
  ) {
    self.specified = specified
    self.unspecified = unspecified
    self.named = named
  }

  init(_ place: PlaceActions, _ specified: ValidationActionArgument, _ unspecified: ValidationActionArgument) {
    self.init(
      specified: place.specified ?? specified, unspecified: place.unspecified ?? unspecified, named: place.named)
  }

  func action(of name: String, isSpecified: Bool, _ exchange: Exchange) throws(PolicyError) -> ValidationAction {
    try (named[name.lowercased()] ?? (isSpecified ? specified : unspecified)).value(exchange)
  }

  /// Adds what is wrong with the parameters that are there, and with those that should be.
  ///
  /// - Parameter given: names as the message has them, each once, with their values.
  func check(
    _ given: [(name: String, values: [String])], against parameters: [MessageContract.Parameter],
    _ place: ParameterCheck.Place, _ exchange: Exchange, _ report: inout ValidationReport
  ) throws(PolicyError) {
    let check = ParameterCheck(place: place)
    for parameter in parameters {
      let action = try action(of: parameter.name, isSpecified: true, exchange)
      if action == .ignore { continue }
      let values = given.first { QueryText.equal($0.name, parameter.name) }?.values ?? []
      for issue in check.issues(of: parameter, values) { report.add(issue, action) }
    }
    for (name, _) in given where !parameters.contains(where: { QueryText.equal($0.name, name) }) {
      report.add(check.unspecified(name), try action(of: name, isSpecified: false, exchange))
    }
  }
}

struct ValidateParameters: PolicyStep {
  let headers: ParameterActions
  let query: ParameterActions
  let path: ParameterActions
  let variable: String?

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let contract = exchange.contract
    var report = ValidationReport(isResponse: false)
    let inQuery = QueryText.names(ofTemplate: exchange.facts.operation?.urlTemplate ?? "")
    let matched = (exchange.source?.matchedParameters() ?? []).map { (name: $0.name, values: [$0.value]) }
    // Parameters of the template's query are parameters of the template, wherever the request has them.
    let given = exchange.queryNames(of: .current).filter { !inQuery.contains($0.lowercased()) }
      .filter { !QueryText.equal($0, exchange.facts.api?.subscriptionKeyNames.query ?? "") }
      .map { (name: $0, values: exchange.queryValues($0, of: .current) ?? []) }
    let names = MessageHeaders.described(of: .request, exchange)
      .filter { !QueryText.equal($0, exchange.facts.api?.subscriptionKeyNames.header ?? "") }
      .map { (name: $0, values: exchange.headerValues($0, of: .request) ?? []) }
    try path.check(matched, against: contract.path, .path, exchange, &report)
    try query.check(
      given, against: contract.query.filter { !inQuery.contains($0.name.lowercased()) }, .query, exchange, &report)
    try headers.check(names, against: contract.headers, .requestHeader, exchange, &report)
    return try report.conclude(exchange, variable: variable)
  }
}

struct ValidateHeaders: PolicyStep {
  let actions: ParameterActions
  let variable: String?

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    guard exchange.hasResponse else { return .proceed }
    var report = ValidationReport(isResponse: true)
    let given = MessageHeaders.described(of: .response, exchange).map {
      (name: $0, values: exchange.headerValues($0, of: .response) ?? [])
    }
    try actions.check(
      given, against: exchange.contract.response(exchange.response.status)?.headers ?? [], .responseHeader, exchange,
      &report)
    return try report.conclude(exchange, variable: variable)
  }
}

/// Headers that operations describe: all but those that frame a message and name its type, which belong to HTTP.
enum MessageHeaders {
  private static let ofHTTP: Set<String> = [
    "content-length", "content-type", "transfer-encoding", "connection", "keep-alive", "date",
  ]

  static func described(of message: ContextMessage, _ exchange: Exchange) -> [String] {
    exchange.headerNames(of: message).filter { !ofHTTP.contains($0.lowercased()) }
  }
}
