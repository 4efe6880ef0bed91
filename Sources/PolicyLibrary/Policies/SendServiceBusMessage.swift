import Expressions
import HTTPWire
import JSONSchema
import PolicySyntax

extension PolicyDefinition {
  /// `send-service-bus-message`: a message to a queue or topic of Azure Service Bus.
  static let sendServiceBusMessage = PolicyDefinition(
    "send-service-bus-message", in: [.inbound, .outbound, .onError], at: .butWorkspace
  ) { element, plan in
    let attributes = AttributeReader(element, plan)
    let queue = attributes.string("queue-name")
    let topic = attributes.string("topic-name")
    let namespace = attributes.string("namespace", isRequired: true)
    let client = attributes.string("client-id")
    attributes.finish()
    plan.allowChildren(["payload", "message-properties"], in: element)
    if (element.attribute("queue-name") == nil) == (element.attribute("topic-name") == nil) {
      plan.report(
        element.diagnostic("PL0109", "'send-service-bus-message' needs either 'queue-name' or 'topic-name'."))
    }
    var properties: [SendServiceBusMessage.Property] = []
    for list in element.elements(named: "message-properties") {
      AttributeReader(list, plan).finish()
      plan.allowChildren(["message-property"], in: list)
      properties += list.elements(named: "message-property").compactMap { .init($0, plan) }
    }
    guard let payload = element.first("payload") else {
      plan.report(element.diagnostic("PL0109", "'send-service-bus-message' needs a <payload>."))
      return
    }
    AttributeReader(payload, plan).finish()
    plan.allowChildren([], in: payload)
    let content = payload.text.flatMap { plan.string($0) } ?? .literal("")
    guard let entity = queue ?? topic, let namespace else { return }
    plan.emit(
      SendServiceBusMessage(
        entity: entity, namespace: namespace, client: client, payload: content, properties: properties), element)
  }
}

/// Sends with the gateway's own identity, and waits until Service Bus has the message.
struct SendServiceBusMessage: PolicyStep {
  /// A property of the application's own.
  struct Property: Sendable {
    let name: Argument<String>
    let value: Argument<String>

    init?(_ element: PolicyElement, _ plan: PolicyCompilation) {
      let attributes = AttributeReader(element, plan)
      let name = attributes.string("name", isRequired: true)
      attributes.finish()
      plan.allowChildren([], in: element)
      value = element.text.flatMap { plan.string($0) } ?? .literal("")
      guard let name else { return nil }
      self.name = name
    }
  }

  /// The queue or topic.
  let entity: Argument<String>
  /// The namespace's host.
  let namespace: Argument<String>
  let client: Argument<String>?
  let payload: Argument<String>
  let properties: [Property]

  private static let name = "send-service-bus-message"

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let request = try message(exchange)
    let client = try client?.value(exchange)
    let wait = PolicyWait()
    let effects = exchange.effects
    let fail = { (error: PolicyError) in wait.complete { (_) throws(PolicyError) in throw error } }
    effects.tokens.identity.token("https://servicebus.azure.net", client: client, effects) { result in
      switch result {
      case .failure(let failure): fail(failure.error(source: Self.name))
      case .success(let token):
        var request = request
        request.setHeader("Authorization", "Bearer " + token)
        wait.holds(
          effects.send(request) { result in
            switch result {
            case .failure(let failure): fail(failure.error(source: Self.name))
            case .success(let answer) where answer.statusCode >= 400:
              fail(
                .internal(
                  source: Self.name, reason: "ServiceBusRequestFailed",
                  message: "Service Bus answered \(answer.statusCode)."))
            case .success: wait.complete { (_) throws(PolicyError) in .proceed }
            }
          })
      }
    }
    return .suspend(wait)
  }

  private func message(_ exchange: Exchange) throws(PolicyError) -> OutgoingRequest {
    let host = try namespace.value(exchange).trimmed
    let entity = QueryText.encode(try entity.value(exchange), keepsSlashes: true)
    let url: RequestURL
    do {
      url = try RequestURL("https://\(host)/\(entity)/messages")
    } catch {
      throw .internal(source: Self.name, reason: "InvalidNamespace", message: error.message)
    }
    var request = OutgoingRequest(method: "POST", url: url)
    for property in properties {
      let name = try property.name.value(exchange)
      guard HeaderName(name) != nil else {
        throw .internal(
          source: Self.name, reason: "InvalidProperty", message: "'\(name)' cannot be the name of a message property.")
      }
      // As Service Bus reads them: a text is in quotes.
      request.setHeader(name, JSONText.quoted(try property.value.value(exchange)))
    }
    request.body = Array(try payload.value(exchange).utf8)
    return request
  }
}
