/// Tokens whose signatures were found right a moment ago, for one event loop. Bounded; what is used stays longest.
final class VerifiedTokens {
  /// Who found a token right: one policy's settings. Entries keep it alive, so that none stands for another.
  final class Owner: Sendable {}

  private struct Key: Hashable {
    let text: String
    let owner: ObjectIdentifier
  }

  struct Entry {
    let token: Token
    /// Key identifier of what came with the request.
    let keyID: String?
    fileprivate let owner: Owner
    fileprivate let keys: [KeySet]
    fileprivate let untilTicks: Int64

    /// Whether these key sets were asked; with others the signature is checked again.
    func isSigned(by keys: [KeySet]) -> Bool { self.keys.elementsEqual(keys, by: { $0 === $1 }) }
  }

  /// Most entries of each generation.
  private static let half = 1_024
  /// How long a signature is believed without being checked again.
  private static let ticks: Int64 = 300 * 10_000_000

  private var young: [Key: Entry] = [:]
  private var old: [Key: Entry] = [:]

  /// What is known of a text, which need not be taken apart then.
  func find(_ text: String, _ owner: Owner, now: Int64) -> Entry? {
    let key = Key(text: text, owner: ObjectIdentifier(owner))
    var entry = young[key]
    if entry == nil, let found = old.removeValue(forKey: key) {
      entry = found
      keep(found, key)
    }
    guard let entry, entry.untilTicks > now else { return nil }
    return entry
  }

  /// - Parameters:
  ///   - text: what came with the request: the token itself, or the one it is encrypted in.
  ///   - keyID: that token's key identifier.
  func keep(_ token: Token, as text: String, keyID: String?, _ owner: Owner, _ keys: [KeySet], now: Int64) {
    var until = now + Self.ticks
    if let seconds = token.claims["exp"]?.seconds, seconds < 2.5e11 {
      until = min(until, Int64(seconds) * 10_000_000 + TokenTime.epochTicks)
    }
    guard until > now else { return }
    keep(
      Entry(token: token, keyID: keyID, owner: owner, keys: keys, untilTicks: until),
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
