import DotNet
import Expressions
import GatewayConfiguration
import HTTPWire
import JSONSchema
import PolicySyntax

extension PolicyDefinition {
  /// `log-to-eventhub`: a message to the event hub of a logger.
  static let logToEventHub = PolicyDefinition("log-to-eventhub", in: .everywhere) { element, plan in
    let attributes = AttributeReader(element, plan)
    let id = attributes.literal("logger-id", isRequired: true)
    let partition = attributes.integer("partition-id", in: 0...1_023, allowsExpression: false)
    let key = attributes.string("partition-key")
    attributes.finish()
    plan.allowChildren([], in: element)
    if element.attribute("partition-id") != nil, element.attribute("partition-key") != nil {
      plan.report(
        element.diagnostic("PL0109", "'log-to-eventhub' takes either 'partition-id' or 'partition-key', not both."))
    }
    guard let text = element.text else {
      plan.report(element.diagnostic("PL0109", "'log-to-eventhub' needs a text."))
      return
    }
    guard let message = plan.string(text), let id else { return }
    guard let hub = plan.environment.eventHubs[id] else {
      let message = "There is no logger '\(id)' of an event hub."
      let suggestion = Spelling.nearest(to: id, among: plan.environment.eventHubs.keys)
      let value = element.attribute("logger-id")?.value
      plan.report(
        value?.diagnostic("PL0153", message, suggestion: suggestion)
          ?? element.diagnostic("PL0153", message, suggestion: suggestion))
      return
    }
    do throws(RequestURL.Failure) {
      let url = try EventHubAddress(hub, partition: partition?.literal).url
      plan.emit(LogToEventHub(hub: hub, url: url, key: key, message: message), element)
    } catch {
      plan.report(element.diagnostic("PL0153", "Logger '\(id)' cannot be used: \(error.message)"))
    }
  }
}

/// Sends without waiting: whatever becomes of the message, the exchange goes on.
struct LogToEventHub: PolicyStep {
  let hub: EventHub
  let url: RequestURL
  /// Messages of equal keys go to the same partition.
  let key: Argument<String>?
  let message: Argument<String>

  private static let name = "log-to-eventhub"
  /// Bytes of a message at most; the rest is cut off.
  static let largestMessage = 204_000

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    var request = OutgoingRequest(method: "POST", url: url)
    request.setHeader("Content-Type", "application/atom+xml;type=entry;charset=utf-8")
    if let key {
      request.setHeader("BrokerProperties", "{\"PartitionKey\":\(JSONText.quoted(try key.value(exchange)))}")
    }
    request.body = Self.cut(try message.value(exchange))
    let effects = exchange.effects
    switch hub.credential {
    case .sharedKey(let name, let key):
      let resource = "https://\(hub.host)/\(hub.name)"
      request.setHeader(
        "Authorization", SharedAccessSignature(resource: resource, keyName: name, key: key).header(effects.now()))
      Self.send(request, effects)
    case .managedIdentity(let client):
      effects.tokens.identity.token("https://eventhubs.azure.net", client: client, effects) { [request] result in
        switch result {
        case .success(let token):
          var request = request
          request.setHeader("Authorization", "Bearer " + token)
          Self.send(request, effects)
        case .failure(let failure):
          effects.log(.error, source: Self.name, message: failure.message, metadata: [])
        }
      }
    }
    return .proceed
  }

  private static func send(_ request: OutgoingRequest, _ effects: any PolicyEffects) {
    _ = effects.send(request) { result in
      switch result {
      case .success(let answer) where answer.statusCode < 400: return
      case .success(let answer):
        effects.log(.error, source: name, message: "The event hub answered \(answer.statusCode).", metadata: [])
      case .failure(let failure): effects.log(.error, source: name, message: failure.message, metadata: [])
      }
    }
  }

  /// The longest beginning that ends with a whole character.
  private static func cut(_ text: String) -> [UInt8] {
    var bytes = Array(text.utf8)
    guard bytes.count > largestMessage else { return bytes }
    var end = largestMessage
    while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
    bytes.removeSubrange(end...)
    return bytes
  }
}

/// Where messages for a hub, or for one of its partitions, are posted.
private struct EventHubAddress {
  let url: RequestURL

  init(_ hub: EventHub, partition: Int?) throws(RequestURL.Failure) {
    let part = partition.map { "/partitions/\($0)" } ?? ""
    url = try RequestURL(
      "https://\(hub.host)/\(QueryText.encode(hub.name))\(part)/messages?api-version=2014-01&timeout=60")
  }
}

/// What proves to Event Hubs that the holder of a key sends.
struct SharedAccessSignature {
  let resource: String
  let keyName: String
  let key: String

  /// Seconds that a signature holds.
  private static let lifetime: Int64 = 3_600

  /// The value of `Authorization`.
  ///
  /// - Parameter now: ticks since 0001-01-01.
  func header(_ now: Int64) -> String {
    let expiry = (now - 621_355_968_000_000_000) / 10_000_000 + Self.lifetime
    let target = QueryText.encode(resource)
    let code = HashFunction.sha256.code(Array("\(target)\n\(expiry)".utf8), key: Array(key.utf8))
    let signature = QueryText.encode(Base64.text(code))
    return "SharedAccessSignature sr=\(target)&sig=\(signature)&se=\(expiry)&skn=\(QueryText.encode(keyName))"
  }
}
