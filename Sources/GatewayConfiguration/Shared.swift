/// A value of the configuration behind one reference, so that a request points at it for the price of one word.
@dynamicMemberLookup
public final class Shared<Value: Sendable>: Sendable {
  public let value: Value

  public init(_ value: Value) { self.value = value }

  @inlinable
  public subscript<Member>(dynamicMember member: KeyPath<Value, Member>) -> Member { value[keyPath: member] }
}
