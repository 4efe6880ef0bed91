import ControlPlaneStore
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
    /// JSON.
    let trace: [UInt8]
  }

  private struct State {
    /// The oldest first.
    var kept: [Kept] = []
    /// All that ever came.
    var count: Int64 = 0
  }

  private let state = Mutex(State())
  /// Wakes those who ask for a trace that is on its way.
  private let signal = RevisionSignal(revision: 0)

  init() {}

  /// Takes a trace from a gateway.
  /// - Parameter trace: JSON, a ``PolicyLibrary/TraceDocument``.
  public func add(_ trace: [UInt8], id: String, gatewayID: String) {
    let gateway = gatewayID.lowercased()
    let count = state.withLock { state in
      // A gateway that was not told that its trace has come sends it again.
      state.kept.removeAll { $0.gatewayID == gateway && $0.id == id }
      state.kept.append(Kept(gatewayID: gateway, id: id, trace: trace))
      while state.kept.count(where: { $0.gatewayID == gateway }) > Self.bound,
        let oldest = state.kept.firstIndex(where: { $0.gatewayID == gateway })
      {
        state.kept.remove(at: oldest)
      }
      while state.kept.count > 1, state.kept.reduce(0, { $0 + $1.trace.count }) > Self.byteBound {
        state.kept.removeFirst()
      }
      state.count += 1
      return state.count
    }
    signal.advance(to: count)
  }

  /// The trace of that name; waits for one that is on its way, at most so long.
  func trace(_ id: String, gatewayID: String, waiting: Duration) async -> [UInt8]? {
    let end = ContinuousClock.now + waiting
    while true {
      let revision = signal.revision
      let found = state.withLock { $0.kept.last { $0.id == id && $0.gatewayID == gatewayID.lowercased() } }
      let left = end - ContinuousClock.now
      if found != nil || left <= .zero || Task.isCancelled { return found?.trace }
      await signal.wait(after: revision, upTo: left)
    }
  }
}
