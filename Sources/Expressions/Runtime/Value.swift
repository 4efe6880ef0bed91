public import DotNet

/// A .NET value as expressions and `context.Variables` hold it.
///
/// Not `Sendable`: objects such as `JObject` or `List<T>` are mutable and belong to one evaluation and its request.
public enum Value {
  case null
  case bool(Bool)
  /// A UTF-16 code unit.
  case char(UInt16)
  case int8(Int8)
  case uint8(UInt8)
  case int16(Int16)
  case uint16(UInt16)
  case int32(Int32)
  case uint32(UInt32)
  case int64(Int64)
  case uint64(UInt64)
  case float(Float)
  case double(Double)
  case decimal(DecimalNumber)
  case string(String)
  /// An enumerator with its type.
  case enumeration(Int32, TypeSymbol)
  /// An instance of a reference type, or of a value type that does not stand inline.
  case object(any RuntimeObject)
  /// A variable captured by a lambda or passed by reference; never seen outside the evaluator.
  case cell(Cell)

  public var isNull: Bool {
    if case .null = self { return true }
    return false
  }
}

/// An instance of a .NET reference type (or boxed value type) that expressions hold.
public protocol RuntimeObject: AnyObject {
  /// The type `GetType()` would give.
  var runtimeType: TypeSymbol { get }
  /// `ToString()`.
  func text(_ machine: Machine) throws -> String
  /// `Equals(object)`; by default identity.
  func isEqual(to other: Value) -> Bool
  /// `GetHashCode()`, equal for equal objects.
  func hash(into hasher: inout Hasher)
  /// An enumerator over the elements, nil when the object cannot be enumerated.
  func makeIterator() throws -> (any ValueIterator)?
  /// `CompareTo(object)`; nil when the type has no order.
  func compare(to other: Value) throws -> Int?
}

extension RuntimeObject {
  public func text(_ machine: Machine) throws -> String { runtimeType.reflectionName }
  public func isEqual(to other: Value) -> Bool {
    if case .object(let object) = other { return object === self }
    return false
  }
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
  public func makeIterator() throws -> (any ValueIterator)? { nil }
  public func compare(to other: Value) throws -> Int? { nil }
}

/// A forward pass over the elements of an enumerable object.
public protocol ValueIterator: AnyObject {
  /// The next element, nil at the end. Lambdas of lazy queries run on `machine`.
  func next(_ machine: Machine) throws -> Value?
  /// The enumeration ends before the last element.
  func leave(_ machine: Machine) throws
}

extension ValueIterator {
  public func leave(_ machine: Machine) throws {}
}

/// A variable that outlives the frame it was declared in, or an argument passed by reference.
public final class Cell {
  var value: Value

  init(_ value: Value = .null) { self.value = value }
}
