import Expressions

/// The value of an attribute or text: known when the plan is made, or computed for each exchange.
enum Argument<Literal: Sendable>: Sendable {
  case literal(Literal)
  case expression(CompiledExpression)
}

extension Argument {
  /// The value for this exchange.
  func value(_ exchange: Exchange, _ evaluate: (CompiledExpression) throws(EvaluationError) -> Literal)
    throws(PolicyError) -> Literal
  {
    switch self {
    case .literal(let value): return value
    case .expression(let expression):
      do {
        return try evaluate(expression)
      } catch {
        throw exchange.expressionFailure(error)
      }
    }
  }
}

extension Argument where Literal == String {
  func value(_ exchange: Exchange) throws(PolicyError) -> String {
    try value(exchange) { (expression) throws(EvaluationError) in
      if let text = expression.textAtHand(exchange) { return text }
      return try expression.evaluateString(exchange, on: exchange.effects.machine)
    }
  }
}

extension Argument where Literal == [UInt8] {
  /// Empty where the expression gives null.
  func value(_ exchange: Exchange) throws(PolicyError) -> [UInt8] {
    try value(exchange) { (expression) throws(EvaluationError) in
      try expression.evaluateBytes(exchange, on: exchange.effects.machine) ?? []
    }
  }
}

extension Argument where Literal == Bool {
  func value(_ exchange: Exchange) throws(PolicyError) -> Bool {
    try value(exchange) { (expression) throws(EvaluationError) in
      try expression.evaluateBool(exchange, on: exchange.effects.machine)
    }
  }
}

extension Argument where Literal == Int {
  func value(_ exchange: Exchange) throws(PolicyError) -> Int {
    try value(exchange) { (expression) throws(EvaluationError) in
      try expression.evaluateInt(exchange, on: exchange.effects.machine)
    }
  }
}

extension Argument where Literal == Double {
  func value(_ exchange: Exchange) throws(PolicyError) -> Double {
    try value(exchange) { (expression) throws(EvaluationError) in
      try expression.evaluateDouble(exchange, on: exchange.effects.machine)
    }
  }
}

/// A condition as a branch of a plan.
struct ExpressionCondition: PlanCondition {
  let condition: Argument<Bool>

  func holds(_ exchange: Exchange) throws(PolicyError) -> Bool { try condition.value(exchange) }
}

extension Exchange {
  /// An expression that failed, as an error of the policy it stands in.
  func expressionFailure(_ error: EvaluationError) -> PolicyError {
    PolicyError.internal(
      source: place?.policy ?? "expression", reason: EvaluationError.reason,
      message: "Expression evaluation failed. \(error.message)")
  }
}
