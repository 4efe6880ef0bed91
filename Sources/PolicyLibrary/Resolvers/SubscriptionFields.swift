public import Expressions
import GraphQL
import PolicySyntax

/// What clients can subscribe to at an API of GraphQL, and so what its resolvers can publish to.
public enum SubscriptionFields: Sendable, Equatable {
  /// Not known where a policy is read without its API, as in a gateway, which takes what was saved.
  case unknown
  /// The API has no schema yet.
  case noSchema(api: String)
  /// In the order of the schema; empty where it has no root for subscriptions.
  case fields([String], api: String)

  /// - Parameters:
  ///   - schema: empty where there is none.
  ///   - api: its name, for complaints.
  public init(schema: String, api: String) {
    // What is no schema is refused where it is saved.
    if !schema.isEmpty, let read = try? GraphQLSchema(schema) {
      self = .fields(read.subscriptionFields, api: api)
    } else {
      self = .noSchema(api: api)
    }
  }

  /// Names that a complaint lists.
  private static let listed = 20

  /// Complains about a target that nobody could subscribe to.
  func check(_ field: String, _ target: PolicyElement, _ plan: PolicyCompilation) {
    let reason: String
    var suggestion: String?
    switch self {
    case .unknown: return
    case .noSchema(let api): reason = "API '\(api)' has no GraphQL schema yet, so there is nothing to publish to"
    case .fields(let names, let api):
      if names.contains(field) { return }
      suggestion = Spelling.nearest(to: field, among: names)
      let rest = names.count > Self.listed ? " and \(names.count - Self.listed) more" : ""
      reason =
        names.isEmpty
        ? "the schema of API '\(api)' has no subscriptions"
        : "the schema of API '\(api)' has \(names.prefix(Self.listed).map { "'\($0)'" }.joined(separator: ", "))\(rest)"
    }
    let message = "There is no subscription '\(field)': \(reason)."
    let code = Diagnostic.unknownSubscription
    plan.report(
      target.attribute("id")?.value.diagnostic(code, message, suggestion: suggestion)
        ?? target.diagnostic(code, message, suggestion: suggestion))
  }
}

extension Diagnostic {
  /// The code of a complaint about a target of `publish-event` that nobody could subscribe to.
  public static var unknownSubscription: String { "PL0156" }
}
