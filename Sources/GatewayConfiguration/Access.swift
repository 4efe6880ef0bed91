/// A product: APIs offered together, with the subscriptions and policy that govern them.
public struct Product: Codable, Sendable, Equatable {
  public var id: String
  public var displayName: String
  public var isPublished: Bool
  public var subscriptionRequired: Bool
  public var approvalRequired: Bool
  public var subscriptionsLimit: Int?
  /// Identifiers of the APIs of this product that are also in the snapshot, sorted.
  public var apiIDs: [String]
  /// Names of the groups that see this product, `context.Product.Groups`.
  public var groups: [Group]
  public var policy: PolicyText?

  public init(
    id: String, displayName: String, isPublished: Bool = true, subscriptionRequired: Bool = true,
    approvalRequired: Bool = false, subscriptionsLimit: Int? = nil, apiIDs: [String] = [], groups: [Group] = [],
    policy: PolicyText? = nil
  ) {
    self.id = id
    self.displayName = displayName
    self.isPublished = isPublished
    self.subscriptionRequired = subscriptionRequired
    self.approvalRequired = approvalRequired
    self.subscriptionsLimit = subscriptionsLimit
    self.apiIDs = apiIDs
    self.groups = groups
    self.policy = policy
  }
}

/// A group of users.
public struct Group: Codable, Sendable, Equatable {
  public var id: String
  public var displayName: String

  public init(id: String, displayName: String) {
    self.id = id
    self.displayName = displayName
  }
}

/// The right to call what its scope names, proved by either of two keys.
public struct Subscription: Codable, Sendable, Equatable {
  /// What the keys of a subscription open.
  public enum Scope: Codable, Sendable, Equatable, Hashable {
    /// Every API and product: the built-in `master` subscription.
    case service
    /// Every API, of the workspace where the subscription is one's, without a product's context.
    case allAPIs
    case api(String)
    case product(String)
  }

  /// Only `active` opens anything.
  public enum State: String, Codable, Sendable, CaseIterable {
    case suspended, active, expired, submitted, rejected, cancelled
  }

  public var id: String
  public var displayName: String
  public var scope: Scope
  public var state: State
  public var primaryKey: String
  public var secondaryKey: String
  /// The identifier of the user who owns it, if anybody does.
  public var ownerID: String?
  /// Seconds since 1970-01-01 UTC.
  public var createdDate: Int64
  public var startDate: Int64?
  public var endDate: Int64?
  /// Whether `Ocp-Apim-Trace` is honoured for this subscription's keys.
  public var allowTracing: Bool
  /// The workspace whose APIs its keys open, and no others; nil for a subscription of the service.
  public var workspaceID: String?

  public init(
    id: String, displayName: String, scope: Scope, state: State = .active, primaryKey: String, secondaryKey: String,
    ownerID: String? = nil, createdDate: Int64 = 0, startDate: Int64? = nil, endDate: Int64? = nil,
    allowTracing: Bool = false, workspaceID: String? = nil
  ) {
    self.id = id
    self.displayName = displayName
    self.scope = scope
    self.state = state
    self.primaryKey = primaryKey
    self.secondaryKey = secondaryKey
    self.ownerID = ownerID
    self.createdDate = createdDate
    self.startDate = startDate
    self.endDate = endDate
    self.allowTracing = allowTracing
    self.workspaceID = workspaceID
  }
}

/// The owner of a subscription, as `context.User` shows it.
public struct User: Codable, Sendable, Equatable {
  public var id: String
  public var firstName: String
  public var lastName: String
  public var email: String
  public var note: String?
  /// Seconds since 1970-01-01 UTC.
  public var registrationDate: Int64
  public var groups: [Group]

  public init(
    id: String, firstName: String, lastName: String, email: String, note: String? = nil, registrationDate: Int64 = 0,
    groups: [Group] = []
  ) {
    self.id = id
    self.firstName = firstName
    self.lastName = lastName
    self.email = email
    self.note = note
    self.registrationDate = registrationDate
    self.groups = groups
  }
}
