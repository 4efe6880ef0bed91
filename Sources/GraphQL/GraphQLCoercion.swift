import JSONSchema

/// Makes values what the schema says they are.
struct GraphQLCoercion {
  private let schema: GraphQLSchema

  init(_ schema: GraphQLSchema) { self.schema = schema }

  // MARK: - Variables

  /// The values of an operation's variables; those without value and default are left out.
  func variables(
    of operation: GraphQLOperation, given: JSONObject
  ) throws(GraphQLError) -> JSONObject {
    var result = JSONObject()
    for variable in operation.variables {
      if let value = given[variable.name] {
        do throws(Mismatch) {
          result.set(variable.name, try coerce(value, to: variable.type))
        } catch {
          throw GraphQLError(
            "Variable '$\(variable.name)' got an invalid value\(error.path): \(error.message)", at: [variable.position])
        }
      } else if let value = variable.defaultValue {
        result.set(variable.name, literal(value, variable.type, JSONObject()) ?? .null)
      } else if variable.type.isNonNull {
        throw GraphQLError(
          "Variable '$\(variable.name)' of required type '\(variable.type.text)' was not provided.",
          at: [variable.position])
      }
    }
    return result
  }

  private struct Mismatch: Error {
    var path = ""
    var message: String

    func below(_ step: String) -> Mismatch {
      Mismatch(path: path.isEmpty ? " at '\(step)'" : " at '\(step).\(path.dropFirst(5))", message: message)
    }
  }

  /// Depth is bounded by that of JSON.
  private func coerce(_ value: JSONValue, to type: GraphQLTypeReference) throws(Mismatch) -> JSONValue {
    switch type {
    case .nonNull(let inner):
      if case .null = value { throw Mismatch(message: "null is not allowed for '\(type.text)'.") }
      return try coerce(value, to: inner)
    case .list(let inner):
      if case .null = value { return .null }
      guard let elements = value.elements else { return .array([try coerce(value, to: inner)]) }
      var result: [JSONValue] = []
      for (index, element) in elements.enumerated() {
        do throws(Mismatch) {
          result.append(try coerce(element, to: inner))
        } catch {
          throw error.below("\(index)")
        }
      }
      return .array(result)
    case .named(let name):
      if case .null = value { return .null }
      guard let type = schema.types[name] else { return value }
      return try coerce(value, to: type)
    }
  }

  private func coerce(_ value: JSONValue, to type: GraphQLType) throws(Mismatch) -> JSONValue {
    switch type.kind {
    case .enumeration:
      guard let text = value.text, type.values.contains(where: { $0.name == text }) else {
        throw Mismatch(message: "it is no value of '\(type.name)'.")
      }
      return value
    case .input:
      guard let object = value.object else { throw Mismatch(message: "'\(type.name)' is an object.") }
      for member in object.members where !type.inputs.contains(where: { $0.name == member.name }) {
        throw Mismatch(message: "'\(type.name)' has no field '\(member.name)'.")
      }
      if type.isOneOf, object.members.count != 1 {
        throw Mismatch(message: "exactly one field of '\(type.name)' must be given.")
      }
      var result = JSONObject()
      for input in type.inputs {
        if let member = object[input.name] {
          do throws(Mismatch) {
            result.set(input.name, try coerce(member, to: input.type))
          } catch {
            throw error.below(input.name)
          }
        } else if let value = input.defaultValue {
          result.set(input.name, literal(value, input.type, JSONObject()) ?? .null)
        } else if input.type.isNonNull {
          throw Mismatch(message: "'\(type.name).\(input.name)' is required.")
        }
      }
      return .object(result)
    default:
      guard let scalar = Self.input(value, type.name) else { throw Mismatch(message: "it is no '\(type.name)'.") }
      return scalar
    }
  }

  /// A scalar of JSON as input; nil when it is none of that type.
  private static func input(_ value: JSONValue, _ type: String) -> JSONValue? {
    switch (type, value) {
    case ("Int", .integer(let number)): return Int32(exactly: number) == nil ? nil : value
    case ("Int", .real(let number)): return Int32(exactly: number).map { .integer(Int64($0)) }
    case ("Float", .integer), ("Float", .real), ("String", .text), ("Boolean", .bool), ("ID", .text): return value
    case ("ID", .integer(let number)): return .text("\(number)")
    case ("Int", _), ("Float", _), ("String", _), ("Boolean", _), ("ID", _): return nil
    default: return value
    }
  }

  // MARK: - Written values

  /// A written value of a type, which validation has seen; nil for a variable that has none.
  func literal(_ value: GraphQLValue, _ type: GraphQLTypeReference, _ variables: JSONObject) -> JSONValue? {
    switch (value, type) {
    case (.variable(let name, _), _): return variables[name]
    case (_, .nonNull(let inner)): return literal(value, inner, variables)
    case (.null, _): return .null
    case (.list(let elements), .list(let inner)):
      return .array(elements.map { literal($0, inner, variables) ?? .null })
    case (_, .list(let inner)): return literal(value, inner, variables).map { .array([$0]) }
    case (.object(let members), .named(let name)):
      guard let type = schema.types[name], type.kind == .input else { return free(value, variables) }
      var result = JSONObject()
      for input in type.inputs {
        if let member = members.first(where: { $0.name == input.name }),
          let value = literal(member.value, input.type, variables)
        {
          result.set(input.name, value)
        } else if let value = input.defaultValue {
          result.set(input.name, literal(value, input.type, JSONObject()) ?? .null)
        }
      }
      return .object(result)
    case (.integer(let digits), .named("ID")): return .text(digits)
    default: return free(value, variables)
    }
  }

  /// A written value as JSON, whatever its type.
  private func free(_ value: GraphQLValue, _ variables: JSONObject) -> JSONValue {
    switch value {
    case .variable(let name, _): variables[name] ?? .null
    case .integer(let digits), .real(let digits):
      Int64(digits).map { .integer($0) } ?? Double(digits).flatMap { $0.isFinite ? .real($0) : nil } ?? .null
    case .string(let text), .enumeration(let text): .text(text)
    case .bool(let flag): .bool(flag)
    case .null: .null
    case .list(let elements): .array(elements.map { free($0, variables) })
    case .object(let members): .object(JSONObject(members.map { ($0.name, free($0.value, variables)) }))
    }
  }

  /// The arguments of a field with their defaults; nil members are left out.
  func arguments(
    _ given: [GraphQLArgument], _ definitions: [GraphQLInputDefinition], _ variables: JSONObject
  ) throws(GraphQLError) -> JSONObject {
    var result = JSONObject()
    for definition in definitions {
      let argument = given.first { $0.name == definition.name }
      if let argument, let value = literal(argument.value, definition.type, variables) {
        if case .null = value, definition.type.isNonNull {
          throw GraphQLError(
            "Argument '\(definition.name)' of type '\(definition.type.text)' must not be null.", at: [argument.position]
          )
        }
        result.set(definition.name, value)
      } else if let value = definition.defaultValue {
        result.set(definition.name, literal(value, definition.type, JSONObject()) ?? .null)
      } else if definition.type.isNonNull {
        throw GraphQLError(
          "Argument '\(definition.name)' of required type '\(definition.type.text)' was not provided.",
          at: argument.map { [$0.position] } ?? [])
      }
    }
    return result
  }
}
