/// The exceptions of .NET. Policies may only catch `Exception` itself; the others can be named without the allow-list.
extension LibraryCatalog {
  static let exceptionTypes: [LibraryType] =
    [exception("System.Exception", nil, "")]
    + descendants.map { name, base, message in exception(name, base, message) }

  /// Name, base and the message of one that is made without.
  private static let descendants: [(String, String, String)] = [
    ("System.SystemException", "Exception", "System error."),
    ("System.ApplicationException", "Exception", "Error in the application."),
    ("System.ArgumentException", "SystemException", "Value does not fall within the expected range."),
    ("System.ArgumentNullException", "ArgumentException", "Value cannot be null."),
    (
      "System.ArgumentOutOfRangeException", "ArgumentException",
      "Specified argument was out of the range of valid values."
    ),
    ("System.ArithmeticException", "SystemException", "Overflow or underflow in the arithmetic operation."),
    ("System.DivideByZeroException", "ArithmeticException", "Attempted to divide by zero."),
    ("System.OverflowException", "ArithmeticException", "Arithmetic operation resulted in an overflow."),
    ("System.ArrayTypeMismatchException", "SystemException", arrayTypeMismatch),
    ("System.FormatException", "SystemException", "One of the identified items was in an invalid format."),
    ("System.UriFormatException", "FormatException", "Invalid URI: The format of the URI could not be determined."),
    ("System.IndexOutOfRangeException", "SystemException", "Index was outside the bounds of the array."),
    ("System.InvalidCastException", "SystemException", "Specified cast is not valid."),
    (
      "System.InvalidOperationException", "SystemException",
      "Operation is not valid due to the current state of the object."
    ),
    ("System.NotImplementedException", "SystemException", "The method or operation is not implemented."),
    ("System.NotSupportedException", "SystemException", "Specified method is not supported."),
    ("System.NullReferenceException", "SystemException", "Object reference not set to an instance of an object."),
    (
      "System.RankException", "SystemException",
      "Attempted to operate on an array with the incorrect number of dimensions."
    ),
    ("System.TimeoutException", "SystemException", "The operation has timed out."),
    (
      "System.Collections.Generic.KeyNotFoundException", "SystemException",
      "The given key was not present in the dictionary."
    ),
    (
      "System.Security.Cryptography.CryptographicException", "SystemException",
      "Error occurred during a cryptographic operation."
    ),
    ("System.Xml.XmlException", "SystemException", "An XML error has occurred."),
    ("Newtonsoft.Json.JsonException", "Exception", "Exception of type 'Newtonsoft.Json.JsonException' was thrown."),
    (
      "Newtonsoft.Json.JsonReaderException", "JsonException",
      "Exception of type 'Newtonsoft.Json.JsonReaderException' was thrown."
    ),
    (
      "Newtonsoft.Json.JsonSerializationException", "JsonException",
      "Exception of type 'Newtonsoft.Json.JsonSerializationException' was thrown."
    ),
  ]

  static let arrayTypeMismatch = "Attempted to access an element as a type incompatible with the array."

  private static func exception(_ name: String, _ base: String?, _ plain: String) -> LibraryType {
    let short = name.split(separator: ".").last.map(String.init) ?? name
    let namesParameter = short == "ArgumentNullException" || short == "ArgumentOutOfRangeException"
    let isArgument = short.hasPrefix("Argument")
    return LibraryType("class \(name)" + (base.map { " : \($0)" } ?? ""), listed: base == nil) { type in
      let empty = base == nil ? "Exception of type 'System.Exception' was thrown." : plain
      @Sendable func made(_ message: String?, _ parameter: String? = nil, _ inner: ExceptionObject? = nil) -> Value {
        let suffix = parameter.map { " (Parameter '\($0)')" } ?? ""
        return .object(
          ExceptionObject(typeName: name, message: (message ?? empty) + suffix, inner: inner, parameter: parameter))
      }
      type.member("\(short)()") { _ in made(nil) }
      type.member(namesParameter ? "\(short)(string paramName)" : "\(short)(string message)") { call in
        namesParameter ? made(nil, call.stringOrNull(0)) : made(call.stringOrNull(0))
      }
      type.member("\(short)(string message, Exception innerException)") { call in
        made(call.stringOrNull(0), nil, call.objectOrNull(1))
      }
      if isArgument {
        let order = namesParameter ? "string paramName, string message" : "string message, string paramName"
        type.member("\(short)(\(order))") { call in
          made(call.stringOrNull(namesParameter ? 1 : 0), call.stringOrNull(namesParameter ? 0 : 1))
        }
      }
      if base == nil { exceptionMembers(&type) }
      if short == "ArgumentException" {
        type.member("string ParamName { get; }") { call in
          try call.receiver(ExceptionObject.self).parameter.map { .string($0) } ?? .null
        }
      }
    }
  }

  private static func exceptionMembers(_ type: inout LibraryRegistration) {
    type.member("Exception InnerException { get; }") { call in
      try call.receiver(ExceptionObject.self).inner.map { .object($0) } ?? .null
    }
    type.member("string Message { get; }") { call in .string(try call.receiver(ExceptionObject.self).message) }
    for name in ["StackTrace", "HelpLink", "Source"] { type.member("string \(name) { get; }") { _ in .null } }
    type.member("int HResult { get; }") { _ in .int32(-2_146_233_088) }
    type.member("Exception GetBaseException()") { call in
      var exception = try call.receiver(ExceptionObject.self)
      while let inner = exception.inner { exception = inner }
      return .object(exception)
    }
  }
}
