import GatewayConfiguration

/// The backend entities of one configuration with how they are doing: says where a request goes.
public struct BackendSet: Sendable {
  /// What is known of one entity.
  public struct Entry: Sendable {
    public let entity: BackendEntity
    /// Nil for a pool.
    public let health: BackendHealth?
    /// Nil for a single backend.
    public let rotation: PoolRotation?

    public init(entity: BackendEntity, health: BackendHealth?, rotation: PoolRotation?) {
      self.entity = entity
      self.health = health
      self.rotation = rotation
    }
  }

  /// By the entities' own places.
  public let entries: [Entry]

  public static let empty = BackendSet(entries: [])

  /// - Parameter entries: at the entities' own places.
  public init(entries: [Entry]) { self.entries = entries }

  /// Entities of which nothing is known yet, each at its own place.
  public init(_ entities: [BackendEntity]) {
    entries = entities.map { entity in
      entity.isPool
        ? Entry(entity: entity, health: nil, rotation: PoolRotation(entity))
        : Entry(entity: entity, health: BackendHealth(entity.backend), rotation: nil)
    }
  }

  /// Where a request goes.
  public enum Choice {
    case call(BackendCall)
    /// Nobody may be called; milliseconds until somebody may.
    case refused(Int64)
  }

  /// Chooses for one attempt of a request.
  /// - Parameters:
  ///   - cookie: the value of the pool's session cookie, where the request has one.
  ///   - now: milliseconds that never go back.
  public func choose(_ entity: BackendEntity, cookie: [UInt8]?, _ now: Int64) -> Choice {
    let entry = entries[entity.index]
    guard let rotation = entry.rotation else {
      guard let health = entry.health, let target = entity.target else { return .refused(0) }
      switch health.admit(now) {
      case .refused(let wait): return .refused(wait)
      case let permission: return .call(BackendCall(target: target, health: health, isProbe: permission == .probe))
      }
    }
    return choose(entity.members, rotation, cookie, now)
  }

  private func choose(
    _ members: [BackendEntity.Member], _ rotation: PoolRotation, _ cookie: [UInt8]?, _ now: Int64
  ) -> Choice {
    if let cookie, let index = rotation.tokens.firstIndex(of: cookie),
      case .call(let call) = call(index, of: members, now)
    {
      rotation.took(index)
      return .call(call)
    }
    var shortest = Int64.max
    var start = 0
    while start < members.count {
      var end = start
      var free = MemberSet()
      while end < members.count, members[end].priority == members[start].priority {
        let wait = entries[members[end].entity.index].health?.wait(now) ?? 0
        if wait == 0 { free.insert(end) } else { shortest = min(shortest, wait) }
        end += 1
      }
      while let index = rotation.next(of: free) {
        switch call(index, of: members, now) {
        case .call(var call):
          rotation.took(index)
          // Whoever has no cookie, or one of a member that cannot be called, gets a new one.
          call.cookie = rotation.tokens[index]
          return .call(call)
        case .refused(let wait):
          // Another loop was faster with the one call that may be made.
          shortest = min(shortest, wait)
          free.remove(index)
        }
      }
      start = end
    }
    return .refused(shortest == .max ? 0 : shortest)
  }

  private func call(_ index: Int, of members: [BackendEntity.Member], _ now: Int64) -> Choice {
    let entity = members[index].entity
    guard let target = entity.target, let health = entries[entity.index].health else { return .refused(0) }
    switch health.admit(now) {
    case .refused(let wait): return .refused(wait)
    case let permission: return .call(BackendCall(target: target, health: health, isProbe: permission == .probe))
    }
  }
}

/// A call that may be made: to be settled or given up, once.
public struct BackendCall {
  public let target: BackendTarget
  public let health: BackendHealth
  public let isProbe: Bool
  /// What the client's session cookie has to be from now on; nil when it is that already.
  public var cookie: [UInt8]?

  /// The backend has answered.
  /// - Parameters:
  ///   - retryAfter: the answer's `Retry-After`, asked for where it counts.
  ///   - ticks: the time of day, since 0001-01-01.
  ///   - now: milliseconds that never go back.
  public func answered(
    _ status: Int, retryAfter: @autoclosure () -> String?, ticks: @autoclosure () -> Int64, _ now: Int64
  ) {
    var wait: Int64?
    if health.backend.circuitBreaker?.acceptsRetryAfter == true, status >= 300 {
      wait = retryAfter().flatMap { RetryAfter.milliseconds($0, now: ticks()) }
    }
    health.answered(status, isProbe: isProbe, retryAfter: wait, now)
  }

  /// The backend has not answered, for a reason of `context.LastError`.
  public func failed(_ reason: String, _ now: Int64) { health.failed(reason, isProbe: isProbe, now) }
}

extension PolicyError {
  /// A backend entity may not be called now.
  /// - Parameter milliseconds: until that may be otherwise.
  public static func unavailable(_ entity: BackendEntity, milliseconds: Int64) -> PolicyError {
    let what = entity.isPool ? "No member of the pool '\(entity.id)'" : "The backend '\(entity.id)'"
    let why = "its circuit breaker is open, or its health checks fail"
    return PolicyError(
      source: "forward-request", reason: entity.isPool ? "BackendPoolUnavailable" : "CircuitBreakerOpen",
      message: "\(what) may\(entity.isPool ? "" : " not") be called: \(why).", status: 503,
      responseMessage: "Service Unavailable",
      headers: [.init("Retry-After", "\(max(1, (milliseconds + 999) / 1_000))")])
  }
}
