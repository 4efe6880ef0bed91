import Synchronization

/// How many exchanges are in the blocks of `limit-concurrency`, exact across the loops of the process. A key is there only
/// while somebody is in its block.
final class ConcurrencyTable: Sendable {
  private let counts = Mutex<[String: Int]>([:])

  func enter(_ key: String, limit: Int) -> Bool {
    counts.withLock { counts in
      let count = counts[key, default: 0]
      guard count < limit else { return false }
      counts[key] = count + 1
      return true
    }
  }

  func leave(_ key: String) {
    counts.withLock { counts in
      guard let count = counts[key] else { return }
      counts[key] = count > 1 ? count - 1 : nil
    }
  }
}
