extension GraphQLValidation {
  /// Whether a written value can be of a type; variables are noted for ``checkVariables(of:_:)``.
  mutating func check(
    _ value: GraphQLValue, is type: GraphQLTypeReference, _ position: GraphQLPosition, hasDefault: Bool = false
  ) {
    if case .variable(let name, let place) = value {
      return use(VariableUse(name: name, position: place, expected: type, hasDefault: hasDefault))
    }
    switch type {
    case .nonNull(let inner):
      if case .null = value { return complain("Expected a value of type '\(type.text)', found null.", position) }
      check(value, is: inner, position)
    case .list(let inner):
      // One value stands for a list of one.
      guard case .list(let elements) = value else { return check(value, is: inner, position) }
      for element in elements { check(element, is: inner, position) }
    case .named(let name):
      if case .null = value { return }
      guard let definition = schema.types[name] else { return }
      check(value, is: definition, position)
    }
  }

  private mutating func check(_ value: GraphQLValue, is type: GraphQLType, _ position: GraphQLPosition) {
    switch type.kind {
    case .input:
      guard case .object(let members) = value else { return mismatch(value, type, position) }
      var names: Set<String> = []
      for (name, member) in members {
        guard names.insert(name).inserted else {
          complain("There can be only one input field named '\(name)'.", position)
          continue
        }
        guard let input = type.inputs.first(where: { $0.name == name }) else {
          complain("Field '\(name)' is not defined by type '\(type.name)'.", position)
          continue
        }
        check(member, is: input.type, position, hasDefault: input.defaultValue != nil)
      }
      for input in type.inputs where input.isRequired && !names.contains(input.name) {
        complain(
          "Field '\(type.name).\(input.name)' of required type '\(input.type.text)' was not provided.", position)
      }
      if type.isOneOf, members.count != 1 {
        complain("Exactly one field of '\(type.name)' must be given.", position)
      }
    case .enumeration:
      guard case .enumeration(let name) = value, type.values.contains(where: { $0.name == name }) else {
        return mismatch(value, type, position)
      }
    case .scalar:
      if !GraphQLScalar.takes(value, type.name) { mismatch(value, type, position) }
    case .object, .interface, .union: break
    }
  }

  private mutating func mismatch(_ value: GraphQLValue, _ type: GraphQLType, _ position: GraphQLPosition) {
    complain("Expected a value of type '\(type.name)', found \(value.text.prefix(100)).", position)
  }

  /// Whether an operation has the variables that it uses, each where its type may stand.
  mutating func checkVariables(of operation: GraphQLOperation, _ uses: [VariableUse]) {
    var definitions: [String: GraphQLVariableDefinition] = [:]
    for variable in operation.variables {
      if definitions.updateValue(variable, forKey: variable.name) != nil {
        complain("There can be only one variable named '$\(variable.name)'.", variable.position)
      }
    }
    var used: Set<String> = []
    for use in uses {
      used.insert(use.name)
      guard let variable = definitions[use.name] else {
        complain("Variable '$\(use.name)' is not defined.", use.position)
        continue
      }
      var expected = use.expected
      let hasDefault =
        use.hasDefault || variable.defaultValue.map { if case .null = $0 { false } else { true } } == true
      if expected.isNonNull, !variable.type.isNonNull, hasDefault { expected = expected.nullable }
      if !Self.fits(variable.type, expected) {
        complain(
          "Variable '$\(use.name)' of type '\(variable.type.text)' is used where '\(use.expected.text)' is expected.",
          use.position)
      }
    }
    for variable in operation.variables where !used.contains(variable.name) {
      complain("Variable '$\(variable.name)' is never used.", variable.position)
    }
  }

  private static func fits(_ type: GraphQLTypeReference, _ expected: GraphQLTypeReference) -> Bool {
    switch (type, expected) {
    case (.nonNull(let a), .nonNull(let b)): fits(a, b)
    case (_, .nonNull): false
    case (.nonNull(let a), _): fits(a, expected)
    case (.list(let a), .list(let b)): fits(a, b)
    case (.named(let a), .named(let b)): a == b
    default: false
    }
  }
}

/// The scalars of the standard; any other takes whatever is written.
enum GraphQLScalar {
  static func takes(_ value: GraphQLValue, _ type: String) -> Bool {
    switch (type, value) {
    case ("Int", .integer(let digits)): Int32(digits) != nil
    case ("Float", .integer), ("Float", .real), ("String", .string), ("Boolean", .bool), ("ID", .string),
      ("ID", .integer):
      true
    case ("Int", _), ("Float", _), ("String", _), ("Boolean", _), ("ID", _): false
    default: true
    }
  }
}
