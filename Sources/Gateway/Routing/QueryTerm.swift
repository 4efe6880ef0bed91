import HTTPWire

/// A parameter in the query part of an operation's template, `?comp=list&id={id}`: requests without it are not for that
/// operation, wherever in their queries it stands. Names and values compare without regard to case.
struct QueryTerm: Sendable, Equatable {
  /// In lower case.
  let name: [UInt8]
  /// In lower case; nil where any will do.
  let value: [UInt8]?

  /// By name; those with a placeholder for a name say nothing.
  static func all(of template: String) -> [QueryTerm] {
    guard let question = template.utf8.firstIndex(of: 0x3f) else { return [] }
    let terms = template.utf8[question...].dropFirst().split(separator: 0x26).compactMap { pair -> QueryTerm? in
      let name = pair.prefix { $0 != 0x3d }
      guard !name.isEmpty, !name.contains(0x7b) else { return nil }
      let value = pair.dropFirst(name.count + 1)
      let isFixed = name.count < pair.count && !value.contains(0x7b)
      return QueryTerm(
        name: name.map(PathHash.lower), value: isFixed ? QueryScan.decode(value).utf8.map(PathHash.lower) : nil)
    }
    return terms.sorted { $0.name.lexicographicallyPrecedes($1.name) }
  }

  /// Whether the request has all of them.
  static func fit(_ terms: [QueryTerm], _ request: borrowing MessageHead) -> Bool {
    guard let query = request.query else { return false }
    let bytes = Array(query.utf8)
    return terms.allSatisfy { term in
      guard let found = QueryScan.value(of: term.name, in: bytes) else { return false }
      return term.value.map { $0 == found.utf8.map(PathHash.lower) } ?? true
    }
  }
}
