import CDescriptors
import FoundationEssentials
import Glibc
public import Logging
import Synchronization

/// The predecessor's side: waits at the socket in the gateway's folder for another process that wants to take over.
///
/// The listening sockets pass from process to process as they are, so that no connection is refused, and none that waits
/// to be accepted is reset. Whatever goes wrong before the successor serves leaves this process serving as before.
public final class HandoverOffer: Sendable {
  private let address: HandoverAddress
  private let claim: FileClaim
  private let listener: Int32
  private let version: String
  private let logger: Logger
  private let switchSeconds: Int
  private let isOver = Mutex(false)

  /// Seconds for the successor to start and to get a configuration.
  static let preparationSeconds = 120
  /// Seconds for it to accept once this process does not.
  public static let switchSeconds = 10

  /// Nil when the folder's socket belongs to another process, or none can be made; the log says so.
  public init?(
    directory: String, version: String, switchSeconds: Int = HandoverOffer.switchSeconds, logger: Logger
  ) {
    address = HandoverAddress(directory: directory)
    guard let claim = FileClaim(exactly: address.path), let listener = address.listen() else {
      logger.info("No process can take over from this one: \(address.path) is another's, or cannot be made")
      return nil
    }
    self.claim = claim
    self.listener = listener
    self.version = version
    self.switchSeconds = switchSeconds
    self.logger = logger
  }

  /// Waits until a successor serves in this process's place; nil once ``end()`` was called.
  public func successor(of server: GatewayServer) async -> HandoverSuccessor? {
    while !isOver.withLock({ $0 }) {
      let listener = listener
      let accepted = try? await HandoverChannel.waiting { postern_accept(listener) }
      guard !isOver.withLock({ $0 }) else { break }
      guard let accepted, accepted >= 0 else {
        try? await Task.sleep(for: .milliseconds(100))
        continue
      }
      do {
        let channel = HandoverChannel(accepted)
        let told = try await handOver(server, channel)
        return HandoverSuccessor(channel: channel, server: server, told: told)
      } catch {
        logger.error("Another process could not take over, this one goes on: \(error)")
      }
    }
    return nil
  }

  /// Returns what the successor was told of the counts of replicas.
  private func handOver(_ server: GatewayServer, _ channel: HandoverChannel) async throws -> ReplicaMemory? {
    guard channel.isTrusted else { throw HandoverChannel.Failure(description: "it belongs to another user") }
    let (logger, version, sockets, switchSeconds) = (logger, version, server.sockets, switchSeconds)
    try await HandoverChannel.waiting {
      channel.wait(seconds: switchSeconds)
      let hello = try channel.receive(.hello)
      logger.info("Version \(hello.text.prefix(100)) is about to take over")
      for socket in sockets {
        try channel.send(
          .init(kind: .listener, bytes: Array(socket.kind.rawValue.utf8), descriptor: socket.descriptor))
      }
      try channel.send(.init(kind: .listenersEnd, bytes: Array(version.utf8)))
      channel.wait(seconds: Self.preparationSeconds)
      _ = try channel.receive(.prepared)
      channel.wait(seconds: switchSeconds)
    }
    // From here on nobody accepts until the successor does; who connects meanwhile waits in the sockets.
    await server.stopAccepting()
    let (claim, own) = server.quotas?.handOver() ?? (nil, server.counters())
    var counters = own
    counters.replicas = await server.replicaMemory()
    let bytes = counters.bytes
    let state = server.quotas?.quotaState
    do {
      let stateBytes = try state.flatMap { $0.applied > 0 ? [UInt8](try JSONEncoder().encode($0)) : nil }
      try await HandoverChannel.waiting {
        if let claim, claim.descriptor >= 0 {
          try channel.send(
            .init(kind: .quotaFile, bytes: Array(claim.path.utf8), descriptor: claim.descriptor))
        }
        if let stateBytes { try channel.send(.init(kind: .quotaState, bytes: stateBytes)) }
        try channel.send(.init(kind: .counters, bytes: bytes))
        _ = try channel.receive(.serving)
      }
    } catch {
      server.quotas?.takeBack(claim)
      try await server.accept()
      throw error
    }
    claim?.leave()
    return counters.replicas
  }

  deinit { close(listener) }

  /// Waits for nobody any more. To be called once.
  public func end() {
    isOver.withLock { $0 = true }
    shutdown(listener, Int32(SHUT_RDWR))
    unlink(address.path)
    claim.release()
  }
}

/// The process that serves now, while its predecessor finishes what it had begun.
public struct HandoverSuccessor: Sendable {
  let channel: HandoverChannel
  let server: GatewayServer
  /// What it knows already of the counts of replicas.
  let told: ReplicaMemory?

  /// Tells it what was counted since it began. To be called when the last request is answered.
  public func tellRemainder() async {
    var counters = server.quotas?.remainder() ?? LimitCounters()
    if let told { counters.replicas = await server.replicaMemory()?.since(told) }
    let (channel, bytes) = (channel, counters.bytes)
    // A successor that is gone needs no counters.
    try? await HandoverChannel.waiting { try channel.send(.init(kind: .remainder, bytes: bytes)) }
  }
}
