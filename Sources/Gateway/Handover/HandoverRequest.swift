import FoundationEssentials
import Glibc
import NIOCore

/// The successor's side: takes sockets, counters and the file of quotas from the process that serves a gateway now.
public final class HandoverRequest: Sendable {
  /// Why there is nothing to take over.
  public struct Failure: Error, Sendable, CustomStringConvertible {
    public var description: String

    public init(description: String) { self.description = description }
  }

  private let channel: HandoverChannel
  private let sockets: [ListeningSocket]
  /// The predecessor's.
  public let version: String

  /// Sockets that a process can hand over.
  private static let socketBound = 1_024

  /// Asks the process that serves from a folder; nil when none answers there. It goes on serving until ``finish(_:)``.
  /// - Parameter switchSeconds: for an answer of the other process.
  public init?(directory: String, version: String, switchSeconds: Int = HandoverOffer.switchSeconds) async throws {
    let address = HandoverAddress(directory: directory)
    guard let channel = address.connect() else { return nil }
    guard channel.isTrusted else { throw Failure(description: "the gateway at \(address.path) is another user's") }
    (sockets, self.version) = try await HandoverChannel.waiting {
      channel.wait(seconds: switchSeconds)
      try channel.send(.init(kind: .hello, bytes: Array(version.utf8)))
      var sockets: [ListeningSocket] = []
      do {
        while true {
          let message = try channel.receive(.listener, .listenersEnd)
          if message.kind == .listenersEnd { return (sockets, String(message.text.prefix(100))) }
          guard let descriptor = message.descriptor else { throw Failure(description: "a socket did not come along") }
          guard let kind = ListeningSocket.Kind(rawValue: message.text), ListeningSocket.isListening(descriptor),
            sockets.count < Self.socketBound
          else {
            close(descriptor)
            throw Failure(description: "what came along is no socket that listens")
          }
          sockets.append(ListeningSocket(kind, descriptor: descriptor))
        }
      } catch {
        for socket in sockets { socket.close() }
        throw error
      }
    }
    self.channel = channel
  }

  /// Serves instead of the predecessor. To be called once the server has a configuration.
  public func finish(_ server: GatewayServer) async throws {
    let channel = channel
    let (claim, state, counters) = try await HandoverChannel.waiting {
      try channel.send(.init(kind: .prepared))
      var claim: FileClaim?
      var message = try channel.receive(.quotaFile, .quotaState, .counters)
      if message.kind == .quotaFile {
        if let descriptor = message.descriptor {
          claim = FileClaim(handedOver: message.text, descriptor: descriptor)
        }
        message = try channel.receive(.quotaState, .counters)
      }
      var state: QuotaState?
      if message.kind == .quotaState {
        state = try? JSONDecoder().decode(QuotaState.self, from: Data(message.bytes))
        message = try channel.receive(.counters)
      }
      guard let counters = LimitCounters(bytes: message.bytes) else {
        claim?.leave()
        throw Failure(description: "the counters that came cannot be read")
      }
      return (claim, state, counters)
    }
    if let quotas = server.quotas { quotas.takeOver(claim, counters, state) } else { server.add(counters) }
    await server.takeOver(counters.replicas)
    try await server.start(sockets)
    try await HandoverChannel.waiting { try channel.send(.init(kind: .serving)) }
  }

  /// Waits until the predecessor has answered its last request, and counts what it counted meanwhile.
  /// - Parameter milliseconds: how long its connections may last.
  public func awaitEnd(of server: GatewayServer, milliseconds: Int) async throws {
    let channel = channel
    channel.wait(seconds: milliseconds / 1_000 + 30)
    let counters = try await HandoverChannel.waiting {
      LimitCounters(bytes: try channel.receive(.remainder).bytes)
    }
    if let counters {
      server.add(counters)
      await server.takeOver(counters.replicas)
    }
  }
}

extension GatewayServer {
  func counters() -> LimitCounters {
    memory.limits.counters(seconds: Clock.ticks() / 10_000_000, uptime: LoopEffects.uptime())
  }

  func add(_ counters: LimitCounters) { memory.limits.add(counters) }

  /// What replicas count together; nil where they do not.
  func replicaMemory() async -> ReplicaMemory? {
    guard let replicas else { return nil }
    return try? await replicas.eventLoop.submit { replicas.value.remembered() }.get()
  }

  func takeOver(_ memory: ReplicaMemory?) async {
    guard let replicas, let memory else { return }
    try? await replicas.eventLoop.submit { replicas.value.takeOver(memory) }.get()
  }
}
