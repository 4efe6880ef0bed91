/// A named backend that `set-backend-service` chooses by `backend-id`.
public struct Backend: Codable, Sendable, Equatable {
  /// What the gateway adds to each request to a backend.
  public struct Credentials: Codable, Sendable, Equatable {
    /// Header name to values.
    public var headers: [String: [String]]
    /// Query parameter name to values.
    public var query: [String: [String]]
    /// The `Authorization` header's scheme and parameter.
    public var authorizationScheme: String?
    public var authorizationParameter: String?
    /// Identifiers of the client certificates offered.
    public var certificateIDs: [String]

    public init(
      headers: [String: [String]] = [:], query: [String: [String]] = [:], authorizationScheme: String? = nil,
      authorizationParameter: String? = nil, certificateIDs: [String] = []
    ) {
      self.headers = headers
      self.query = query
      self.authorizationScheme = authorizationScheme
      self.authorizationParameter = authorizationParameter
      self.certificateIDs = certificateIDs
    }
  }

  /// The HTTP proxy that a backend is reached through.
  public struct Proxy: Codable, Sendable, Equatable {
    /// `http://host:port`.
    public var url: String
    public var username: String?
    public var password: String?

    public init(url: String, username: String? = nil, password: String? = nil) {
      self.url = url
      self.username = username
      self.password = password
    }
  }

  /// A member of a pool.
  public struct PoolMember: Codable, Sendable, Equatable {
    public var backendID: String
    /// Lower numbers are used first.
    public var priority: Int
    /// Its share of its group's calls, 0 to 100; where all weights are equal, members take turns.
    public var weight: Int

    public init(backendID: String, priority: Int = 0, weight: Int = 0) {
      self.backendID = backendID
      self.priority = priority
      self.weight = weight
    }
  }

  public var id: String
  public var title: String?
  /// The base URL; absent for a pool.
  public var url: String?
  public var validateCertificateChain: Bool
  public var validateCertificateName: Bool
  public var credentials: Credentials
  /// Nil where the backend is reached without one; a pool has none, its members may.
  public var proxy: Proxy?
  /// At most 30 members, none of them a pool; empty for a single backend.
  public var pool: [PoolMember]
  /// Name of the cookie that keeps a client at one member of a pool; nil for none.
  public var sessionCookie: String?
  public var circuitBreaker: CircuitBreakerRule?
  public var healthCheck: HealthCheck?

  public init(
    id: String, title: String? = nil, url: String?, validateCertificateChain: Bool = true,
    validateCertificateName: Bool = true, credentials: Credentials = Credentials(), proxy: Proxy? = nil,
    pool: [PoolMember] = [], sessionCookie: String? = nil, circuitBreaker: CircuitBreakerRule? = nil,
    healthCheck: HealthCheck? = nil
  ) {
    self.id = id
    self.title = title
    self.url = url
    self.validateCertificateChain = validateCertificateChain
    self.validateCertificateName = validateCertificateName
    self.credentials = credentials
    self.proxy = proxy
    self.pool = pool
    self.sessionCookie = sessionCookie
    self.circuitBreaker = circuitBreaker
    self.healthCheck = healthCheck
  }
}
