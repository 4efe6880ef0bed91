public import Expressions
public import FoundationEssentials
public import GatewayConfiguration

/// A gateway's settings, read and checked: files, dotted names and environment variables have become typed values.
public struct GatewaySettings: Sendable {
  /// Everything that keeps the gateway from starting, each with the setting's name.
  public struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
    public var problems: [String]
    public var description: String { problems.joined(separator: "\n") }
  }

  /// How the log on standard output looks.
  public enum LogFormat: String, Sendable {
    case none, text, json
  }

  public var gatewayID: String
  /// The management service's base URL, without a slash at its end.
  public var endpoint: String
  public var token: GatewayToken
  public var disableCertificateValidation: Bool
  /// DER of a certificate authority to trust for the management service, besides the system's.
  public var certificateAuthority: Data?
  public var serviceTimeoutMilliseconds: Int
  public var trustForwardedProto: Bool
  /// Whether anybody is asked if a client's certificate is revoked.
  public var checksRevocation: Bool
  public var logFormat: LogFormat
  public var logLevel: String
  public var logColor: Bool
  public var sendsRecords: Bool
  public var address: String
  public var httpPort: Int
  public var httpsPort: Int
  public var threads: Int
  public var certificatePath: String?
  public var privateKeyPath: String?
  /// Ask clients for a certificate in the TLS handshake.
  public var negotiatesClientCertificate: Bool
  /// A 404 of the gateway itself says which part did not match.
  public var explainsNotFound: Bool
  public var tls: TLSChoice
  public var limits: ClientLimits
  public var timeouts: ClientTimeouts
  public var backends: BackendConnections
  public var drainTimeoutMilliseconds: Int
  /// How much of it connections between two requests stay open.
  public var drainIdleMilliseconds: Int
  /// The folder for backup and spool; nil keeps nothing on disk.
  public var statePath: String?
  public var spoolMegabytes: Int
  /// Bounds of every evaluation of a policy expression.
  public var expressionLimits: EvaluationLimits
  /// The Redis that counts limits for all replicas; nil where each process counts.
  public var counterStore: CounterStore?
  /// Where other replicas are; nil where rate limits are not shared with them, or are in Redis.
  public var neighborhood: NeighborhoodSettings?
  public var observability: ObservabilitySettings
  /// What the reader should know though it stops nothing: unknown names, settings without effect.
  public var warnings: [String]

  /// Reads settings from a file and the process environment; the environment wins, and a dotted name wins over its
  /// upper-case form.
  /// - Parameters:
  ///   - file: the content of `env.conf`, already parsed; nil when everything is in the environment.
  ///   - environment: all variables of the process; names that are no settings are passed over there.
  ///   - directoryExists: answers whether a folder exists, for the choice of the state folder.
  public init(
    file: EnvironmentFile?, environment: [String: String], directoryExists: (String) -> Bool = { _ in false }
  ) throws(Failure) {
    var reader = SettingReader(file: file?.values ?? [:], environment: environment)
    let auth = reader.text("config.service.auth") ?? ""
    let endpoint = reader.text("config.service.endpoint") ?? ""
    if endpoint.isEmpty {
      reader.problems.append("config.service.endpoint is missing: the host or URL of the management service")
    }
    var token: GatewayToken?
    if auth.isEmpty {
      reader.problems.append("config.service.auth is missing: GatewayKey followed by the gateway's access token")
    } else if ["azureadapp", "workloadidentity"].contains(auth.lowercased()) {
      reader.problems.append(
        "config.service.auth=\(auth) is not supported: use the access token from the gateway's Deployment page")
    } else {
      let text = auth.lowercased() == "key" ? reader.text("config.service.auth.key") ?? "" : auth
      token = GatewayToken(text)
      if token == nil {
        reader.problems.append(
          "config.service.auth\(auth.lowercased() == "key" ? ".key" : "") is not an access token; expected "
            + "{gateway}&{yyyyMMddHHmm}&{signature}, as the gateway's Deployment page shows it")
      }
    }
    if let name = reader.text("gateway.name"), let token, name != token.gatewayID {
      reader.problems.append("gateway.name is \(name), but the access token is for \(token.gatewayID)")
    }
    var authority: Data?
    if let text = reader.text("config.service.endpoint.certificateAuthority") {
      authority = Data(base64Encoded: text)
      if authority == nil {
        reader.problems.append("config.service.endpoint.certificateAuthority is not base64 of a DER certificate")
      }
    }
    disableCertificateValidation = reader.boolean("config.service.endpoint.disableCertificateValidation")
    serviceTimeoutMilliseconds = reader.duration("config.service.integration.timeout")
    trustForwardedProto = reader.boolean("net.server.http.forwarded.proto.enabled")
    checksRevocation = reader.boolean("security.certificate-revocation.validation.enabled")
    logFormat = LogFormat(rawValue: (reader.text("telemetry.logs.std") ?? "text").lowercased()) ?? .text
    logLevel = (reader.text("telemetry.logs.std.level") ?? "info").lowercased()
    logColor = reader.boolean("telemetry.logs.std.color")
    sendsRecords = reader.boolean("telemetry.metrics.cloud")
    address = reader.text("net.server.address") ?? "0.0.0.0"
    httpPort = reader.number("net.server.http.port")
    httpsPort = reader.number("net.server.https.port")
    threads = reader.number("net.server.threads")
    certificatePath = reader.text("net.server.tls.certificate.path")
    privateKeyPath = reader.text("net.server.tls.privateKey.path")
    negotiatesClientCertificate = reader.boolean("net.server.tls.negotiateClientCertificate")
    if (certificatePath == nil) != (privateKeyPath == nil) {
      reader.problems.append(
        "net.server.tls.certificate.path and net.server.tls.privateKey.path belong together; one is missing")
    }
    explainsNotFound = reader.boolean("net.server.http.explain-not-found")
    tls = reader.tls("net.server.tls.ciphers.allowed-suites")
    limits = ClientLimits(&reader)
    timeouts = ClientTimeouts(&reader)
    backends = BackendConnections(&reader)
    drainTimeoutMilliseconds = reader.duration("net.server.drain.timeout")
    drainIdleMilliseconds = reader.duration("net.server.drain.idle-timeout")
    spoolMegabytes = reader.number("telemetry.spool.maximum-megabytes")
    expressionLimits = EvaluationLimits(
      steps: reader.number("policy.expressions.maximum-steps"),
      memory: reader.number("policy.expressions.maximum-megabytes") << 20)
    observability = ObservabilitySettings(&reader)
    if let host = reader.text("neighborhood.host") {
      if reader.text("policy.counters.redis") != nil {
        reader.warnings.append("neighborhood.host has no effect: policy.counters.redis counts for all replicas")
      } else {
        neighborhood = NeighborhoodSettings(
          host: host, heartbeatPort: reader.number("neighborhood.heartbeat.port"),
          countsPort: reader.number("policy.rate-limit.sync.port"), address: address)
      }
    }
    let gatewayID = token?.gatewayID ?? ""
    if let text = reader.text("policy.counters.redis") {
      do throws(RedisConnection.Failure) {
        counterStore = CounterStore(connection: try RedisConnection(text), gatewayID: gatewayID)
      } catch {
        reader.problems.append("policy.counters.redis: \(error.message)")
      }
    }
    statePath = Self.statePath(
      setting: reader.text("config.backup.path"), gatewayID: gatewayID, environment: environment,
      directoryExists: directoryExists)
    self.certificateAuthority = authority
    self.gatewayID = gatewayID
    self.endpoint = Self.url(endpoint)
    reader.finish()
    warnings = reader.warnings
    guard let token, reader.problems.isEmpty else { throw Failure(problems: reader.problems) }
    self.token = token
  }

  static func url(_ endpoint: String) -> String {
    var text = endpoint.contains("://") ? endpoint : "https://" + endpoint
    while text.hasSuffix("/") { text.removeLast() }
    return text
  }

  private static func statePath(
    setting: String?, gatewayID: String, environment: [String: String], directoryExists: (String) -> Bool
  ) -> String? {
    if let setting { return setting.lowercased() == "none" ? nil : setting }
    if directoryExists("/apim/config") { return "/apim/config" }
    if let state = environment["XDG_STATE_HOME"], !state.isEmpty { return "\(state)/postern/gateways/\(gatewayID)" }
    if let home = environment["HOME"], !home.isEmpty { return "\(home)/.local/state/postern/gateways/\(gatewayID)" }
    return nil
  }
}
