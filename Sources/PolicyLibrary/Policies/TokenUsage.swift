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

  /// What a model's answer says of itself: a JSON document, or a stream of events. Nil for anything else.
  init?(answer: [UInt8], promptBytes: Int) {
    if let usage = Self.usage(answer[...]) {
      self = usage
      return
    }
    var stream = TokenStream()
    stream.add(answer)
    guard let usage = stream.usage(promptBytes: promptBytes) else { return nil }
    self = usage
  }

  static func estimated(promptBytes: Int, events: Int) -> TokenUsage {
    let prompt = estimate(promptBytes)
    return TokenUsage(prompt: prompt, completion: events, total: prompt + events)
  }

  static func usage(_ text: ArraySlice<UInt8>) -> TokenUsage? {
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

/// What wants to see the backend's answer before `outbound` begins.
protocol AnswerReader: Sendable {
  func read(_ exchange: Exchange)
}

/// What wants to know the tokens that the backend's answer took.
protocol TokenReader: Sendable {
  /// - Parameter hasPassed: the answer was a stream of events that is over; else `outbound` is about to begin.
  func read(_ usage: TokenUsage, hasPassed: Bool, _ exchange: Exchange)
}
