/// What the place of an expression in a policy needs: the C# type its value is converted to.
///
/// A value that does not convert implicitly is refused at compile time, as the service does.
public enum ExpressionTarget: String, Sendable, Hashable, Codable {
  /// Conditions.
  case bool
  /// Header values, bodies, addresses, messages, keys.
  case string
  /// Status codes, durations, counts.
  case int
  /// Durations and sizes that may exceed 32 bits.
  case long
  case double
  /// Variables: any value is kept as it is.
  case object
  /// Bodies given as bytes.
  case bytes
  /// The expression is run for its effects; any value is dropped.
  case void
}

/// How an expression is written in a policy document.
public enum ExpressionForm: String, Sendable, Hashable, Codable {
  /// `@( … )`: one C# expression.
  case expression
  /// `@{ … }`: statements, every path of which ends in `return`.
  case block
}

/// What one compiled expression may read; a caller prepares only that.
public struct ExpressionUsage: OptionSet, Sendable, Hashable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// `context.Request.Body`.
  public static let requestBody = ExpressionUsage(rawValue: 1 << 0)
  /// `context.Response.Body`.
  public static let responseBody = ExpressionUsage(rawValue: 1 << 1)
  /// Anything of `context.Response`.
  public static let response = ExpressionUsage(rawValue: 1 << 2)
  /// `context.Variables`.
  public static let variables = ExpressionUsage(rawValue: 1 << 3)
  /// `context.User`, `context.Subscription` or `context.Product`.
  public static let caller = ExpressionUsage(rawValue: 1 << 4)
  /// `context.LastError`.
  public static let lastError = ExpressionUsage(rawValue: 1 << 5)
  /// The clock, random numbers or new GUIDs: two evaluations may differ.
  public static let hiddenState = ExpressionUsage(rawValue: 1 << 6)
  /// `context.Trace(…)`.
  public static let trace = ExpressionUsage(rawValue: 1 << 7)
  /// `context.Request` without its body.
  public static let request = ExpressionUsage(rawValue: 1 << 8)
  /// Certificates of the client or of the deployment.
  public static let certificates = ExpressionUsage(rawValue: 1 << 9)
  /// Any `context` member at all.
  public static let context = ExpressionUsage(rawValue: 1 << 10)
}
