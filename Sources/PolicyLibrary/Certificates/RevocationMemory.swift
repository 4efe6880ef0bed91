import DotNet
import Expressions

/// What authorities said of certificates, for one event loop: asked for once and kept until the next answer is due.
public final class RevocationMemory {
  /// What became of a question.
  typealias Verdict = Result<RevocationStatus, RevocationFailure>

  private struct Entry {
    let verdict: Verdict
    let untilTicks: Int64
  }

  /// For how long an authority that gave no answer is left alone: 15 seconds.
  private static let pauseTicks: Int64 = 15 * 10_000_000
  /// Most certificates that are remembered.
  private static let most = 4_096
  /// How long all addresses of a certificate together may take; the one that is asked then is still waited for: 10 seconds.
  private static let patienceTicks: Int64 = 10 * 10_000_000
  /// How long one address may take to answer.
  static let timeoutMilliseconds = 10_000

  private let lists = RevocationLists()
  /// By the certificates' DER.
  private var entries: [[UInt8]: Entry] = [:]
  private var waiting: [[UInt8]: [(Verdict) -> Void]] = [:]

  /// Whether anybody is to be asked at all.
  let isOn: Bool

  public init(isOn: Bool = true) { self.isOn = isOn }

  /// What is known already.
  func known(_ question: RevocationQuestion, now: Int64) -> Verdict? {
    guard let entry = entries[question.certificate.rawData], entry.untilTicks > now else { return nil }
    return entry.verdict
  }

  /// Asks, or joins those who ask already; `completion` is called once, whatever comes of it.
  func ask(_ question: RevocationQuestion, _ effects: any PolicyEffects, _ completion: @escaping (Verdict) -> Void) {
    let key = question.certificate.rawData
    if waiting[key] != nil {
      waiting[key]?.append(completion)
      return
    }
    waiting[key] = [completion]
    ask(question, question.sources[...], nil, until: effects.now() + Self.patienceTicks, effects)
  }

  /// Asks one source after the other until one answers; the first failure is told.
  private func ask(
    _ question: RevocationQuestion, _ sources: ArraySlice<RevocationQuestion.Source>, _ failure: RevocationFailure?,
    until end: Int64, _ effects: any PolicyEffects
  ) {
    guard let source = sources.first, failure == nil || effects.now() < end else {
      let failure = failure ?? RevocationFailure("Nobody could be asked.")
      effects.log(
        .error, source: "validate-client-certificate", message: failure.message,
        metadata: [(name: "certificate", value: question.certificate.thumbprint)])
      return self.end(question, .failure(failure), until: effects.now() + Self.pauseTicks, effects)
    }
    let then: (Result<(status: RevocationStatus, untilTicks: Int64), RevocationFailure>) -> Void = { [self] result in
      switch result {
      case .success(let answer): self.end(question, .success(answer.status), until: answer.untilTicks, effects)
      case .failure(let new): ask(question, sources.dropFirst(), failure ?? new, until: end, effects)
      }
    }
    switch source {
    case .list(let address): lists.status(question, at: address, effects, then)
    case .responder(let address): askResponder(question, address, effects, then)
    }
  }

  private func askResponder(
    _ question: RevocationQuestion, _ address: String, _ effects: any PolicyEffects,
    _ completion: @escaping (Result<(status: RevocationStatus, untilTicks: Int64), RevocationFailure>) -> Void
  ) {
    let nonce = (0..<4).flatMap { _ in withUnsafeBytes(of: effects.random()) { Array($0) } }
    let request = ResponderRequest(question, nonce: nonce)
    let body = (type: "application/ocsp-request", bytes: request.body)
    Self.fetch(address, body, most: ResponderRequest.answerBound, effects) { result in
      switch result {
      case .failure(let failure): completion(.failure(failure))
      case .success(let bytes):
        let now = effects.now()
        _ = effects.compute { () -> Result<(status: RevocationStatus, untilTicks: Int64), RevocationFailure> in
          do throws(RevocationFailure) {
            return .success(try request.status(bytes, at: now))
          } catch {
            return .failure(RevocationFailure("\(address): \(error.message)"))
          }
        } _: {
          completion($0)
        }
      }
    }
  }

  /// Fetches what an address of a certificate has.
  static func fetch(
    _ address: String, _ body: (type: String, bytes: [UInt8])?, most: Int, _ effects: any PolicyEffects,
    _ completion: @escaping (Result<[UInt8], RevocationFailure>) -> Void
  ) {
    guard let url = try? RequestURL(address) else {
      return completion(.failure(RevocationFailure("'\(address)' is no URL.")))
    }
    var request = OutgoingRequest(method: body == nil ? "GET" : "POST", url: url)
    if let body {
      request.setHeader("Content-Type", body.type)
      request.setHeader("Accept", "application/ocsp-response")
      request.body = body.bytes
    }
    request.timeoutMilliseconds = timeoutMilliseconds
    request.answerBound = most
    // Nothing holds what is under way: others than who asked first wait for it, too.
    _ = effects.send(request) { result in
      switch result {
      case .failure(let failure): completion(.failure(RevocationFailure("\(address): \(failure.message)")))
      case .success(let message):
        guard message.statusCode == 200, let bytes = message.body(preserve: false), bytes.count <= most else {
          let problem = message.statusCode == 200 ? "too large an answer" : "status \(message.statusCode)"
          return completion(.failure(RevocationFailure("\(address) answered with \(problem).")))
        }
        completion(.success(bytes))
      }
    }
  }

  private func end(
    _ question: RevocationQuestion, _ verdict: Verdict, until: Int64, _ effects: any PolicyEffects
  ) {
    let key = question.certificate.rawData
    if entries[key] == nil, entries.count >= Self.most { makePlace(effects.now()) }
    entries[key] = Entry(verdict: verdict, untilTicks: until)
    let completions = waiting.removeValue(forKey: key) ?? []
    for completion in completions { completion(verdict) }
  }

  /// Forgets what is over, or else a quarter of the rest.
  private func makePlace(_ now: Int64) {
    entries = entries.filter { $0.value.untilTicks > now }
    guard entries.count >= Self.most else { return }
    for key in Array(entries.keys.prefix(Self.most / 4)) { entries[key] = nil }
  }
}
