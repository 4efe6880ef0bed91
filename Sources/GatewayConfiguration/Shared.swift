/// A value of the configuration behind one reference, so that a request points at it for the price of one word.
@dynamicMemberLookup
public final class Shared<Value: Sendable>: Sendable {
  public let value: Value

  public init(_ value: Value) { self.value = value }

  @inlinable
  public subscript<Member>(dynamicMember member: KeyPath<Value, Member>) -> Member { value[keyPath: member] }
}

extension Optional where Wrapped: AnyObject {
  /// Points at this object from now on. Nothing is done if it does so already: counting a reference in and out costs more than
  /// to look, and where all threads point at one object, they would wait for each other.
  @inlinable
  @inline(__always)
  public mutating func renew(_ object: Wrapped?) {
    if self !== object { self = object }
  }
}
