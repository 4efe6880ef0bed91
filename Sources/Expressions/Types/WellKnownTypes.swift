extension TypeDefinition {
  static let void = TypeDefinition(fullName: "System.Void", kind: .special)
  static let nullLiteral = TypeDefinition(fullName: "<null>", kind: .special)
  static let error = TypeDefinition(fullName: "?", kind: .special)

  static let object = LibraryCatalog.shared.required("System.Object")
  static let string = LibraryCatalog.shared.required("System.String")
  static let nullable = LibraryCatalog.shared.required("System.Nullable", arity: 1)
  static let array1 = TypeDefinition.makeArray(rank: 1)
  /// Dimensions that an array may have at the most.
  static let largestRank = 8
  /// The definitions of arrays with 1, 2, … dimensions.
  static let arrays = [array1] + (2...largestRank).map { TypeDefinition.makeArray(rank: $0) }

  static let enumerable = LibraryCatalog.shared.required("System.Collections.Generic.IEnumerable", arity: 1)
  static let dictionary = LibraryCatalog.shared.required("System.Collections.Generic.Dictionary", arity: 2)
  static let list = LibraryCatalog.shared.required("System.Collections.Generic.List", arity: 1)
  static let keyValuePair = LibraryCatalog.shared.required("System.Collections.Generic.KeyValuePair", arity: 2)

  private static func makeArray(rank: Int) -> TypeDefinition {
    TypeDefinition(
      fullName: "System.Array", kind: .array, typeParameters: [.typeParameter("T")], variances: [.covariant],
      rank: rank,
      source: LibraryCatalog.shared.arraySource)
  }

  /// Interfaces every one-dimensional array has.
  static func arrayInterfaces(of array: TypeSymbol) -> [TypeSymbol] {
    guard array.definition.rank == 1, let element = array.elementType else { return [.untypedEnumerable] }
    return genericArrayInterfaces.map { TypeSymbol($0, [element]) } + [.untypedEnumerable]
  }

  private static let genericArrayInterfaces = [
    "IList", "ICollection", "IEnumerable", "IReadOnlyList", "IReadOnlyCollection",
  ].map { LibraryCatalog.shared.required("System.Collections.Generic." + $0, arity: 1) }

  /// The keyword C# has for a framework type.
  static let keywords: [String: String] = [
    "System.Object": "object", "System.String": "string", "System.Boolean": "bool", "System.Char": "char",
    "System.SByte": "sbyte", "System.Byte": "byte", "System.Int16": "short", "System.UInt16": "ushort",
    "System.Int32": "int", "System.UInt32": "uint", "System.Int64": "long", "System.UInt64": "ulong",
    "System.Single": "float", "System.Double": "double", "System.Decimal": "decimal", "System.Void": "void",
  ]
}

extension TypeSymbol {
  static let void = TypeSymbol(TypeDefinition.void)
  static let null = TypeSymbol(TypeDefinition.nullLiteral)
  static let error = TypeSymbol(TypeDefinition.error)

  static let object = TypeSymbol(TypeDefinition.object)
  static let string = TypeSymbol(TypeDefinition.string)
  static let bool = named("System.Boolean")
  static let char = named("System.Char")
  static let int8 = named("System.SByte")
  static let uint8 = named("System.Byte")
  static let int16 = named("System.Int16")
  static let uint16 = named("System.UInt16")
  static let int32 = named("System.Int32")
  static let uint32 = named("System.UInt32")
  static let int64 = named("System.Int64")
  static let uint64 = named("System.UInt64")
  static let float = named("System.Single")
  static let double = named("System.Double")
  static let decimal = named("System.Decimal")
  static let dateTime = named("System.DateTime")
  static let dateTimeOffset = named("System.DateTimeOffset")
  static let timeSpan = named("System.TimeSpan")
  static let guid = named("System.Guid")
  static let valueType = named("System.ValueType")
  static let enumBase = named("System.Enum")
  static let delegateBase = named("System.Delegate")
  static let type = named("System.Type")
  static let exception = named("System.Exception")
  static let disposable = named("System.IDisposable")
  static let untypedEnumerable = named("System.Collections.IEnumerable")
  static let context = named("Apim.IContext")
  static let byteArray = uint8.array
  static let stringArray = string.array

  static func named(_ fullName: String) -> TypeSymbol { LibraryCatalog.shared.symbol(fullName) }

  var array: TypeSymbol { definition.array(of: self) ?? TypeSymbol(TypeDefinition.array1, [self]) }
  var nullable: TypeSymbol { TypeSymbol(TypeDefinition.nullable, [self]) }

  func array(rank: Int) -> TypeSymbol {
    TypeSymbol(TypeDefinition.arrays[min(rank, TypeDefinition.largestRank) - 1], [self])
  }

  static func enumerable(of element: TypeSymbol) -> TypeSymbol { TypeSymbol(TypeDefinition.enumerable, [element]) }
  static func list(of element: TypeSymbol) -> TypeSymbol { TypeSymbol(TypeDefinition.list, [element]) }
  static func keyValuePair(_ key: TypeSymbol, _ value: TypeSymbol) -> TypeSymbol {
    TypeSymbol(TypeDefinition.keyValuePair, [key, value])
  }

  /// The tuple type `(T1, T2, …)`; the caller sees that it is not too long.
  static func tuple(_ elements: [TypeSymbol], names: [String?] = []) -> TypeSymbol {
    let definition = LibraryCatalog.shared.required(
      "System.ValueTuple", arity: min(elements.count, LibraryCatalog.largestTuple))
    return TypeSymbol(definition, elements, tupleNames: names.contains { $0 != nil } ? names : [])
  }
}
