import Expressions
import PolicySyntax

/// `cosmosdb-data-source`: the policy of a resolver, which asks a container of Cosmos DB for the value of a field, or changes
/// an item of it.
enum CosmosDataSource {
  static let name = "cosmosdb-data-source"
  static let requests = ["query-request", "read-request", "delete-request", "write-request"]
  static let children = ["connection-info"] + requests + ["response"]
  static let responseChildren = ["set-body", "publish-event"]

  /// Reads the root of a resolver's document as a plan: the request is its backend, `response` its outbound section. Nil
  /// after a complaint.
  static func plan(_ root: PolicyElement, _ compilation: PolicyCompilation) -> PolicyPlan? {
    AttributeReader(root, compilation).finish()
    compilation.allowChildren(children, in: root)
    compilation.allowOnce(children, in: root)
    let found = root.elements.filter { requests.contains($0.name) }
    let choice = requests.map { "<\($0)>" }.joined(separator: ", ")
    if found.isEmpty {
      compilation.report(root.diagnostic("PL0109", "'\(name)' needs one of \(choice)."))
    }
    for other in found.dropFirst() where other.name != found[0].name {
      compilation.report(other.diagnostic("PL0129", "'\(name)' may hold only one of \(choice)."))
    }
    var container: CosmosContainer?
    if let info = root.first("connection-info") {
      container = CosmosContainer(info, compilation)
    } else {
      compilation.report(root.diagnostic("PL0109", "'\(name)' needs a <connection-info>."))
    }
    let response = root.first("response")
    var sections: [[PolicyPlan.Instruction]] = [[]]
    if let element = found.first {
      compilation.compile(resolver: element, .inbound) {
        let request = CosmosRequest(element, compilation)
        guard let container, let request else { return }
        compilation.emit(
          CosmosCall(container: container, request: request, makesOwnAnswer: response?.first("set-body") != nil), root)
      }
    }
    sections.append(compilation.takeInstructions())
    return ResolverPolicy.plan(sections, response: response, of: responseChildren, compilation)
  }
}

/// What `connection-info` says: the container of a database, and how to get at it.
struct CosmosContainer: Sendable {
  /// Nil where an expression gives the connection string.
  private let known: CosmosAccount?
  private let connectionString: Argument<String>
  private let usesIdentity: Bool
  private let database: Argument<String>
  private let container: Argument<String>

  static let children = ["connection-string", "database-name", "container-name"]

  /// Nil after a complaint.
  init?(_ element: PolicyElement, _ plan: PolicyCompilation) {
    AttributeReader(element, plan).finish()
    plan.allowChildren(Self.children, in: element)
    plan.allowOnce(Self.children, in: element)
    for name in Self.children where element.first(name) == nil {
      plan.report(element.diagnostic("PL0109", "'\(element.name)' needs a <\(name)>."))
    }
    var usesIdentity = false
    var connectionString: Argument<String>?
    var account: CosmosAccount?
    if let child = element.first("connection-string") {
      let attributes = AttributeReader(child, plan)
      usesIdentity = attributes.boolean("use-managed-identity", allowsExpression: false)?.literal ?? false
      attributes.finish()
      plan.allowChildren([], in: child)
      if child.text == nil { plan.report(child.diagnostic("PL0109", "<connection-string> needs a text.")) }
      connectionString = child.text.flatMap { plan.string($0) }
      if case .literal(let text) = connectionString {
        do throws(CosmosAccount.Failure) {
          account = try CosmosAccount(text, usesIdentity: usesIdentity)
        } catch {
          // Shows nothing of the text, which may hold a key.
          var diagnostic = child.diagnostic("PL0125", error.message)
          if let place = child.text { diagnostic.position = place.position }
          plan.report(diagnostic)
          connectionString = nil
        }
      }
    }
    let database = Self.name("database-name", in: element, plan)
    let container = Self.name("container-name", in: element, plan)
    guard let connectionString, let database, let container else { return nil }
    self.connectionString = connectionString
    self.usesIdentity = usesIdentity
    self.database = database
    self.container = container
    known = account
  }

  private static func name(_ name: String, in element: PolicyElement, _ plan: PolicyCompilation) -> Argument<String>? {
    guard let argument = OutgoingRequestReader.text(name, in: element, plan) else { return nil }
    if case .literal(let text) = argument, !isName(text.trimmed) {
      plan.report(
        element.first(name)?.text?.diagnostic("PL0114", "The text of '\(name)' cannot be a name in Cosmos DB.")
          ?? element.diagnostic("PL0114", "The text of '\(name)' cannot be a name in Cosmos DB."))
      return nil
    }
    return argument
  }

  /// Whether a database, container or item can have the name, which is a segment of a path.
  static func isName(_ text: String) -> Bool {
    !text.isEmpty && text != "." && text != ".." && text.utf8.count <= 1_023
      && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f && ![0x2f, 0x5c, 0x23, 0x3f].contains($0) }
  }

  func account(_ exchange: Exchange) throws(PolicyError) -> CosmosAccount {
    if let known { return known }
    let text = try connectionString.value(exchange)
    do throws(CosmosAccount.Failure) {
      return try CosmosAccount(text, usesIdentity: usesIdentity)
    } catch {
      throw .internal(source: CosmosDataSource.name, reason: "InvalidConnectionString", message: error.message)
    }
  }

  /// The segments of the container's path, without percent-encoding.
  func path(_ exchange: Exchange) throws(PolicyError) -> [String] {
    let (database, container) = (try database.value(exchange).trimmed, try container.value(exchange).trimmed)
    for name in [database, container] where !Self.isName(name) {
      throw .internal(
        source: CosmosDataSource.name, reason: "InvalidName",
        message: "The text of 'database-name' or 'container-name' cannot be a name in Cosmos DB.")
    }
    return ["dbs", database, "colls", container]
  }
}
