import Expressions
import HTTPWire
import OData
import PolicySyntax

extension PolicyDefinition {
  /// `validate-odata-request`: address, version and size of a request to an OData API.
  static let validateODataRequest = PolicyDefinition(
    "validate-odata-request", in: [.inbound], at: [.global, .workspace, .product, .api], isOnce: true
  ) { element, plan in
    let attributes = AttributeReader(element, plan)
    let variable = attributes.literal("error-variable-name")
    let versions = ["default-odata-version", "min-odata-version", "max-odata-version"].map { name in
      ValidateODataRequest.version(name, element, attributes, plan)
    }
    let size = attributes.integer("max-size", in: 1...ValidateODataRequest.largestSize)
    attributes.finish()
    plan.allowChildren([], in: element)
    if let least = versions[1], let most = versions[2], least > most {
      plan.report(element.diagnostic("PL0114", "'min-odata-version' is above 'max-odata-version'."))
    }
    if size != nil { plan.readsRequestBody = true }
    plan.readsContract = true
    plan.emit(
      ValidateODataRequest(
        variable: variable, standard: versions[0], least: versions[1], most: versions[2], size: size), element)
  }
}

/// Holds a request against OData's conventions for addresses and the API's model, and its versions and size against the
/// policy.
struct ValidateODataRequest: PolicyStep {
  /// Bytes.
  static let largestSize = 4 << 20

  let variable: String?
  /// Nil for 4.0.
  let standard: ODataVersion?
  let least: ODataVersion?
  let most: ODataVersion?
  let size: Argument<Int>?

  static func version(
    _ name: String, _ element: PolicyElement, _ attributes: AttributeReader, _ plan: PolicyCompilation
  ) -> ODataVersion? {
    guard let text = attributes.literal(name) else { return nil }
    if let version = ODataVersion(text.trimmed) { return version }
    let message = "'\(text)' is no version of OData; expected one such as 4.0 or 4.01."
    let value = element.attribute(name)?.value
    plan.report(value?.diagnostic("PL0114", message) ?? element.diagnostic("PL0114", message))
    return nil
  }

  private func model(_ exchange: Exchange) throws(PolicyError) -> ODataModel? {
    switch exchange.contract.odata {
    case .success(let model)?: return model
    case .failure(let problem)?:
      throw .internal(
        source: "validate-odata-request", reason: "ODataSchemaNotUsable",
        message: "The API's OData schema cannot be used: \(problem.message)")
    case nil: return nil
    }
  }

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let model = try model(exchange)
    var report = ValidationReport(isResponse: false)
    if let issue = try sizeIssue(exchange) { report.add(issue, .prevent) }
    var version = standard ?? ODataVersion("4.0")
    for name in ["OData-Version", "OData-MaxVersion"] {
      guard let text = exchange.header(name, of: .request) else { continue }
      guard let given = ODataVersion(text.trimmed) else {
        report.add(headerIssue(name, "Header \(name) value of \(text) is no version of OData."), .prevent)
        continue
      }
      guard name == "OData-Version" else { continue }
      version = given
      if let least, given < least {
        report.add(headerIssue(name, "OData version \(text) is below the minimum of \(least.text)."), .prevent)
      }
      if let most, given > most {
        report.add(headerIssue(name, "OData version \(text) is above the maximum of \(most.text)."), .prevent)
      }
    }
    if let version {
      let path = exchange.request.path.utf8.dropFirst(exchange.facts.apiPathLength)
      let request = ODataRequest(
        path: String(decoding: Array(path), as: UTF8.self),
        options: QueryText(exchange.request.query ?? "").pairs.map { ($0.name, $0.value) }, version: version,
        model: model)
      for problem in request.problems { report.add(issue(problem), .prevent) }
    }
    return try report.conclude(exchange, variable: variable)
  }

  private func sizeIssue(_ exchange: Exchange) throws(PolicyError) -> ValidationIssue? {
    guard let limit = try size?.value(exchange), let bytes = exchange.requestBody.bytes else { return nil }
    let decoded = DecodedBody(
      bytes, encoding: exchange.header("Content-Encoding", of: .request), limit: Self.largestSize)
    let count: Int
    switch decoded {
    case .bytes(let body): count = body.count
    case .tooLarge: count = Self.largestSize + 1
    case .unreadable: count = bytes.count
    }
    guard count > limit else { return nil }
    let text = "Request's body is \(count) bytes long and it exceeds the limit of \(limit) bytes."
    return ValidationIssue(name: "", subject: .requestBody, rule: .sizeLimit, details: text, publicText: text)
  }

  private func headerIssue(_ name: String, _ text: String) -> ValidationIssue {
    ValidationIssue(name: name, subject: .requestHeader, rule: .incorrectMessage, details: text, publicText: text)
  }

  private func issue(_ problem: ODataProblem) -> ValidationIssue {
    let (name, subject): (String, ValidationIssue.Subject) =
      switch problem.place {
      case .path: ("", .pathParameter)
      case .option(let option): (option, .queryParameter)
      }
    return ValidationIssue(
      name: name, subject: subject, rule: .incorrectMessage, details: problem.message, publicText: problem.message)
  }
}
