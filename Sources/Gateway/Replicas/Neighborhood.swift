import Crypto

/// The replicas of one gateway as one of them sees the others: who is there, what was heard of whom, and what is to be said.
///
/// Pure: time, randomness and what was received come in, datagrams to send and counts to add come out. Every datagram is
/// authenticated with a key that only this gateway's replicas have, and says who made it, with which number, and when; what
/// is forged, old, or was seen before is refused.
struct Neighborhood {
  enum Channel: Hashable, Sendable {
    case heartbeat, counts
  }

  enum Action: Equatable {
    case send([UInt8], to: String, Channel)
    /// Another replica has counted.
    case add(Int, CounterName, seconds: Int)
    /// What replicas have counted of quotas, in all.
    case hear([QuotaCount])
    /// A part of an event that a replica tells.
    case take(EventPart, of: ReplicaDatagram.Instance)
    case joined(String)
    case left(String)
    case refused(ReplicaDatagram.Refusal, from: String)
  }

  /// Milliseconds between two heartbeats, and from the last datagram until a replica counts as gone.
  static let heartbeatInterval: Int64 = 1_000
  static let silence: Int64 = 5_000
  /// How far the clocks of two replicas may be apart, in milliseconds, and how long a datagram may travel.
  static let freshness: Int64 = 30_000
  /// How long what was heard of a replica is remembered: longer than any window, and than any datagram is fresh.
  static let memory: Int64 = 600_000
  static let peerBound = 64
  /// Counters remembered of one replica.
  static let heardBound = 100_000
  /// Datagrams of counts sent to one replica in one round.
  static let roundBound = 128

  private struct Heard {
    var generation: UInt64
    var total: UInt64
    var at: Int64
  }

  private struct Peer {
    var address: String
    var lastHeard: Int64
    var isPresent = true
    var windows: [ReplicaDatagram.Kind: ReplayWindow] = [:]
    var heard: [CounterName: Heard] = [:]
    /// What it was not told yet since it came.
    var backlog: [ReplicaCount] = []
  }

  let instance: ReplicaDatagram.Instance
  private var keys: [SymmetricKey] = []
  /// Until when the former key is accepted.
  private var formerKeyEnd: Int64 = 0
  private var sequences: [ReplicaDatagram.Kind: UInt64] = [:]
  private var addresses: [String] = []
  private var peers: [ReplicaDatagram.Instance: Peer] = [:]
  private var repeats = Repeats<CounterName, ReplicaCount>()
  private var quotas = QuotaRounds()
  private var nextHeartbeat = Int64.min

  init(instance: ReplicaDatagram.Instance) { self.instance = instance }

  /// Replicas heard of within the last seconds.
  var present: Int { peers.values.reduce(0) { $0 + ($1.isPresent ? 1 : 0) } }

  /// Takes the gateway's key; the former one is accepted for a while, since replicas learn of a new one at different moments.
  mutating func use(_ key: SymmetricKey, now: Int64) {
    guard keys.first != key else { return }
    keys = [key] + keys.prefix(1)
    formerKeyEnd = now + 60_000
  }

  /// Where replicas may be, this one among them.
  mutating func resolved(_ addresses: [String]) { self.addresses = Array(addresses.prefix(Self.peerBound)) }

  // MARK: - Saying

  private mutating func datagram(
    _ kind: ReplicaDatagram.Kind, _ wall: Int64, _ counts: [ReplicaCount] = [], quotas: [QuotaCount] = [],
    part: EventPart? = nil
  ) -> [UInt8]? {
    guard let key = keys.first else { return nil }
    sequences[kind, default: 0] += 1
    return ReplicaDatagram(
      kind: kind, instance: instance, sequence: sequences[kind, default: 1], time: UInt64(max(0, wall)), counts: counts,
      quotas: quotas, part: part
    ).bytes(key: key)
  }

  /// What is to be said now.
  /// - Parameters:
  ///   - now: milliseconds that never go back.
  ///   - wall: milliseconds since 1970.
  ///   - changes: what this replica has counted since the last round.
  ///   - quotaChanges: the same of quotas.
  ///   - everything: what is known of quotas, whoever counted it.
  mutating func tick(
    now: Int64, wall: Int64, changes: [ReplicaCount], quotaChanges: [QuotaCount], everything: QuotaRounds.Part
  ) -> [Action] {
    guard !keys.isEmpty else { return [] }
    if keys.count > 1, now >= formerKeyEnd { keys.removeLast() }
    var actions = forget(now)
    if now >= nextHeartbeat {
      nextHeartbeat = now + Self.heartbeatInterval
      actions += say(.heartbeat, wall)
    }
    let targets = peers.filter { $0.value.isPresent }.map(\.key)
    let (instance, present) = (instance, Set(targets))
    // Whoever is here speaks for itself, and everybody for those that are gone.
    let words = quotas.next(now, changes: quotaChanges, present: targets) { part in
      everything(part).filter { $0.origin == instance || !present.contains($0.origin) }
    }
    guard !targets.isEmpty else {
      repeats.clear()
      return actions
    }
    for count in changes { repeats.note(count, of: count.name, now: now) }
    actions += say(changes + repeats.due(now), wall, to: targets)
    for target in targets { actions += sayBacklog(to: target, wall) }
    for words in words { actions += say(words, wall) }
    return actions
  }

  /// Heartbeats and farewells go wherever a replica may be.
  private mutating func say(_ kind: ReplicaDatagram.Kind, _ wall: Int64) -> [Action] {
    guard let bytes = datagram(kind, wall) else { return [] }
    let known = peers.values.filter(\.isPresent).map(\.address)
    return Set(addresses + known).sorted().map { .send(bytes, to: $0, .heartbeat) }
  }

  /// Tells parts of events to every replica that is there.
  mutating func say(_ parts: [EventPart], wall: Int64) -> [Action] {
    let addresses = peers.values.filter(\.isPresent).map(\.address)
    guard !addresses.isEmpty else { return [] }
    return parts.flatMap { part -> [Action] in
      guard let bytes = datagram(.event, wall, part: part) else { return [] }
      return addresses.map { .send(bytes, to: $0, .counts) }
    }
  }

  /// This replica ends.
  mutating func leave(wall: Int64) -> [Action] { say(.leaving, wall) }

  private mutating func say(
    _ counts: [ReplicaCount], _ wall: Int64, to targets: [ReplicaDatagram.Instance]
  ) -> [Action] {
    var actions: [Action] = []
    var rest = counts[...]
    var datagrams = 0
    while !rest.isEmpty, datagrams < Self.roundBound {
      let piece = Array(rest.prefix(ReplicaDatagram.countBound))
      rest = rest.dropFirst(piece.count)
      datagrams += 1
      guard let bytes = datagram(.counts, wall, piece) else { break }
      for target in targets {
        if let address = peers[target]?.address { actions.append(.send(bytes, to: address, .counts)) }
      }
    }
    return actions
  }

  private mutating func say(_ words: QuotaRounds.Words, _ wall: Int64) -> [Action] {
    var actions: [Action] = []
    var rest = words.counts[...]
    while !rest.isEmpty {
      let piece = Array(rest.prefix(ReplicaDatagram.quotaBound))
      rest = rest.dropFirst(piece.count)
      guard let bytes = datagram(.quotas, wall, quotas: piece) else { break }
      for target in words.targets {
        if let address = peers[target]?.address { actions.append(.send(bytes, to: address, .counts)) }
      }
    }
    return actions
  }

  /// A replica that has just come hears everything, a part in each round.
  private mutating func sayBacklog(to target: ReplicaDatagram.Instance, _ wall: Int64) -> [Action] {
    guard let backlog = peers[target]?.backlog, !backlog.isEmpty else { return [] }
    let part = backlog.prefix(ReplicaDatagram.countBound * 16)
    peers[target]?.backlog.removeFirst(part.count)
    return say(Array(part), wall, to: [target])
  }

  // MARK: - Hearing

  /// Takes a datagram.
  /// - Parameter everything: what this replica has counted, for one that has just come.
  mutating func received(
    _ bytes: [UInt8], from address: String, now: Int64, wall: Int64, everything: () -> [ReplicaCount]
  ) -> [Action] {
    let datagram: ReplicaDatagram
    do throws(ReplicaDatagram.Refusal) {
      datagram = try ReplicaDatagram(bytes, keys: keys)
    } catch {
      return [.refused(error, from: address)]
    }
    // The name that finds the others finds this one, too.
    if datagram.instance == instance { return [] }
    guard datagram.time <= UInt64(Int64.max), abs(Int64(datagram.time) - wall) <= Self.freshness else {
      return [.refused(.stale, from: address)]
    }
    var actions: [Action] = []
    if peers[datagram.instance] == nil {
      // Only a heartbeat or what it has counted makes a replica known.
      if datagram.kind == .leaving { return [] }
      guard makeRoom(now) else { return [.refused(.tooMany, from: address)] }
      peers[datagram.instance] = Peer(address: address, lastHeard: now, isPresent: false)
    }
    guard peers[datagram.instance]?.windows[datagram.kind, default: ReplayWindow()].take(datagram.sequence) == true
    else { return [.refused(.replayed, from: address)] }
    if datagram.kind == .leaving {
      if peers[datagram.instance]?.isPresent == true { actions.append(.left(address)) }
      peers[datagram.instance]?.isPresent = false
      return actions
    }
    peers[datagram.instance]?.lastHeard = now
    peers[datagram.instance]?.address = address
    if peers[datagram.instance]?.isPresent == false {
      peers[datagram.instance]?.isPresent = true
      peers[datagram.instance]?.backlog = everything()
      quotas.joined(datagram.instance)
      actions.append(.joined(address))
      // It need not wait for the next round to know this one.
      if let bytes = self.datagram(.heartbeat, wall) { actions.append(.send(bytes, to: address, .heartbeat)) }
    }
    if !datagram.quotas.isEmpty { actions.append(.hear(datagram.quotas)) }
    if let part = datagram.part { actions.append(.take(part, of: datagram.instance)) }
    for count in datagram.counts {
      if let news = hear(count, of: datagram.instance, now) {
        actions.append(.add(news, count.name, seconds: count.seconds))
      }
    }
    return actions
  }

  /// What a count adds to what was heard before; nil when nothing. Never more than lies in the window: what was counted
  /// while nothing was heard may be over by now.
  private mutating func hear(_ count: ReplicaCount, of sender: ReplicaDatagram.Instance, _ now: Int64) -> Int? {
    let former = peers[sender]?.heard[count.name]
    if former == nil, (peers[sender]?.heard.count ?? 0) >= Self.heardBound {
      let recent = peers[sender]?.heard.filter { now - $0.value.at < Self.memory / 2 } ?? [:]
      peers[sender]?.heard = recent
      if (peers[sender]?.heard.count ?? 0) >= Self.heardBound { return nil }
    }
    var known: UInt64 = 0
    if let former {
      guard count.generation >= former.generation else { return nil }
      if count.generation == former.generation { known = former.total }
    }
    guard count.total > known else {
      peers[sender]?.heard[count.name]?.at = now
      return nil
    }
    peers[sender]?.heard[count.name] = Heard(generation: count.generation, total: count.total, at: now)
    let news = min(count.total - known, count.recent)
    return news > 0 ? Int(clamping: news) : nil
  }

  // MARK: - From process to process

  /// How far every replica was heard.
  /// - Parameter own: what this one has counted, which nobody needs to hear from it any more.
  func marks(own: [ReplicaCount]) -> [ReplicaDatagram.Instance: [CounterName: ReplicaMark]] {
    var marks = peers.mapValues { peer in
      peer.heard.mapValues { ReplicaMark(generation: $0.generation, total: $0.total) }
    }
    marks[instance] = Dictionary(
      own.map { ($0.name, ReplicaMark(generation: $0.generation, total: $0.total)) }, uniquingKeysWith: { $1 })
    return marks
  }

  /// Takes up how far another process of this replica has heard the others: what they have said to that one is counted.
  mutating func takeOver(_ marks: [ReplicaDatagram.Instance: [CounterName: ReplicaMark]], now: Int64) {
    for (id, marks) in marks where id != instance {
      if peers[id] == nil {
        guard peers.count < Self.peerBound else { continue }
        peers[id] = Peer(address: "", lastHeard: now, isPresent: false)
      }
      var heard = peers[id]?.heard ?? [:]
      for (name, mark) in marks where heard[name] != nil || heard.count < Self.heardBound {
        if let known = heard[name], (known.generation, known.total) >= (mark.generation, mark.total) { continue }
        heard[name] = Heard(generation: mark.generation, total: mark.total, at: now)
      }
      peers[id]?.heard = heard
    }
  }

  // MARK: - Forgetting

  private mutating func forget(_ now: Int64) -> [Action] {
    var actions: [Action] = []
    for (id, peer) in peers {
      if peer.isPresent, now - peer.lastHeard > Self.silence {
        peers[id]?.isPresent = false
        peers[id]?.backlog = []
        actions.append(.left(peer.address))
      }
      if now - peer.lastHeard > Self.memory { peers[id] = nil }
    }
    return actions
  }

  /// Room for one more replica: of those that are gone, and of which nothing can be fresh any more, the first to go.
  private mutating func makeRoom(_ now: Int64) -> Bool {
    if peers.count < Self.peerBound { return true }
    let gone = peers.filter { !$0.value.isPresent && now - $0.value.lastHeard > 2 * Self.freshness }
    guard let oldest = gone.min(by: { $0.value.lastHeard < $1.value.lastHeard })?.key else { return false }
    peers[oldest] = nil
    return true
  }
}
