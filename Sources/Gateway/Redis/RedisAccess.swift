import GatewayConfiguration
import NIOCore
import NIOSSL
import RedisWire

/// How the servers of one connection string are entered from one event loop.
final class RedisAccess {
  let connection: RedisConnection
  let loop: any EventLoop
  /// For the answer to a command.
  let timeout: TimeAmount
  /// For a connection with its first words.
  let connectTimeout: TimeAmount
  private let roots: NIOSSLTrustRoots
  private var context: NIOSSLContext?

  /// - Parameter roots: whom to believe the servers' certificates.
  init(_ connection: RedisConnection, loop: any EventLoop, roots: NIOSSLTrustRoots) {
    self.connection = connection
    self.loop = loop
    self.roots = roots
    timeout = .milliseconds(
      Int64(
        min(connection.commandTimeoutMilliseconds ?? RedisClient.standardTimeout, RedisClient.longestTimeout)))
    connectTimeout = .milliseconds(Int64(min(connection.connectTimeoutMilliseconds, 30_000)))
  }

  /// The servers that the connection string names.
  var addresses: [RedisAddress] { connection.endpoints.map { RedisAddress(host: $0.host, port: $0.port) } }

  /// What encrypts a connection to a server; nil where nothing does.
  func makeTLS(_ address: RedisAddress) throws -> NIOSSLClientHandler? {
    guard connection.isTLS else { return nil }
    if context == nil {
      var configuration = TLSConfiguration.makeClientConfiguration()
      configuration.trustRoots = roots
      configuration.minimumTLSVersion = .tlsv12
      context = try NIOSSLContext(configuration: configuration)
    }
    guard let context else { throw RedisProtocolError(message: "there is no TLS") }
    let name = name(of: address)
    // An address is no server name (RFC 6066 §3).
    return try NIOSSLClientHandler(context: context, serverHostname: Self.isAddress(name) ? nil : name)
  }

  /// The name that a server's certificate must have. Servers that were found by way of another are often told by their
  /// addresses, which no certificate has: they are taken for what the connection string names.
  private func name(of address: RedisAddress) -> String {
    if let name = connection.tlsHost { return name }
    let isNamed = connection.endpoints.contains { $0.host == address.host && $0.port == address.port }
    guard !isNamed, Self.isAddress(address.host) else { return address.host }
    return connection.endpoints.first?.host ?? address.host
  }

  private static func isAddress(_ host: String) -> Bool { (try? SocketAddress(ipAddress: host, port: 0)) != nil }
}
