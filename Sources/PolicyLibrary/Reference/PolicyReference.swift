/// Every policy with what it may have and whether it runs, written from the definitions themselves.
public enum PolicyReference {
  /// The names of all policies that messages know, whether they run or not.
  public static var names: [String] {
    (PolicyCatalogue.all.map(\.name) + PolicyCatalogue.known + PolicyCatalogue.cloudOnly.keys
      + ["base"] + ResolverPolicy.names).sorted()
  }

  /// A policy that runs.
  public struct Entry: Sendable {
    public var name: String { shape.name }
    /// Where it may stand; nowhere for the root of a resolver's policy.
    public let sections: Set<PolicySection>
    public let scopes: Set<PolicyScope>
    /// Whether it may stand only once among the policies of a section or branch.
    public let isOnce: Bool
    /// Whether it stands in the policies of GraphQL resolvers alone.
    public let isOfResolvers: Bool
    public let shape: PolicyShape
  }

  /// Every policy that runs, by name.
  public static let entries: [Entry] =
    (PolicyCatalogue.all.map {
      Entry(
        sections: $0.sections, scopes: $0.scopes, isOnce: $0.isOnce, isOfResolvers: $0.isOfResolvers,
        shape: PolicyShape($0))
    }
    + ResolverPolicy.names.map {
      Entry(sections: [], scopes: [], isOnce: false, isOfResolvers: true, shape: PolicyShape(resolver: $0))
    }).sorted { $0.name < $1.name }

  public static var markdown: String {
    """
    # Policy reference

    Made by `postern policy reference` from the definitions that check documents when they are saved and run them in the
    gateway. [Policies](policies.md) tells where one differs from Azure's.

    `name*` is required, `(E)` takes policy expressions, `a/b` are the only values. Children stand in ‹›; one that
    is a policy itself has its own row. Every policy takes `id`.

    ## Policies that run

    | policy | sections | scopes | attributes and children |
    |---|---|---|---|
    \(entries.filter { !$0.isOfResolvers }.map(row).joined(separator: "\n"))

    `base` stands in any section, and for the same section of the next scope outwards.

    ## Policies of GraphQL resolvers

    The root of a resolver's document; its children are policies, and `set-url` with an address.

    | policy | children |
    |---|---|
    \(entries.filter(\.isOfResolvers).map { "| `\($0.name)` | \(content($0.shape).joined(separator: " ")) |" }.joined(separator: "\n"))

    ## Policies that do not run

    A document that holds one is refused when it is saved.

    | policy | why |
    |---|---|
    \(refused.map { "| `\($0.name)` | \($0.reason) |" }.joined(separator: "\n"))

    """
  }

  private static func row(_ entry: Entry) -> String {
    let sections = list(PolicySection.allCases, entry.sections)
    let scopes = list(PolicyScope.allCases, entry.scopes)
    let once = entry.isOnce ? ", once" : ""
    return "| `\(entry.name)` | \(sections)\(once) | \(scopes) | \(content(entry.shape).joined(separator: " ")) |"
  }

  private static func list<Word: RawRepresentable & Hashable>(_ all: [Word], _ chosen: Set<Word>) -> String
  where Word.RawValue == String {
    chosen.count == all.count ? "all" : all.filter(chosen.contains).map(\.rawValue).joined(separator: ", ")
  }

  private static func content(_ shape: PolicyShape) -> [String] {
    let attributes = shape.attributes.map { attribute in
      let words = attribute.words.isEmpty ? "" : " " + attribute.words.joined(separator: "/")
      return "`\(attribute.name)\(attribute.isRequired ? "*" : "")\(words)`\(attribute.takesExpression ? "(E)" : "")"
    }
    return attributes
      + shape.children.map { child in
        "‹" + (["`\(child.name)`"] + content(child)).joined(separator: " ") + "›"
      }
  }

  private static var refused: [(name: String, reason: String)] {
    let pending = PolicyCatalogue.known.map { (name: $0, reason: "not yet") }
    let impossible = PolicyCatalogue.cloudOnly.map { (name: $0.key, reason: $0.value) }
    return (pending + impossible).sorted { $0.name < $1.name }
  }
}
