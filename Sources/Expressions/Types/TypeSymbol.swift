/// A C# type as a compiler sees it: a definition with its type arguments filled in.
///
/// Two symbols are equal when they are the same type; tuple element names do not count.
public final class TypeSymbol: Hashable, Sendable {
  let definition: TypeDefinition
  let arguments: [TypeSymbol]
  /// Names of the elements of a tuple type, as written; empty for other types.
  let tupleNames: [String?]
  private let cachedHash: Int

  init(_ definition: TypeDefinition, _ arguments: [TypeSymbol] = [], tupleNames: [String?] = []) {
    self.definition = definition
    self.arguments = arguments
    self.tupleNames = tupleNames
    var hasher = Hasher()
    hasher.combine(ObjectIdentifier(definition))
    for argument in arguments { hasher.combine(argument.cachedHash) }
    cachedHash = hasher.finalize()
  }

  public static func == (a: TypeSymbol, b: TypeSymbol) -> Bool {
    if a === b { return true }
    if a.definition !== b.definition || a.cachedHash != b.cachedHash { return false }
    return a.arguments == b.arguments
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(cachedHash) }

  var kind: TypeDefinition.Kind { definition.kind }

  // MARK: Shapes

  /// The element type of a one-dimensional or rectangular array.
  var elementType: TypeSymbol? { kind == .array ? arguments.first : nil }
  var isArray: Bool { kind == .array }
  /// The `T` of `T?` for value types.
  var nullableUnderlying: TypeSymbol? { definition === TypeDefinition.nullable ? arguments.first : nil }
  var isNullable: Bool { definition === TypeDefinition.nullable }
  var isTuple: Bool { definition.isValueTuple }
  var isVoid: Bool { definition === TypeDefinition.void }
  var isError: Bool { definition === TypeDefinition.error }
  var isNullLiteral: Bool { definition === TypeDefinition.nullLiteral }
  var isInterface: Bool { kind == .interface }
  var isDelegate: Bool { kind == .delegate }
  var isEnum: Bool { kind == .enumeration }
  var isTypeParameter: Bool { kind == .typeParameter }

  /// A value type: never null, copied on assignment.
  var isValueType: Bool {
    switch kind {
    case .structure, .enumeration: true
    default: false
    }
  }

  /// A type whose variables may hold null.
  var acceptsNull: Bool {
    isNullable || (!isValueType && !isVoid)
  }

  var isReferenceType: Bool {
    switch kind {
    case .object, .interface, .delegate, .array, .anonymous, .staticClass: true
    default: isNullLiteral
    }
  }

  /// Whether the type, or one it is made of, is a type parameter of `parameters`.
  func mentions(_ parameters: [TypeDefinition]) -> Bool {
    if kind == .typeParameter { return parameters.contains { $0 === definition } }
    return arguments.contains { $0.mentions(parameters) }
  }

  var containsTypeParameter: Bool {
    kind == .typeParameter || arguments.contains { $0.containsTypeParameter }
  }

  /// The type with type parameters replaced.
  func substituting(_ substitution: Substitution) -> TypeSymbol {
    if substitution.isEmpty { return self }
    if kind == .typeParameter { return substitution[definition] ?? self }
    if arguments.isEmpty { return self }
    var changed = false
    var result: [TypeSymbol] = []
    result.reserveCapacity(arguments.count)
    for argument in arguments {
      let replaced = argument.substituting(substitution)
      if replaced !== argument { changed = true }
      result.append(replaced)
    }
    return changed ? TypeSymbol(definition, result, tupleNames: tupleNames) : self
  }

  /// Maps the parameters of this type's definition to its arguments.
  var substitution: Substitution {
    arguments.isEmpty ? Substitution() : Substitution(definition.typeParameters, arguments)
  }

  var baseType: TypeSymbol? { definition.baseType?.substituting(substitution) }

  /// All interfaces of the type, direct and inherited, each once.
  var allInterfaces: [TypeSymbol] {
    if kind == .array { return TypeDefinition.arrayInterfaces(of: self) }
    let own = substitution
    return definition.allInterfaces.map { $0.substituting(own) }
  }
}

/// Type arguments by type parameter.
struct Substitution {
  private var entries: [(parameter: TypeDefinition, type: TypeSymbol)] = []

  init() {}

  init(_ parameters: [TypeDefinition], _ types: [TypeSymbol]) {
    entries.reserveCapacity(parameters.count)
    for (parameter, type) in zip(parameters, types) { entries.append((parameter, type)) }
  }

  var isEmpty: Bool { entries.isEmpty }

  subscript(_ parameter: TypeDefinition) -> TypeSymbol? {
    for entry in entries where entry.parameter === parameter { return entry.type }
    return nil
  }

  mutating func set(_ parameter: TypeDefinition, _ type: TypeSymbol) {
    if let index = entries.firstIndex(where: { $0.parameter === parameter }) {
      entries[index].type = type
    } else {
      entries.append((parameter, type))
    }
  }

  func merging(_ other: Substitution) -> Substitution {
    var result = self
    for entry in other.entries { result.set(entry.parameter, entry.type) }
    return result
  }
}
