import Expressions
import GatewayConfiguration
import HTTPWire
import JSONSchema
import PolicySyntax

extension PolicyDefinition {
  /// `llm-semantic-cache-lookup`: answers with what a model said to a prompt that meant the same.
  static let llmSemanticCacheLookup = semanticCacheLookup("llm-semantic-cache-lookup", at: .butWorkspace)
  /// `azure-openai-semantic-cache-lookup`: the same under its older name.
  static let azureOpenAISemanticCacheLookup = semanticCacheLookup("azure-openai-semantic-cache-lookup")
  /// `llm-semantic-cache-store`: keeps the answer to the prompt that was not found.
  static let llmSemanticCacheStore = semanticCacheStore("llm-semantic-cache-store", at: .butWorkspace)
  /// `azure-openai-semantic-cache-store`: the same under its older name.
  static let azureOpenAISemanticCacheStore = semanticCacheStore("azure-openai-semantic-cache-store")

  private static func semanticCacheLookup(
    _ name: String, at scopes: Set<PolicyScope> = Set(PolicyScope.allCases)
  ) -> PolicyDefinition {
    PolicyDefinition(name, in: [.inbound], at: scopes, isOnce: true) { element, plan in
      let attributes = AttributeReader(element, plan)
      let threshold = attributes.double("score-threshold", isRequired: true)
      let backend = NamedBackend("embeddings-backend-id", element, attributes, plan)
      let identity = attributes.word(
        "embeddings-backend-auth", among: ["system-assigned"], allowsExpression: false)
      let ignoresSystem = attributes.boolean("ignore-system-messages") ?? .literal(false)
      let most = attributes.integer("max-message-count", in: 1...10_000)
      attributes.finish()
      plan.allowChildren(["vary-by"], in: element)
      if case .literal(let value) = threshold, !(0...1).contains(value) {
        let value = element.attribute("score-threshold")?.value
        let message = "'score-threshold' must be from 0.0 to 1.0."
        plan.report(value?.diagnostic("PL0114", message) ?? element.diagnostic("PL0114", message))
      }
      let partitions = CacheLookup.names("vary-by", element, plan)
      plan.readsRequestBody = true
      guard let threshold, let backend else { return }
      plan.emit(
        SemanticCacheLookup(
          policy: name, threshold: threshold, backend: backend, usesIdentity: identity != nil,
          ignoresSystem: ignoresSystem, mostMessages: most, partitions: partitions), element)
    }
  }

  private static func semanticCacheStore(
    _ name: String, at scopes: Set<PolicyScope> = Set(PolicyScope.allCases)
  ) -> PolicyDefinition {
    PolicyDefinition(name, in: [.outbound], at: scopes, isOnce: true) { element, plan in
      let attributes = AttributeReader(element, plan)
      let duration = attributes.integer("duration", isRequired: true, in: 1...Int(Int32.max))
      attributes.finish()
      plan.allowChildren([], in: element)
      plan.readsResponseBody = true
      if let duration { plan.emit(SemanticCacheStore(duration: duration), element) }
    }
  }
}

/// A prompt that was not found: where its answer belongs.
struct SemanticMiss: Sendable {
  let index: String
  let vector: [Float]
}

/// Looks for an answer to a prompt that is near enough. Whatever fails on the way, the request goes on.
struct SemanticCacheLookup: PolicyStep {
  /// Bytes of a prompt that is compared.
  static let largestPrompt = 64 << 10

  let policy: String
  let threshold: Argument<Double>
  let backend: NamedBackend
  let usesIdentity: Bool
  let ignoresSystem: Argument<Bool>
  let mostMessages: Argument<Int>?
  let partitions: [Argument<String>]

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    guard exchange.request.methodKind == .post, let prompt = try prompt(exchange) else { return .proceed }
    let threshold = try threshold.value(exchange)
    let index = try indexName(exchange)
    let request = try embeddingsRequest(prompt, exchange)
    let wait = PolicyWait()
    let proceed = { wait.complete { (_) throws(PolicyError) in .proceed } }
    let search = { (vector: [Float]) in
      let miss = {
        wait.complete { (exchange) throws(PolicyError) in
          exchange.semanticMiss = SemanticMiss(index: index, vector: vector)
          exchange.cacheState = .miss
          return .proceed
        }
      }
      wait.holds(
        exchange.effects.cached(index, in: .preferExternal) { entry in
          guard let found = entry.flatMap({ SemanticIndex($0.bytes) }),
            let nearest = found.nearest(to: vector, within: threshold, at: exchange.effects.now())
          else { return miss() }
          wait.holds(
            exchange.effects.cached(Self.answerName(nearest.id), in: .preferExternal) { answer in
              guard let answer else { return miss() }
              wait.complete { (exchange) throws(PolicyError) in
                guard exchange.readResponse(answer.bytes) else { return .proceed }
                exchange.cacheState = .hit
                return .cached
              }
            })
        })
    }
    authorize(request, exchange) { request in
      guard let request else { return proceed() }
      wait.holds(
        exchange.effects.send(request) { result in
          guard let vector = Self.vector(result) else {
            fail("The embeddings backend gave no vector.", exchange)
            return proceed()
          }
          search(vector)
        })
    }
    return .suspend(wait)
  }

  static func answerName(_ id: String) -> String { "semantic-answer|" + id }

  private func fail(_ message: String, _ exchange: Exchange) {
    exchange.log(.information, source: policy, message: message)
  }

  /// The messages as one text; nil when there are none, or too many of them.
  private func prompt(_ exchange: Exchange) throws(PolicyError) -> String? {
    guard let body = exchange.requestBody.bytes, body.count <= 1 << 20, let request = try? JSONValue(body) else {
      return nil
    }
    var messages = ModelText.messages(of: request)
    if try ignoresSystem.value(exchange) { messages.removeAll(where: \.isSystem) }
    if let most = try mostMessages?.value(exchange), messages.count > most { return nil }
    let text = messages.map { "\($0.role): \($0.text)" }.joined(separator: "\n")
    return text.isEmpty || text.utf8.count > Self.largestPrompt ? nil : text
  }

  /// Answers are shared within an operation, in the context of one product, and for equal values of `vary-by`.
  private func indexName(_ exchange: Exchange) throws(PolicyError) -> String {
    let facts = exchange.facts
    var name = "semantic-vectors|\(facts.product?.id ?? "")|\(facts.api?.id ?? "");rev=\(facts.api?.revision ?? "")"
    name += "|\(facts.operation?.id ?? "")"
    // Lengths keep values apart that would be the same one after the other.
    for partition in partitions {
      let value = try partition.value(exchange)
      name += "|\(value.utf8.count):\(value)"
    }
    return name
  }

  // MARK: - Embeddings

  private func embeddingsRequest(_ prompt: String, _ exchange: Exchange) throws(PolicyError) -> OutgoingRequest {
    let target = try backend.target(exchange)
    let base = String(decoding: target.basePath, as: UTF8.self)
    var request = OutgoingRequest(
      method: "POST", target: target, path: (base.isEmpty ? "/" : base) + "?api-version=2024-06-01")
    request.setHeader("Content-Type", "application/json")
    request.body = JSONValue.object(JSONObject([("input", .text(prompt))])).bytes
    request.timeoutMilliseconds = 10_000
    return request
  }

  /// Adds a token of the gateway's identity, where the policy asks for it and the backend has no credentials of its own.
  private func authorize(
    _ request: OutgoingRequest, _ exchange: Exchange, _ completion: @escaping (OutgoingRequest?) -> Void
  ) {
    let own: Set<String> = ["authorization", "api-key"]
    guard usesIdentity, !request.headers.contains(where: { own.contains($0.name.lowercased()) }) else {
      return completion(request)
    }
    let resource = "https://cognitiveservices.azure.com"
    exchange.effects.tokens.identity.token(resource, client: nil, exchange.effects) { result in
      switch result {
      case .success(let token):
        var request = request
        request.setHeader("Authorization", "Bearer " + token)
        completion(request)
      case .failure(let failure):
        fail("There is no token for the embeddings backend: \(failure.message)", exchange)
        completion(nil)
      }
    }
  }

  private static func vector(_ result: OutgoingResult) -> [Float]? {
    guard case .success(let message) = result, message.statusCode == 200,
      let answer = try? JSONValue(message.body(preserve: true) ?? []),
      let numbers = answer["data"]?.elements?.first?["embedding"]?.elements
    else { return nil }
    let vector = numbers.compactMap(\.number)
    return vector.count == numbers.count ? SemanticIndex.normalised(vector) : nil
  }
}

/// Keeps the answer to a prompt that `…-semantic-cache-lookup` did not find.
struct SemanticCacheStore: PolicyStep {
  let duration: Argument<Int>

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    guard let miss = exchange.semanticMiss, exchange.hasResponse, exchange.response.status == 200,
      case .bytes(let body) = exchange.responseBody
    else { return .proceed }
    exchange.semanticMiss = nil
    let seconds = max(1, try duration.value(exchange))
    let effects = exchange.effects
    let id = SemanticIndex.id(effects.random(), effects.random())
    let bytes = exchange.response.serialised(HeadRewrite(body: .length(body.count))) + body
    let now = effects.now()
    effects.cache(
      CachedEntry(bytes: bytes, storedTicks: now), as: SemanticCacheLookup.answerName(id), in: .preferExternal,
      seconds: seconds)
    let entry = SemanticIndex.Entry(id: id, end: now + Int64(seconds) * 10_000_000, vector: miss.vector)
    effects.append(
      SemanticIndex.record(of: entry), toCached: miss.index, in: .preferExternal, seconds: seconds,
      limit: SemanticIndex.byteLimit)
    return .proceed
  }
}
