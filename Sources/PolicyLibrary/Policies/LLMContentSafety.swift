import Expressions
import HTTPWire
import JSONSchema
import PolicySyntax

extension PolicyDefinition {
  /// `llm-content-safety`: prompts and completions, held against Azure AI Content Safety.
  static let llmContentSafety = PolicyDefinition("llm-content-safety", in: [.inbound, .outbound]) { element, plan in
    let isResponse = plan.section == .outbound
    let attributes = AttributeReader(element, plan)
    let backend = NamedBackend("backend-id", element, attributes, plan)
    let shields = attributes.boolean("shield-prompt") ?? .literal(false)
    let enforces = attributes.boolean("enforce-on-completions") ?? .literal(false)
    let window = attributes.integer("window-size", in: 1...LLMContentSafety.largestText) ?? .literal(10_000)
    let overlap = attributes.integer("window-overlap-size", in: 0...(LLMContentSafety.largestText - 1)) ?? .literal(0)
    attributes.finish()
    plan.allowChildren(["categories", "blocklists"], in: element)
    for name in ["categories", "blocklists"] {
      for child in element.elements(named: name).dropFirst() {
        plan.report(child.diagnostic("PL0129", "'\(element.name)' may hold only one <\(name)>."))
      }
    }
    if case (.literal(let window), .literal(let overlap)) = (window, overlap), overlap >= window {
      plan.report(element.diagnostic("PL0114", "'window-overlap-size' must be below 'window-size'."))
    }
    let (outputType, categories) = LLMContentSafety.categories(element.first("categories"), plan)
    let blocklists = LLMContentSafety.blocklists(element.first("blocklists"), plan)
    if isResponse { plan.readsResponseBody = true } else { plan.readsRequestBody = true }
    guard let backend else { return }
    let make = { (place: Int) in
      LLMContentSafety(
        backend: backend, shields: shields, enforces: enforces, window: window, overlap: overlap,
        outputType: outputType,
        categories: categories, blocklists: blocklists, isResponse: isResponse, place: place)
    }
    let place = plan.emit(element, make)
    // The completion is looked at before any other policy of outbound sees it.
    if !isResponse, enforces.literal != false {
      plan.readsResponseBody = true
      plan.emitAtBeginOfOutbound(CompletionSafety(safety: make(place)), place: place)
    }
  }
}

/// Asks Azure AI Content Safety about the text of a message, and ends the exchange when it holds what it must not.
struct LLMContentSafety: PolicyStep {
  /// Characters that the service takes at once.
  static let largestText = 10_000
  /// Windows of one completion.
  static let windowLimit = 100
  static let name = "llm-content-safety"
  private static let version = "api-version=2024-09-01"

  struct Category: Sendable {
    let name: Argument<String>
    let threshold: Argument<Int>
  }

  let backend: NamedBackend
  let shields: Argument<Bool>
  let enforces: Argument<Bool>
  let window: Argument<Int>
  let overlap: Argument<Int>
  let outputType: Argument<String>
  let categories: [Category]
  let blocklists: [Argument<String>]
  let isResponse: Bool
  let place: Int

  static func categories(
    _ element: PolicyElement?, _ plan: PolicyCompilation
  ) -> (Argument<String>, [Category]) {
    let types = ["FourSeverityLevels", "EightSeverityLevels"]
    guard let element else { return (.literal(types[0]), []) }
    let attributes = AttributeReader(element, plan)
    let type = attributes.word("output-type", among: types) ?? .literal(types[0])
    attributes.finish()
    plan.allowChildren(["category"], in: element)
    let list = element.elements(named: "category").compactMap { child -> Category? in
      let attributes = AttributeReader(child, plan)
      let name = attributes.word("name", isRequired: true, among: ["Hate", "SelfHarm", "Sexual", "Violence"])
      let threshold = attributes.integer("threshold", isRequired: true, in: 0...7)
      attributes.finish()
      plan.allowChildren([], in: child)
      guard let name, let threshold else { return nil }
      return Category(name: name, threshold: threshold)
    }
    return (type, list)
  }

  static func blocklists(_ element: PolicyElement?, _ plan: PolicyCompilation) -> [Argument<String>] {
    guard let element else { return [] }
    AttributeReader(element, plan).finish()
    plan.allowChildren(["id"], in: element)
    return element.elements(named: "id").compactMap { child in
      AttributeReader(child, plan).finish()
      plan.allowChildren([], in: child)
      guard let text = child.text else {
        plan.report(child.diagnostic("PL0109", "<id> needs the name of a blocklist as its text."))
        return nil
      }
      return plan.string(text)
    }
  }

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    if isResponse { return try checkCompletion(exchange) }
    if try enforces.value(exchange) { exchange.enforcedCompletions.insert(place) }
    guard let body = try body(exchange.requestBody, of: .request, exchange) else { return .proceed }
    let text = ModelText.prompt(body)
    if text.unicodeScalars.count > Self.largestText {
      throw refused("The request has more than \(Self.largestText) characters, which cannot be checked.")
    }
    var requests = try analyses(of: [text], exchange)
    if try shields.value(exchange) {
      let body = JSONObject([("userPrompt", .text(text)), ("documents", .array([]))])
      requests.append(try request("text:shieldPrompt", .object(body), exchange))
    }
    return try check(requests, exchange)
  }

  /// Looks at what the backend has said.
  func checkCompletion(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    guard exchange.hasResponse, let body = try body(exchange.responseBody, of: .response, exchange) else {
      return .proceed
    }
    let scalars = Array(ModelText.completion(body).unicodeScalars)
    let size = min(max(1, try window.value(exchange)), Self.largestText)
    let step = max(1, size - max(0, try overlap.value(exchange)))
    var windows: [String] = []
    var start = 0
    repeat {
      guard windows.count < Self.windowLimit else {
        throw refused("The answer is too long to be checked.")
      }
      var text = String.UnicodeScalarView()
      text.append(contentsOf: scalars[start..<min(start + size, scalars.count)])
      windows.append(String(text))
      if start + size >= scalars.count { break }
      start += step
    } while true
    return try check(try analyses(of: windows, exchange), exchange)
  }

  /// The body without compression; nil when there is none.
  private func body(
    _ body: MessageBody, of message: ContextMessage, _ exchange: Exchange
  ) throws(PolicyError) -> [UInt8]? {
    switch body {
    case .none, .bytes([]): return nil
    case .bytes(let bytes):
      let encoding = exchange.header("Content-Encoding", of: message)
      if case .bytes(let decoded) = DecodedBody(bytes, encoding: encoding, limit: 16 << 20) { return decoded }
    case .streaming, .consumed: break
    }
    throw failed("The text cannot be read: it is compressed, or an earlier policy has taken it.")
  }

  // MARK: - Requests

  private func analyses(of texts: [String], _ exchange: Exchange) throws(PolicyError) -> [OutgoingRequest] {
    guard !categories.isEmpty || !blocklists.isEmpty else { return [] }
    var names: [JSONValue] = []
    for category in categories { names.append(.text(try category.name.value(exchange))) }
    var lists: [JSONValue] = []
    for list in blocklists { lists.append(.text(try list.value(exchange).trimmed)) }
    let type = try outputType.value(exchange)
    var requests: [OutgoingRequest] = []
    for text in texts {
      var body = JSONObject([("text", .text(text))])
      // Without categories the service would look at all of them.
      body.set("categories", .array(names))
      if !lists.isEmpty { body.set("blocklistNames", .array(lists)) }
      body.set("outputType", .text(type))
      requests.append(try request("text:analyze", .object(body), exchange))
    }
    return requests
  }

  private func request(_ call: String, _ body: JSONValue, _ exchange: Exchange) throws(PolicyError) -> OutgoingRequest {
    let target = try backend.target(exchange)
    let base = String(decoding: target.basePath, as: UTF8.self)
    var request = OutgoingRequest(
      method: "POST", target: target, path: "\(base)/contentsafety/\(call)?\(Self.version)")
    request.setHeader("Content-Type", "application/json")
    request.body = body.bytes
    request.timeoutMilliseconds = 30_000
    return request
  }

  /// Sends one request after the other; the first that finds something ends the exchange.
  private func check(_ requests: [OutgoingRequest], _ exchange: Exchange) throws(PolicyError) -> StepResult {
    var thresholds: [String: Int] = [:]
    for category in categories {
      thresholds[try category.name.value(exchange)] = try category.threshold.value(exchange)
    }
    guard !requests.isEmpty else { return .proceed }
    let wait = PolicyWait()
    send(requests[...], thresholds, exchange, wait)
    return .suspend(wait)
  }

  private func send(
    _ requests: ArraySlice<OutgoingRequest>, _ thresholds: [String: Int], _ exchange: Exchange, _ wait: PolicyWait
  ) {
    guard let request = requests.first else { return wait.complete { (_) throws(PolicyError) in .proceed } }
    wait.holds(
      exchange.effects.send(request) { result in
        let outcome = verdict(result, thresholds)
        if case .failure(let error) = outcome { return wait.complete { (_) throws(PolicyError) in throw error } }
        send(requests.dropFirst(), thresholds, exchange, wait)
      })
  }

  // MARK: - Verdicts

  private func verdict(_ result: OutgoingResult, _ thresholds: [String: Int]) -> Result<Void, PolicyError> {
    let message: ResponseMessage
    switch result {
    case .failure(let failure): return .failure(failure.error(source: Self.name))
    case .success(let found): message = found
    }
    guard message.statusCode == 200, let answer = try? JSONValue(message.body(preserve: true) ?? []),
      answer.object != nil
    else { return .failure(failed("The content safety service answered \(message.statusCode).")) }
    for analysis in answer["categoriesAnalysis"]?.elements ?? [] {
      guard let name = analysis["category"]?.text, let threshold = thresholds[name] else { continue }
      guard let severity = analysis["severity"]?.count else {
        return .failure(failed("The content safety service tells no severity of '\(name)'."))
      }
      if severity >= threshold { return .failure(refused("Category \(name) has severity \(severity).")) }
    }
    if let match = answer["blocklistsMatch"]?.elements?.first {
      return .failure(refused("An item of blocklist \(match["blocklistName"]?.text ?? "") matches."))
    }
    let analyses = [answer["userPromptAnalysis"]].compactMap { $0 } + (answer["documentsAnalysis"]?.elements ?? [])
    if analyses.contains(where: { $0["attackDetected"]?.flag == true }) {
      return .failure(refused("The prompt is an attack."))
    }
    return .success(())
  }

  private func refused(_ message: String) -> PolicyError {
    PolicyError(
      source: Self.name, reason: "ContentSafetyViolation", message: message, status: 403,
      responseMessage: "Request failed content safety check.")
  }

  private func failed(_ message: String) -> PolicyError {
    .internal(source: Self.name, reason: "ContentSafetyFailure", message: message)
  }
}

/// Looks at the completion of a request whose policy in inbound asks for it.
struct CompletionSafety: PolicyStep {
  let safety: LLMContentSafety

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    guard exchange.enforcedCompletions.contains(safety.place) else { return .proceed }
    return try safety.checkCompletion(exchange)
  }
}
