import FoundationEssentials

/// The tokens that a language model has counted for one call.
struct TokenUsage: Equatable {
  var prompt: Int
  var completion: Int
  var total: Int

  /// About four characters make a token.
  static func estimate(_ bytes: Int) -> Int { (bytes + 3) / 4 }

  private struct Answer: Decodable {
    struct Usage: Decodable {
      // Chat completions and completions; responses.
      var prompt_tokens: Int?
      var input_tokens: Int?
      var completion_tokens: Int?
      var output_tokens: Int?
      var total_tokens: Int?
    }

    var usage: Usage?
  }

  /// What a model's answer says of itself: a JSON document, or the last event of a stream that tells it. A stream that
  /// tells nothing is estimated by its length.
  init?(answer: [UInt8], promptBytes: Int) {
    if let usage = Self.usage(answer[...]) {
      self = usage
      return
    }
    let lines = answer.split(separator: 0x0a).filter { $0.starts(with: "data:".utf8) }
    guard !lines.isEmpty else { return nil }
    for line in lines.reversed() {
      if let usage = Self.usage(line.dropFirst(5)) {
        self = usage
        return
      }
    }
    // Each event carries about one token.
    let events = lines.count { !$0.dropFirst(5).contains(subsequence: "[DONE]") }
    prompt = Self.estimate(promptBytes)
    completion = events
    total = prompt + completion
  }

  private static func usage(_ text: ArraySlice<UInt8>) -> TokenUsage? {
    guard let usage = (try? JSONDecoder().decode(Answer.self, from: Data(text)))?.usage else { return nil }
    let prompt = usage.prompt_tokens ?? usage.input_tokens ?? 0
    let completion = usage.completion_tokens ?? usage.output_tokens ?? 0
    return TokenUsage(prompt: prompt, completion: completion, total: usage.total_tokens ?? prompt + completion)
  }

  private init(prompt: Int, completion: Int, total: Int) {
    self.prompt = prompt
    self.completion = completion
    self.total = total
  }
}

extension ArraySlice<UInt8> {
  /// Whether the text stands somewhere in these bytes.
  fileprivate func contains(subsequence text: StaticString) -> Bool {
    let wanted = Array("\(text)".utf8)
    guard count >= wanted.count else { return false }
    return (startIndex...(endIndex - wanted.count)).contains { self[$0..<($0 + wanted.count)].elementsEqual(wanted) }
  }
}

/// What wants to see the backend's answer before `outbound` begins.
protocol AnswerReader: Sendable {
  func read(_ exchange: Exchange)
}

extension Exchange {
  /// The tokens of the backend's answer; nil when it tells none.
  func tokenUsage() -> TokenUsage? {
    guard isBackendResponse, let body = responseBody.bytes else { return nil }
    return TokenUsage(answer: body, promptBytes: promptBytes)
  }
}
