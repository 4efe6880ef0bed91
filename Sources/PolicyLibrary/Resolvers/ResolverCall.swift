import Expressions
import HTTPWire
import JSONSchema

/// What `context.GraphQL` tells in a resolver, as JSON.
struct GraphQLScope {
  let arguments: String
  /// Nil at the root.
  let parent: String?
  /// The value of the field is a list.
  var answersList = false
}

/// The call that `http-request` describes; its answer becomes the response of the resolver's exchange.
struct ResolverCall: PolicyStep {
  let url: Argument<String>
  let method: Argument<String>
  let headers: [SetHeader]
  let body: SetBody?
  let authentication: (any OutgoingAuthentication)?
  let timeoutSeconds: Argument<Int>
  /// `set-backend-service` says where; of the URL path and query count.
  let isRelative: Bool
  /// `http-response` makes an answer of whatever the service says, be it an error.
  let makesOwnAnswer: Bool

  /// Where a URL leads to. Beside a backend it may begin with its path.
  static func address(_ text: String, isRelative: Bool) throws(RequestURL.Failure) -> RequestURL {
    let text = text.trimmed
    return try RequestURL(isRelative && text.hasPrefix("/") ? "http://backend" + text : text)
  }

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let wait = PolicyWait()
    let request = try request(exchange)
    let end = { (result: Result<ResponseMessage, PolicyError>) in
      wait.complete { (exchange) throws(PolicyError) in
        exchange.beginResponse(try result.get())
        guard exchange.response.status >= 400, !makesOwnAnswer else { return .proceed }
        throw PolicyError(
          source: HTTPDataSource.name, reason: "BackendErrorStatusCode",
          message: "The data source answered \(exchange.response.status).", status: 502)
      }
    }
    let send = { (request: OutgoingRequest) in
      wait.holds(
        exchange.effects.send(request) { result in end(result.mapError { $0.error(source: HTTPDataSource.name) }) })
    }
    if let authentication {
      let pending = authentication.authenticate(request, exchange) { result in
        switch result {
        case .success(let request): send(request)
        case .failure(let error): end(.failure(error))
        }
      }
      if let pending { wait.holds(pending) }
    } else {
      send(request)
    }
    return .suspend(wait)
  }

  private func request(_ exchange: Exchange) throws(PolicyError) -> OutgoingRequest {
    let text = try url.value(exchange)
    let address: RequestURL
    do { address = try Self.address(text, isRelative: isRelative) } catch {
      throw .internal(
        source: HTTPDataSource.name, reason: OutgoingRequestTemplate.invalidURL, message: error.message)
    }
    let method = try method.value(exchange).trimmed
    guard HeaderName(method) != nil else {
      throw .internal(
        source: HTTPDataSource.name, reason: "InvalidMethod", message: "'\(method)' is no method of HTTP.")
    }
    var request: OutgoingRequest
    if isRelative, let backend = exchange.backend {
      request = OutgoingRequest(
        method: method, target: backend,
        path: String(decoding: backend.basePath, as: UTF8.self) + address.target)
    } else {
      request = OutgoingRequest(method: method, url: address)
    }
    request.timeoutMilliseconds = min(max(1, try timeoutSeconds.value(exchange)), 86_400) * 1_000
    if let body {
      request.body = try body.bytes(exchange)
    } else if method != "GET", method != "HEAD", let arguments = exchange.graphQL?.arguments {
      request.body = Array(arguments.utf8)
      request.setHeader("Content-Type", "application/json")
    }
    for header in headers { try header.apply(exchange, to: &request) }
    return request
  }
}
