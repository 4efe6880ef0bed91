/// An event hub that a logger entity names, where `log-to-eventhub` sends.
public struct EventHub: Codable, Sendable, Equatable {
  /// How the gateway proves that it may send.
  public enum Credential: Codable, Sendable, Equatable {
    /// A shared access policy's name and key.
    case sharedKey(name: String, key: String)
    /// The gateway's own identity; nil for the one assigned by the system.
    case managedIdentity(clientID: String?)
  }

  /// Why no hub can be made of what a logger holds.
  public struct Failure: Error, Sendable, Equatable {
    public var message: String

    public init(message: String) { self.message = message }
  }

  /// The logger's identifier.
  public var id: String
  /// The namespace's host.
  public var host: String
  public var name: String
  public var credential: Credential

  public init(id: String, host: String, name: String, credential: Credential) {
    self.id = id
    self.host = host
    self.name = name
    self.credential = credential
  }

  /// - Parameters:
  ///   - name: of the hub; nil takes the connection string's `EntityPath`.
  ///   - connectionString: `Endpoint=sb://…/;SharedAccessKeyName=…;SharedAccessKey=…`.
  public init(id: String, name: String?, connectionString: String) throws(Failure) {
    var members: [String: String] = [:]
    for part in connectionString.split(separator: ";") {
      guard let equals = part.firstIndex(of: "=") else { continue }
      members[part[..<equals].lowercased()] = String(part[part.index(after: equals)...])
    }
    guard let endpoint = members["endpoint"], let keyName = members["sharedaccesskeyname"],
      let key = members["sharedaccesskey"]
    else {
      throw Failure(message: "A connection string has Endpoint, SharedAccessKeyName and SharedAccessKey.")
    }
    guard let name = name ?? members["entitypath"], !name.isEmpty else {
      throw Failure(message: "The connection string has no EntityPath, and nothing else names the event hub.")
    }
    self.init(
      id: id, host: try Self.host(of: endpoint), name: name, credential: .sharedKey(name: keyName, key: key))
  }

  /// - Parameters:
  ///   - endpoint: the namespace, `contoso.servicebus.windows.net`, with or without a scheme.
  ///   - clientID: `SystemAssigned` for the identity that the system assigned.
  public init(id: String, name: String, endpoint: String, clientID: String) throws(Failure) {
    let isSystem = clientID.isEmpty || clientID.lowercased() == "systemassigned"
    self.init(
      id: id, host: try Self.host(of: endpoint), name: name,
      credential: .managedIdentity(clientID: isSystem ? nil : clientID))
  }

  private static func host(of endpoint: String) throws(Failure) -> String {
    var rest = endpoint[...]
    if let scheme = rest.firstRange(of: "://") { rest = rest[scheme.upperBound...] }
    while rest.hasSuffix("/") { rest = rest.dropLast() }
    guard !rest.isEmpty,
      rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && !"/?#@\\".utf8.contains($0) })
    else { throw Failure(message: "'\(endpoint)' is no address of an Event Hubs namespace.") }
    return rest.lowercased()
  }
}
