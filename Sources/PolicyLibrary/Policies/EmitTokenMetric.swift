import Expressions
import PolicySyntax

extension PolicyDefinition {
  /// `llm-emit-token-metric`: metrics of the tokens that a language model's answers took.
  static let llmEmitTokenMetric = emitTokenMetric("llm-emit-token-metric", dimensions: 0...5)
  /// `azure-openai-emit-token-metric`: the same under its older name.
  static let azureOpenAIEmitTokenMetric = emitTokenMetric("azure-openai-emit-token-metric", dimensions: 0...10)

  private static func emitTokenMetric(_ name: String, dimensions: ClosedRange<Int>) -> PolicyDefinition {
    PolicyDefinition(name, in: [.inbound]) { element, plan in
      let attributes = AttributeReader(element, plan)
      let namespace = attributes.literal("namespace") ?? MetricDimension.namespace
      if name == "azure-openai-emit-token-metric" { _ = attributes.double("value") }
      attributes.finish()
      plan.readsRequestBody = true
      plan.countsTokens = true
      let dimensions = MetricDimension.read(element, plan, dimensions)
      plan.emit(EmitTokenMetric(namespace: namespace, dimensions: dimensions), element)
    }
  }
}

struct EmitTokenMetric: PolicyStep {
  let namespace: String
  let dimensions: [MetricDimension]

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    exchange.promptBytes = exchange.requestBody.bytes?.count ?? 0
    // Dimensions are those of the request; what they are of is known with the answer.
    let dimensions = try MetricDimension.values(dimensions, exchange)
    exchange.tokenReaders.append(TokenMetrics(namespace: namespace, dimensions: dimensions))
    return .proceed
  }
}

struct TokenMetrics: TokenReader {
  let namespace: String
  let dimensions: [EmittedMetric.Dimension]

  func read(_ usage: TokenUsage, hasPassed: Bool, _ exchange: Exchange) {
    for (name, tokens) in [
      ("Total Tokens", usage.total), ("Prompt Tokens", usage.prompt), ("Completion Tokens", usage.completion),
    ] {
      exchange.effects.emit(
        EmittedMetric(name: name, namespace: namespace, value: Double(tokens), dimensions: dimensions))
    }
  }
}
