/// How an argument reaches a parameter.
enum ParameterMode: Sendable {
  case value
  case output
  case reference
  /// `params T[]`: takes any number of `T`.
  case variadic
}

/// One parameter of a method, constructor, indexer or delegate.
struct Parameter: @unchecked Sendable {
  var name: String
  var type: TypeSymbol
  var mode: ParameterMode = .value
  // Sendable by these two facts: a default is a compile-time constant of C#, thus null, a number, a character, a switch
  // or a string, and nothing writes it after the signature was read.
  var defaultValue: Value?

  func substituting(_ substitution: Substitution) -> Parameter {
    var result = self
    result.type = type.substituting(substitution)
    return result
  }
}

/// A member of a library type: what it looks like to C# and what runs when it is used.
// Sendable by these two facts: all properties are `let`, and the closures are library code without captured mutable
// state (they get everything as arguments); a fixed value is a part of the context, an object without state.
final class Member: @unchecked Sendable {
  enum Kind {
    case method
    case constructor
    case property
    case indexer
    case operation
    case implicitConversion
    case explicitConversion
    /// A compile-time constant.
    case constant
  }

  let kind: Kind
  let name: String
  let isStatic: Bool
  /// Whether the first parameter is written before the dot.
  let isExtension: Bool
  let isListed: Bool
  let typeParameters: [TypeDefinition]
  let parameters: [Parameter]
  let result: TypeSymbol
  let constant: Value?
  let declaringType: TypeDefinition
  let body: LibraryBody?
  let setter: LibraryBody?
  /// The body of a member that needs no ``Call``.
  let direct: DirectBody?
  /// Makes the body for one use of the member.
  let prepared: (@Sendable (MemberUse) -> DirectBody)?
  /// The value of a static property, or of a property of a part of the context, that is always the same.
  let fixed: Value?
  /// The part of the context that a fixed value is there for; nil when it always is.
  let part: ContextPart?
  /// The text of the context that a property is.
  let contextText: ContextText?
  let usage: ExpressionUsage

  init(
    kind: Kind, name: String, isStatic: Bool, isExtension: Bool, isListed: Bool, typeParameters: [TypeDefinition],
    parameters: [Parameter], result: TypeSymbol, constant: Value? = nil, declaringType: TypeDefinition,
    body: LibraryBody?, setter: LibraryBody?, direct: DirectBody? = nil,
    prepared: (@Sendable (MemberUse) -> DirectBody)? = nil, fixed: Value? = nil,
    part: ContextPart? = nil, contextText: ContextText? = nil, usage: ExpressionUsage
  ) {
    self.kind = kind
    self.name = name
    self.isStatic = isStatic
    self.isExtension = isExtension
    self.isListed = isListed
    self.typeParameters = typeParameters
    self.parameters = parameters
    self.result = result
    self.constant = constant
    self.declaringType = declaringType
    self.body = body
    self.setter = setter
    self.direct = direct
    self.prepared = prepared
    self.fixed = fixed
    self.part = part
    self.contextText = contextText
    self.usage = usage
  }

  var isVariadic: Bool { parameters.last?.mode == .variadic }
}

/// Members of one type by name; constructors, indexers, operators and conversions apart.
// Sendable by these two facts: only the registration that makes it adds to it, and others get it once that is over.
final class MemberTable: @unchecked Sendable {
  private(set) var named: [String: [Member]] = [:]
  private(set) var constructors: [Member] = []
  private(set) var indexers: [Member] = []
  private(set) var operators: [String: [Member]] = [:]
  private(set) var conversions: [Member] = []
  /// Names of extension methods the type offers to others.
  private(set) var extensions: [String: [Member]] = [:]

  func add(_ member: Member) {
    switch member.kind {
    case .constructor: constructors.append(member)
    case .indexer: indexers.append(member)
    case .operation: operators[member.name, default: []].append(member)
    case .implicitConversion, .explicitConversion: conversions.append(member)
    case .method, .property, .constant:
      named[member.name, default: []].append(member)
      if member.isExtension { extensions[member.name, default: []].append(member) }
    }
  }
}
