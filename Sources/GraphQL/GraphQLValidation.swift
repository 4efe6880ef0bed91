public import JSONSchema

/// A request that may be answered: valid against the schema, within its bounds, its operation chosen and its variables
/// coerced.
public struct GraphQLValidRequest: Sendable {
  public let schema: GraphQLSchema
  public let document: GraphQLDocument
  public let operation: GraphQLOperation
  public let variables: JSONObject
}

extension GraphQLSchema {
  /// Holds a request against the schema (GraphQL, October 2021, section 5); at most 20 complaints.
  public func validate(
    _ request: GraphQLRequest, limits: GraphQLLimits
  ) -> Result<GraphQLValidRequest, GraphQLRequestErrors> {
    do throws(GraphQLError) {
      let document = try GraphQLDocument(request.query)
      var validation = GraphQLValidation(self, document)
      validation.check()
      if !validation.errors.isEmpty { return .failure(GraphQLRequestErrors(errors: validation.errors)) }
      let operation = try Self.operation(request.operationName, of: document)
      var measure = GraphQLMeasure(document, limits)
      try measure.check(operation)
      var merging = GraphQLMerging(self, document)
      try merging.check(operation)
      let variables = try GraphQLCoercion(self).variables(of: operation, given: request.variables)
      return .success(
        GraphQLValidRequest(schema: self, document: document, operation: operation, variables: variables))
    } catch {
      return .failure(GraphQLRequestErrors(errors: [error]))
    }
  }

  private static func operation(
    _ name: String?, of document: GraphQLDocument
  ) throws(GraphQLError) -> GraphQLOperation {
    guard let name else {
      guard document.operations.count == 1 else {
        throw GraphQLError(
          document.operations.isEmpty
            ? "The document has no operation." : "Which operation is meant? 'operationName' does not tell.")
      }
      return document.operations[0]
    }
    guard let operation = document.operations.first(where: { $0.name == name }) else {
      throw GraphQLError("Unknown operation named '\(name)'.")
    }
    return operation
  }
}

/// Why a request is not answered.
public struct GraphQLRequestErrors: Error, Sendable, Equatable {
  public var errors: [GraphQLError]

  public init(errors: [GraphQLError]) { self.errors = errors }

  /// The whole answer.
  public var answer: JSONValue { .object(JSONObject([("errors", .array(errors.map(\.json)))])) }
}

/// Holds a document against a schema. Every definition is looked at once, so the work is linear in the document's length
/// times the number of its operations.
struct GraphQLValidation {
  /// A variable where a value of a type is expected.
  struct VariableUse {
    var name: String
    var position: GraphQLPosition
    var expected: GraphQLTypeReference
    /// The place has a default of its own, so null may be left out.
    var hasDefault: Bool
  }

  /// What a definition uses of others.
  struct Uses {
    var variables: [VariableUse] = []
    var fragments: [String] = []
  }

  let schema: GraphQLSchema
  let document: GraphQLDocument
  private(set) var errors: [GraphQLError] = []
  private var current = Uses()
  private var fragmentUses: [String: Uses] = [:]

  init(_ schema: GraphQLSchema, _ document: GraphQLDocument) {
    self.schema = schema
    self.document = document
  }

  mutating func complain(_ message: String, _ positions: GraphQLPosition...) {
    if errors.count < GraphQLLimits.errors { errors.append(GraphQLError(message, at: positions)) }
  }

  mutating func use(_ variable: VariableUse) { current.variables.append(variable) }

  mutating func check() {
    checkNames()
    for fragment in document.fragments {
      current = Uses()
      checkDirectives(fragment.directives, at: "FRAGMENT_DEFINITION")
      if let type = condition(fragment.typeCondition, fragment.position) {
        checkSelections(fragment.selections, on: type)
      }
      fragmentUses[fragment.name] = current
    }
    checkCycles()
    guard errors.isEmpty else { return }
    var used: Set<String> = []
    for operation in document.operations {
      current = Uses()
      check(operation)
      let all = reached(from: current)
      used.formUnion(all.names)
      checkVariables(of: operation, all.variables)
    }
    for fragment in document.fragments where !used.contains(fragment.name) {
      complain("Fragment '\(fragment.name)' is never used.", fragment.position)
    }
  }

  private mutating func checkNames() {
    var names: Set<String> = []
    for operation in document.operations {
      if let name = operation.name {
        if !names.insert(name).inserted {
          complain("There can be only one operation named '\(name)'.", operation.position)
        }
      } else if document.operations.count > 1 {
        complain("An operation without a name must be the only one.", operation.position)
      }
    }
    names = []
    for fragment in document.fragments where !names.insert(fragment.name).inserted {
      complain("There can be only one fragment named '\(fragment.name)'.", fragment.position)
    }
  }

  private mutating func check(_ operation: GraphQLOperation) {
    checkDirectives(operation.directives, at: operation.kind.rawValue.uppercased())
    for variable in operation.variables {
      checkDirectives(variable.directives, at: "VARIABLE_DEFINITION")
      guard let type = schema.types[variable.type.name], type.kind.isInput else {
        complain("Variable '$\(variable.name)' cannot be of the type '\(variable.type.text)'.", variable.position)
        continue
      }
      if let value = variable.defaultValue { check(value, is: variable.type, variable.position) }
    }
    guard let root = schema.root(of: operation.kind) else {
      return complain("The schema has no \(operation.kind.rawValue) type.", operation.position)
    }
    checkSelections(operation.selections, on: root)
    if operation.kind == .subscription, operation.selections.count != 1 {
      complain("A subscription has exactly one field at its root.", operation.position)
    }
  }

  // MARK: - Fragments

  private mutating func condition(_ name: String, _ position: GraphQLPosition) -> GraphQLType? {
    guard let type = schema.types[name] else {
      complain("Unknown type '\(name)'.", position)
      return nil
    }
    guard type.kind.isComposite else {
      complain("A fragment cannot be on '\(name)', which has no fields.", position)
      return nil
    }
    return type
  }

  private mutating func checkCycles() {
    var states: [String: Bool] = [:]  // true once nothing behind it leads back
    for fragment in document.fragments where states[fragment.name] == nil {
      // Depth first without recursion: names may form chains as long as the document.
      var stack: [(name: String, next: Int)] = [(fragment.name, 0)]
      states[fragment.name] = false
      while let top = stack.last {
        let uses = fragmentUses[top.name]?.fragments ?? []
        guard top.next < uses.count else {
          states[top.name] = true
          stack.removeLast()
          continue
        }
        stack[stack.count - 1].next += 1
        let name = uses[top.next]
        if states[name] == false {
          let position = document.fragment(name)?.position ?? fragment.position
          return complain("Fragment '\(name)' spreads itself.", position)
        }
        if states[name] == nil, fragmentUses[name] != nil {
          states[name] = false
          stack.append((name, 0))
        }
      }
    }
  }

  /// The fragments that a definition leads to, and all variables on the way.
  private func reached(from uses: Uses) -> (names: Set<String>, variables: [VariableUse]) {
    var names: Set<String> = []
    var variables = uses.variables
    var waiting = uses.fragments
    while let name = waiting.popLast() {
      guard names.insert(name).inserted, let more = fragmentUses[name] else { continue }
      variables += more.variables
      waiting += more.fragments
    }
    return (names, variables)
  }

  // MARK: - Selections

  private mutating func checkSelections(_ selections: [GraphQLSelection], on parent: GraphQLType) {
    for selection in selections {
      switch selection {
      case .field(let field): check(field, on: parent)
      case .spread(let name, let directives, let position):
        checkDirectives(directives, at: "FRAGMENT_SPREAD")
        guard let fragment = document.fragment(name) else {
          complain("Unknown fragment '\(name)'.", position)
          continue
        }
        current.fragments.append(name)
        if let type = schema.types[fragment.typeCondition] { checkOverlap(type, parent, position) }
      case .inline(let name, let directives, let selections, let position):
        checkDirectives(directives, at: "INLINE_FRAGMENT")
        guard let name else {
          checkSelections(selections, on: parent)
          continue
        }
        guard let type = condition(name, position) else { continue }
        checkOverlap(type, parent, position)
        checkSelections(selections, on: type)
      }
    }
  }

  private mutating func checkOverlap(_ type: GraphQLType, _ parent: GraphQLType, _ position: GraphQLPosition) {
    guard !schema.overlap(type, parent) else { return }
    complain("A fragment on '\(type.name)' cannot stand in '\(parent.name)': no object is both.", position)
  }

  private mutating func check(_ field: GraphQLField, on parent: GraphQLType) {
    checkDirectives(field.directives, at: "FIELD")
    guard let definition = schema.field(field.name, of: parent) else {
      return complain("Cannot query field '\(field.name)' on type '\(parent.name)'.", field.position)
    }
    let owner = "field '\(parent.name).\(field.name)'"
    check(field.arguments, against: definition.arguments, owner, field.position)
    guard let type = schema.types[definition.type.name] else { return }
    if type.kind.isComposite {
      guard !field.selections.isEmpty else {
        return complain(
          "Field '\(field.name)' of type '\(definition.type.text)' must have a selection of subfields.", field.position)
      }
      checkSelections(field.selections, on: type)
    } else if !field.selections.isEmpty {
      complain("Field '\(field.name)' has no subfields: its type is '\(definition.type.text)'.", field.position)
    }
  }

  private mutating func check(
    _ arguments: [GraphQLArgument], against definitions: [GraphQLInputDefinition], _ owner: String,
    _ position: GraphQLPosition
  ) {
    var names: Set<String> = []
    for argument in arguments {
      guard names.insert(argument.name).inserted else {
        complain("There can be only one argument named '\(argument.name)'.", argument.position)
        continue
      }
      guard let definition = definitions.first(where: { $0.name == argument.name }) else {
        complain("Unknown argument '\(argument.name)' on \(owner).", argument.position)
        continue
      }
      check(argument.value, is: definition.type, argument.position, hasDefault: definition.defaultValue != nil)
    }
    for definition in definitions where definition.isRequired && !names.contains(definition.name) {
      complain(
        "Argument '\(definition.name)' of type '\(definition.type.text)' is required on \(owner), but missing.",
        position)
    }
  }

  private mutating func checkDirectives(_ directives: [GraphQLDirective], at location: String) {
    var names: Set<String> = []
    for directive in directives {
      guard let definition = schema.directives[directive.name] else {
        complain("Unknown directive '@\(directive.name)'.", directive.position)
        continue
      }
      if !definition.locations.contains(location) {
        complain("Directive '@\(directive.name)' may not be used here.", directive.position)
      }
      if !names.insert(directive.name).inserted, !definition.isRepeatable {
        complain("Directive '@\(directive.name)' can be used only once here.", directive.position)
      }
      check(directive.arguments, against: definition.arguments, "directive '@\(directive.name)'", directive.position)
    }
  }
}
