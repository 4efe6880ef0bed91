import Expressions
import HTTPWire
import PolicySyntax

/// The text of an element of a request to Cosmos DB: a literal, an expression or, with `template="liquid"`, a template over
/// the arguments.
struct CosmosText: Sendable {
  private let content: SetBody

  /// Nil after a complaint.
  ///
  /// - Parameter attributes: of the element, asked for all others.
  init?(_ element: PolicyElement, _ plan: PolicyCompilation, _ attributes: AttributeReader) {
    let template = attributes.word("template", among: ["liquid"], allowsExpression: false)
    attributes.finish()
    plan.allowChildren([], in: element)
    if template?.literal == "liquid" {
      guard let made = SetBody.template(element, plan, onResponse: false) else { return nil }
      content = SetBody(content: .template(made, .init(parsesDates: false, standsForNil: .blank)), onResponse: false)
    } else {
      guard let text = element.text else {
        plan.report(element.diagnostic("PL0109", "<\(element.name)> needs a text."))
        return nil
      }
      guard let argument = plan.string(text) else { return nil }
      content = SetBody(content: .text(argument), onResponse: false)
    }
  }

  /// Without white space at its ends.
  func value(_ exchange: Exchange) throws(PolicyError) -> String {
    String(decoding: try content.bytes(exchange), as: UTF8.self).trimmed
  }
}

/// The partition that a request is for, or one level of it.
struct CosmosPartitionKey: Sendable {
  enum DataType: String, Sendable, CaseIterable {
    case string, number, bool, none, null
  }

  /// That of items without one.
  static let absent = "[{}]"
  /// Of a key at most.
  static let levels = 3

  let type: DataType
  /// Nil for `none` and `null`.
  let text: CosmosText?

  /// Nil after a complaint.
  init?(_ element: PolicyElement, _ plan: PolicyCompilation) {
    let attributes = AttributeReader(element, plan)
    let words = DataType.allCases.map(\.rawValue)
    let word = attributes.word("data-type", among: words, allowsExpression: false)?.literal
    type = word.flatMap { DataType(rawValue: $0) } ?? .string
    if [.none, .null].contains(type), element.text == nil {
      _ = attributes.word("template", among: ["liquid"], allowsExpression: false)
      attributes.finish()
      plan.allowChildren([], in: element)
      text = nil
      return
    }
    guard let text = CosmosText(element, plan, attributes) else { return nil }
    self.text = text
  }

  /// The value of `x-ms-documentdb-partitionkey`: an array of JSON in ASCII. Nil without any level.
  static func header(_ levels: [CosmosPartitionKey], _ exchange: Exchange) throws(PolicyError) -> String? {
    if levels.isEmpty { return nil }
    var values: [String] = []
    for level in levels { values.append(try level.value(exchange)) }
    return "[" + values.joined(separator: ",") + "]"
  }

  private func value(_ exchange: Exchange) throws(PolicyError) -> String {
    let value = try text?.value(exchange) ?? ""
    switch type {
    case .none: return "{}"
    case .null: return "null"
    case .string: return Self.quoted(value)
    case .bool where ["true", "false"].contains(value.lowercased()): return value.lowercased()
    case .number:
      if let number = Int64(value) { return "\(number)" }
      if let number = Double(value), number.isFinite { return "\(number)" }
    default: break
    }
    throw .internal(
      source: CosmosDataSource.name, reason: "InvalidPartitionKey",
      message: "The partition key is no \(type.rawValue): its data-type does not fit.")
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for unit in text.utf16 {
      switch unit {
      case 0x22, 0x5c: result += "\\" + String(UnicodeScalar(UInt8(unit)))
      case 0x20..<0x7f: result.unicodeScalars.append(UnicodeScalar(UInt8(unit)))
      default:
        let digits = String(unit, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }
    }
    return result + "\""
  }
}
