/// The prefixes in force while a document is written, and which of them are still to be declared.
///
/// It decides as .NET's `XmlWriter` does: a namespace without prefix becomes the default of its element, one of an
/// attribute gets a made-up prefix, and what is already in force is not declared again.
struct XmlNamespaceStack {
  private struct Entry {
    let prefix: String
    let namespace: String
    var isPending: Bool
  }

  private var entries = [
    Entry(prefix: "xmlns", namespace: XmlName.declarationNamespace, isPending: false),
    Entry(prefix: "xml", namespace: XmlName.xmlNamespace, isPending: false),
    Entry(prefix: "", namespace: "", isPending: false),
  ]
  /// How many entries there were when each open element began.
  private var scopes: [Int] = []

  mutating func enterElement() { scopes.append(entries.count) }

  mutating func leaveElement() {
    if let count = scopes.popLast() { entries.removeLast(entries.count - count) }
  }

  private var scopeStart: Int { scopes.last ?? 0 }

  func namespace(of prefix: String) -> String? { entries.last { $0.prefix == prefix }?.namespace }

  /// A prefix in force for a namespace. Like .NET, only the innermost one is looked at.
  func prefix(of namespace: String) -> String? {
    guard let index = entries.lastIndex(where: { $0.namespace == namespace }) else { return nil }
    let prefix = entries[index].prefix
    return entries[(index + 1)...].contains { $0.prefix == prefix } ? nil : prefix
  }

  /// A prefix that means nothing yet: `p1`, `p2` and so on.
  func madeUpPrefix() -> String {
    let first = "p\(entries.count - 3)"
    if namespace(of: first) == nil { return first }
    var number = 0
    while namespace(of: first + String(number)) != nil { number += 1 }
    return first + String(number)
  }

  /// What the open element itself says of a prefix.
  func ownNamespace(of prefix: String) -> String? {
    entries[scopeStart...].last { $0.prefix == prefix }?.namespace
  }

  /// A name is about to use a prefix: it is declared unless it is in force.
  mutating func use(_ prefix: String, for namespace: String) throws {
    if let index = entries.lastIndex(where: { $0.prefix == prefix }) {
      let known = entries[index].namespace
      if index >= scopeStart {
        guard known == namespace else { throw XmlNamespaceStack.redefined(prefix, known, namespace) }
        return
      }
      entries.append(Entry(prefix: prefix, namespace: namespace, isPending: known != namespace))
    } else {
      entries.append(Entry(prefix: prefix, namespace: namespace, isPending: true))
    }
  }

  /// The open element declares a prefix itself.
  ///
  /// - Returns: whether the declaration is to be written; with `omitsDuplicates` not when it repeats one in force.
  mutating func declare(_ prefix: String, as namespace: String, omitsDuplicates: Bool) throws -> Bool {
    guard let index = entries.lastIndex(where: { $0.prefix == prefix }) else {
      entries.append(Entry(prefix: prefix, namespace: namespace, isPending: false))
      return true
    }
    let known = entries[index].namespace
    if index >= scopeStart {
      guard known == namespace else { throw XmlNamespaceStack.redefined(prefix, known, namespace) }
      let wasInForce = entries[..<scopeStart].last { $0.prefix == prefix }?.namespace == namespace
      entries[index].isPending = false
      return !(omitsDuplicates && wasInForce)
    }
    entries.append(Entry(prefix: prefix, namespace: namespace, isPending: false))
    return !(omitsDuplicates && known == namespace)
  }

  /// Declarations the open element still owes, last used first.
  mutating func takePending() -> [(prefix: String, namespace: String)] {
    var result: [(String, String)] = []
    for index in entries.indices[scopeStart...].reversed() where entries[index].isPending {
      entries[index].isPending = false
      result.append((entries[index].prefix, entries[index].namespace))
    }
    return result
  }

  private static func redefined(_ prefix: String, _ old: String, _ new: String) -> DotNetException {
    .xml("The prefix '\(prefix)' cannot be redefined from '\(old)' to '\(new)' within the same start element tag.")
  }
}
