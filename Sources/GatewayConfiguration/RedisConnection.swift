/// Where a server of the Redis protocol is and how it is entered: a connection string in the form of StackExchange.Redis,
/// `host:port,password=…,ssl=True,abortConnect=False`.
public struct RedisConnection: Codable, Sendable, Equatable {
  public struct Endpoint: Codable, Sendable, Equatable {
    public var host: String
    public var port: Int

    public init(host: String, port: Int) {
      self.host = host
      self.port = port
    }
  }

  /// Why a text is no connection string. The message never holds a value of the text.
  public struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
    public var message: String
    public var description: String { message }

    public init(message: String) { self.message = message }
  }

  /// Bytes of a connection string.
  public static let maximumLength = 2_048
  /// Servers named at most.
  public static let endpointBound = 16

  /// At least one; the first that answers and is no replica is used. In a cluster any that answers tells of the others.
  public var endpoints: [Endpoint]
  public var user: String?
  public var password: String?
  public var isTLS: Bool
  /// What sentinels, which the endpoints are then, call the server that is meant; nil without sentinels.
  public var serviceName: String?
  /// The name that the server's certificate must have; nil for the endpoint's own.
  public var tlsHost: String?
  public var database: Int
  /// The name under which the gateway stands in `CLIENT LIST`.
  public var clientName: String?
  public var connectTimeoutMilliseconds: Int
  /// How long a command may take; nil when nothing is said.
  public var commandTimeoutMilliseconds: Int?

  /// Options of that form which say nothing to a gateway.
  private static let withoutEffect: Set<String> = [
    "abortconnect", "allowadmin", "channelprefix", "checkcertificaterevocation", "configchannel",
    "configcheckseconds", "connectretry", "heartbeatinterval", "heartbeatconsistencychecks", "highintegrity",
    "keepalive", "preserveasyncorder", "resolvedns", "setclientlibrary", "tiebreaker", "version", "writebuffer",
    "protocol", "responsetimeout", "includedetailinexceptions", "includeperformancecountersinexceptions",
    "sslprotocols", "defaultversion", "autoreconfigure", "highprioritysocketthreads",
  ]

  public init(_ text: String) throws(Failure) {
    guard text.utf8.count <= Self.maximumLength else {
      throw Failure(message: "The connection string has more than \(Self.maximumLength) bytes.")
    }
    endpoints = []
    (isTLS, database, connectTimeoutMilliseconds) = (false, 0, 5_000)
    var servers: [String] = []
    for part in text.split(separator: ",") {
      let item = Self.trimmed(part)
      guard !item.isEmpty, !item.hasPrefix("$") else { continue }
      guard let equals = item.firstIndex(of: "=") else {
        servers.append(item)
        continue
      }
      // Only the first sign divides: keys end in `=`.
      let value = Self.trimmed(item[item.index(after: equals)...])
      try set(Self.trimmed(item[..<equals]), to: value)
    }
    guard !servers.isEmpty else {
      throw Failure(message: "The connection string names no server: host:port is missing.")
    }
    guard servers.count <= Self.endpointBound else {
      throw Failure(message: "The connection string names more than \(Self.endpointBound) servers.")
    }
    let port = serviceName != nil ? 26_379 : isTLS ? 6_380 : 6_379
    for server in servers { endpoints.append(try Self.endpoint(server, standard: port)) }
  }

  private mutating func set(_ name: String, to value: String) throws(Failure) {
    switch name.lowercased() {
    case "password": password = value.isEmpty ? nil : value
    case "user": user = value.isEmpty ? nil : value
    case "ssl": isTLS = try Self.flag(value, name)
    case "sslhost": tlsHost = value.isEmpty ? nil : value.lowercased()
    case "name": clientName = value.isEmpty ? nil : value
    case "defaultdatabase": database = try Self.number(value, name, 0...65_535)
    case "connecttimeout": connectTimeoutMilliseconds = try Self.number(value, name, 1...3_600_000)
    case "asynctimeout": commandTimeoutMilliseconds = try Self.number(value, name, 1...3_600_000)
    case "synctimeout":
      let timeout = try Self.number(value, name, 1...3_600_000)
      if commandTimeoutMilliseconds == nil { commandTimeoutMilliseconds = timeout }
    case "servicename": serviceName = value.isEmpty ? nil : value
    case "proxy" where value.lowercased() != "none", "tunnel":
      throw Failure(message: "The option '\(name)' is not supported.")
    case "proxy": break
    case let known where Self.withoutEffect.contains(known): break
    default: throw Failure(message: "'\(name.prefix(40))' is no option of a connection string.")
    }
  }

  private static func trimmed(_ text: some StringProtocol) -> String {
    var text = text[...]
    while text.first?.isWhitespace == true { text = text.dropFirst() }
    while text.last?.isWhitespace == true { text = text.dropLast() }
    return String(text)
  }

  private static func flag(_ value: String, _ name: String) throws(Failure) -> Bool {
    switch value.lowercased() {
    case "true", "yes", "1": return true
    case "false", "no", "0": return false
    default: throw Failure(message: "'\(name)' must be True or False.")
    }
  }

  private static func number(_ value: String, _ name: String, _ bounds: ClosedRange<Int>) throws(Failure) -> Int {
    guard let number = Int(value), bounds.contains(number) else {
      throw Failure(message: "'\(name)' must be a number from \(bounds.lowerBound) to \(bounds.upperBound).")
    }
    return number
  }

  /// `host`, `host:port`, `[address]:port`, or an address of IPv6 alone.
  private static func endpoint(_ text: String, standard: Int) throws(Failure) -> Endpoint {
    var host = text[...]
    var port = standard
    func read(_ digits: Substring) throws(Failure) {
      guard let number = Int(digits), (1...65_535).contains(number) else {
        throw Failure(message: "A server's port must be a number from 1 to 65535.")
      }
      port = number
    }
    if text.hasPrefix("["), let close = text.firstIndex(of: "]") {
      host = text[text.index(after: text.startIndex)..<close]
      let rest = text[text.index(after: close)...]
      if rest.hasPrefix(":") { try read(rest.dropFirst()) } else if !rest.isEmpty { host = "" }
    } else if let colon = text.lastIndex(of: ":"), text.firstIndex(of: ":") == colon {
      host = text[..<colon]
      try read(text[text.index(after: colon)...])
    }
    guard !host.isEmpty, host.utf8.count <= 253,
      host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && !"/?#@\\[]{}".utf8.contains($0) })
    else { throw Failure(message: "The connection string names a server that is none: expected host:port.") }
    return Endpoint(host: host.lowercased(), port: port)
  }
}

/// The cache that a service's `caches` name for a gateway.
public struct ExternalCache: Codable, Sendable, Equatable {
  /// The entity's name.
  public var id: String
  public var connection: RedisConnection

  public init(id: String, connection: RedisConnection) {
    self.id = id
    self.connection = connection
  }
}
