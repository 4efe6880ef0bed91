import Expressions
import JSONSchema

/// Where managed identities get their tokens: Azure's instance metadata, or what `IDENTITY_ENDPOINT` names instead.
public struct IdentityEndpoint: Sendable, Hashable {
  public var url: String
  /// Sent as `X-IDENTITY-HEADER`; nil where the endpoint wants `Metadata: true`.
  public var secret: String?

  public init(
    url: String = "http://169.254.169.254/metadata/identity/oauth2/token", secret: String? = nil
  ) {
    self.url = url
    self.secret = secret
  }

  /// What the environment of a process says; without `IDENTITY_ENDPOINT` the instance metadata are meant.
  public init(environment: [String: String]) {
    self.init()
    if let url = environment["IDENTITY_ENDPOINT"] { self.init(url: url, secret: environment["IDENTITY_HEADER"]) }
  }

  /// The request for a token.
  func request(_ resource: String, client: String?) throws(RequestURL.Failure) -> OutgoingRequest {
    func escaped(_ text: String) -> String { QueryText.encode(text) }
    var address = url + (url.contains("?") ? "&" : "?")
    address += "api-version=\(secret == nil ? "2018-02-01" : "2019-08-01")&resource=\(escaped(resource))"
    if let client { address += "&client_id=\(escaped(client))" }
    var request = OutgoingRequest(method: "GET", url: try RequestURL(address))
    request.setHeader(secret == nil ? "Metadata" : "X-IDENTITY-HEADER", secret ?? "true")
    request.timeoutMilliseconds = 10_000
    return request
  }
}

/// Tokens of managed identities, for one event loop: asked for once and kept until shortly before they expire.
final class IdentityTokens {
  private struct Key: Hashable {
    let resource: String
    let client: String?
  }

  private struct Entry {
    var token: String
    var untilTicks: Int64
  }

  /// How long before its end a token is not used any more.
  private static let marginTicks: Int64 = 60 * 10_000_000
  private static let most = 256

  private let endpoint: IdentityEndpoint
  private var entries: [Key: Entry] = [:]
  private var waiting: [Key: [(Result<String, OutgoingFailure>) -> Void]] = [:]

  init(_ endpoint: IdentityEndpoint) { self.endpoint = endpoint }

  /// A token for a resource, at once when one is kept. All who ask meanwhile share one request.
  func token(
    _ resource: String, client: String?, _ effects: any PolicyEffects,
    _ completion: @escaping (Result<String, OutgoingFailure>) -> Void
  ) {
    let key = Key(resource: resource, client: client)
    if let entry = entries[key], entry.untilTicks > effects.now() { return completion(.success(entry.token)) }
    if waiting[key] != nil {
      waiting[key]?.append(completion)
      return
    }
    waiting[key] = [completion]
    let request: OutgoingRequest
    do throws(RequestURL.Failure) {
      request = try endpoint.request(resource, client: client)
    } catch {
      return end(key, .failure(OutgoingFailure(reason: .connection, message: error.message)))
    }
    // Nothing holds what is under way: others than who asked first wait for it, too.
    _ = effects.send(request) { [self] result in end(key, result.flatMap { keep($0, key, effects) }) }
  }

  private func keep(
    _ message: ResponseMessage, _ key: Key, _ effects: any PolicyEffects
  ) -> Result<String, OutgoingFailure> {
    let body = message.body(preserve: false) ?? []
    guard message.statusCode == 200, let members = JSONObject(json: body),
      let token = members["access_token"]?.text, !token.isEmpty
    else {
      return .failure(
        OutgoingFailure(
          reason: .connection, message: "The identity endpoint answered with status \(message.statusCode) and no token."
        ))
    }
    // The endpoints write numbers as texts.
    func number(_ name: String) -> Double? { members[name]?.texts.first.flatMap { Double($0) } }
    let now = effects.now()
    var until = now
    if let seconds = number("expires_on"), abs(seconds) < 2.5e11 {
      until = Int64(seconds) * 10_000_000 + TokenTime.epochTicks
    } else if let seconds = number("expires_in"), abs(seconds) < 1e9 {
      until = now + Int64(seconds) * 10_000_000
    }
    if entries.count >= Self.most { entries = entries.filter { $0.value.untilTicks > now } }
    if entries.count < Self.most { entries[key] = Entry(token: token, untilTicks: until - Self.marginTicks) }
    return .success(token)
  }

  private func end(_ key: Key, _ result: Result<String, OutgoingFailure>) {
    let completions = waiting.removeValue(forKey: key) ?? []
    for completion in completions { completion(result) }
  }
}
