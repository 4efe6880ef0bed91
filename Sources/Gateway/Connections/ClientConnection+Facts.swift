import HTTPWire
import NIOCore
import NIOSSL
import PolicyLibrary

/// What is known of the other end of a connection.
struct ClientFacts {
  /// The peer's address without its port.
  var address = ""
  var addressBytes: [UInt8] = []
  var localPort = 0

  init(_ channel: any Channel) {
    address = channel.remoteAddress?.ipAddress ?? ""
    // An IPv4 caller on a socket for both families is still an IPv4 caller.
    if address.hasPrefix("::ffff:") { address = String(address.dropFirst(7)) }
    addressBytes = Array(address.utf8)
    localPort = channel.localAddress?.port ?? 0
  }
}

extension ClientConnection: ExchangeSource {
  var remoteAddress: String { facts?.address ?? "" }
  var remoteAddressBytes: [UInt8] { facts?.addressBytes ?? [] }
  var localPort: Int { facts?.localPort ?? 0 }

  /// Whether the client came over TLS, here or, where that is trusted, at a proxy in front.
  var isSecure: Bool {
    if isTLS || !state.trustsForwardedProto { return isTLS }
    return exchange.request.firstValue(of: .forwardedProtocol)?.lowercased() == "https"
  }

  /// The version of TLS, once the handshake is over.
  var tlsVersion: String? {
    guard isTLS, let context,
      let handler = try? context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self),
      let version = handler.tlsVersion
    else { return nil }
    switch version {
    case .tlsv1: return "1.0"
    case .tlsv11: return "1.1"
    case .tlsv12: return "1.2"
    case .tlsv13: return "1.3"
    }
  }

  func matchedParameters() -> [(name: String, value: String)] { lifecycle.matchedParameters() }
  func clientCertificate() -> [UInt8]? { nil }
}
