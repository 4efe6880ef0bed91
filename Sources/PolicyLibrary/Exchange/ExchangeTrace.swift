import Expressions
import HTTPWire

/// What every step of a plan did to its exchange. Kept only where somebody asked for it.
public final class ExchangeTrace {
  /// One step that has run.
  public struct Entry {
    public let place: PlanPlace
    /// When it began, in ticks.
    public let startTicks: Int64
    public fileprivate(set) var elapsedTicks: Int64 = 0
    public fileprivate(set) var changes: [Change] = []
  }

  /// One thing that is not what it was.
  public struct Change: Equatable {
    /// `request.method`, `request.headers.X`, `response.status`, `variables.x` and so on.
    public let subject: String
    /// Nil where there was nothing.
    public let before: String?
    /// Nil where there is nothing any more.
    public let after: String?
  }

  public private(set) var entries: [Entry] = []
  private var index = -1
  private var before: [String: String] = [:]

  public init() {}

  /// The exchange has come to another place, or to the end of a section.
  func moved(_ exchange: Exchange) {
    // A step that suspended goes on at its own place.
    guard exchange.placeIndex != index else { return }
    end(exchange)
    guard let place = exchange.place else { return }
    index = exchange.placeIndex
    before = Self.state(exchange)
    entries.append(Entry(place: place, startTicks: exchange.effects.now()))
  }

  /// The last step is over.
  public func end(_ exchange: Exchange) {
    guard index >= 0, !entries.isEmpty else { return }
    index = -1
    let after = Self.state(exchange)
    let last = entries.count - 1
    entries[last].elapsedTicks = exchange.effects.now() - entries[last].startTicks
    entries[last].changes = Set(before.keys).union(after.keys).sorted().compactMap { subject in
      before[subject] == after[subject]
        ? nil : Change(subject: subject, before: before[subject], after: after[subject])
    }
  }

  /// Characters of one value that are kept.
  private static let bound = 4_096

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
