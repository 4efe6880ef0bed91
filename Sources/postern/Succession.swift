import Gateway
import Logging
import Synchronization

/// Who served before, and who will serve next.
final class Succession: Sendable {
  private let offer = Mutex<HandoverOffer?>(nil)
  private let preparing = Mutex<Task<Void, Never>?>(nil)
  private let server: GatewayServer

  /// - Parameters:
  ///   - directory: the gateway's folder; nil where it has none, and then nobody can take over.
  ///   - request: to whom this process has succeeded; nobody can take over from it until that one has ended.
  init(
    directory: String?, _ server: GatewayServer, after request: HandoverRequest?, drainMilliseconds: Int,
    _ logger: Logger
  ) {
    self.server = server
    let task = Task {
      if let request {
        do {
          try await request.awaitEnd(of: server, milliseconds: drainMilliseconds)
          logger.info("The former process has answered its last request")
        } catch {
          logger.warning("The former process did not tell what it counted at last: \(error)")
        }
      }
      guard let directory, !Task.isCancelled else { return }
      let made = HandoverOffer(directory: directory, version: Version.number, logger: logger)
      offer.withLock { $0 = made }
    }
    preparing.withLock { $0 = task }
  }

  /// Waits for a process that takes over; nil once this one ends.
  func successor() async -> HandoverSuccessor? {
    await preparing.withLock { $0 }?.value
    return await offer.withLock { $0 }?.successor(of: server)
  }

  /// Nobody can take over any more.
  func end() {
    preparing.withLock { $0 }?.cancel()
    offer.withLock { offer in
      offer?.end()
      offer = nil
    }
  }
}
