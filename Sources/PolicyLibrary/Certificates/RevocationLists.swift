import DotNet
import Expressions

/// Revocation lists, for one event loop: each fetched once for all who ask, and kept until the next is due.
final class RevocationLists {
  typealias Found = Result<RevocationList, RevocationFailure>

  private struct Key: Hashable {
    let address: String
    /// Whose list it is; the same address may be named by another authority's certificates.
    let issuer: CertificateValue
  }

  private struct Entry {
    let found: Found
    let untilTicks: Int64
    var size: Int { (try? found.get().size) ?? 0 }
  }

  /// For how long an address that gave no list is left alone: 15 seconds.
  private static let pauseTicks: Int64 = 15 * 10_000_000
  private static let most = 64
  /// Octets of all lists together, as they were fetched.
  private static let mostOctets = 16 << 20

  private var entries: [Key: Entry] = [:]
  private var waiting: [Key: [(Found) -> Void]] = [:]

  /// What the list at an address says of a certificate, and until when (UTC ticks).
  func status(
    _ question: RevocationQuestion, at address: String, _ effects: any PolicyEffects,
    _ completion: @escaping (Result<(status: RevocationStatus, untilTicks: Int64), RevocationFailure>) -> Void
  ) {
    find(question, address, effects) { found in
      do throws(RevocationFailure) {
        let list = try found.get()
        completion(.success((try list.status(question), list.untilTicks)))
      } catch {
        completion(.failure(error))
      }
    }
  }

  private func find(
    _ question: RevocationQuestion, _ address: String, _ effects: any PolicyEffects,
    _ completion: @escaping (Found) -> Void
  ) {
    let key = Key(address: address, issuer: question.issuer)
    if let entry = entries[key], entry.untilTicks > effects.now() { return completion(entry.found) }
    if waiting[key] != nil {
      waiting[key]?.append(completion)
      return
    }
    waiting[key] = [completion]
    RevocationMemory.fetch(address, nil, most: RevocationList.bound, effects) { [self] result in
      switch result {
      case .failure(let failure): end(key, .failure(failure), effects)
      case .success(let bytes):
        let now = effects.now()
        _ = effects.compute { () -> Found in
          do throws(RevocationFailure) {
            return .success(try RevocationList(bytes, for: question, at: now))
          } catch {
            return .failure(RevocationFailure("\(address): \(error.message)"))
          }
        } _: { [self] in
          end(key, $0, effects)
        }
      }
    }
  }

  private func end(_ key: Key, _ found: Found, _ effects: any PolicyEffects) {
    let now = effects.now()
    let entry = Entry(found: found, untilTicks: (try? found.get().untilTicks) ?? now + Self.pauseTicks)
    entries[key] = nil
    makePlace(for: entry.size, now)
    entries[key] = entry
    let completions = waiting.removeValue(forKey: key) ?? []
    for completion in completions { completion(found) }
  }

  /// Forgets what is over, then what ends first.
  private func makePlace(for size: Int, _ now: Int64) {
    entries = entries.filter { $0.value.untilTicks > now }
    while entries.count >= Self.most || entries.values.reduce(size, { $0 + $1.size }) > Self.mostOctets,
      let first = entries.min(by: { $0.value.untilTicks < $1.value.untilTicks })
    {
      entries[first.key] = nil
    }
  }
}
