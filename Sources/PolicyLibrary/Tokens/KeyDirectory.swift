import Expressions
import JSONSchema

/// Keys and names of token issuers, fetched by OpenID Connect Discovery and kept, for one event loop.
///
/// Keys are fresh for an hour. After that they go on serving while new ones are fetched, so that an issuer that is away
/// stops nobody; a token with an unknown key identifier makes an issuer asked again, at most every five minutes.
final class KeyDirectory {
  enum Lookup {
    case ready(KeySet)
    /// Nothing is known, and the issuer was asked a moment ago: why there was no answer.
    case unavailable(String)
    /// The issuer has to be asked first.
    case ask
  }

  /// One reference: it is looked at for every request.
  private final class Entry {
    var keys: KeySet?
    var fetchedTicks: Int64 = 0
    var askedTicks: Int64 = 0
    var failure = ""
    /// Called when the answer is there; nil while nobody asks.
    var waiting: [() -> Void]?
  }

  private static let freshTicks: Int64 = 3_600 * 10_000_000
  private static let pauseTicks: Int64 = 300 * 10_000_000
  /// Most issuers known at a time.
  private static let most = 256
  /// How long an issuer may take to answer.
  private static let timeoutMilliseconds = 10_000

  private var entries: [String: Entry] = [:]

  /// What is known for a token with a key identifier; stale keys are renewed in the background.
  func find(_ url: String, keyID: String?, _ effects: any PolicyEffects) -> Lookup {
    guard let entry = entries[url] else { return .ask }
    let mayAsk = entry.waiting == nil && effects.now() - entry.askedTicks >= Self.pauseTicks
    guard let keys = entry.keys else {
      return mayAsk || entry.waiting != nil ? .ask : .unavailable(entry.failure)
    }
    if !keys.hasCandidates(keyID), mayAsk || entry.waiting != nil { return .ask }
    if mayAsk, effects.now() - entry.fetchedTicks >= Self.freshTicks { ask(url, effects) {} }
    return .ready(keys)
  }

  /// Asks the issuer, or joins those who wait for it already; `completion` is called once, whatever comes of it.
  func ask(_ url: String, _ effects: any PolicyEffects, _ completion: @escaping () -> Void) {
    if entries[url]?.waiting != nil {
      entries[url]?.waiting?.append(completion)
      return
    }
    if entries[url] == nil, entries.count >= Self.most { forgetOldest() }
    let entry = entries[url] ?? Entry()
    entry.askedTicks = effects.now()
    entry.waiting = [completion]
    entries[url] = entry
    fetch(url, effects) { [self] members in
      guard let address = members["jwks_uri"]?.text else {
        return end(url, effects, .failure(OutgoingFailure(reason: .connection, message: "\(url) names no jwks_uri.")))
      }
      let issuer = members["issuer"]?.text
      send(address, effects) { [self] result in
        end(
          url, effects,
          result.flatMap { (body) -> Result<KeySet, OutgoingFailure> in
            KeySet(json: body, issuer: issuer).map { .success($0) }
              ?? .failure(OutgoingFailure(reason: .connection, message: "\(address) is no set of keys."))
          })
      }
    }
  }

  private func fetch(
    _ url: String, _ effects: any PolicyEffects, _ then: @escaping (JSONObject) -> Void
  ) {
    send(url, effects) { [self] result in
      switch result {
      case .failure(let failure): end(url, effects, .failure(failure))
      case .success(let body):
        guard let members = JSONObject(json: body) else {
          return end(
            url, effects, .failure(OutgoingFailure(reason: .connection, message: "\(url) is no JSON object.")))
        }
        then(members)
      }
    }
  }

  private func send(
    _ url: String, _ effects: any PolicyEffects, _ completion: @escaping (Result<[UInt8], OutgoingFailure>) -> Void
  ) {
    guard let address = try? RequestURL(url) else {
      return completion(.failure(OutgoingFailure(reason: .connection, message: "'\(url)' is no URL.")))
    }
    var request = OutgoingRequest(method: "GET", url: address)
    request.headers = [("Accept", "application/json")]
    request.timeoutMilliseconds = Self.timeoutMilliseconds
    // Nothing holds what is under way: others than who asked first wait for it, too.
    _ = effects.send(request) { result in
      completion(
        result.flatMap { (message) -> Result<[UInt8], OutgoingFailure> in
          guard message.statusCode == 200, let body = message.body(preserve: false) else {
            return .failure(
              OutgoingFailure(reason: .connection, message: "\(url) answered with status \(message.statusCode)."))
          }
          return .success(body)
        })
    }
  }

  private func end(_ url: String, _ effects: any PolicyEffects, _ result: Result<KeySet, OutgoingFailure>) {
    guard let entry = entries[url] else { return }
    switch result {
    case .success(let keys):
      entry.keys = keys
      entry.fetchedTicks = effects.now()
      entry.failure = ""
    case .failure(let failure):
      // The last good keys stay.
      entry.failure = failure.message
      effects.log(.error, source: "openid-config", message: failure.message, metadata: [(name: "url", value: url)])
    }
    let waiting = entry.waiting ?? []
    entry.waiting = nil
    for completion in waiting { completion() }
  }

  private func forgetOldest() {
    let idle = entries.filter { $0.value.waiting == nil }
    if let oldest = idle.min(by: { $0.value.askedTicks < $1.value.askedTicks }) { entries[oldest.key] = nil }
  }
}
