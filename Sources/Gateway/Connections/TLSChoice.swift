import NIOSSL

/// Which versions and cipher suites of TLS are spoken, with clients or with backends.
public struct TLSChoice: Sendable, Equatable {
  /// A choice that cannot be made, in words for whoever wrote it.
  struct Failure: Error { let message: String }

  /// Suites of TLS 1.2 and below, the preferred first; nil for the library's own list.
  private(set) var suites: [NIOTLSCipher]?
  /// Nil where nothing but the purpose decides.
  private(set) var lowest: TLSVersion?
  private(set) var highest: TLSVersion?
  /// Of TLS 1.3 some suites are chosen and not all, which is not possible.
  private(set) var hasPartOfTLS13 = false

  /// The library's own: TLS 1.2 and 1.3 with modern suites.
  public init() {}

  /// - Parameter suites: names of IANA, separated by commas. A version none of whose suites is named is not spoken.
  init(suites text: String) throws(Failure) {
    let names = text.split(separator: ",").map { $0.filter { !$0.isWhitespace }.uppercased() }.filter { !$0.isEmpty }
    if names.isEmpty { throw Failure(message: "expected names of cipher suites, separated by commas") }
    if let unknown = names.first(where: { Self.older[$0] == nil && !Self.tls13.contains($0) }) {
      let known = (Self.tls13 + Self.older.keys.sorted()).joined(separator: ", ")
      throw Failure(message: "'\(unknown)' is not among the suites that can be chosen: \(known)")
    }
    let older = names.compactMap { Self.older[$0] }
    let newer = Set(names).intersection(Self.tls13)
    suites = older.isEmpty ? nil : older
    if older.isEmpty { lowest = .tlsv13 }
    if newer.isEmpty { highest = .tlsv12 }
    hasPartOfTLS13 = !newer.isEmpty && newer.count < Self.tls13.count
  }

  /// Narrows to versions that lie side by side.
  ///
  /// - Parameter allowed: a switch for each, the lowest first: 1.0, 1.1, 1.2, 1.3.
  mutating func allow(versions allowed: [Bool]) throws(Failure) {
    let chosen = zip(Self.versions, allowed).filter(\.1).map(\.0)
    guard let first = allowed.firstIndex(of: true), let last = allowed.lastIndex(of: true),
      last - first + 1 == chosen.count
    else { throw Failure(message: "expected at least one version of TLS, and none left out between two others") }
    let bottom = max(first, lowest.flatMap { Self.versions.firstIndex(of: $0) } ?? first)
    let top = min(last, highest.flatMap { Self.versions.firstIndex(of: $0) } ?? last)
    if bottom > top { throw Failure(message: "the cipher suites that are chosen belong to no version that is allowed") }
    (lowest, highest) = (Self.versions[bottom], Self.versions[top])
  }

  /// - Parameter standard: the lowest version where nothing else is chosen.
  func apply(to configuration: inout TLSConfiguration, lowest standard: TLSVersion) {
    configuration.minimumTLSVersion = lowest ?? standard
    configuration.maximumTLSVersion = highest
    if let suites { configuration.cipherSuiteValues = suites }
  }

  private static let versions: [TLSVersion] = [.tlsv1, .tlsv11, .tlsv12, .tlsv13]

  /// Those of TLS 1.3 come together: the library does not choose among them.
  private static let tls13 = ["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"]

  private static let older: [String: NIOTLSCipher] = [
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": .TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": .TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": .TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": .TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
    "TLS_RSA_WITH_AES_256_GCM_SHA384": .TLS_RSA_WITH_AES_256_GCM_SHA384,
    "TLS_RSA_WITH_AES_128_GCM_SHA256": .TLS_RSA_WITH_AES_128_GCM_SHA256,
    "TLS_RSA_WITH_AES_256_CBC_SHA": .TLS_RSA_WITH_AES_256_CBC_SHA,
    "TLS_RSA_WITH_AES_128_CBC_SHA": .TLS_RSA_WITH_AES_128_CBC_SHA,
  ]
}
