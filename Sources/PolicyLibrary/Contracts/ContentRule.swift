import DotNet
import Expressions
import GatewayConfiguration
import JSONSchema
import PolicySyntax

/// `content`: what bodies of a type are held against.
struct ContentRule: Sendable {
  enum Engine: String, CaseIterable, Sendable {
    case json, xml, soap
  }

  /// Nil stands for every type of the operation.
  let type: String?
  let engine: Engine
  /// A schema of the service, with its name for messages; nil takes the operation's own.
  let named: (name: String, schema: Result<ContentSchema, SchemaFault>)?
  let action: ValidationActionArgument
  private let allowsMore: Argument<Bool>?
  private let ignoresCase: Argument<Bool>

  init?(_ element: PolicyElement, _ plan: PolicyCompilation) {
    let attributes = AttributeReader(element, plan)
    let type = attributes.literal("type")
    let engine = attributes.word(
      "validate-as", isRequired: true, among: Engine.allCases.map(\.rawValue), allowsExpression: false)
    let id = attributes.literal("schema-id")
    let reference = attributes.literal("schema-ref")
    let action = attributes.action("action", isRequired: true)
    allowsMore = attributes.boolean("allow-additional-properties")
    ignoresCase = attributes.boolean("case-insensitive-property-names") ?? .literal(false)
    attributes.finish()
    plan.allowChildren([], in: element)
    self.type = type.flatMap { $0.isEmpty ? nil : $0 }
    named = id.map { Self.named($0, reference, element, plan) }
    guard let engine = engine?.literal.flatMap({ Engine(rawValue: $0) }), let action else { return nil }
    self.engine = engine
    self.action = action
    if id == nil, reference != nil {
      plan.report(element.diagnostic("PL0109", "'schema-ref' stands for a part of the schema that 'schema-id' names."))
    }
    if case .success(let schema) = named?.schema, schema.isXML == (engine == .json) {
      plan.report(
        element.diagnostic("PL0151", "Schema '\(id ?? "")' cannot be used to validate as \(engine.rawValue)."))
    }
  }

  private static func named(
    _ id: String, _ reference: String?, _ element: PolicyElement, _ plan: PolicyCompilation
  ) -> (name: String, schema: Result<ContentSchema, SchemaFault>) {
    let pointer = reference.map { $0.hasPrefix("#") ? String($0.dropFirst()) : $0 } ?? ""
    let schema = plan.schemas.schema(
      pointer.isEmpty ? .whole : .pointer(pointer), of: id, among: plan.environment.schemas, owner: "")
    let place = element.attribute("schema-id")?.value
    func complain(_ code: String, _ message: String, suggestion: String? = nil) {
      plan.report(
        place?.diagnostic(code, message, suggestion: suggestion)
          ?? element.diagnostic(code, message, suggestion: suggestion))
    }
    switch schema {
    case .success: break
    case .failure(.notFound):
      complain(
        "PL0150", "There is no schema '\(id)'.",
        suggestion: Spelling.nearest(to: id, among: plan.environment.schemas.map(\.id)))
    case .failure(.undefined), .failure(.withoutDefinitions):
      complain("PL0151", "Schema '\(id)' has nothing at '\(reference ?? "")'.")
    case .failure(.unusable(let reason)): complain("PL0151", "Schema '\(id)' cannot be used: \(reason)")
    }
    return (reference.flatMap { $0.split(separator: "/").last.map(String.init) } ?? id, schema)
  }

  /// What is known of a content.
  enum Finding: Sendable {
    case issues([ValidationIssue])
    /// It has to be looked at, which takes its time for a long one.
    case toBeHeld(@Sendable () -> [ValidationIssue])
  }

  /// What is wrong with a content.
  func finding(
    in content: [UInt8]?, _ type: String, _ representation: MessageContract.Representation?,
    _ subject: ValidationIssue.Subject, _ exchange: Exchange
  ) throws(PolicyError) -> Finding {
    let whose = subject == .responseBody ? "response" : "request"
    func unusable(_ reason: String) -> Finding {
      let text = "Body of the \(whose) cannot be validated for the content type \(type).\n\n\(reason)"
      return .issues([ValidationIssue(name: "", subject: subject, rule: .validationException, details: text)])
    }
    guard let content else { return unusable("The body was read by an earlier policy, or cannot be decompressed.") }
    let definition = named?.name ?? representation?.definition ?? ""
    let schema: ContentSchema
    switch named?.schema ?? representation?.schema ?? .failure(.notFound) {
    case .success(let found): schema = found
    case .failure(.undefined):
      let text = "API's schema does not contain definition \(definition), which is associated with the content type "
      return .issues([
        ValidationIssue(name: type, subject: subject, rule: .missingDefinition, details: text + "\(type).")
      ])
    case .failure(.unusable(let reason)): return unusable(reason)
    case .failure(.withoutDefinitions): return .issues([.ofSchema("API's schema does not specify definitions.")])
    case .failure(.notFound):
      return .issues([.ofSchema("API's schema does not exist or it could not be resolved.")])
    }
    guard schema.isXML == (engine != .json) else {
      return unusable("The schema \(definition) is none that can validate as \(engine.rawValue).")
    }
    let options =
      schema.isXML
      ? JSONSchemaOptions()
      : JSONSchemaOptions(
        allowsAdditionalProperties: try allowsMore?.value(exchange), ignoresCaseOfNames: try ignoresCase.value(exchange)
      )
    let isSOAP = engine == .soap
    return .toBeHeld {
      schema.complaints(about: content, isSOAP: isSOAP, options).map { reason in
        let text =
          "Body of the \(whose) does not conform to the definition \(definition), which is associated with the "
          + "content type \(type).\n\n\(reason)"
        return ValidationIssue(name: type, subject: subject, rule: .incorrectMessage, details: text, publicText: text)
      }
    }
  }
}

extension ContentSchema {
  /// Message and place of everything that does not conform.
  func complaints(about content: [UInt8], isSOAP: Bool, _ options: JSONSchemaOptions) -> [String] {
    switch self {
    case .xml(let schema):
      return schema.problems(in: content, part: isSOAP ? .soapBody : .document).map {
        "\($0.message) Line: \($0.line), Position: \($0.column)"
      }
    case .json(let schema):
      let value: JSONValue
      do { value = try JSONValue(content) } catch {
        return ["\(error.message) Line: \(error.line), Position: \(error.column)"]
      }
      return schema.validate(value, options: options).map { error in
        let (line, position) = error.place(in: content) ?? (0, 0)
        return "\(error.message) Line: \(line), Position: \(position)"
      }
    }
  }

  var isXML: Bool {
    if case .xml = self { return true }
    return false
  }
}
