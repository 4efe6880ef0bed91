/// Where a database of SQL Server or Azure SQL is, and how to get in: what a connection string of ADO.NET says.
public struct TDSSettings: Sendable, Hashable {
  public enum Encryption: Sendable, Hashable {
    /// The login, and what the server wants beyond it; nothing where the server knows no encryption.
    case optional
    case mandatory
    /// TLS before anything else (TDS 8).
    case strict
  }

  public enum Authentication: Sendable, Hashable {
    case password
    /// The gateway's identity, or one of several by its client id.
    case identity(client: String?)
  }

  public var host = ""
  public var port = 1_433
  public var database = ""
  public var user: String?
  public var password: String?
  public var authentication = Authentication.password
  public var encryption = Encryption.mandatory
  /// Whoever the server says that it is, it is believed; of no effect with ``Encryption/strict``.
  public var trustsCertificate = false
  /// The name that the server's certificate has; nil for ``host``.
  public var certificateHost: String?
  /// For a connection, its login included.
  public var connectTimeoutSeconds = 15
  public var commandTimeoutSeconds = 30
  public var applicationName = "Postern"
  public var workstation = ""
  public var language = ""
  public var packetSize = 8_000
  /// `ApplicationIntent=ReadOnly`: a replica is good enough.
  public var isReadOnly = false
  /// Connections at the same time, for each event loop.
  public var mostConnections = 100
  /// Connections are kept for later requests.
  public var isPooled = true

  /// Whether a certificate is held against authorities and name.
  public var checksCertificate: Bool {
    switch encryption {
    case .strict: true
    case .mandatory: !trustsCertificate
    // As ADO.NET has it: who asks for no encryption gets none that is checked, unless a token depends on it.
    case .optional: authentication != .password && !trustsCertificate
    }
  }

  /// The server and database, without anything that is secret.
  public var place: String { "\(host),\(port)/\(database)" }
}

/// Why a text is no connection string, or none that works here; the message shows no value of it.
public struct TDSConnectionStringError: Error, Sendable, Equatable {
  public var message: String
}

extension TDSSettings {
  /// Reads a connection string of ADO.NET.
  ///
  /// - Parameter usesIdentity: user and password are not needed, and not used.
  public init(connectionString text: String, usesIdentity: Bool = false) throws(TDSConnectionStringError) {
    guard text.utf8.count <= 8_192 else { throw Self.error("The connection string is longer than 8,192 bytes.") }
    var server: String?
    for (key, value) in try TDSConnectionString.pairs(text) {
      guard let name = TDSConnectionString.name(of: key) else {
        throw Self.error("The connection string has an unknown key '\(key.prefix(64))'.")
      }
      if name == .server { server = value } else { try set(name, value, key) }
    }
    guard let server, !server.isEmpty else { throw Self.error("The connection string needs a Server.") }
    try set(server: server)
    if usesIdentity, authentication == .password { authentication = .identity(client: nil) }
    if case .identity = authentication {
      password = nil
      if usesIdentity { user = nil }
    } else if user?.isEmpty ?? true {
      throw Self.error("The connection string needs a User ID and a Password, or use-managed-identity=\"true\".")
    } else if password == nil {
      throw Self.error("The connection string needs a Password, or use-managed-identity=\"true\".")
    }
    if case .identity = authentication, let user, !user.isEmpty { authentication = .identity(client: user) }
    for text in [database, user ?? "", password ?? "", applicationName, workstation, language, host]
    where text.utf16.count > 128 {
      throw Self.error("The connection string has a value of more than 128 characters.")
    }
  }

  private static func error(_ message: String) -> TDSConnectionStringError {
    TDSConnectionStringError(message: message)
  }

  private mutating func set(_ name: TDSConnectionString.Name, _ value: String, _ key: String)
    throws(TDSConnectionStringError)
  {
    func flag() throws(TDSConnectionStringError) -> Bool {
      switch value.lowercased() {
      case "true", "yes": return true
      case "false", "no": return false
      default: throw Self.error("'\(key)' of the connection string is neither true nor false.")
      }
    }
    func number(_ bounds: ClosedRange<Int>) throws(TDSConnectionStringError) -> Int {
      if let number = Int(value), bounds.contains(number) { return number }
      throw Self.error(
        "'\(key)' of the connection string must be a number from \(bounds.lowerBound) to \(bounds.upperBound).")
    }
    switch name {
    case .server, .ignored: break
    case .database: database = value
    case .user: user = value
    case .password: password = value
    case .trust: trustsCertificate = try flag()
    case .certificateHost: certificateHost = value.isEmpty ? nil : value
    case .connectTimeout: connectTimeoutSeconds = try number(0...86_400)
    case .commandTimeout: commandTimeoutSeconds = try number(0...86_400)
    case .application: if !value.isEmpty { applicationName = value }
    case .workstation: workstation = value
    case .language: language = value
    case .packetSize: packetSize = try number(512...32_767)
    case .pooling: isPooled = try flag()
    case .mostConnections: mostConnections = try number(1...32_767)
    case .mars: _ = try flag()
    case .encrypt:
      switch value.lowercased() {
      case "true", "yes", "mandatory": encryption = .mandatory
      case "false", "no", "optional": encryption = .optional
      case "strict": encryption = .strict
      default: throw Self.error("'Encrypt' of the connection string must be true, false or strict.")
      }
    case .intent:
      switch value.lowercased() {
      case "readonly": isReadOnly = true
      case "readwrite": isReadOnly = false
      default: throw Self.error("'\(key)' of the connection string must be ReadOnly or ReadWrite.")
      }
    case .authentication:
      switch value.lowercased().filter({ $0 != " " }) {
      case "sqlpassword", "": authentication = .password
      case "activedirectorymanagedidentity", "activedirectorymsi": authentication = .identity(client: nil)
      default:
        throw Self.error(
          "'Authentication' of the connection string must be Sql Password or Active Directory Managed Identity: "
            + "no other way in is known here.")
      }
    case .integrated:
      guard ["false", "no", ""].contains(value.lowercased()) else {
        throw Self.error(
          "'\(key)' of the connection string asks for an identity of Windows, which is not known here. "
            + "Use a User ID and a Password, or use-managed-identity=\"true\".")
      }
    case .library:
      guard ["", "dbmssocn"].contains(value.lowercased()) else {
        throw Self.error("'\(key)' of the connection string must be dbmssocn, which is TCP.")
      }
    case .impossible:
      guard ["", "false", "no", "disabled", "disable"].contains(value.lowercased()) else {
        throw Self.error("'\(key)' of the connection string asks for what is not possible here.")
      }
    }
  }

  /// `tcp:host\instance,port`.
  private mutating func set(server: String) throws(TDSConnectionStringError) {
    var text = server[...]
    if let colon = text.firstIndex(of: ":"), ["tcp", "np", "lpc", "admin"].contains(text[..<colon].lowercased()) {
      guard text[..<colon].lowercased() == "tcp" else {
        throw Self.error("'Server' of the connection string must be reached over TCP.")
      }
      text = text[text.index(after: colon)...]
    }
    var hasPort = false
    if let comma = text.lastIndex(of: ",") {
      guard let number = Int(text[text.index(after: comma)...].filter({ $0 != " " })), (1...65_535).contains(number)
      else { throw Self.error("'Server' of the connection string has no port from 1 to 65535 behind its comma.") }
      (port, hasPort) = (number, true)
      text = text[..<comma]
    }
    if let slash = text.firstIndex(of: "\\") {
      guard hasPort else {
        throw Self.error(
          "'Server' of the connection string names an instance: say its port instead, as in Server=host,1433.")
      }
      text = text[..<slash]
    }
    var name = text.filter { $0 != " " }
    if name.hasPrefix("["), name.hasSuffix("]") { name = String(name.dropFirst().dropLast()) }
    if [".", "(local)"].contains(name.lowercased()) { name = "localhost" }
    guard !name.isEmpty, !name.hasPrefix("("), name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != 0x2f }) else {
      throw Self.error("'Server' of the connection string is no name or address of a server.")
    }
    host = name.lowercased()
  }
}
