import DotNet
public import GatewayConfiguration

/// A subscription as a gateway keeps it, which may have a hundred thousand of them: what every request of its keys needs
/// stands in fields, the rest are bytes among those of all others (``SubscriptionTexts``).
public final class ServedSubscription: Sendable {
  /// Which of the two keys.
  public enum Key: Sendable { case primary, secondary }

  public let id: String
  public let scope: Subscription.Scope
  /// The workspace whose APIs its keys open, and no others; nil for a subscription of the service.
  public let workspaceID: String?
  /// The user who owns it, if anybody does.
  public let owner: Shared<User>?
  /// Seconds since 1970-01-01 UTC.
  public let createdDate: Int64
  /// The same; `Int64.min` and `Int64.max` where there is no bound.
  private let start: Int64
  private let end: Int64
  private let texts: SubscriptionTexts
  /// Where its texts begin: the name, the primary key, the secondary key.
  private let place: UInt32
  private let nameBytes: UInt32
  private let primaryBytes: UInt32
  private let secondaryBytes: UInt32
  public let state: Subscription.State
  /// Whether `Ocp-Apim-Trace` is honoured for its keys.
  public let allowTracing: Bool

  /// One by itself.
  public convenience init(_ subscription: Subscription, owner: Shared<User>? = nil) {
    let texts = SubscriptionTexts([subscription])
    self.init(
      subscription, id: subscription.id, scope: subscription.scope, workspaceID: subscription.workspaceID, owner: owner,
      texts, place: 0)
  }

  /// - Parameters:
  ///   - id: and `scope` and `workspaceID` are equal to the subscription's; what is said many times is given as one object.
  ///   - place: where in `texts` its own begin.
  init(
    _ subscription: Subscription, id: String, scope: Subscription.Scope, workspaceID: String?, owner: Shared<User>?,
    _ texts: SubscriptionTexts, place: Int
  ) {
    self.id = id
    self.scope = scope
    self.workspaceID = workspaceID
    self.owner = owner
    createdDate = subscription.createdDate
    start = subscription.startDate ?? .min
    end = subscription.endDate ?? .max
    self.texts = texts
    self.place = UInt32(place)
    nameBytes = UInt32(subscription.displayName.utf8.count)
    primaryBytes = UInt32(subscription.primaryKey.utf8.count)
    secondaryBytes = UInt32(subscription.secondaryKey.utf8.count)
    state = subscription.state
    allowTracing = subscription.allowTracing
  }

  public var displayName: String { String(decoding: texts.bytes(Int(place), Int(nameBytes)), as: UTF8.self) }
  public var primaryKey: String { text(of: .primary) }
  public var secondaryKey: String { text(of: .secondary) }
  /// Seconds since 1970-01-01 UTC.
  public var startDate: Int64? { start == .min ? nil : start }
  public var endDate: Int64? { end == .max ? nil : end }

  /// Only one that is active opens anything, between its dates.
  /// - Parameter now: seconds since 1970-01-01 UTC.
  public func isActive(_ now: Int64) -> Bool { state == .active && start <= now && now < end }

  /// Whether these bytes are that key of it; how long it takes says nothing of where they differ.
  public func has(_ key: Key, _ candidate: Span<UInt8>) -> Bool {
    let (start, count) = range(of: key)
    return texts.areEqual(start, count, candidate)
  }

  /// The bytes of a key, empty where there is none.
  public func bytes(of key: Key) -> [UInt8] {
    let (start, count) = range(of: key)
    return texts.bytes(start, count)
  }

  private func range(of key: Key) -> (start: Int, count: Int) {
    let keys = Int(place) &+ Int(nameBytes)
    return key == .primary ? (keys, Int(primaryBytes)) : (keys &+ Int(primaryBytes), Int(secondaryBytes))
  }

  private func text(of key: Key) -> String { String(decoding: bytes(of: key), as: UTF8.self) }
}

/// The names and keys of all subscriptions of a configuration, one behind another: as texts of their own each would cost
/// more than it holds. A snapshot has at most 256 MiB, so that a place in them is a `UInt32`.
final class SubscriptionTexts: Sendable {
  private let bytes: [UInt8]

  init(_ subscriptions: [Subscription]) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(subscriptions.reduce(0) { $0 + Self.count($1) })
    for subscription in subscriptions {
      bytes += subscription.displayName.utf8
      bytes += subscription.primaryKey.utf8
      bytes += subscription.secondaryKey.utf8
    }
    self.bytes = bytes
  }

  /// The bytes that a subscription has here.
  static func count(_ subscription: Subscription) -> Int {
    subscription.displayName.utf8.count + subscription.primaryKey.utf8.count + subscription.secondaryKey.utf8.count
  }

  func bytes(_ start: Int, _ count: Int) -> [UInt8] { Array(bytes[start..<start + count]) }

  func areEqual(_ start: Int, _ count: Int, _ candidate: Span<UInt8>) -> Bool {
    // A span is lent by a local array.
    let bytes = bytes
    return ConstantTime.areEqual(bytes.span.extracting(start..<start + count), candidate)
  }
}

extension ServedSubscription {
  /// Those of a snapshot, in its order. What they share is kept once, and nothing but owners points at texts that were read with
  /// the snapshot, so that their memory can be given back as a whole.
  public static func all(of snapshot: Snapshot) -> [ServedSubscription] {
    let texts = SubscriptionTexts(snapshot.subscriptions)
    let owners = Dictionary(snapshot.users.map { ($0.id, Shared($0)) }) { first, _ in first }
    var scopes: [Subscription.Scope: Subscription.Scope] = [:]
    var workspaces: [String: String] = [:]
    var place = 0
    return snapshot.subscriptions.map { subscription in
      defer { place += SubscriptionTexts.count(subscription) }
      return ServedSubscription(
        subscription, id: subscription.id.copied,
        scope: scopes.one(subscription.scope, \.copied),
        workspaceID: subscription.workspaceID.map { workspaces.one($0, \.copied) },
        owner: subscription.ownerID.flatMap { owners[$0] }, texts, place: place)
    }
  }
}

extension Dictionary where Key == Value {
  /// One copy for all values that are equal to this one.
  fileprivate mutating func one(_ value: Value, _ copy: (Value) -> Value) -> Value {
    if let known = self[value] { return known }
    let new = copy(value)
    self[new] = new
    return new
  }
}

extension String {
  /// The same in memory of its own.
  fileprivate var copied: String { String(decoding: Array(utf8), as: UTF8.self) }
}

extension Subscription.Scope {
  fileprivate var copied: Subscription.Scope {
    switch self {
    case .service, .allAPIs: self
    case .api(let id): .api(id.copied)
    case .product(let id): .product(id.copied)
    }
  }
}
