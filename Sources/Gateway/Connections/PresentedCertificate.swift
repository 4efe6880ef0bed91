import DotNet
import NIOSSL
import Synchronization

/// What a client showed in its TLS handshake; read only when a policy asks, and then once for the connection.
final class PresentedCertificate {
  private let chains: PresentedChains
  /// As the client sent it, leaf first. Empty when it sent nothing, and on a resumed session.
  var chain: [NIOSSLCertificate] = []
  private var value: CertificateValue?
  private var isRead = false

  init(chains: PresentedChains) { self.chains = chains }

  /// - Parameter leaf: what TLS knows of a resumed session, which brings no chain.
  func certificate(_ leaf: () -> NIOSSLCertificate?) -> CertificateValue? {
    if isRead { return value }
    isRead = true
    if chain.isEmpty, let leaf = leaf() { chain = [leaf] }
    guard let bytes = try? chain.map({ try $0.toDERBytes() }) else { return nil }
    value = try? CertificateValue(chain: chains.complete(bytes))
    chain = []
    return value
  }
}

/// What certificates of clients came with: a session that is resumed brings its leaf alone, and without those between it
/// and its authority nobody would believe it.
final class PresentedChains: Sendable {
  private let chains = Mutex<[[UInt8]: [[UInt8]]]>([:])

  /// Chains kept; any one goes for another. A client whose chain is gone is believed again from its next full handshake.
  private static let bound = 8_192

  /// The chain as it came when its leaf was seen with others.
  func complete(_ chain: [[UInt8]]) -> [[UInt8]] {
    guard let leaf = chain.first else { return chain }
    return chains.withLock { chains in
      if chain.count == 1 { return chains[leaf] ?? chain }
      if chains.count >= Self.bound, chains[leaf] == nil { chains.remove(at: chains.startIndex) }
      chains[leaf] = chain
      return chain
    }
  }
}
