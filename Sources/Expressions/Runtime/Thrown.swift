import DotNet

/// A .NET exception on its way to a `catch` clause or out of the evaluation.
///
/// Library code throws one with `throw Thrown("System.FormatException", "Input string was not …")`.
struct Thrown: Error {
  let exception: ExceptionObject
  /// Offset in the source of the failing node; -1 until a node claims it.
  var offset = -1

  init(_ exception: ExceptionObject) { self.exception = exception }

  init(_ typeName: String, _ message: String) {
    exception = ExceptionObject(typeName: typeName, message: message)
  }

  init(_ exception: DotNetException) { self.init(exception.type, exception.message) }

  static func nullReference() -> Thrown {
    Thrown("System.NullReferenceException", "Object reference not set to an instance of an object.")
  }
  static func argumentNull(_ name: String) -> Thrown {
    Thrown(
      ExceptionObject(
        typeName: "System.ArgumentNullException", message: "Value cannot be null. (Parameter '\(name)')",
        parameter: name))
  }
  static func argument(_ message: String) -> Thrown { Thrown("System.ArgumentException", message) }
  static func outOfRange(_ name: String, _ message: String? = nil) -> Thrown {
    Thrown(
      ExceptionObject(
        typeName: "System.ArgumentOutOfRangeException",
        message: (message ?? "Specified argument was out of the range of valid values.") + " (Parameter '\(name)')",
        parameter: name))
  }
  static func indexOutOfRange() -> Thrown {
    Thrown("System.IndexOutOfRangeException", "Index was outside the bounds of the array.")
  }
  static func invalidOperation(_ message: String) -> Thrown { Thrown("System.InvalidOperationException", message) }
  static func invalidCast(_ from: TypeSymbol, _ to: TypeSymbol) -> Thrown {
    Thrown(
      "System.InvalidCastException",
      "Unable to cast object of type '\(from.qualifiedName)' to type '\(to.qualifiedName)'.")
  }
  static func format(_ message: String = "Input string was not in a correct format.") -> Thrown {
    Thrown("System.FormatException", message)
  }
  static func overflow(_ message: String = "Arithmetic operation resulted in an overflow.") -> Thrown {
    Thrown("System.OverflowException", message)
  }
  static func divideByZero() -> Thrown { Thrown("System.DivideByZeroException", "Attempted to divide by zero.") }
  static func collectionModified() -> Thrown {
    invalidOperation("Collection was modified; enumeration operation may not execute.")
  }
  static func keyNotFound(_ key: String) -> Thrown {
    Thrown(
      "System.Collections.Generic.KeyNotFoundException", "The given key '\(key)' was not present in the dictionary.")
  }
  static func notSupported(_ message: String = "Specified method is not supported.") -> Thrown {
    Thrown("System.NotSupportedException", message)
  }
}

/// An evaluation exceeded its limits. Not an exception of the language: no `catch` sees it.
struct LimitExceeded: Error {
  let message: String
  var offset = -1
}

/// A .NET exception object.
final class ExceptionObject: RuntimeObject, Sendable {
  /// Full .NET name; may be a type that is not registered, then it counts as a subclass of `System.Exception`.
  let typeName: String
  let message: String
  let inner: ExceptionObject?
  /// The argument that was wrong, for exceptions about one.
  let parameter: String?

  init(typeName: String, message: String, inner: ExceptionObject? = nil, parameter: String? = nil) {
    self.typeName = typeName
    self.message = message
    self.inner = inner
    self.parameter = parameter
  }

  var runtimeType: TypeSymbol {
    LibraryCatalog.shared.type(typeName).map { TypeSymbol($0) } ?? .exception
  }

  func text(_ machine: Machine) throws -> String { typeName + ": " + message }
}
