import JSONSchema

/// Holds parameters and headers against what an operation says of them.
struct ParameterCheck {
  enum Place {
    case path, query, requestHeader, responseHeader

    /// What messages call one.
    var noun: String {
      switch self {
      case .path: "path parameter"
      case .query: "query parameter"
      case .requestHeader, .responseHeader: "header"
      }
    }

    var subject: ValidationIssue.Subject {
      switch self {
      case .path: .pathParameter
      case .query: .queryParameter
      case .requestHeader: .requestHeader
      case .responseHeader: .responseHeader
      }
    }
  }

  let place: Place

  func unspecified(_ name: String) -> ValidationIssue {
    issue(name, .unspecified, "Unspecified \(place.noun) \(name) is not allowed.")
  }

  /// What is wrong with the values of a parameter; none at all means that it is missing.
  func issues(of parameter: MessageContract.Parameter, _ values: [String]) -> [ValidationIssue] {
    let subject = "\(place.noun) \(parameter.name)"
    guard !values.isEmpty else {
      return parameter.isRequired
        ? [nonconforming(parameter.name, "The \(place.noun) is required. Line: 0, Position: 0")] : []
    }
    let schema: JSONSchema
    switch parameter.schema {
    case .success(let found): schema = found
    case .failure(let fault): return [self.issue(of: fault, parameter)]
    }
    if values.count > 1, !schema.takesSeveral {
      let who = place == .responseHeader ? "Response" : "Request"
      return [
        issue(parameter.name, .incorrectMessage, "\(who) cannot contain multiple values for the \(subject).")
      ]
    }
    let value: JSONValue
    do {
      value = try schema.value(of: values)
    } catch {
      return [
        issue(
          parameter.name, .incorrectMessage,
          "Value of the \(subject) \(place == .responseHeader ? "couldn't" : "cannot") be parsed according to the "
            + "definition.\n\n\(error.message)",
          publicText: "Value of the \(subject) couldn't be parsed according to the definition.\n\n\(error.message)")
      ]
    }
    let text = value.bytes
    return schema.validate(value).map { error in
      let (line, position) = error.place(in: text) ?? (0, 0)
      return nonconforming(parameter.name, "\(error.message) Line: \(line), Position: \(position)")
    }
  }

  private func nonconforming(_ name: String, _ reason: String) -> ValidationIssue {
    let text = "alue of the \(place.noun) \(name) does not conform to the definition.\n\n\(reason)"
    return issue(name, .incorrectMessage, "V" + text, publicText: "The v" + text)
  }

  private func issue(of fault: SchemaFault, _ parameter: MessageContract.Parameter) -> ValidationIssue {
    switch fault {
    case .notFound: return .ofSchema("API's schema doesn't exist or it couldn't be resolved.")
    case .withoutDefinitions: return .ofSchema("API schema does not specify definitions.")
    case .undefined:
      return ValidationIssue(
        name: parameter.name, subject: place.subject, rule: .missingDefinition,
        details: "API's schema does not contain definition \(parameter.definition), which is associated with the "
          + "\(place.noun) \(parameter.name).")
    case .unusable(let reason):
      let noun = place.noun.prefix(1).uppercased() + place.noun.dropFirst()
      return ValidationIssue(
        name: parameter.name, subject: place.subject, rule: .validationError,
        details: "\(noun) \(parameter.name) cannot be validated.\n\n\(reason)")
    }
  }

  private func issue(
    _ name: String, _ rule: ValidationIssue.Rule, _ details: String, publicText: String? = nil
  ) -> ValidationIssue {
    ValidationIssue(
      name: name, subject: place.subject, rule: rule, details: details, publicText: publicText ?? details)
  }
}

extension ValidationIssue {
  /// That the API has no schema to hold anything against.
  static func ofSchema(_ details: String) -> ValidationIssue {
    ValidationIssue(name: "", subject: .apiSchema, rule: .none, details: details)
  }
}
