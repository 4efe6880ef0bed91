import HTTPWire

/// Counts the tokens of a model's answer while its events pass: nothing is held but the line that is not complete yet.
struct TokenStream {
  private var line: [UInt8] = []
  private var isSkipping = false
  private var events = 0
  private var told: TokenUsage?

  /// Bytes of the longest line that is looked into; of a longer one only that it is an event counts.
  private static let lineBound = 1 << 20

  init() {}

  mutating func add(_ bytes: some Sequence<UInt8>) {
    for byte in bytes {
      if byte == 0x0a {
        endLine()
      } else if !isSkipping {
        line.append(byte)
        if line.count > Self.lineBound {
          if line.starts(with: Self.data) { events += 1 }
          line.removeAll()
          isSkipping = true
        }
      }
    }
  }

  private static let data = Array("data:".utf8)
  private static let done = Array("[DONE]".utf8)
  private static let usage = Array("\"usage\"".utf8)

  private mutating func endLine() {
    defer { line.removeAll(keepingCapacity: true) }
    if isSkipping {
      isSkipping = false
      return
    }
    guard line.starts(with: Self.data) else { return }
    let event = line.dropFirst(Self.data.count)
    if !Self.contains(event, Self.done) { events += 1 }
    if Self.contains(event, Self.usage), let usage = TokenUsage.usage(event) { told = usage }
  }

  private static func contains(_ bytes: ArraySlice<UInt8>, _ wanted: [UInt8]) -> Bool {
    var start = bytes.startIndex
    while let first = bytes[start...].firstIndex(of: wanted[0]) {
      if bytes[first...].starts(with: wanted) { return true }
      start = first + 1
    }
    return false
  }

  /// What the last event that tells it said, else an estimate: each event carries about one token. Nil when there was no
  /// event.
  func usage(promptBytes: Int) -> TokenUsage? {
    var whole = self
    whole.endLine()
    if let told = whole.told { return told }
    return whole.events == 0 ? nil : .estimated(promptBytes: promptBytes, events: whole.events)
  }
}

extension Exchange {
  /// Whether the answer whose head has come is a stream of events that passes while its tokens are counted: the gateway
  /// holds nothing of it, and shows what passes to ``count(events:)``. Other answers are held until they are complete where
  /// a policy counts tokens, so that `outbound` and the headers know what they took; as are compressed ones.
  public func countsEvents(_ plan: PolicyPlan) -> Bool {
    guard plan.countsTokens, !plan.needsResponseBody, let type = response.value(of: "Content-Type"),
      type.prefix(while: { $0 != ";" && $0 != " " }).lowercased() == "text/event-stream"
    else { return false }
    return response.value(of: "Content-Encoding").map { $0.isEmpty || $0.lowercased() == "identity" } ?? true
  }

  /// An answer begins: its tokens are counted while it passes, or not.
  public func beginAnswer(countsEvents: Bool) { tokenStream = countsEvents ? TokenStream() : nil }

  /// The next bytes of the answer, without framing.
  public func count(events bytes: some Sequence<UInt8>) { tokenStream?.add(bytes) }

  /// Tells the tokens of the backend's answer as `outbound` begins; those of one that still passes, when it has.
  func readTokens() {
    if tokenReaders.isEmpty { return }
    if tokenStream != nil {
      afterResponse.append(PassedTokens(readers: tokenReaders))
    } else if let usage = tokenUsage() {
      for reader in tokenReaders { reader.read(usage, hasPassed: false, self) }
    }
  }

  /// The tokens of the backend's answer; nil when it tells none.
  private func tokenUsage() -> TokenUsage? {
    guard isBackendResponse, let body = responseBody.bytes else { return nil }
    return TokenUsage(answer: body, promptBytes: promptBytes)
  }
}

/// The tokens of an answer that has passed, be it to its end or as far as somebody was there to take it.
struct PassedTokens: DeferredCount {
  let readers: [any TokenReader]

  func count(_ exchange: Exchange) {
    guard let usage = exchange.tokenStream?.usage(promptBytes: exchange.promptBytes) else { return }
    for reader in readers { reader.read(usage, hasPassed: true, exchange) }
  }
}
