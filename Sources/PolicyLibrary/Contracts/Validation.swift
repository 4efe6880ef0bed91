import Expressions
import GatewayConfiguration
import JSONSchema
import PolicySyntax

/// What a validation policy does about an error.
enum ValidationAction: String, CaseIterable, Sendable {
  /// Nothing is looked at.
  case ignore
  /// The exchange ends with the error.
  case prevent
  /// The error goes into the variable, and the exchange goes on.
  case detect
}

/// An attribute that names an action.
struct ValidationActionArgument: Sendable {
  fileprivate let word: Argument<String>

  func value(_ exchange: Exchange) throws(PolicyError) -> ValidationAction {
    let word = try word.value(exchange)
    guard let action = ValidationAction(rawValue: word) else {
      throw .internal(
        source: exchange.place?.policy ?? "", reason: "InvalidAction",
        message: "'\(word)' is no action; expected ignore, prevent or detect.")
    }
    return action
  }
}

extension AttributeReader {
  func action(_ name: String, isRequired: Bool = false) -> ValidationActionArgument? {
    word(name, isRequired: isRequired, among: ValidationAction.allCases.map(\.rawValue))
      .map { ValidationActionArgument(word: $0) }
  }

  /// `errors-variable-name`; some documents write `error-variable-name`.
  func errorsVariable() -> String? {
    let name = literal("errors-variable-name")
    return literal("error-variable-name") ?? name
  }
}

/// An error of validation: the object that the reference describes, and what the caller is told of it.
struct ValidationIssue: Sendable, Equatable {
  enum Subject: String, Sendable {
    case requestBody = "RequestBody"
    case responseBody = "ResponseBody"
    case apiSchema = "ApiSchema"
    case queryParameter = "QueryParameter"
    case pathParameter = "PathParameter"
    case requestHeader = "RequestHeader"
    case responseHeader = "ResponseHeader"
    case statusCode = "StatusCode"
  }

  enum Rule: String, Sendable {
    case none = ""
    case sizeLimit = "SizeLimit"
    case unspecified = "Unspecified"
    case missingDefinition = "MissingDefinition"
    case incorrectMessage = "IncorrectMessage"
    case validationException = "ValidationException"
    case validationError = "ValidationError"
  }

  var name: String
  var subject: Subject
  var rule: Rule
  var details: String
  /// Nil hides the details from the caller.
  var publicText: String?

  /// What the caller is told where the details are none of its business.
  static let internalText = "The request could not be processed due to an internal error. Contact the API owner."
}

/// The errors one validation policy has found in one message.
struct ValidationReport {
  let isResponse: Bool
  private var issues: [(issue: ValidationIssue, action: ValidationAction)] = []

  init(isResponse: Bool) { self.isResponse = isResponse }

  /// Whether an error ends the exchange: then nothing more is looked at.
  var isPrevented: Bool { issues.contains { $0.action == .prevent } }

  mutating func add(_ issue: ValidationIssue, _ action: ValidationAction) {
    if action != .ignore { issues.append((issue, action)) }
  }

  /// Puts the errors into the variable, and ends the exchange with the first that has to.
  func conclude(_ exchange: Exchange, variable: String?) throws(PolicyError) -> StepResult {
    if issues.isEmpty { return .proceed }
    if let variable { exchange.variables[variable] = .described("JToken", json, in: exchange) }
    guard let first = issues.first(where: { $0.action == .prevent })?.issue else { return .proceed }
    throw PolicyError(
      source: exchange.place?.policy ?? "", reason: isResponse ? "Response not allowed" : "Bad request",
      message: first.details, status: isResponse ? 502 : 400,
      responseMessage: isResponse ? ValidationIssue.internalText : first.publicText ?? ValidationIssue.internalText)
  }

  private var json: String {
    let objects = issues.map { issue, action in
      let members = [
        ("Name", issue.name), ("Type", issue.subject.rawValue), ("ValidationRule", issue.rule.rawValue),
        ("Details", issue.details), ("Action", action.rawValue),
      ]
      return "{" + members.map { "\"\($0)\":\(JSONText.quoted($1))" }.joined(separator: ",") + "}"
    }
    return "[\(objects.joined(separator: ","))]"
  }
}
