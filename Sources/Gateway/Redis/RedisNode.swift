import Logging
import NIOCore
import NIOPosix
import NIOSSL
import RedisWire

/// The way to one server of Redis: one connection, and while there is none another attempt in the background, at growing
/// distances, one address of the list after the other.
final class RedisNode {
  private enum State {
    case connecting(RedisChannel)
    case ready(RedisChannel)
    case waiting(Scheduled<Void>)
    case ended
  }

  let access: RedisAccess
  private weak var client: RedisClient?
  /// Where the server may be; at least one.
  var addresses: [RedisAddress]
  /// What sentinels, which are at those addresses then, call the server; nil without them.
  private let service: String?
  /// Where a sentinel says that the server is.
  private var found: RedisAddress?
  /// The address tried last.
  private(set) var address: RedisAddress
  private var state = State.ended
  private var backoff = Backoff()
  private var index = 0

  init(_ addresses: [RedisAddress], service: String? = nil, access: RedisAccess, client: RedisClient) {
    self.addresses = addresses
    self.service = service
    self.access = access
    self.client = client
    address = addresses[0]
  }

  var loop: any EventLoop { access.loop }

  /// The connection; nil while there is none.
  var channel: RedisChannel? {
    if case .ready(let channel) = state { return channel }
    return nil
  }

  // MARK: - Connecting

  /// To be called once.
  func begin() { connect(to: addresses[0]) }

  private func connect(to address: RedisAddress) {
    self.address = address
    let channel = RedisChannel(node: self)
    state = .connecting(channel)
    let box = NIOLoopBound((node: self, channel: channel), eventLoop: loop)
    ClientBootstrap(group: loop)
      .channelOption(.socketOption(.tcp_nodelay), value: 1)
      .connectTimeout(access.connectTimeout)
      .channelInitializer { made in
        made.eventLoop.makeCompletedFuture {
          if let tls = try box.value.node.access.makeTLS(address) {
            try made.pipeline.syncOperations.addHandler(tls)
          }
          try made.pipeline.syncOperations.addHandler(box.value.channel)
        }
      }
      .connect(host: address.host, port: address.port)
      .whenFailure { error in box.value.node.lost(box.value.channel, "\(error)") }
  }

  /// A connection's first words were answered.
  /// - Parameter isCluster: nil where the server does not say.
  func ready(_ channel: RedisChannel, isReplica: Bool, isCluster: Bool?) {
    guard case .connecting(let current) = state, current === channel else {
      return channel.close("the settings changed", .lost)
    }
    if let service, found == nil { return ask(channel, for: service) }
    // Every server of a cluster knows where the others are.
    if isReplica, isCluster != true, service != nil || addresses.count > 1 {
      return channel.close("it is a replica", .lost)
    }
    state = .ready(channel)
    backoff.succeeded()
    client?.ready(self, isCluster: isCluster)
  }

  /// Asks a sentinel where the server is, and goes there.
  private func ask(_ sentinel: RedisChannel, for service: String) {
    let command = RedisCommand.bytes("SENTINEL", "GET-MASTER-ADDR-BY-NAME", service)
    sentinel.send(
      RedisCall(command, deadline: .now() + access.timeout) { [self] result in
        guard case .connecting(let current) = state, current === sentinel else { return }
        guard case .success(.array(let items)) = result, items.count == 2, let host = items[0].text, !host.isEmpty,
          let port = items[1].text.flatMap(Int.init), (1...65_535).contains(port)
        else { return sentinel.close("the sentinel knows no server '\(service)'", .lost) }
        let found = RedisAddress(host: host.lowercased(), port: port)
        self.found = found
        connect(to: found)
        sentinel.close("it has been asked", .lost)
      })
  }

  /// A connection came to its end, or never began.
  func lost(_ channel: RedisChannel, _ reason: String) {
    var wasReady = false
    switch state {
    case .ready(let current) where current === channel: wasReady = true
    case .connecting(let current) where current === channel: break
    default: return
    }
    let address = address
    found = nil
    index += 1
    // Every address of the list has its turn before there is a pause worth the name.
    let wait = index % addresses.count == 0 ? backoff.failed(spread: .random(in: 0...1)) : 10
    let box = NIOLoopBound(self, eventLoop: loop)
    state = .waiting(
      loop.scheduleTask(in: .milliseconds(Int64(wait))) {
        guard case .waiting = box.value.state else { return }
        box.value.connect(to: box.value.addresses[box.value.index % box.value.addresses.count])
      })
    client?.lost(self, wasReady: wasReady, "\(address): \(reason)")
  }

  /// Whether a refusal only means that a command belongs elsewhere, where it is sent then.
  func redirects(_ message: String, _ call: RedisCall) -> Bool { client?.redirects(message, call, from: self) ?? false }

  func published(_ bytes: [UInt8]?) { client?.published(bytes) }

  /// Closes the connection and tries no other. Returns whether there was one.
  @discardableResult
  func end() -> Bool {
    let former = state
    state = .ended
    client = nil
    switch former {
    case .ready(let channel), .connecting(let channel): channel.close("the settings changed", .lost)
    case .waiting(let task): task.cancel()
    case .ended: break
    }
    if case .ready = former { return true }
    return false
  }
}
