import Expressions
import PolicySyntax
import TDSWire

/// `sql-data-source`: the policy of a resolver, which has a database of SQL Server or Azure SQL run a statement for the value
/// of a field.
enum SQLDataSource {
  static let name = "sql-data-source"
  static let children = ["connection-info", "include-fragment", "request", "response"]
  static let requestChildren = ["include-fragment", "set-body", "sql-statement", "parameters"]
  static let responseChildren = ["include-fragment", "set-body", "publish-event"]

  /// Reads the root of a resolver's document as a plan: fragments and `set-body` are its inbound section, the statement its
  /// backend, `response` its outbound section. Nil after a complaint.
  static func plan(_ root: PolicyElement, _ compilation: PolicyCompilation) -> PolicyPlan? {
    AttributeReader(root, compilation).finish()
    compilation.allowChildren(children, in: root)
    compilation.allowOnce(["connection-info", "request", "response"], in: root)
    for name in ["connection-info", "request"] where root.first(name) == nil {
      compilation.report(root.diagnostic("PL0109", "'\(Self.name)' needs a <\(name)>."))
    }
    let response = root.first("response")
    let connection = root.first("connection-info").flatMap { SQLConnectionInfo($0, compilation) }
    var sections: [[PolicyPlan.Instruction]] = []
    compilation.compile(resolver: root, .inbound) {
      for fragment in root.elements(named: "include-fragment") { compilation.compile(fragment) }
    }
    if let request = root.first("request") {
      compilation.compile(resolver: request, .inbound) {
        compilation.allowChildren(requestChildren, in: request)
        compilation.allowOnce(requestChildren, in: request)
        for child in request.elements where ["include-fragment", "set-body"].contains(child.name) {
          compilation.compile(child)
        }
        let statement = SQLStatement(request, compilation)
        sections.append(compilation.takeInstructions())
        guard let connection, let statement else { return }
        let makesOwnAnswer = response?.first("set-body") != nil
        compilation.emit(
          SQLQuery(connection: connection, statement: statement, makesOwnAnswer: makesOwnAnswer), root)
      }
    }
    sections.append(compilation.takeInstructions())
    return ResolverPolicy.plan(sections, response: response, of: responseChildren, compilation)
  }
}

/// What `connection-info` says: the database, and how to get in.
struct SQLConnectionInfo: Sendable {
  /// Nil where an expression gives the connection string or whether there is an identity.
  private let known: TDSSettings?
  private let connectionString: Argument<String>
  private let usesIdentity: Argument<Bool>
  private let authentication: CertificateAuthentication?

  static let children = ["connection-string", "include-fragment", "authentication-certificate"]

  /// Nil after a complaint.
  init?(_ element: PolicyElement, _ plan: PolicyCompilation) {
    AttributeReader(element, plan).finish()
    plan.allowChildren(Self.children, in: element)
    plan.allowOnce(["connection-string", "authentication-certificate"], in: element)
    authentication = Self.authentication(element, plan)
    guard let child = element.first("connection-string") else {
      plan.report(element.diagnostic("PL0109", "'\(element.name)' needs a <connection-string>."))
      return nil
    }
    let attributes = AttributeReader(child, plan)
    usesIdentity = attributes.boolean("use-managed-identity") ?? .literal(false)
    attributes.finish()
    plan.allowChildren([], in: child)
    guard let text = child.text else {
      plan.report(child.diagnostic("PL0109", "<connection-string> needs a text."))
      return nil
    }
    guard let connectionString = plan.string(text) else { return nil }
    self.connectionString = connectionString
    guard case .literal(let literal) = connectionString, case .literal(let isIdentity) = usesIdentity else {
      known = nil
      return
    }
    do throws(TDSConnectionStringError) {
      known = try TDSSettings(connectionString: literal, usesIdentity: isIdentity)
    } catch {
      // Shows nothing of the text, which may hold a password.
      var diagnostic = child.diagnostic("PL0125", error.message)
      diagnostic.position = text.position
      plan.report(diagnostic)
      return nil
    }
  }

  /// The certificate to show, of the element itself or of a fragment that it includes.
  private static func authentication(
    _ element: PolicyElement, _ plan: PolicyCompilation
  ) -> CertificateAuthentication? {
    var found = element.first("authentication-certificate").flatMap { CertificateAuthentication($0, plan) }
    for fragment in element.elements(named: "include-fragment") {
      let attributes = AttributeReader(fragment, plan)
      let id = attributes.literal("fragment-id", isRequired: true)
      attributes.finish()
      guard let id else { continue }
      plan.open(id, for: fragment) { root in
        plan.allowChildren(["authentication-certificate"], in: root)
        if found == nil {
          found = root.first("authentication-certificate").flatMap { CertificateAuthentication($0, plan) }
        }
      }
    }
    return found
  }

  func settings(_ exchange: Exchange) throws(PolicyError) -> TDSSettings {
    if let known { return known }
    let text = try connectionString.value(exchange)
    let isIdentity = try usesIdentity.value(exchange)
    do throws(TDSConnectionStringError) {
      return try TDSSettings(connectionString: text, usesIdentity: isIdentity)
    } catch {
      throw .internal(source: SQLDataSource.name, reason: "InvalidConnectionString", message: error.message)
    }
  }

  func certificate(_ exchange: Exchange) throws(PolicyError) -> ClientCertificate? {
    guard let authentication else { return nil }
    return try authentication.certificate(exchange)
  }

  /// What tokens of the gateway's identity are for, in the cloud that the server belongs to.
  static func identityResource(_ host: String) -> String {
    let clouds = ["database.usgovcloudapi.net", "database.chinacloudapi.cn", "database.cloudapi.de"]
    return "https://\(clouds.first { host == $0 || host.hasSuffix("." + $0) } ?? "database.windows.net")/"
  }
}
