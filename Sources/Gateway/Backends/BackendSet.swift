import GatewayConfiguration
import PolicyLibrary

/// The backend entities of one configuration with how they are doing: says where a request goes.
struct BackendSet: Sendable {
  /// What is known of one entity.
  struct Entry: Sendable {
    let entity: BackendEntity
    /// Nil for a pool.
    let health: BackendHealth?
    /// Nil for a single backend.
    let rotation: PoolRotation?
  }

  /// By the entities' own places.
  let entries: [Entry]

  static let empty = BackendSet(entries: [])

  /// Where a request goes.
  enum Choice {
    case call(BackendCall)
    /// Nobody may be called; milliseconds until somebody may.
    case refused(Int64)
  }

  /// Chooses for one attempt of a request.
  /// - Parameters:
  ///   - cookie: the value of the pool's session cookie, where the request has one.
  ///   - now: milliseconds that never go back.
  func choose(_ entity: BackendEntity, cookie: [UInt8]?, _ now: Int64) -> Choice {
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
struct BackendCall {
  let target: BackendTarget
  let health: BackendHealth
  let isProbe: Bool
  /// What the client's session cookie has to be from now on; nil when it is that already.
  var cookie: [UInt8]?
}
