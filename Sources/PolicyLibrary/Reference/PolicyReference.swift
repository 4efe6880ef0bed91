/// Every policy with what it may have and whether it runs, written from the definitions themselves.
public enum PolicyReference {
  /// The names of all policies that messages know, whether they run or not.
  public static var names: [String] {
    (PolicyCatalogue.all.map(\.name) + PolicyCatalogue.known + PolicyCatalogue.cloudOnly.keys
      + ["base"] + ResolverPolicy.names).sorted()
  }

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
    \(PolicyCatalogue.all.filter { !$0.isOfResolvers }.map(row).joined(separator: "\n"))

    `base` stands in any section, and for the same section of the next scope outwards.

    ## Policies of GraphQL resolvers

    The root of a resolver's document; its children are policies, and `set-url` with an address.

    | policy | children |
    |---|---|
    | `\(CosmosDataSource.name)` | \(cosmos) |
    | `\(HTTPDataSource.name)` | ‹`http-request` \(children(HTTPDataSource.requestChildren))› ‹`backend` ‹`forward-request` `timeout`(E)›› \
    ‹`http-response` \(children(HTTPDataSource.responseChildren))› |
    \(PolicyCatalogue.all.filter(\.isOfResolvers).map { "| `\($0.name)` | \(content(PolicyShape($0)).joined(separator: " ")) |" }.joined(separator: "\n"))

    ## Policies that do not run

    A document that holds one is refused when it is saved.

    | policy | why |
    |---|---|
    \(refused.map { "| `\($0.name)` | \($0.reason) |" }.joined(separator: "\n"))

    """
  }

  private static func row(_ definition: PolicyDefinition) -> String {
    let sections = list(PolicySection.allCases, definition.sections)
    let scopes = list(PolicyScope.allCases, definition.scopes)
    let once = definition.isOnce ? ", once" : ""
    let shape = PolicyShape(definition)
    return "| `\(definition.name)` | \(sections)\(once) | \(scopes) | \(content(shape).joined(separator: " ")) |"
  }

  private static var cosmos: String {
    let text = "`template liquid`"
    let level = "`consistency-level \(CosmosRequest.levels.keys.sorted().joined(separator: "/"))`"
    let options = "\(level) `pre-trigger` `post-trigger`"
    let parts = [
      "id": "‹`id` \(text)›",
      "partition-key":
        "‹`partition-key` `data-type \(CosmosPartitionKey.DataType.allCases.map(\.rawValue).joined(separator: "/"))` \(text)›",
      "etag": "‹`etag` `type match/no-match` \(text)›",
      "parameters": "‹`parameters` ‹`parameter` `name*`››",
      "paging": "‹`paging` ‹`max-item-count` \(text)› ‹`continuation-token` \(text)››",
    ]
    let attributes = [
      "query-request": "`enable-low-precision-order-by true/false`", "delete-request": options,
      "write-request": "`type insert/replace/upsert` `indexing-directive default/include/exclude` \(options)",
    ]
    let requests = CosmosDataSource.requests.map { name in
      let children = (CosmosRequest.children[name] ?? []).map { parts[$0] ?? "‹`\($0)`›" }
      return "‹" + (["`\(name)`"] + (attributes[name].map { [$0] } ?? []) + children).joined(separator: " ") + "›"
    }
    let connection =
      "‹`connection-info` ‹`connection-string` `use-managed-identity true/false`› "
      + children(Array(CosmosContainer.children.dropFirst())) + "›"
    return ([connection] + requests + ["‹`response` \(children(CosmosDataSource.responseChildren))›"])
      .joined(separator: " ")
  }

  /// Those that run.
  private static func children(_ names: [String]) -> String {
    names.filter { PolicyCatalogue.cloudOnly[$0] == nil }.map { "‹`\($0)`›" }
      .joined(separator: " ")
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
