public import ControlPlaneStore
import Synchronization

/// The latest traces of each gateway. They hold what callers sent, so they are kept in memory alone.
public final class GatewayTraces: Sendable {
  /// Traces of one gateway, as Azure keeps them.
  public static let bound = 100
  /// Bytes of all traces, as JSON.
  static let byteBound = 64 << 20

  private struct Kept {
    let gatewayID: String
    let id: String
    let trace: JSON
    let bytes: Int
  }

  /// The oldest first.
  private let kept = Mutex<[Kept]>([])
  /// Wakes those who ask for a trace that is on its way.
  private let signal = RevisionSignal(revision: 0)

  init() {}

  /// Takes a trace from a gateway.
  /// - Parameter trace: a ``PolicyLibrary/TraceDocument``.
  public func add(_ trace: JSON, id: String, gatewayID: String) {
    let gateway = gatewayID.lowercased()
    let new = Kept(gatewayID: gateway, id: id, trace: trace, bytes: trace.bytes.count)
    kept.withLock { kept in
      // A gateway that was not told that its trace has come sends it again.
      kept.removeAll { $0.gatewayID == gateway && $0.id == id }
      kept.append(new)
      while kept.count(where: { $0.gatewayID == gateway }) > Self.bound,
        let oldest = kept.firstIndex(where: { $0.gatewayID == gateway })
      {
        kept.remove(at: oldest)
      }
      while kept.count > 1, kept.reduce(0, { $0 + $1.bytes }) > Self.byteBound { kept.removeFirst() }
    }
    signal.advance(to: signal.revision + 1)
  }

  /// The trace of that name; waits for one that is on its way, at most so long.
  func trace(_ id: String, gatewayID: String, waiting: Duration) async -> JSON? {
    let end = ContinuousClock.now + waiting
    while true {
      let revision = signal.revision
      let found = kept.withLock { $0.last { $0.id == id && $0.gatewayID == gatewayID.lowercased() } }
      let left = end - ContinuousClock.now
      if found != nil || left <= .zero || Task.isCancelled { return found?.trace }
      await signal.wait(after: revision, upTo: left)
    }
  }
}
