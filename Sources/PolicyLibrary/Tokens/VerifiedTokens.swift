import DotNet

/// Tokens whose signatures were found right a moment ago, for one event loop. Bounded; what is used stays longest.
///
/// A table of small sets, each of which gives up what was used longest ago for something new: so one is forgotten at a time,
/// and no request pays for freeing a thousand of them.
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
    fileprivate var usedTicks: Int64 = 0
    /// What the token says was found right, too, and would be again.
    var isAccepted = false

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

  /// Sets, and entries of each: 2,048 entries at most.
  private static let sets = 256
  private static let ways = 8
  /// How long a signature is believed without being checked again.
  private static let ticks: Int64 = 300 * 10_000_000

  /// By the ends of texts: see ``key(_:_:)``. Both empty until there is an entry; then the keys of a set lie side by side,
  /// 0 where there is no entry.
  private var keys: [UInt64] = []
  private var entries: [Entry?] = []

  /// What is known of a text, which need not be taken apart then.
  func find(_ text: Span<UInt8>, _ owner: Owner, now: Int64) -> Entry? {
    guard !keys.isEmpty, let key = Self.key(text, owner) else { return nil }
    for place in Self.places(key) where keys[place] == key {
      guard let entry = entries[place], entry.untilTicks > now, entry.owner === owner else { return nil }
      let known = entry.text
      guard ConstantTime.areEqual(known.span, text) else { return nil }
      entry.usedTicks = now
      return entry
    }
    return nil
  }

  /// - Parameters:
  ///   - text: what came with the request: the token itself, or the one it is encrypted in.
  ///   - keyID: that token's key identifier.
  func keep(_ token: Token, as text: [UInt8], keyID: String?, _ owner: Owner, _ keys: [KeySet], now: Int64) {
    var until = now + Self.ticks
    if case .at(let seconds) = token.expires, seconds < 2.5e11 {
      until = min(until, Int64(seconds) * 10_000_000 + TokenTime.epochTicks)
    }
    guard until > now, let key = Self.key(text.span, owner) else { return }
    let entry = Entry(token, keyID: keyID, text: text, owner, keys, untilTicks: until)
    entry.usedTicks = now
    if self.keys.isEmpty {
      self.keys = [UInt64](repeating: 0, count: Self.sets * Self.ways)
      entries = [Entry?](repeating: nil, count: Self.sets * Self.ways)
    }
    let place = placeForNew(key)
    self.keys[place] = key
    entries[place] = entry
  }

  /// The place of the key, a free one, or that of what was used longest ago.
  private func placeForNew(_ key: UInt64) -> Int {
    let places = Self.places(key)
    var oldest = places.lowerBound
    var ticks = Int64.max
    for place in places {
      if keys[place] == key { return place }
      let used = entries[place]?.usedTicks ?? -1
      if used < ticks { (oldest, ticks) = (place, used) }
    }
    return oldest
  }

  private static func places(_ key: UInt64) -> Range<Int> {
    let first = Int(truncatingIfNeeded: key &>> 56) &* ways
    return first..<first &+ ways
  }

  /// Forgets everything.
  func removeAll() {
    keys = []
    entries = []
  }

  /// The end of a token is its signature, or the seal of its encryption, which differ wherever anything does: a few bytes
  /// of them are enough of a key, and two texts that share one only take each other's place. nil for a text too short.
  private static func key(_ text: Span<UInt8>, _ owner: Owner) -> UInt64? {
    guard text.count >= 16 else { return nil }
    let bytes = text.bytes
    let a = bytes.unsafeLoadUnaligned(fromByteOffset: text.count - 16, as: UInt64.self)
    let b = bytes.unsafeLoadUnaligned(fromByteOffset: text.count - 8, as: UInt64.self)
    let address = UInt64(UInt(bitPattern: Unmanaged.passUnretained(owner).toOpaque()))
    return ((a ^ address) &* 0x9e37_79b9_7f4a_7c15 ^ b) &* 0xc2b2_ae3d_27d4_eb4f | 1
  }
}

/// Times in tokens: seconds since 1970.
enum TokenTime {
  static let epochTicks: Int64 = 621_355_968_000_000_000

  static func seconds(_ ticks: Int64) -> Double { Double(ticks - epochTicks) / 10_000_000 }
}
