import Synchronization

/// A type as declared: its name, its parameters, what it derives from and its members.
///
/// Members of library types are read from their registration when first asked for.
// Sendable by these two facts: every stored property is a `let` of immutable content, or a `LazyConstant`, whose value
// is written once under its lock and never changed afterwards.
final class TypeDefinition: @unchecked Sendable {
  enum Kind {
    /// A class.
    case object
    /// A class with static members only.
    case staticClass
    case structure
    case interface
    case enumeration
    case delegate
    case array
    case anonymous
    case typeParameter
    /// `void`, the type of `null`, the type of erroneous expressions.
    case special
  }

  enum Variance {
    case invariant
    case covariant
    case contravariant
  }

  /// Name with namespace, without type parameters: `System.Collections.Generic.List`.
  let fullName: String
  /// Name without namespace.
  let name: String
  let namespace: String
  let kind: Kind
  let typeParameters: [TypeDefinition]
  let variances: [Variance]
  /// Whether the documentation of the product lists the type as usable in expressions.
  let isListed: Bool
  /// Whether the class cannot be instantiated.
  let isAbstract: Bool
  /// Names and values of an enumeration, in order of declaration.
  let enumerators: [(name: String, value: Int64)]
  /// Whether an enumeration is a set of flags.
  let isFlags: Bool
  /// Field names of an anonymous type.
  let fieldNames: [String]
  /// Number of dimensions of an array type.
  let rank: Int

  private let baseAndInterfaces: LazyConstant<(base: TypeSymbol?, interfaces: [TypeSymbol])>
  private let interfaceClosure: LazyConstant<[TypeSymbol]>
  private let memberTable: LazyConstant<MemberTable>
  private let signature: LazyConstant<DelegateSignature?>
  private let arrayOfIt: LazyConstant<TypeSymbol>
  private let source: LibraryType?

  init(
    fullName: String, kind: Kind, typeParameters: [TypeDefinition] = [], variances: [Variance] = [],
    isListed: Bool = true, isAbstract: Bool = false, enumerators: [(name: String, value: Int64)] = [],
    isFlags: Bool = false, fieldNames: [String] = [], rank: Int = 0, source: LibraryType? = nil
  ) {
    self.fullName = fullName
    if let dot = fullName.lastIndex(of: ".") {
      name = String(fullName[fullName.index(after: dot)...])
      namespace = String(fullName[..<dot])
    } else {
      name = fullName
      namespace = ""
    }
    self.kind = kind
    self.typeParameters = typeParameters
    self.variances = variances.isEmpty ? typeParameters.map { _ in .invariant } : variances
    self.isListed = isListed
    self.isAbstract = isAbstract
    self.enumerators = enumerators
    self.isFlags = isFlags
    self.fieldNames = fieldNames
    self.rank = rank
    self.source = source
    baseAndInterfaces = LazyConstant()
    interfaceClosure = LazyConstant()
    memberTable = LazyConstant()
    signature = LazyConstant()
    arrayOfIt = LazyConstant()
  }

  var isValueTuple: Bool { name == "ValueTuple" && !typeParameters.isEmpty }

  /// The base class, in terms of this definition's own type parameters.
  var baseType: TypeSymbol? { resolvedBases.base }

  /// Interfaces written in the declaration.
  var interfaces: [TypeSymbol] { resolvedBases.interfaces }

  private var resolvedBases: (base: TypeSymbol?, interfaces: [TypeSymbol]) {
    baseAndInterfaces.get {
      var base: TypeSymbol?
      var interfaces: [TypeSymbol] = []
      for type in source?.bases(of: self) ?? [] {
        if type.isInterface { interfaces.append(type) } else { base = type }
      }
      if base == nil {
        switch kind {
        case .array: base = TypeSymbol.named("System.Array")
        case .object, .anonymous, .staticClass, .typeParameter:
          if self !== TypeDefinition.object { base = TypeSymbol.object }
        case .structure: base = TypeSymbol.valueType
        case .enumeration: base = TypeSymbol.enumBase
        case .delegate: base = TypeSymbol.delegateBase
        case .interface, .special: break
        }
      }
      return (base, interfaces)
    }
  }

  var allInterfaces: [TypeSymbol] {
    interfaceClosure.get {
      var result: [TypeSymbol] = []
      func visit(_ type: TypeSymbol) {
        if result.contains(type) { return }
        result.append(type)
        for inherited in type.definition.interfaces { visit(inherited.substituting(type.substitution)) }
      }
      for interface in interfaces { visit(interface) }
      if let base = baseType {
        for inherited in base.allInterfaces where !result.contains(inherited) { result.append(inherited) }
      }
      return result
    }
  }

  var members: MemberTable {
    memberTable.get { source?.makeMembers(of: self) ?? MemberTable() }
  }

  /// Parameters and result of a delegate type.
  var delegateSignature: DelegateSignature? {
    signature.get { source?.delegateSignature(of: self) }
  }

  /// The one-dimensional array of a type of the library that has no type parameters, made once: these types stay for
  /// ever. nil for others.
  func array(of type: TypeSymbol) -> TypeSymbol? {
    guard source != nil, typeParameters.isEmpty else { return nil }
    return arrayOfIt.get { TypeSymbol(TypeDefinition.array1, [type]) }
  }

  /// The definition as a type over its own parameters.
  var selfType: TypeSymbol { TypeSymbol(self, typeParameters.map { TypeSymbol($0) }) }

  static func typeParameter(_ name: String) -> TypeDefinition { TypeDefinition(fullName: name, kind: .typeParameter) }
}

/// What calling a delegate takes and gives.
struct DelegateSignature: Sendable {
  var parameters: [Parameter]
  var result: TypeSymbol
}

/// A value computed once, on first use, safe from any thread.
final class LazyConstant<Wrapped: Sendable>: Sendable {
  private let value = Mutex<Wrapped?>(nil)

  /// The value. `make` runs outside the lock, twice at worst, with equal results of which the first is kept.
  func get(_ make: () -> Wrapped) -> Wrapped {
    if let value = value.withLock({ $0 }) { return value }
    let made = make()
    return value.withLock { stored in
      if let stored { return stored }
      stored = made
      return made
    }
  }
}
