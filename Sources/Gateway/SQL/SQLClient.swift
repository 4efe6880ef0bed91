import NIOCore
import NIOSSL
import PolicyLibrary
import TDSWire

/// The way of one event loop to databases of SQL Server: pools of connections, by where they lead and who enters.
///
/// A statement is sent once: nobody here knows whether it may be repeated. A kept connection that the server has closed is
/// noticed before anything is sent on it, and another one is taken.
final class SQLClient {
  /// Connections in all, to whichever databases; further statements are refused at once.
  static let openBound = 1_024
  /// Bytes of an answer.
  static let answerBound = 16 << 20

  let loop: any EventLoop
  private let roots: NIOSSLTrustRoots
  private let tls: TLSChoice
  private var pools: [SQLRoute: SQLPool] = [:]
  private var contexts: [SQLTLS: NIOSSLContext] = [:]
  /// Connections, those under way included.
  private(set) var open = 0
  private static let contextBound = 256

  /// - Parameters:
  ///   - tls: suites and versions, as towards backends.
  ///   - roots: whom to believe the servers' certificates.
  init(loop: any EventLoop, tls: TLSChoice = TLSChoice(), roots: NIOSSLTrustRoots = .default) {
    self.loop = loop
    self.tls = tls
    self.roots = roots
  }

  /// Sends a statement; the completion is called once, on the loop, and never after it was cancelled.
  func query(_ request: SQLRequest, _ completion: @escaping (SQLOutcome) -> Void) -> any PendingEffect {
    let route = SQLRoute(settings: request.settings, certificate: request.certificate)
    let pool = pools[route] ?? SQLPool(route, client: self)
    pools[route] = pool
    let call = SQLCall(request, pool: pool, completion)
    pool.take(call)
    return call
  }

  var hasRoom: Bool { open < Self.openBound }
  func opened() { open += 1 }
  func closed() { open -= 1 }

  /// Nobody uses the pool any more.
  func forget(_ pool: SQLPool) {
    if pools[pool.route] === pool { pools[pool.route] = nil }
  }

  /// Ends every connection.
  func end() {
    let all = pools.values
    pools = [:]
    for pool in all { pool.end() }
  }

  /// What encrypts a connection.
  func makeTLS(_ kind: SQLTLS, host: String) throws -> NIOSSLClientHandler {
    let context: NIOSSLContext
    if let known = contexts[kind] {
      context = known
    } else {
      if contexts.count >= Self.contextBound { contexts = [:] }
      context = try kind.makeContext(tls, roots)
      contexts[kind] = context
    }
    // An address is no server name (RFC 6066 §3).
    let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
    return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : host)
  }
}

/// Where connections lead, and who enters: those of one route are as good as each other.
struct SQLRoute: Hashable {
  let settings: TDSSettings
  let certificate: ClientCertificate?
}

/// How a server's certificate is checked, and which one is shown to it.
struct SQLTLS: Hashable {
  /// TLS before anything else (TDS 8), which may be of any version; in packets of the protocol it ends with 1.2.
  let isStrict: Bool
  let isChecked: Bool
  let certificate: ClientCertificate?

  func makeContext(_ choice: TLSChoice, _ roots: NIOSSLTrustRoots) throws -> NIOSSLContext {
    let tls = BackendTLS(validatesChain: isChecked, validatesName: isChecked, certificate: certificate, version: .one)
    var configuration = try tls.makeConfiguration(choice)
    configuration.trustRoots = roots
    configuration.applicationProtocols = isStrict ? ["tds/8.0"] : []
    if !isStrict {
      guard choice.lowest != .tlsv13 else {
        throw TDSProtocolError(message: "the gateway's settings want TLS 1.3, which needs Encrypt=Strict")
      }
      configuration.maximumTLSVersion = choice.highest ?? .tlsv12
      if configuration.maximumTLSVersion == .tlsv13 { configuration.maximumTLSVersion = .tlsv12 }
    }
    return try NIOSSLContext(configuration: configuration)
  }
}
