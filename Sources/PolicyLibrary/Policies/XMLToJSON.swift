import Expressions
import PolicySyntax

extension PolicyDefinition {
  /// `xml-to-json`: a body of XML as JSON.
  static let xmlToJSON = PolicyDefinition("xml-to-json", in: [.inbound, .outbound, .onError]) { element, plan in
    let attributes = AttributeReader(element, plan)
    let kind = attributes.word("kind", isRequired: true, among: XMLToJSON.kinds)
    let occasion = ConversionOccasion(attributes, contentType: "content-type-xml")
    let makesArrays = attributes.boolean("always-array-child-elements") ?? .literal(false)
    attributes.finish()
    plan.allowChildren([], in: element)
    guard let kind, let occasion else { return }
    plan.emit(
      XMLToJSON(kind: kind, occasion: occasion, makesArrays: makesArrays, body: CurrentBody(plan)), element)
  }
}

/// Converts the body of the exchange's current message.
struct XMLToJSON: PolicyStep {
  let kind: Argument<String>
  let occasion: ConversionOccasion
  let makesArrays: Argument<Bool>
  let body: CurrentBody

  static let kinds = ["javascript-friendly", "direct"]

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    guard let bytes = body.bytes(exchange),
      try occasion.holds(exchange, body, source: MediaType.isXML, wanted: MediaType.isJSON)
    else { return .proceed }
    let kind = try kind.value(exchange)
    guard Self.kinds.contains(kind) else {
      throw .internal(
        source: "xml-to-json", reason: "InvalidKind",
        message: "'\(kind)' is no value of kind; expected javascript-friendly or direct.")
    }
    let options = XmlToJsonOptions(
      kind: kind == "direct" ? .direct : .javaScriptFriendly, makesArrays: try makesArrays.value(exchange))
    let json: [UInt8]
    do {
      json = try BodyConversion.json(fromXML: bytes, options, in: exchange)
    } catch {
      throw .internal(
        source: "xml-to-json", reason: "ConversionFailure", message: "The body is not valid XML. \(error.message)")
    }
    try body.replace(exchange, json, contentType: "application/json")
    return .proceed
  }
}

/// When a body is converted: `apply` and `consider-accept-header`.
struct ConversionOccasion: Sendable {
  private let apply: Argument<String>
  private let considersAccept: Argument<Bool>

  /// - Parameter contentType: the word for "only if the body is of the type that is converted".
  init?(_ attributes: AttributeReader, contentType: String) {
    let apply = attributes.word("apply", isRequired: true, among: ["always", contentType])
    considersAccept = attributes.boolean("consider-accept-header") ?? .literal(true)
    guard let apply else { return nil }
    self.apply = apply
  }

  /// - Parameters:
  ///   - source: whether a body of that type is what is converted.
  ///   - wanted: whether a media type of the request's `Accept` asks for the result. A wildcard asks for nothing.
  func holds(
    _ exchange: Exchange, _ body: CurrentBody, source: (String) -> Bool, wanted: (String) -> Bool
  ) throws(PolicyError) -> Bool {
    if try apply.value(exchange) != "always", !source(body.contentType(exchange)) { return false }
    guard try considersAccept.value(exchange) else { return true }
    return MediaType.accepts(exchange.header("Accept", of: .request) ?? "", wanted)
  }
}
