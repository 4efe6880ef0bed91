import Expressions
import JSONSchema
import PolicySyntax

extension PolicyDefinition {
  /// `publish-to-dapr`: a message to a topic, by way of the gateway's Dapr sidecar.
  static let publishToDapr = PolicyDefinition("publish-to-dapr", in: [.inbound, .outbound, .onError]) { element, plan in
    let attributes = AttributeReader(element, plan)
    let name = attributes.string("pubsub-name")
    let topic = attributes.string("topic", isRequired: true)
    let call = ServiceCall(element.name, attributes)
    let isTemplate = Dapr.isTemplate(attributes)
    let contentType = attributes.literal("content-type") ?? "application/json"
    attributes.finish()
    plan.allowChildren([], in: element)
    if name == nil, element.attribute("pubsub-name") == nil, let text = topic?.literal, !text.contains("/") {
      plan.report(
        element.diagnostic("PL0109", "Without the attribute 'pubsub-name' the topic is written as 'pubsub/topic'."))
    }
    guard let topic, let data = Dapr.content(element, isTemplate: isTemplate, plan) else { return }
    plan.emit(PublishToDapr(name: name, topic: topic, data: data, contentType: contentType, call: call), element)
  }

  /// `invoke-dapr-binding`: calls an output binding of the gateway's Dapr sidecar.
  static let invokeDaprBinding = PolicyDefinition(
    "invoke-dapr-binding", in: [.inbound, .outbound, .onError], at: .butWorkspace
  ) { element, plan in
    let attributes = AttributeReader(element, plan)
    let name = attributes.string("name", isRequired: true)
    let operation = attributes.literal("operation")
    let call = ServiceCall(element.name, attributes)
    let isTemplate = Dapr.isTemplate(attributes)
    // The sidecar takes nothing else.
    _ = attributes.word("content-type", among: ["application/json"], allowsExpression: false)
    attributes.finish()
    plan.allowChildren(["metadata", "data"], in: element)
    var metadata: [(String, Argument<String>)] = []
    if let list = element.first("metadata") {
      AttributeReader(list, plan).finish()
      plan.allowChildren(["item"], in: list)
      for item in list.elements(named: "item") {
        let attributes = AttributeReader(item, plan)
        let key = attributes.literal("key", isRequired: true)
        attributes.finish()
        if let key { metadata.append((key, item.text.flatMap { plan.string($0) } ?? .literal(""))) }
      }
    }
    let data = element.first("data").flatMap { Dapr.content($0, isTemplate: isTemplate, plan) }
    guard let name else { return }
    plan.emit(
      InvokeDaprBinding(name: name, operation: operation, metadata: metadata, data: data, call: call), element)
  }
}

/// The sidecar beside a gateway.
enum Dapr {
  static let base = "http://localhost:3500/v1.0"
  /// Of `set-backend-service`; the first two are needed.
  static let attributes = ["dapr-app-id", "dapr-method", "dapr-namespace"]

  static func isTemplate(_ attributes: AttributeReader) -> Bool {
    attributes.word("template", among: ["Liquid", "liquid"], allowsExpression: false) != nil
  }

  /// What an element holds for the sidecar: text, an expression, or a Liquid template over the section's message. Nil after
  /// a complaint.
  static func content(_ element: PolicyElement, isTemplate: Bool, _ plan: PolicyCompilation) -> SetBody? {
    let onResponse = plan.section == .outbound || plan.section == .onError
    if isTemplate {
      let options = LiquidBinding.Options(parsesDates: true, standsForNil: .blank)
      return SetBody.template(element, plan, onResponse: onResponse)
        .map { SetBody(content: .template($0, options), onResponse: onResponse) }
    }
    guard let text = element.text else { return SetBody(content: .text(.literal("")), onResponse: onResponse) }
    return plan.string(text).map { SetBody(content: .text($0), onResponse: onResponse) }
  }

  /// A request to a path of the sidecar, whose parts are encoded.
  static func request(_ parts: [String], body: [UInt8], contentType: String) throws(PolicyError) -> OutgoingRequest {
    do throws(RequestURL.Failure) {
      let path = parts.map { "/" + QueryText.encode($0) }.joined()
      var request = OutgoingRequest(method: "POST", url: try RequestURL(base + path))
      request.setHeader("Content-Type", contentType)
      request.body = body
      return request
    } catch {
      throw .internal(source: "dapr", reason: "InvalidUrl", message: error.message)
    }
  }
}

struct PublishToDapr: PolicyStep {
  let name: Argument<String>?
  let topic: Argument<String>
  let data: SetBody
  let contentType: String
  let call: ServiceCall

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    var topic = Substring(try topic.value(exchange))
    var pubsub = Substring(try name?.value(exchange) ?? "")
    if name == nil, let slash = topic.firstIndex(of: "/") {
      pubsub = topic[..<slash]
      topic = topic[topic.index(after: slash)...]
    }
    guard !pubsub.isEmpty, !topic.isEmpty else {
      throw .internal(
        source: call.policy, reason: "InvalidTopic", message: "The pub/sub component or the topic is empty.")
    }
    let body = try data.bytes(exchange)
    return try call.send(
      try Dapr.request(["publish", String(pubsub), String(topic)], body: body, contentType: contentType), exchange)
  }
}

struct InvokeDaprBinding: PolicyStep {
  let name: Argument<String>
  let operation: String?
  let metadata: [(key: String, value: Argument<String>)]
  /// JSON, or text where it is none.
  let data: SetBody?
  let call: ServiceCall

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    var members: [String] = []
    if let operation { members.append("\"operation\":" + JSONText.quoted(operation)) }
    if !metadata.isEmpty {
      var items: [String] = []
      for item in metadata {
        items.append("\(JSONText.quoted(item.key)):\(JSONText.quoted(try item.value.value(exchange)))")
      }
      members.append("\"metadata\":{\(items.joined(separator: ","))}")
    }
    if let data {
      let text = String(decoding: try data.bytes(exchange), as: UTF8.self)
      members.append("\"data\":" + (Value.isJSON(text, in: exchange) ? text : JSONText.quoted(text)))
    }
    return try call.send(
      try Dapr.request(
        ["bindings", try name.value(exchange)], body: Array("{\(members.joined(separator: ","))}".utf8),
        contentType: "application/json"), exchange)
  }
}
