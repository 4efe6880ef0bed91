/// A .NET exception: what a library member throws, with the type name and the message of the original.
///
/// `type` is the full name (`System.FormatException`). Catch clauses and `LastError` see exactly these two texts.
public struct DotNetException: Error, Sendable, Hashable {
  public let type: String
  public let message: String
  private let causes: [DotNetException]

  public init(_ type: String, _ message: String, inner: DotNetException? = nil) {
    self.type = type
    self.message = message
    causes = inner.map { [$0] } ?? []
  }

  /// `InnerException`.
  public var inner: DotNetException? { causes.first }
}

extension DotNetException: CustomStringConvertible {
  /// `ToString()` without a stack trace.
  public var description: String { type + ": " + message + (inner.map { " ---> " + $0.description } ?? "") }
}

extension DotNetException {
  public static func format(_ message: String = "Input string was not in a correct format.") -> DotNetException {
    DotNetException("System.FormatException", message)
  }

  public static func overflow(_ message: String = "Arithmetic operation resulted in an overflow.") -> DotNetException {
    DotNetException("System.OverflowException", message)
  }

  public static func divideByZero() -> DotNetException {
    DotNetException("System.DivideByZeroException", "Attempted to divide by zero.")
  }

  public static func argument(_ message: String, _ parameter: String? = nil) -> DotNetException {
    DotNetException("System.ArgumentException", message + suffix(parameter))
  }

  public static func argumentNull(_ parameter: String) -> DotNetException {
    DotNetException("System.ArgumentNullException", "Value cannot be null." + suffix(parameter))
  }

  public static func outOfRange(
    _ parameter: String? = nil, _ message: String = "Specified argument was out of the range of valid values."
  ) -> DotNetException {
    DotNetException("System.ArgumentOutOfRangeException", message + suffix(parameter))
  }

  public static func indexOutOfRange() -> DotNetException {
    DotNetException("System.IndexOutOfRangeException", "Index was outside the bounds of the array.")
  }

  public static func invalidOperation(_ message: String) -> DotNetException {
    DotNetException("System.InvalidOperationException", message)
  }

  public static func invalidCast(_ message: String = "Specified cast is not valid.") -> DotNetException {
    DotNetException("System.InvalidCastException", message)
  }

  public static func nullReference() -> DotNetException {
    DotNetException("System.NullReferenceException", "Object reference not set to an instance of an object.")
  }

  public static func notSupported(_ message: String = "Specified method is not supported.") -> DotNetException {
    DotNetException("System.NotSupportedException", message)
  }

  public static func cryptographic(_ message: String) -> DotNetException {
    DotNetException("System.Security.Cryptography.CryptographicException", message)
  }

  private static func suffix(_ parameter: String?) -> String { parameter.map { " (Parameter '\($0)')" } ?? "" }
}
