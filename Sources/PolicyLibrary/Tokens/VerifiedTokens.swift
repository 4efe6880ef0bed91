/// Tokens whose signatures were found right a moment ago, for one event loop. Bounded; what is used stays longest.
final class VerifiedTokens {
  /// Who found a token right: one policy's settings. Entries keep it alive, so that none stands for another.
  final class Owner: Sendable {}

  private struct Key: Hashable {
    let text: String
    let owner: ObjectIdentifier
  }

  private struct Entry {
    let token: Token
    let owner: Owner
    /// The key sets that were asked; with others the signature is checked again.
    let keys: [KeySet]
    let untilTicks: Int64
  }

  /// Most entries of each generation.
  private static let half = 1_024
  /// How long a signature is believed without being checked again.
  private static let ticks: Int64 = 300 * 10_000_000

  private var young: [Key: Entry] = [:]
  private var old: [Key: Entry] = [:]

  func find(_ text: String, _ owner: Owner, _ keys: [KeySet], now: Int64) -> Token? {
    let key = Key(text: text, owner: ObjectIdentifier(owner))
    var entry = young[key]
    if entry == nil, let found = old.removeValue(forKey: key) {
      entry = found
      keep(found, key)
    }
    guard let entry, entry.untilTicks > now, entry.keys.elementsEqual(keys, by: { $0 === $1 }) else { return nil }
    return entry.token
  }

  /// - Parameter text: what came with the request: the token itself, or the one it is encrypted in.
  func keep(_ token: Token, as text: String, _ owner: Owner, _ keys: [KeySet], now: Int64) {
    var until = now + Self.ticks
    if let seconds = token.claims["exp"]?.seconds, seconds < 2.5e11 {
      until = min(until, Int64(seconds) * 10_000_000 + TokenTime.epochTicks)
    }
    guard until > now else { return }
    keep(
      Entry(token: token, owner: owner, keys: keys, untilTicks: until),
      Key(text: text, owner: ObjectIdentifier(owner)))
  }

  private func keep(_ entry: Entry, _ key: Key) {
    if young.count >= Self.half {
      old = young
      young = [:]
    }
    young[key] = entry
  }
}

/// Times in tokens: seconds since 1970.
enum TokenTime {
  static let epochTicks: Int64 = 621_355_968_000_000_000

  static func seconds(_ ticks: Int64) -> Double { Double(ticks - epochTicks) / 10_000_000 }
}
