/// An expression that was compiled failed while it ran: an uncaught .NET exception or an exceeded limit.
public struct EvaluationError: Error, Sendable, Hashable {
  /// Full .NET name, such as `System.NullReferenceException`.
  public var exceptionType: String
  /// The exception's message, as `context.LastError.Message` shows it.
  public var message: String
  /// Where in the document the failing call stands.
  public var position: SourcePosition

  public init(exceptionType: String, message: String, position: SourcePosition) {
    self.exceptionType = exceptionType
    self.message = message
    self.position = position
  }

  /// `context.LastError.Reason` of every failed expression.
  public static let reason = "ExpressionValueEvaluationFailure"

  /// Type name of an evaluation stopped by `EvaluationLimits`; no expression can catch it.
  public static let limitExceeded = "Postern.EvaluationLimitExceededException"
}

extension EvaluationError: CustomStringConvertible {
  public var description: String { "\(position): \(exceptionType): \(message)" }
}
