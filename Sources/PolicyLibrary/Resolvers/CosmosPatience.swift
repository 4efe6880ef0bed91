import Expressions

/// How often, and for how long, an account of Cosmos DB that is busy (429) is asked again, as Azure's SDKs do it: such a
/// request was not carried out, so that writes are repeated, too.
struct CosmosPatience: Sendable {
  /// Of one resolver's call, all pages of a query together.
  static let attempts = 9
  /// Milliseconds of all waits together.
  static let longestWait = 30_000
  /// Where the answer does not say how long.
  static let standardWait = 5_000

  private var asked = 0
  private var waited = 0

  init() {}

  /// Milliseconds until the request is sent again; nil where the answer holds.
  mutating func wait(after answer: ResponseMessage) -> Int? {
    guard answer.statusCode == 429, asked < Self.attempts else { return nil }
    let said = answer.headerValues("x-ms-retry-after-ms")?.first.flatMap { Double($0) } ?? 0
    // A number that is none, or that would be waited for no time at all, says nothing.
    guard said.isFinite, said < Double(Self.longestWait) else { return nil }
    let wait = said > 0 ? Int(said.rounded(.up)) : Self.standardWait
    guard waited + wait <= Self.longestWait else { return nil }
    asked += 1
    waited += wait
    return wait
  }
}
