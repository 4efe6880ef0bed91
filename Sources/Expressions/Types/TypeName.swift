extension TypeSymbol: CustomStringConvertible {
  /// The type as C# writes it, short: `List<int>`, `string[]`, `int?`, `(int, string)`.
  public var description: String { name(qualified: false) }

  /// The type as the C# compiler's messages write it: `System.Collections.Generic.List<int>`.
  var qualifiedName: String { name(qualified: true) }

  /// The type as reflection writes it, which is what most objects say of themselves:
  /// ``System.Collections.Generic.List`1[System.Int32]``.
  var reflectionName: String {
    if let element = elementType {
      return element.reflectionName + "[" + String(repeating: ",", count: definition.rank - 1) + "]"
    }
    if arguments.isEmpty { return definition.fullName }
    return definition.fullName + "`\(arguments.count)[" + arguments.map(\.reflectionName).joined(separator: ",") + "]"
  }

  func name(qualified: Bool) -> String {
    if let keyword = TypeDefinition.keywords[definition.fullName] { return keyword }
    if let underlying = nullableUnderlying { return underlying.name(qualified: qualified) + "?" }
    switch kind {
    case .array:
      // C# writes the dimensions from the outside in: an array of int[,] is int[][,].
      var dimensions = ""
      var element = self
      while let inner = element.elementType {
        dimensions += "[" + String(repeating: ",", count: element.definition.rank - 1) + "]"
        element = inner
      }
      return element.name(qualified: qualified) + dimensions
    case .anonymous:
      return "<anonymous type: "
        + zip(arguments, definition.fieldNames).map { "\($0.name(qualified: qualified)) \($1)" }.joined(separator: ", ")
        + ">"
    default:
      break
    }
    if isTuple {
      let parts = arguments.enumerated().map { index, type in
        let name = tupleNames.indices.contains(index) ? tupleNames[index] : nil
        return type.name(qualified: qualified) + (name.map { " " + $0 } ?? "")
      }
      return "(" + parts.joined(separator: ", ") + ")"
    }
    let base = qualified ? definition.fullName : definition.name
    if arguments.isEmpty { return base }
    return base + "<" + arguments.map { $0.name(qualified: qualified) }.joined(separator: ", ") + ">"
  }

  /// The name under which an exception of this type is reported.
  var fullName: String { definition.fullName }
}
