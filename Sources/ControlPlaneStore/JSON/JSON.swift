/// A JSON value whose objects keep the order in which their members were written, so that what a client sent is what it
/// reads back. Whole numbers that fit 64 bits stay exact; every other number is a double.
public enum JSON: Sendable, Hashable {
  case null
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case string(String)
  case array([JSON])
  case object(JSONObject)
}

extension JSON {
  /// The member of an object, or `nil` when this is no object or has no such member.
  public subscript(_ name: String) -> JSON? {
    if case .object(let object) = self { return object[name] }
    return nil
  }

  /// The text of a JSON string, `nil` for every other value.
  public var stringValue: String? {
    if case .string(let text) = self { return text }
    return nil
  }

  /// The truth value of a JSON boolean, `nil` for every other value.
  public var boolValue: Bool? {
    if case .bool(let flag) = self { return flag }
    return nil
  }

  /// The value as a whole number: an integer, or a double without a fraction that fits; `nil` otherwise.
  public var integerValue: Int64? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int64(exactly: value)
    default: nil
    }
  }

  /// The value as a double, `nil` when it is no number.
  public var doubleValue: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// The elements of a JSON array, `nil` for every other value.
  public var arrayValue: [JSON]? {
    if case .array(let elements) = self { return elements }
    return nil
  }

  /// The members of a JSON object, `nil` for every other value.
  public var objectValue: JSONObject? {
    if case .object(let object) = self { return object }
    return nil
  }

  /// Whether this is JSON `null`.
  public var isNull: Bool { self == .null }

  /// The word the messages of validation use for the kind of this value.
  public var kindName: String {
    switch self {
    case .null: "null"
    case .bool: "boolean"
    case .integer, .number: "number"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }

  /// The JSON merge patch (RFC 7396) of this value by `patch`: members of `patch` replace, `null` members remove.
  public func merged(with patch: JSON) -> JSON {
    guard case .object(let changes) = patch else { return patch }
    var result = objectValue ?? JSONObject()
    for (name, value) in changes {
      result[name] = value.isNull ? nil : (result[name] ?? .null).merged(with: value)
    }
    return .object(result)
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(JSONObject(elements)) }
  public init(nilLiteral: ()) { self = .null }
}
