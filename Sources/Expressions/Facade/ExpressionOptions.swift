/// Rules an `ExpressionCompiler` works by.
public struct ExpressionOptions: Sendable, Hashable {
  /// Refuse types and members outside the documented list of the product even when Postern has them.
  public var strictAllowList: Bool
  public var limits: EvaluationLimits
  /// Longest source text accepted, in UTF-8 bytes.
  public var maximumSourceLength: Int
  /// Deepest nesting of expressions, statements and types accepted.
  public var maximumNesting: Int

  public init(
    strictAllowList: Bool = true, limits: EvaluationLimits = EvaluationLimits(), maximumSourceLength: Int = 512 * 1024,
    maximumNesting: Int = 200
  ) {
    self.strictAllowList = strictAllowList
    self.limits = limits
    self.maximumSourceLength = maximumSourceLength
    self.maximumNesting = maximumNesting
  }
}

/// Bounds of one evaluation. Exceeding one ends the evaluation with an `EvaluationError`.
public struct EvaluationLimits: Sendable, Hashable {
  /// Statements, calls and loop rounds; library calls over large values cost in proportion.
  public var steps: Int
  /// Bytes of strings, arrays and collections made by the evaluation, counted when made, not when freed.
  public var memory: Int
  /// Nested calls of local functions and lambdas.
  public var recursion: Int
  /// Bytes of the resulting string or byte array.
  public var resultSize: Int

  public init(
    steps: Int = 100_000, memory: Int = 64 * 1024 * 1024, recursion: Int = 200, resultSize: Int = 16 * 1024 * 1024
  ) {
    self.steps = steps
    self.memory = memory
    self.recursion = recursion
    self.resultSize = resultSize
  }
}
