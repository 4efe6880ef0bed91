import Expressions
public import HTTPWire

/// What happened to an exchange: every step of its plan, and what the gateway did around them. Kept only where somebody
/// asked for it, and bounded: what is beyond is left out, and the last entry says so.
public final class ExchangeTrace {
  /// One step that has run, or one thing that the gateway did.
  public struct Entry: Sendable {
    /// The policy's element name, or the gateway's part that speaks.
    public let source: String
    public let section: PolicySection
    /// When it began, in ticks.
    public let startTicks: Int64
    public internal(set) var content: Content
  }

  public enum Content: Sendable {
    case step(Step)
    /// The request as it came.
    case received(Message)
    /// What the request was found to be for, and whose it is.
    case matched(ExchangeFacts)
    /// The request as it goes to the backend.
    case forwarded(Message, timeoutSeconds: Double)
    /// The backend's answer, or that to the caller.
    case answered(Message)
    /// What a policy or the gateway says; the gateway without a severity.
    case said(String, TraceSeverity?, [(name: String, value: String)])
    case failed(PolicyError)
  }

  /// A step of the plan and what came of it.
  public struct Step: Sendable {
    public let place: PlanPlace
    public fileprivate(set) var elapsedTicks: Int64 = 0
    /// Bytes of bodies that are held behind it.
    public fileprivate(set) var bufferedBytes = 0
    public fileprivate(set) var changes: [Change] = []
    /// What came of a condition.
    public fileprivate(set) var condition: Bool?
    /// The field of GraphQL that the step resolves.
    public fileprivate(set) var resolver: String?

    fileprivate var size: Int {
      changes.reduce(200) { $0 + ($1.before?.utf8.count ?? 0) + ($1.after?.utf8.count ?? 0) }
    }
  }

  /// One thing that is not what it was.
  public struct Change: Equatable, Sendable {
    /// `request.method`, `request.headers.X`, `response.status`, `variables.x` and so on.
    public let subject: String
    /// Nil where there was nothing.
    public let before: String?
    /// Nil where there is nothing any more.
    public let after: String?
  }

  /// A message without its body.
  public struct Message: Sendable {
    public let text: String?
    /// Nil for an answer.
    public var method: String?
    public var url: String?
    /// Nil for a request.
    public var status: Int?
    public var reason: String?
    public var headers: [(name: String, value: String)]

    /// - Parameter written: how it is written; nil for one as it came.
    public init(request: borrowing MessageHead, written rewrite: HeadRewrite? = nil, url: String) {
      text = nil
      method = request.method
      self.url = url
      headers = rewrite.map { Self.headers(request.serialised($0)) } ?? Self.headers(request)
    }

    /// - Parameter written: how it is written; nil for one as it came.
    public init(_ text: String? = nil, response: borrowing MessageHead, written rewrite: HeadRewrite? = nil) {
      self.text = text
      status = response.status
      reason = response.reason
      headers = rewrite.map { Self.headers(response.serialised($0)) } ?? Self.headers(response)
    }

    private static func headers(_ bytes: [UInt8]) -> [(name: String, value: String)] {
      String(decoding: bytes, as: UTF8.self).split(separator: "\r\n").dropFirst().compactMap { line in
        guard let colon = line.firstIndex(of: ":") else { return nil }
        let value = line[line.index(after: colon)...].drop { $0 == " " }
        return (String(line[..<colon]), String(value.prefix(ExchangeTrace.bound)))
      }
    }

    private static func headers(_ head: borrowing MessageHead) -> [(name: String, value: String)] {
      var headers: [(name: String, value: String)] = []
      head.forEachHeader { headers.append(($0, String($1.prefix(ExchangeTrace.bound)))) }
      return headers
    }
  }

  /// When the exchange began, in ticks.
  public let startTicks: Int64
  public private(set) var entries: [Entry] = []
  private var place = -1
  /// The entry of the step that runs.
  private var running: Int?
  private var before: [String: String] = [:]
  private var section = PolicySection.inbound
  private(set) var characters = 0
  private var isFull = false

  /// Characters of one value that are kept.
  static let bound = 4_096
  /// Entries of one exchange, and characters of all of them.
  static let (entryBound, characterBound) = (1_000, 1 << 20)

  public init(startTicks: Int64) { self.startTicks = startTicks }

  /// Tells of something that the gateway did.
  public func add(_ source: String, _ section: PolicySection, _ content: Content, ticks: Int64) {
    switch content {
    case .received(let message), .forwarded(let message, _), .answered(let message):
      characters += message.headers.reduce(200) { $0 + $1.name.utf8.count + $1.value.utf8.count }
    case .said(let text, _, let pairs):
      characters += pairs.reduce(text.utf8.count) { $0 + $1.name.utf8.count + $1.value.utf8.count }
    case .step, .matched, .failed: characters += 200
    }
    var entry = Entry(source: source, section: section, startTicks: ticks, content: content)
    guard !isFull else { return }
    isFull = entries.count == Self.entryBound || characters > Self.characterBound
    if isFull { entry.content = .said("The trace is full: this and what follows is left out.", nil, []) }
    entries.append(entry)
  }

  /// Tells what a policy says, in the section that runs.
  func say(
    _ source: String, _ message: String, _ severity: TraceSeverity, _ pairs: [(name: String, value: String)],
    _ exchange: Exchange
  ) {
    let pairs = pairs.map { (name: $0.name, value: String($0.value.prefix(Self.bound))) }
    add(
      source, exchange.place?.section ?? section, .said(String(message.prefix(Self.bound)), severity, pairs),
      ticks: exchange.effects.now())
  }

  /// What has come of the condition that the running step is.
  func decide(_ condition: Bool) {
    guard let running, case .step(var step) = entries[running].content else { return }
    step.condition = condition
    entries[running].content = .step(step)
  }

  /// Takes over what a resolver did, which is over.
  func add(_ trace: ExchangeTrace, resolver: String) {
    for entry in trace.entries {
      var content = entry.content
      if case .step(var step) = content {
        step.resolver = resolver
        content = .step(step)
        characters += step.size
      }
      add(entry.source, .backend, content, ticks: entry.startTicks)
    }
  }

  /// The exchange has come to another place, or to the end of a section.
  func moved(_ exchange: Exchange) {
    // A step that suspended goes on at its own place.
    guard exchange.placeIndex != place else { return }
    end(exchange)
    guard let place = exchange.place else { return }
    self.place = exchange.placeIndex
    section = place.section
    before = Self.state(exchange)
    add(place.policy, place.section, .step(Step(place: place)), ticks: exchange.effects.now())
    if !isFull { running = entries.endIndex - 1 }
  }

  /// The last step is over.
  public func end(_ exchange: Exchange) {
    place = -1
    guard let running, case .step(var step) = entries[running].content else { return }
    self.running = nil
    let after = Self.state(exchange)
    step.elapsedTicks = exchange.effects.now() - entries[running].startTicks
    step.bufferedBytes = (exchange.requestBody.bytes?.count ?? 0) + (exchange.responseBody.bytes?.count ?? 0)
    step.changes = Set(before.keys).union(after.keys).sorted().compactMap { subject in
      before[subject] == after[subject]
        ? nil : Change(subject: subject, before: before[subject], after: after[subject])
    }
    characters += step.size
    entries[running].content = .step(step)
  }

  private static func state(_ exchange: Exchange) -> [String: String] {
    var state: [String: String] = [:]
    func put(_ subject: String, _ value: String?) { state[subject] = value.map { String($0.prefix(bound)) } }
    func put(_ message: String, _ head: borrowing MessageHead, _ body: MessageBody) {
      head.forEachHeader { name, value in
        let subject = "\(message).headers.\(name)"
        state[subject] = state[subject].map { "\($0),\(value)" } ?? String(value.prefix(bound))
      }
      put("\(message).body", text(body))
    }
    put("request.method", exchange.request.method)
    put("request.target", exchange.request.target)
    put("request", exchange.request, exchange.requestBody)
    put("backend", exchange.backend?.url)
    if exchange.hasResponse {
      put("response.status", "\(exchange.response.status)")
      put("response", exchange.response, exchange.responseBody)
    }
    for (name, value) in exchange.variables { put("variables.\(name)", value.shownText(in: exchange)) }
    put("error", exchange.lastError.map { "\($0.source): \($0.reason): \($0.message)" })
    return state
  }

  private static func text(_ body: MessageBody) -> String? {
    switch body {
    case .none: nil
    case .streaming: "(flows by)"
    case .bytes(let bytes): String(decoding: bytes.prefix(bound), as: UTF8.self)
    case .consumed: "(consumed)"
    }
  }
}
