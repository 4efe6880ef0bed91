public import GatewayConfiguration

/// A backend entity made ready: one address, or a pool of others.
public final class BackendEntity: Sendable {
  /// A member of a pool.
  public struct Member: Sendable {
    public let entity: BackendEntity
    /// Lower numbers are used first.
    public let priority: Int
    public let weight: Int
  }

  public let backend: Backend
  /// Its place among the entities of all directories that serve together.
  public let index: Int
  /// Nil for a pool, and for a URL that cannot be used.
  public let target: BackendTarget?
  /// Of a pool, those of the first group first; never pools themselves.
  public let members: [Member]

  /// Members of one pool at most, as the product has it.
  public static let memberBound = 30

  init(_ backend: Backend, index: Int, target: BackendTarget?, members: [Member] = []) {
    self.backend = backend
    self.index = index
    self.target = target
    self.members = members
  }

  public var id: String { backend.id }
  public var isPool: Bool { !backend.pool.isEmpty }
  /// Whether a request can be sent there at all.
  public var isUsable: Bool { address != nil }
  /// What policies see of it before it is known which member takes the request.
  public var address: BackendTarget? { target ?? members.first?.entity.target }
}

/// Every backend entity of a configuration, made ready once for all policies that name one.
public struct BackendDirectory: Sendable {
  /// Sorted by identifier.
  public let entities: [BackendEntity]
  private let places: [String: Int]

  /// - Parameter first: the place of the first entity: as many as other directories that serve with it hold.
  init(_ backends: some Sequence<Backend>, certificates: CertificateDirectory = .empty, startingAt first: Int = 0) {
    let sorted = backends.sorted { $0.id < $1.id }
    places = Dictionary(sorted.enumerated().map { ($0.element.id, $0.offset) }) { first, _ in first }
    var entities = sorted.enumerated().map { index, backend in
      BackendEntity(
        backend, index: first + index, target: backend.pool.isEmpty ? Self.target(backend, certificates) : nil)
    }
    for (index, backend) in sorted.enumerated() where !backend.pool.isEmpty {
      var members: [BackendEntity.Member] = []
      for member in backend.pool.prefix(BackendEntity.memberBound) {
        guard let place = places[member.backendID], entities[place].target != nil else { continue }
        members.append(.init(entity: entities[place], priority: member.priority, weight: max(0, member.weight)))
      }
      // Members of one group keep the order they were written in.
      let order = members.enumerated().sorted {
        ($0.element.priority, $0.offset) < ($1.element.priority, $1.offset)
      }
      entities[index] = BackendEntity(backend, index: first + index, target: nil, members: order.map(\.element))
    }
    self.entities = entities
  }

  public subscript(id: String) -> BackendEntity? { places[id].map { entities[$0] } }

  /// Nil for a URL, a certificate or a proxy that cannot be used: no backend is reached in another way than it says.
  private static func target(_ backend: Backend, _ certificates: CertificateDirectory) -> BackendTarget? {
    guard let url = backend.url else { return nil }
    var clientCertificate: ClientCertificate?
    if let id = backend.credentials.certificateIDs.first {
      guard let certificate = certificates[id]?.client else { return nil }
      clientCertificate = certificate
    }
    var proxy: ProxyServer?
    if let setting = backend.proxy {
      guard
        let server = ProxyServer(url: setting.url, username: setting.username, password: setting.password)
      else { return nil }
      proxy = server
    }
    return try? BackendTarget(
      url: url, validatesChain: backend.validateCertificateChain, validatesName: backend.validateCertificateName,
      backendID: backend.id, credentials: BackendCredentials(backend.credentials),
      clientCertificate: clientCertificate, proxy: proxy)
  }
}
