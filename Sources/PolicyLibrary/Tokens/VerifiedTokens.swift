import DotNet

/// Tokens whose signatures were found right a moment ago, for one event loop. Bounded; what is used stays longest.
final class VerifiedTokens {
  /// Who found a token right: one policy's settings. Entries keep it alive, so that none stands for another.
  final class Owner: Sendable {}

  /// One reference: it is handed on for every request.
  final class Entry {
    let token: Token
    /// Key identifier of what came with the request.
    let keyID: String?
    fileprivate let text: [UInt8]
    fileprivate let owner: Owner
    /// The issuers' keys that were asked.
    let keys: [KeySet]
    fileprivate let untilTicks: Int64

    fileprivate init(
      _ token: Token, keyID: String?, text: [UInt8], _ owner: Owner, _ keys: [KeySet], untilTicks: Int64
    ) {
      self.token = token
      self.keyID = keyID
      self.text = text
      self.owner = owner
      self.keys = keys
      self.untilTicks = untilTicks
    }

    /// Whether these key sets were asked; with others the signature is checked again.
    func isSigned(by keys: [KeySet]) -> Bool {
      guard self.keys.count == keys.count else { return false }
      for i in keys.indices where self.keys[i] !== keys[i] { return false }
      return true
    }

    /// Whether the issuers at these addresses have the keys still that were asked.
    func isSigned(at addresses: [String], _ directory: KeyDirectory, _ effects: any PolicyEffects) -> Bool {
      guard keys.count == addresses.count else { return false }
      for i in addresses.indices {
        guard case .ready(let current) = directory.find(addresses[i], keyID: keyID, effects), current === keys[i] else {
          return false
        }
      }
      return true
    }
  }

  /// Most entries of each generation.
  private static let half = 1_024
  /// How long a signature is believed without being checked again.
  private static let ticks: Int64 = 300 * 10_000_000

  /// By the ends of texts: see ``key(_:_:)``.
  private var young: [UInt64: Entry] = [:]
  private var old: [UInt64: Entry] = [:]

  /// What is known of a text, which need not be taken apart then.
  func find(_ text: Span<UInt8>, _ owner: Owner, now: Int64) -> Entry? {
    guard let key = Self.key(text, owner) else { return nil }
    var entry = young[key]
    if entry == nil, let found = old.removeValue(forKey: key) {
      entry = found
      keep(found, key)
    }
    guard let entry, entry.untilTicks > now, entry.owner === owner else { return nil }
    let known = entry.text
    return ConstantTime.areEqual(known.span, text) ? entry : nil
  }

  /// - Parameters:
  ///   - text: what came with the request: the token itself, or the one it is encrypted in.
  ///   - keyID: that token's key identifier.
  func keep(_ token: Token, as text: String, keyID: String?, _ owner: Owner, _ keys: [KeySet], now: Int64) {
    var until = now + Self.ticks
    if case .at(let seconds) = token.expires, seconds < 2.5e11 {
      until = min(until, Int64(seconds) * 10_000_000 + TokenTime.epochTicks)
    }
    let bytes = Array(text.utf8)
    guard until > now, let key = Self.key(bytes.span, owner) else { return }
    keep(Entry(token, keyID: keyID, text: bytes, owner, keys, untilTicks: until), key)
  }

  /// Forgets everything.
  func removeAll() {
    young = [:]
    old = [:]
  }

  private func keep(_ entry: Entry, _ key: UInt64) {
    if young.count >= Self.half {
      old = young
      young = [:]
    }
    young[key] = entry
  }

  /// The end of a token is its signature, or the seal of its encryption, which differ wherever anything does: a few bytes
  /// of them are enough of a key, and two texts that share one only take each other's place. nil for a text too short.
  private static func key(_ text: Span<UInt8>, _ owner: Owner) -> UInt64? {
    guard text.count >= 16 else { return nil }
    let bytes = text.bytes
    let a = bytes.unsafeLoadUnaligned(fromByteOffset: text.count - 16, as: UInt64.self)
    let b = bytes.unsafeLoadUnaligned(fromByteOffset: text.count - 8, as: UInt64.self)
    let address = UInt64(UInt(bitPattern: Unmanaged.passUnretained(owner).toOpaque()))
    return (a &* 0x9e37_79b9_7f4a_7c15) ^ (b &* 0xc2b2_ae3d_27d4_eb4f) ^ address
  }
}

/// Times in tokens: seconds since 1970.
enum TokenTime {
  static let epochTicks: Int64 = 621_355_968_000_000_000

  static func seconds(_ ticks: Int64) -> Double { Double(ticks - epochTicks) / 10_000_000 }
}
