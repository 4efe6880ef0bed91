/// Bounds of one request.
public struct GraphQLLimits: Sendable {
  /// Levels of fields.
  public var depth: Int
  /// Fields on all levels, those of a fragment wherever it is spread.
  public var fields: Int

  public init(depth: Int, fields: Int) {
    self.depth = depth
    self.fields = fields
  }

  /// Errors that are told at most.
  static let errors = 20
}

/// Counts what an operation asks for, with its fragments in their places; stops at the bounds, so that fragments which
/// multiply cost nothing.
struct GraphQLMeasure {
  private let document: GraphQLDocument
  private let limits: GraphQLLimits
  private var fields = 0

  init(_ document: GraphQLDocument, _ limits: GraphQLLimits) {
    self.document = document
    self.limits = limits
  }

  /// To be called for documents whose fragments have no cycles.
  mutating func check(_ operation: GraphQLOperation) throws(GraphQLError) {
    try count(operation.selections, depth: 1)
  }

  private mutating func count(_ selections: [GraphQLSelection], depth: Int) throws(GraphQLError) {
    for selection in selections {
      switch selection {
      case .field(let field):
        fields += 1
        guard fields <= limits.fields else {
          throw GraphQLError("The query has more than \(limits.fields) fields.")
        }
        guard depth <= limits.depth else {
          throw GraphQLError("The query is deeper than \(limits.depth) levels.", at: [field.position])
        }
        // Tools need the whole depth of introspection, which is bounded by the number of fields.
        let isIntrospection = field.name == "__schema" || field.name == "__type"
        try count(field.selections, depth: isIntrospection ? Int.min / 2 : depth + 1)
      case .spread(let name, _, _):
        guard let fragment = document.fragment(name) else { continue }
        try count(fragment.selections, depth: depth)
      case .inline(_, _, let selections, _): try count(selections, depth: depth)
      }
    }
  }
}
