import Expressions
import PolicySyntax

extension PolicyDefinition {
  /// `json-to-xml`: a body of JSON as XML.
  static let jsonToXML = PolicyDefinition("json-to-xml", in: [.inbound, .outbound, .onError]) { element, plan in
    let attributes = AttributeReader(element, plan)
    let occasion = ConversionOccasion(attributes, contentType: "content-type-json")
    let parsesDates = attributes.boolean("parse-date", allowsExpression: false)
    let separator = attributes.string("namespace-separator") ?? .literal("_")
    let prefix = attributes.string("namespace-prefix")
    let block = attributes.string("attribute-block-name")
    attributes.finish()
    plan.allowChildren([], in: element)
    guard let occasion else { return }
    var readsDates = true
    if case .literal(false)? = parsesDates { readsDates = false }
    plan.emit(
      JSONToXML(
        occasion: occasion, readsDates: readsDates, separator: separator, prefix: prefix, attributeBlock: block,
        body: CurrentBody(plan)), element)
  }
}

/// Converts the body of the exchange's current message.
struct JSONToXML: PolicyStep {
  let occasion: ConversionOccasion
  let readsDates: Bool
  let separator: Argument<String>
  let prefix: Argument<String>?
  let attributeBlock: Argument<String>?
  let body: CurrentBody

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    guard let bytes = body.bytes(exchange),
      try occasion.holds(exchange, body, source: MediaType.isJSON, wanted: MediaType.isXML)
    else { return .proceed }
    let options = JsonToXmlOptions(
      readsDates: readsDates, namespaceSeparator: try separator.value(exchange),
      namespacePrefix: try prefix?.value(exchange), attributeBlockName: try attributeBlock?.value(exchange))
    let xml: [UInt8]
    do {
      xml = try BodyConversion.xml(fromJSON: bytes, options, in: exchange)
    } catch {
      throw .internal(
        source: "json-to-xml", reason: "ConversionFailure", message: "The body is not valid JSON. \(error.message)")
    }
    try body.replace(exchange, xml, contentType: "application/xml")
    return .proceed
  }
}
