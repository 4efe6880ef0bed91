import GatewayConfiguration
import Logging
import NIOCore
import NIOSSL
import PolicyLibrary
import RedisWire

/// The way of one event loop to Redis: one connection, on which commands follow each other without waiting; in a cluster one
/// to each server that has slots.
///
/// It never makes anybody wait for a connection: while there is none, every command fails at once, and a new connection is
/// tried in the background. A command that is not answered in time ends the connection, so that a server that stands still
/// costs each loop one such wait, not one for each request.
///
/// That servers are a cluster shows itself when one is entered, or sends a command elsewhere: nobody needs to say so. Who has
/// which slots is asked of whichever server answers, when a server is lost, says that a slot has moved, or is not there.
final class RedisClient {
  /// Commands and their bytes on the way to a server at most; further ones fail at once.
  static let callBound = 1_024
  static let byteBound = 16 << 20
  /// Milliseconds that a command may take: where the connection string says nothing, and at most.
  static let standardTimeout = 250
  static let longestTimeout = 1_000
  /// Servers of a cluster that are connected to at most; what belongs to others is not there.
  static let nodeBound = 128
  /// How often one command may be sent elsewhere, each time with time of its own.
  static let redirectionBound = 3
  /// Until the slots are asked for again, after a change and while a server is missing.
  private static let lookAfterChange = TimeAmount.milliseconds(250)
  private static let lookAfterLoss = TimeAmount.seconds(1)

  private let access: RedisAccess
  private let use: RedisMeter.Use
  private let meter: RedisMeter
  private let logger: Logger
  /// To a server of the connection string; in a cluster to any that knows it.
  private var home: RedisNode?
  /// In a cluster, to servers that ``home`` does not lead to.
  private var nodes: [RedisAddress: RedisNode] = [:]
  /// Nil where there is no cluster.
  private var slots: RedisSlotMap?
  private var isLooking = false
  private var nextLook: Scheduled<Void>?
  /// What its connection listens to; commands but `PING` are for others then.
  private let listenedTo: [UInt8]?
  /// Takes what is published there; nil for what is larger than any value may be.
  var onMessage: (([UInt8]?) -> Void)?

  /// - Parameter roots: whom to believe the servers' certificates.
  init(
    _ connection: RedisConnection, use: RedisMeter.Use, loop: any EventLoop, meter: RedisMeter, logger: Logger,
    roots: NIOSSLTrustRoots = .default, listensTo listenedTo: [UInt8]? = nil
  ) {
    self.listenedTo = listenedTo
    access = RedisAccess(connection, loop: loop, roots: roots)
    self.use = use
    self.meter = meter
    self.logger = logger
    let home = RedisNode(access.addresses, service: connection.serviceName, access: access, client: self)
    self.home = home
    home.begin()
  }

  /// Sends a command; the completion is called once, on the loop: at once where nothing can be sent, later else, and
  /// never after it was cancelled.
  /// - Parameter key: the key, or one of the keys, that the command is about.
  @discardableResult
  func send(
    _ command: [UInt8], key: [UInt8]? = nil, _ completion: @escaping (Result<RedisReply, RedisFailure>) -> Void
  ) -> any PendingEffect {
    guard let channel = channel(for: key) else {
      completion(.failure(.unavailable))
      return FinishedEffect.instance
    }
    guard Self.hasRoom(channel, for: command.count) else {
      completion(.failure(.full))
      return FinishedEffect.instance
    }
    let call = RedisCall(command, deadline: .now() + access.timeout, completion: completion)
    channel.send(call)
    return call
  }

  private static func hasRoom(_ channel: RedisChannel, for size: Int) -> Bool {
    channel.calls.count < callBound && channel.bytes + size <= byteBound
  }

  /// Closes the connections and tries no others.
  func end() {
    nextLook?.cancel()
    nextLook = nil
    for node in [home].compactMap(\.self) + nodes.values { end(node) }
    home = nil
    nodes = [:]
  }

  private func end(_ node: RedisNode) { if node.end() { meter.disconnected(use) } }

  // MARK: - Connections

  /// A connection can be used.
  func ready(_ node: RedisNode, isCluster: Bool?) {
    meter.connected(use)
    // Every server of a cluster hears what is published at any.
    if node === home, let listenedTo { node.channel?.listen(to: listenedTo) }
    if node === home {
      if isCluster == false { leaveCluster() }
      if isCluster == true, slots == nil { slots = RedisSlotMap() }
      if slots != nil { look() }
    }
    reportIfWhole()
  }

  /// A connection came to its end, or could not be made.
  func lost(_ node: RedisNode, wasReady: Bool, _ reason: String) {
    if wasReady { meter.disconnected(use) }
    // Of a cluster that somebody still answers for, the rest goes on.
    let isPart = slots != nil && (node !== home || nodes.values.contains { $0.channel != nil })
    meter.report(use, reason, isPart: isPart, logger)
    if slots != nil { look(after: wasReady ? Self.lookAfterChange : Self.lookAfterLoss) }
  }

  /// Says that everything works again when every server that matters is there.
  private func reportIfWhole() {
    if isWhole { meter.report(use, nil, logger) }
  }

  private var isWhole: Bool {
    guard let slots else { return home?.channel != nil }
    return !slots.servers.isEmpty && slots.servers.allSatisfy { node(at: $0)?.channel != nil }
  }

  /// Something was published.
  func published(_ bytes: [UInt8]?) { onMessage?(bytes) }

  // MARK: - Clusters

  private func channel(for key: [UInt8]?) -> RedisChannel? {
    // A server that is asked for what it does not have says where that is.
    guard let slots, let key, let address = slots.server(of: RedisSlot.of(key)) else { return home?.channel }
    return node(at: address)?.channel
  }

  /// The way to a server of the cluster, which is begun where there is none; nil where there are too many.
  private func node(at address: RedisAddress) -> RedisNode? {
    if let home, let channel = home.channel, home.address == address || channel.peer == address { return home }
    if let known = nodes[address] { return known }
    guard home != nil, nodes.count < Self.nodeBound else { return nil }
    let node = RedisNode([address], access: access, client: self)
    nodes[address] = node
    node.begin()
    return node
  }

  /// Sends a command where a server says that it belongs; false where its refusal says something else.
  func redirects(_ message: String, _ call: RedisCall, from node: RedisNode) -> Bool {
    guard var redirection = RedisRedirection(message) else {
      if slots != nil, message.hasPrefix("CLUSTERDOWN") { look(after: Self.lookAfterLoss) }
      return false
    }
    if redirection.address.host.isEmpty { redirection.address.host = node.address.host }
    if !redirection.isOnce {
      slots = slots ?? RedisSlotMap()
      slots?.move(redirection.slot, to: redirection.address)
      look(after: Self.lookAfterChange)
    }
    call.redirections += 1
    guard call.redirections <= Self.redirectionBound, let channel = self.node(at: redirection.address)?.channel else {
      call.finish(.failure(.unavailable))
      return true
    }
    guard Self.hasRoom(channel, for: call.size) else {
      call.finish(.failure(.full))
      return true
    }
    call.deadline = .now() + access.timeout
    channel.send(call, isAsking: redirection.isOnce)
    return true
  }

  /// Looks who has which slots, if nothing is under way to that end.
  private func look(after time: TimeAmount) {
    guard nextLook == nil, home != nil else { return }
    let box = NIOLoopBound(self, eventLoop: access.loop)
    nextLook = access.loop.scheduleTask(in: time) {
      box.value.nextLook = nil
      box.value.look()
    }
  }

  /// Asks whoever answers.
  /// - Parameter useless: servers that had nothing to say.
  private func look(past useless: [RedisNode] = []) {
    guard !isLooking, slots != nil, let home else { return }
    let asked = ([home] + nodes.values).first { node in
      node.channel != nil && !useless.contains { $0 === node }
    }
    guard let asked else { return look(after: Self.lookAfterLoss) }
    isLooking = true
    let host = asked.address.host
    asked.channel?.send(
      RedisCall(RedisCommand.bytes("CLUSTER", "SLOTS"), deadline: .now() + access.timeout) { [self] result in
        isLooking = false
        guard self.home != nil, let slots else { return }
        if case .success(let reply) = result, let map = RedisSlotMap(reply, from: host) {
          // A server that was taken out of its cluster may live on, and knows of nobody: others know better.
          if map.servers.isEmpty, !slots.servers.isEmpty { return look(past: useless + [asked]) }
          follow(map)
        }
        if !isWhole { look(after: Self.lookAfterLoss) }
      })
  }

  /// Takes a map, and connects to those that are in it.
  private func follow(_ map: RedisSlotMap) {
    slots = map
    // Any of them can say more when those of the connection string are gone.
    let named = access.addresses
    home?.addresses = named + map.servers.filter { !named.contains($0) }.prefix(Self.nodeBound)
    for address in map.servers { _ = node(at: address) }
    let wanted = Set(map.servers)
    for (address, node) in nodes where !wanted.contains(address) || self.node(at: address) !== node {
      // Whoever waits for an answer still gets it.
      guard node.channel?.calls.isEmpty ?? true else {
        look(after: Self.lookAfterLoss)
        continue
      }
      nodes[address] = nil
      end(node)
    }
    reportIfWhole()
  }

  /// The server by itself has everything.
  private func leaveCluster() {
    guard slots != nil else { return }
    slots = nil
    home?.addresses = access.addresses
    for node in nodes.values { end(node) }
    nodes = [:]
  }
}
