import Expressions
import JSONSchema
import PolicySyntax
import TDSWire

/// What `request` of `sql-data-source` asks for.
struct SQLStatement: Sendable {
  struct Parameter: Sendable {
    let name: String
    /// Nil for the one that fits the value.
    let type: TDSParameterType?
    let value: Argument<String>
  }

  private let statement: Argument<String>
  private let parameters: [Parameter]
  private let isSingle: Argument<Bool>

  /// Nil after a complaint.
  init?(_ element: PolicyElement, _ plan: PolicyCompilation) {
    let attributes = AttributeReader(element, plan)
    isSingle = attributes.boolean("single-result") ?? .literal(false)
    attributes.finish()
    parameters = element.first("parameters").map { Self.parameters($0, plan) } ?? []
    guard element.first("sql-statement") != nil else {
      plan.report(element.diagnostic("PL0109", "'\(element.name)' needs a <sql-statement>."))
      return nil
    }
    guard let statement = OutgoingRequestReader.text("sql-statement", in: element, plan) else { return nil }
    self.statement = statement
  }

  private static func parameters(_ list: PolicyElement, _ plan: PolicyCompilation) -> [Parameter] {
    AttributeReader(list, plan).finish()
    plan.allowChildren(["parameter"], in: list)
    var found: [Parameter] = []
    for element in list.elements(named: "parameter") {
      let attributes = AttributeReader(element, plan)
      let name = attributes.literal("name", isRequired: true)
      let word = attributes.literal("sql-type")
      attributes.finish()
      plan.allowChildren([], in: element)
      let value = ResolverPolicy.value(of: element, plan)
      let type = word.flatMap { Self.type($0, element, plan) }
      guard let name, let value else { continue }
      if !TDSParameter.isName(name) {
        let message = "A parameter's name begins with @, as in the statement, and has letters, digits, _, @, # and $."
        plan.report(
          element.attribute("name")?.value.diagnostic("PL0114", message) ?? element.diagnostic("PL0114", message))
      } else if found.contains(where: { $0.name.lowercased() == name.lowercased() }) {
        plan.report(element.diagnostic("PL0129", "The parameter '\(name)' stands here a second time."))
      }
      if case .literal(let text) = value, let type {
        // What is wrong now is wrong for every request.
        do throws(TDSParameterError) { _ = try TDSParameter(name, .text(text.trimmed), as: type) } catch {
          plan.report(
            element.text?.diagnostic("PL0114", error.message) ?? element.diagnostic("PL0114", error.message))
        }
      }
      found.append(Parameter(name: name, type: type, value: value))
    }
    if found.count > TDSParameter.countBound {
      plan.report(
        list.diagnostic(
          "PL0114", "There are \(found.count) parameters; at most \(TDSParameter.countBound) are possible."))
    }
    return found
  }

  /// Nil after a complaint.
  private static func type(_ word: String, _ element: PolicyElement, _ plan: PolicyCompilation) -> TDSParameterType? {
    if let type = TDSParameterType(word) { return type }
    let message =
      "'\(word.prefix(64))' is no value of 'sql-type'; expected \(TDSParameterType.names.joined(separator: ", ")), "
      + "with length or precision where the type has them, as in nvarchar(50)."
    let suggestion = Spelling.nearest(to: word.lowercased(), among: TDSParameterType.names)
    plan.report(
      element.attribute("sql-type")?.value.diagnostic("PL0114", message, suggestion: suggestion)
        ?? element.diagnostic("PL0114", message, suggestion: suggestion))
    return nil
  }

  func isSingle(_ exchange: Exchange) throws(PolicyError) -> Bool { try isSingle.value(exchange) }

  func call(_ exchange: Exchange) throws(PolicyError) -> TDSCall {
    let text = try statement.value(exchange).trimmed
    guard text.utf16.count <= TDSCall.statementBound else {
      throw .internal(
        source: SQLDataSource.name, reason: "InvalidStatement",
        message: "The statement is longer than 1,048,576 characters.")
    }
    var made: [TDSParameter] = []
    for parameter in parameters {
      let input: TDSInput
      if case .literal(let text) = parameter.value {
        // On a line of its own it has white space around it.
        input = .text(text.trimmed)
      } else {
        let json = try parameter.value.value(exchange) { (expression) throws(EvaluationError) in
          try expression.evaluateJSON(exchange, on: exchange.effects.machine)
        }
        input = Self.input(json)
      }
      do throws(TDSParameterError) {
        made.append(try TDSParameter(parameter.name, input, as: parameter.type))
      } catch {
        throw .internal(source: SQLDataSource.name, reason: "InvalidParameter", message: error.message)
      }
    }
    return TDSCall(statement: text, parameters: made)
  }

  /// A value as JSON writes it: objects and lists are texts for a database, numbers keep all their digits.
  private static func input(_ json: String) -> TDSInput {
    switch try? JSONValue(Array(json.utf8)) {
    case .null, nil: .null
    case .bool(let flag): .flag(flag)
    case .integer, .real: .number(json)
    case .text(let text): .text(text)
    case .array, .object: .text(json)
    }
  }
}
