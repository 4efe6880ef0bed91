/// Types by name.
extension Binder {
  func resolve(_ syntax: TypeSyntax) throws(SyntaxError) -> TypeSymbol {
    var type: TypeSymbol?
    let name = syntax.names.joined(separator: ".")
    if !syntax.elements.isEmpty {
      guard syntax.elements.count <= LibraryCatalog.largestTuple else {
        throw fail("PL0201", "A tuple has more than \(LibraryCatalog.largestTuple) elements.", syntax.offset)
      }
      var elements: [TypeSymbol] = []
      for element in syntax.elements { elements.append(try resolve(element.type)) }
      type = .tuple(elements, names: syntax.elements.map(\.name))
    } else {
      var arguments: [TypeSymbol] = []
      for argument in syntax.arguments { arguments.append(try resolve(argument)) }
      if arguments.isEmpty, let parameter = typeParameters.reversed().lazy.compactMap({ $0[name] }).first {
        type = parameter
      } else if let full = SignatureReader.keywordTypes[name] {
        type = catalog.type(full).map { TypeSymbol($0) }
      } else {
        type = definition(syntax.names, arity: arguments.count).map { TypeSymbol($0, arguments) }
      }
    }
    guard var type else {
      let suggestion = Nearest.name(to: syntax.names.last ?? name, among: catalog.shortNames)
      throw fail(
        "CS0246",
        refusal(ofType: syntax.names)
          ?? "The type or namespace name '\(name)' could not be found, or is not allowed in policy expressions",
        syntax.offset, length: name.count, suggestion: suggestion)
    }
    if syntax.isNullable {
      guard type.isValueType else {
        throw fail(
          "CS0453", "The type '\(type)' must be a non-nullable value type in order to use it as 'T?'", syntax.offset)
      }
      type = type.nullable
    }
    for rank in syntax.ranks.reversed() {
      guard rank <= TypeDefinition.largestRank else {
        throw fail("PL0201", "An array has more than \(TypeDefinition.largestRank) dimensions.", syntax.offset)
      }
      type = type.array(rank: rank)
    }
    return type
  }

  private func definition(_ names: [String], arity: Int) -> TypeDefinition? {
    let found =
      names.count == 1
      ? catalog.imported(names[0], arity: arity).first
      : catalog.type(names.joined(separator: "."), arity: arity) ?? nested(names, arity: arity)
    return found.flatMap { strict && !$0.isListed ? nil : $0 }
  }

  /// Why a name of .NET stands for no type here; nil when nothing is known of it.
  func refusal(ofType names: [String]) -> String? {
    if strict, let name = names.last,
      let unlisted = names.count == 1
        ? catalog.imported(name, arity: 0).first : catalog.type(names.joined(separator: "."), arity: 0),
      !unlisted.isListed
    {
      return UnsupportedType.message(ofFullName: unlisted.fullName)
    }
    return UnsupportedType.message(names)
  }

  /// What stands before a dot.
  func bind(receiver syntax: ExpressionSyntax) throws(SyntaxError) -> Bound {
    do throws(SyntaxError) { return try bind(syntax) } catch { throw complaint(error, about: syntax) }
  }

  /// The complaint about `System.IO.File.Exists`, whose first name is what is not found.
  private func complaint(_ error: SyntaxError, about receiver: ExpressionSyntax) -> SyntaxError {
    guard error.code == "CS0103" else { return error }
    var names: [String] = []
    var rest = receiver
    while case .member(let inner, let name, _, _) = rest {
      names.insert(name, at: 0)
      rest = inner
    }
    guard case .name(let first, _, let at) = rest, !names.isEmpty else { return error }
    let all = [first] + names
    guard let message = UnsupportedType.message(all) else { return error }
    return fail("CS0246", message, at, length: all.joined(separator: ".").count)
  }

  /// A type inside another: `TimeZoneInfo.AdjustmentRule`.
  private func nested(_ names: [String], arity: Int) -> TypeDefinition? {
    guard let outer = catalog.imported(names[0], arity: 0).first else { return nil }
    return catalog.type(([outer.fullName] + names.dropFirst()).joined(separator: "."), arity: arity)
  }

  /// The type that a chain of names before a dot stands for; nil when it is a value.
  func typeNamed(_ syntax: ExpressionSyntax) -> TypeSymbol? {
    switch syntax {
    case .typeName(let type, _): return try? resolve(type)
    case .name(let name, let arguments, _):
      if function.isDeclaredAround(name) || name == "context" || named.contains(where: { $0[name] != nil }) {
        return nil
      }
      return try? resolve(TypeSyntax(names: [name], arguments: arguments, offset: 0))
    case .member:
      var names: [String] = []
      var rest = syntax
      while case .member(let inner, let name, _, _) = rest {
        names.insert(name, at: 0)
        rest = inner
      }
      guard case .name(let first, _, _) = rest, !function.isDeclaredAround(first), first != "context" else {
        return nil
      }
      return definition([first] + names, arity: 0).map { TypeSymbol($0) }
    default: return nil
    }
  }
}
