/// The members of a JSON object in the order in which they were first written; a repeated name keeps its first place and
/// its last value, as ARM's own reader does.
public struct JSONObject: Sendable, Hashable, Sequence, ExpressibleByDictionaryLiteral {
  /// The member names in order.
  public private(set) var names: [String] = []
  private var members: [String: JSON] = [:]

  /// An object without members.
  public init() {}

  /// An object with the given members in their order.
  public init(_ members: some Sequence<(String, JSON)>) {
    for (name, value) in members { self[name] = value }
  }

  public init(dictionaryLiteral elements: (String, JSON)...) {
    self.init(elements)
  }

  /// The value of a member; setting `nil` removes it.
  public subscript(_ name: String) -> JSON? {
    get { members[name] }
    set {
      if let newValue {
        if members.updateValue(newValue, forKey: name) == nil { names.append(name) }
      } else if members.removeValue(forKey: name) != nil {
        names.removeAll { $0 == name }
      }
    }
  }

  /// The number of members.
  public var count: Int { names.count }

  /// Whether the object has no members.
  public var isEmpty: Bool { names.isEmpty }

  /// The text of a string member, `nil` when it is missing or of another kind.
  public func string(_ name: String) -> String? { members[name]?.stringValue }

  /// The truth value of a boolean member, `nil` when it is missing or of another kind.
  public func bool(_ name: String) -> Bool? { members[name]?.boolValue }

  public func makeIterator() -> AnyIterator<(String, JSON)> {
    var index = 0
    return AnyIterator {
      while index < names.count {
        let name = names[index]
        index += 1
        if let value = members[name] { return (name, value) }
      }
      return nil
    }
  }
}
