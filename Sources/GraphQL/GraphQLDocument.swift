/// What a caller asks for: operations, and the fragments they share.
public struct GraphQLDocument: Sendable {
  public internal(set) var operations: [GraphQLOperation] = []
  public private(set) var fragments: [GraphQLFragment] = []
  private var places: [String: Int] = [:]

  /// Bytes of the longest document that is read.
  public static let byteLimit = 1 << 20
  /// Operations of one document.
  static let operationLimit = 100

  /// The first of that name.
  func fragment(_ name: String) -> GraphQLFragment? { places[name].map { fragments[$0] } }

  /// Adds a fragment; false when there is one of that name already.
  @discardableResult
  mutating func add(_ fragment: GraphQLFragment) -> Bool {
    fragments.append(fragment)
    if places[fragment.name] != nil { return false }
    places[fragment.name] = fragments.count - 1
    return true
  }
}

public struct GraphQLOperation: Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    case query, mutation, subscription
  }

  public var kind: Kind
  public var name: String?
  public var variables: [GraphQLVariableDefinition] = []
  public var directives: [GraphQLDirective] = []
  public var selections: [GraphQLSelection]
  public var position: GraphQLPosition
}

public struct GraphQLVariableDefinition: Sendable {
  public var name: String
  public var type: GraphQLTypeReference
  public var defaultValue: GraphQLValue?
  public var directives: [GraphQLDirective]
  public var position: GraphQLPosition
}

public struct GraphQLFragment: Sendable {
  public var name: String
  public var typeCondition: String
  public var directives: [GraphQLDirective]
  public var selections: [GraphQLSelection]
  public var position: GraphQLPosition
}

public indirect enum GraphQLSelection: Sendable {
  case field(GraphQLField)
  case spread(name: String, directives: [GraphQLDirective], position: GraphQLPosition)
  case inline(typeCondition: String?, directives: [GraphQLDirective], [GraphQLSelection], position: GraphQLPosition)
}

public struct GraphQLField: Sendable {
  public var alias: String?
  public var name: String
  public var arguments: [GraphQLArgument] = []
  public var directives: [GraphQLDirective] = []
  public var selections: [GraphQLSelection] = []
  public var position: GraphQLPosition

  /// The name of the field in the answer.
  public var responseName: String { alias ?? name }
}

public struct GraphQLArgument: Sendable {
  public var name: String
  public var value: GraphQLValue
  public var position: GraphQLPosition
}

public struct GraphQLDirective: Sendable {
  public var name: String
  public var arguments: [GraphQLArgument]
  public var position: GraphQLPosition
}

/// A type as a variable, field or argument names it.
public indirect enum GraphQLTypeReference: Sendable, Equatable, Hashable {
  case named(String)
  case list(GraphQLTypeReference)
  case nonNull(GraphQLTypeReference)

  /// The type at its heart.
  public var name: String {
    switch self {
    case .named(let name): name
    case .list(let inner), .nonNull(let inner): inner.name
    }
  }

  public var isNonNull: Bool { if case .nonNull = self { true } else { false } }
  /// Without the exclamation mark at its end.
  public var nullable: GraphQLTypeReference { if case .nonNull(let inner) = self { inner } else { self } }

  public var text: String {
    switch self {
    case .named(let name): name
    case .list(let inner): "[\(inner.text)]"
    case .nonNull(let inner): inner.text + "!"
    }
  }
}

/// A value as a document writes it.
public indirect enum GraphQLValue: Sendable {
  case variable(String, GraphQLPosition)
  /// Digits as written.
  case integer(String)
  case real(String)
  case string(String)
  case bool(Bool)
  case null
  case enumeration(String)
  case list([GraphQLValue])
  case object([(name: String, value: GraphQLValue)])
}
