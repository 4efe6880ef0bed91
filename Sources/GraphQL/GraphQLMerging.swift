/// Whether fields that share a name in the answer are the same field (section 5.3.2). Works on an operation within its
/// bounds, and gives up when even that takes too many comparisons.
struct GraphQLMerging {
  private struct Entry {
    let field: GraphQLField
    let parent: GraphQLType
    let definition: GraphQLFieldDefinition?
    /// The arguments as text, sorted by name.
    let arguments: [String]
  }

  /// Comparisons of two fields.
  private static let workLimit = 200_000

  private let schema: GraphQLSchema
  private let document: GraphQLDocument
  private var work = 0

  init(_ schema: GraphQLSchema, _ document: GraphQLDocument) {
    self.schema = schema
    self.document = document
  }

  mutating func check(_ operation: GraphQLOperation) throws(GraphQLError) {
    guard let root = schema.root(of: operation.kind) else { return }
    var entries: [Entry] = []
    collect(operation.selections, on: root, into: &entries)
    try check(entries)
  }

  private func collect(_ selections: [GraphQLSelection], on parent: GraphQLType, into entries: inout [Entry]) {
    for selection in selections {
      switch selection {
      case .field(let field):
        entries.append(
          Entry(
            field: field, parent: parent, definition: schema.field(field.name, of: parent),
            arguments: field.arguments.map { "\($0.name): \($0.value.text)" }.sorted()))
      case .spread(let name, _, _):
        guard let fragment = document.fragment(name), let type = schema.types[fragment.typeCondition] else { continue }
        collect(fragment.selections, on: type, into: &entries)
      case .inline(let name, _, let selections, _):
        collect(selections, on: name.flatMap { schema.types[$0] } ?? parent, into: &entries)
      }
    }
  }

  /// - Parameter shapeOnly: the fields are of objects that cannot be one, so that only their types must be alike.
  private mutating func check(_ entries: [Entry], shapeOnly: Bool = false) throws(GraphQLError) {
    for group in Dictionary(grouping: entries, by: \.field.responseName).values {
      for (index, first) in group.enumerated() {
        for second in group[(index + 1)...] {
          work += 1
          guard work <= Self.workLimit else { throw GraphQLError("The query has too many fields of one name.") }
          try check(first, second, shapeOnly: shapeOnly)
        }
      }
      // What any two of them hold shares names in the answer, too.
      let objects = Set(group.filter { $0.parent.kind == .object }.map(\.parent.name))
      try checkBelow(group, shapeOnly: shapeOnly || objects.count > 1)
      guard !shapeOnly, objects.count > 1 else { continue }
      for name in objects {
        try checkBelow(group.filter { $0.parent.kind != .object || $0.parent.name == name }, shapeOnly: false)
      }
    }
  }

  private mutating func checkBelow(_ group: [Entry], shapeOnly: Bool) throws(GraphQLError) {
    var below: [Entry] = []
    for entry in group {
      work += 1
      guard let type = entry.definition.flatMap({ schema.types[$0.type.name] }) else { continue }
      collect(entry.field.selections, on: type, into: &below)
    }
    if !below.isEmpty { try check(below, shapeOnly: shapeOnly) }
  }

  private func check(_ a: Entry, _ b: Entry, shapeOnly: Bool) throws(GraphQLError) {
    func conflict(_ reason: String) -> GraphQLError {
      GraphQLError(
        "Fields '\(a.field.responseName)' conflict because \(reason). Use different aliases on the fields.",
        at: [a.field.position, b.field.position])
    }
    let isExclusive = a.parent.name != b.parent.name && a.parent.kind == .object && b.parent.kind == .object
    if !shapeOnly, !isExclusive {
      guard a.field.name == b.field.name else {
        throw conflict("'\(a.field.name)' and '\(b.field.name)' are different fields")
      }
      guard a.arguments == b.arguments else {
        throw conflict("they have differing arguments")
      }
    }
    guard let one = a.definition?.type, let other = b.definition?.type, !isSameShape(one, other) else { return }
    throw conflict("they return conflicting types '\(one.text)' and '\(other.text)'")
  }

  private func isSameShape(_ a: GraphQLTypeReference, _ b: GraphQLTypeReference) -> Bool {
    switch (a, b) {
    case (.nonNull(let a), .nonNull(let b)), (.list(let a), .list(let b)): isSameShape(a, b)
    case (.named(let a), .named(let b)):
      a == b || schema.types[a]?.kind.isComposite == true && schema.types[b]?.kind.isComposite == true
    default: false
    }
  }
}
