/// One expression of a policy document, compiled: evaluated any number of times, from any thread, without parsing again.
public final class CompiledExpression: Sendable {
  /// What the evaluation may read.
  public let usage: ExpressionUsage
  /// C# name of the static type of the value before it is converted for the site.
  public let staticTypeName: String

  init(usage: ExpressionUsage, staticTypeName: String) {
    self.usage = usage
    self.staticTypeName = staticTypeName
  }

  /// The value, if it depends on nothing and was computed at compile time.
  public var constant: Value? { nil }

  /// Runs the expression and gives its value, converted to the target it was compiled for.
  public func evaluate(_ context: any ContextModel) throws(EvaluationError) -> Value { .null }

  /// The value as text for an attribute, header or body: null is empty, other values as their `ToString()`.
  public func evaluateString(_ context: any ContextModel) throws(EvaluationError) -> String { "" }

  /// The value as a body: a byte array as it is, everything else as text in UTF-8.
  public func evaluateBody(_ context: any ContextModel) throws(EvaluationError) -> [UInt8] { [] }

  /// The value of a condition.
  public func evaluateBool(_ context: any ContextModel) throws(EvaluationError) -> Bool { false }

  /// The value of a status code, duration or count.
  public func evaluateInt(_ context: any ContextModel) throws(EvaluationError) -> Int { 0 }
}
