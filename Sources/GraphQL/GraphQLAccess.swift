/// A field as rules of access see it.
public struct GraphQLFieldPlace: Sendable, Hashable {
  /// The type it is selected on; for an interface the objects that it can be, too. Sorted.
  public var types: [String]
  public var name: String
  /// It stands at the root of the operation.
  public var isRoot: Bool
}

/// What becomes of a field.
public enum GraphQLFieldAccess: Sendable {
  case allowed
  /// It is taken out of the request.
  case removed
  /// The request is refused.
  case refused
}

/// A request without the fields that were taken out of it.
public struct GraphQLRestriction: Sendable {
  /// Nil when nothing is left to ask for.
  public var document: GraphQLDocument?
  /// One for each field that is not there any more, with its path.
  public var errors: [GraphQLError]
}

extension GraphQLValidRequest {
  /// Decides on every field that the operation asks for; refused fields are thrown.
  ///
  /// - Parameter decide: asked once for each field of a type. `__typename` belongs to nobody and is not asked for.
  public func restricted<Failure: Error>(
    _ decide: (GraphQLFieldPlace) throws(Failure) -> GraphQLFieldAccess
  ) throws(Failure) -> Result<GraphQLRestriction, GraphQLRequestErrors> {
    guard let root = schema.root(of: operation.kind) else { return .success(.init(document: document, errors: [])) }
    var walk = GraphQLAccessWalk(schema, document)
    var refused: [GraphQLError] = []
    var removed: [GraphQLError] = []
    for step in walk.fields(of: operation, root) {
      guard let place = step.place else { continue }
      let access: GraphQLFieldAccess
      if let known = walk.decisions[place] {
        access = known
      } else {
        access = try decide(place)
        walk.decisions[place] = access
      }
      switch access {
      case .allowed: break
      case .removed:
        removed.append(
          GraphQLError("Access to field '\(step.name)' is not allowed.", at: [step.position], path: step.path))
      case .refused:
        refused.append(GraphQLError("Access to field '\(step.name)' is denied.", at: [step.position]))
      }
    }
    if !refused.isEmpty {
      return .failure(GraphQLRequestErrors(errors: Array(refused.prefix(GraphQLLimits.errors))))
    }
    if removed.isEmpty { return .success(.init(document: document, errors: [])) }
    return .success(.init(document: walk.rest(of: operation, root), errors: removed))
  }
}

/// Goes through an operation with fragments in their places; the operation is within its bounds.
private struct GraphQLAccessWalk {
  struct Step {
    var place: GraphQLFieldPlace?
    /// For messages: `Query.users`.
    var name: String
    var position: GraphQLPosition
    var path: [GraphQLError.Step]
  }

  private let schema: GraphQLSchema
  private let document: GraphQLDocument
  var decisions: [GraphQLFieldPlace: GraphQLFieldAccess] = [:]

  init(_ schema: GraphQLSchema, _ document: GraphQLDocument) {
    self.schema = schema
    self.document = document
  }

  private func place(_ field: GraphQLField, on parent: GraphQLType, isRoot: Bool) -> GraphQLFieldPlace? {
    if field.name == "__typename" { return nil }
    var types = Set([parent.name])
    if parent.kind == .interface { types.formUnion(parent.possible) }
    return GraphQLFieldPlace(types: types.sorted(), name: field.name, isRoot: isRoot)
  }

  func fields(of operation: GraphQLOperation, _ root: GraphQLType) -> [Step] {
    var steps: [Step] = []
    collect(operation.selections, on: root, root, [], into: &steps)
    return steps
  }

  private func collect(
    _ selections: [GraphQLSelection], on parent: GraphQLType, _ root: GraphQLType, _ path: [GraphQLError.Step],
    into steps: inout [Step]
  ) {
    for selection in selections {
      switch selection {
      case .field(let field):
        let own = path + [.name(field.responseName)]
        steps.append(
          Step(
            place: place(field, on: parent, isRoot: path.isEmpty), name: "\(parent.name).\(field.name)",
            position: field.position, path: own))
        guard let definition = schema.field(field.name, of: parent), let type = schema.types[definition.type.name]
        else { continue }
        collect(field.selections, on: type, root, own, into: &steps)
      case .spread(let name, _, _):
        guard let fragment = document.fragment(name), let type = schema.types[fragment.typeCondition] else { continue }
        collect(fragment.selections, on: type, root, path, into: &steps)
      case .inline(let name, _, let selections, _):
        collect(selections, on: name.flatMap { schema.types[$0] } ?? parent, root, path, into: &steps)
      }
    }
  }

  // MARK: - What is left

  /// The operation with the fragments it needs; nil when nothing is left of it.
  func rest(of operation: GraphQLOperation, _ root: GraphQLType) -> GraphQLDocument? {
    var operation = operation
    // A fragment may stand at the root and below it: what one place loses, all lose.
    var fragments: [String: GraphQLFragment?] = [:]
    operation.selections = kept(operation.selections, on: root, isRoot: true, &fragments)
    guard !operation.selections.isEmpty else { return nil }
    var used: Set<String> = []
    var names: [String] = []
    note(operation.selections, &used, &names, fragments)
    for directive in operation.directives { note(directive.arguments, &used) }
    operation.variables.removeAll { !used.contains($0.name) }
    var rest = GraphQLDocument()
    rest.operations = [operation]
    for name in names {
      if let fragment = fragments[name], let fragment { rest.add(fragment) }
    }
    return rest
  }

  private func isKept(_ field: GraphQLField, on parent: GraphQLType) -> Bool {
    [true, false].allSatisfy { isRoot in
      guard let place = place(field, on: parent, isRoot: isRoot), case .removed = decisions[place] else { return true }
      return false
    }
  }

  private func kept(
    _ selections: [GraphQLSelection], on parent: GraphQLType, isRoot: Bool,
    _ fragments: inout [String: GraphQLFragment?]
  ) -> [GraphQLSelection] {
    selections.compactMap { selection in
      switch selection {
      case .field(var field):
        guard isKept(field, on: parent) else { return nil }
        guard !field.selections.isEmpty, let definition = schema.field(field.name, of: parent),
          let type = schema.types[definition.type.name]
        else { return selection }
        field.selections = kept(field.selections, on: type, isRoot: false, &fragments)
        return field.selections.isEmpty ? nil : .field(field)
      case .spread(let name, _, _):
        if fragments[name] == nil {
          guard var fragment = document.fragment(name), let type = schema.types[fragment.typeCondition] else {
            return selection
          }
          fragment.selections = kept(fragment.selections, on: type, isRoot: isRoot, &fragments)
          fragments[name] = .some(fragment.selections.isEmpty ? nil : fragment)
        }
        if case .some(.none) = fragments[name] { return nil }
        return selection
      case .inline(let name, let directives, let selections, let position):
        let type = name.flatMap { schema.types[$0] } ?? parent
        let rest = kept(selections, on: type, isRoot: isRoot, &fragments)
        return rest.isEmpty ? nil : .inline(typeCondition: name, directives: directives, rest, position: position)
      }
    }
  }

  /// Notes the variables and fragments that selections use.
  private func note(
    _ selections: [GraphQLSelection], _ variables: inout Set<String>, _ names: inout [String],
    _ fragments: [String: GraphQLFragment?]
  ) {
    for selection in selections {
      switch selection {
      case .field(let field):
        note(field.arguments, &variables)
        for directive in field.directives { note(directive.arguments, &variables) }
        note(field.selections, &variables, &names, fragments)
      case .spread(let name, let directives, _):
        for directive in directives { note(directive.arguments, &variables) }
        guard !names.contains(name) else { continue }
        names.append(name)
        if let fragment = fragments[name], let fragment { note(fragment.selections, &variables, &names, fragments) }
      case .inline(_, let directives, let selections, _):
        for directive in directives { note(directive.arguments, &variables) }
        note(selections, &variables, &names, fragments)
      }
    }
  }

  private func note(_ arguments: [GraphQLArgument], _ variables: inout Set<String>) {
    for argument in arguments { note(argument.value, &variables) }
  }

  private func note(_ value: GraphQLValue, _ variables: inout Set<String>) {
    switch value {
    case .variable(let name, _): variables.insert(name)
    case .list(let elements): for element in elements { note(element, &variables) }
    case .object(let members): for member in members { note(member.value, &variables) }
    default: break
    }
  }
}
