/// Where a key belongs in a cluster: one of 16,384 slots (Redis Cluster specification, "Key distribution model").
public enum RedisSlot {
  public static let count = 16_384

  /// The slot of a key: of what stands in its first braces, if anything does, else of all of it.
  public static func of(_ key: [UInt8]) -> Int {
    if let open = key.firstIndex(of: 0x7b), let close = key[(open + 1)...].firstIndex(of: 0x7d), close > open + 1 {
      return Int(checksum(key[(open + 1)..<close])) % count
    }
    return Int(checksum(key[...])) % count
  }

  /// CRC16-XMODEM: polynomial 0x1021, from 0, nothing reflected.
  static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt16 {
    var sum: UInt16 = 0
    for byte in bytes {
      sum ^= UInt16(byte) << 8
      for _ in 0..<8 { sum = sum & 0x8000 == 0 ? sum << 1 : sum << 1 ^ 0x1021 }
    }
    return sum
  }
}

/// A server of a cluster, or one that a sentinel names.
public struct RedisAddress: Hashable, Sendable, CustomStringConvertible {
  public var host: String
  public var port: Int
  public var description: String { "\(host):\(port)" }

  public init(host: String, port: Int) {
    self.host = host
    self.port = port
  }
}

/// A server's word that a key is somewhere else: `MOVED 3999 host:port` for good, `ASK 3999 host:port` for once.
public struct RedisRedirection: Equatable, Sendable {
  /// Whether it is for once: the slot is on its way.
  public var isOnce: Bool
  public var slot: Int
  /// Without a host it is the one that says so.
  public var address: RedisAddress

  /// Nil when an error says something else.
  public init?(_ message: String) {
    let parts = message.split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count >= 3, parts[0] == "MOVED" || parts[0] == "ASK", let slot = Int(parts[1]),
      (0..<RedisSlot.count).contains(slot), let colon = parts[2].lastIndex(of: ":"),
      let port = Int(parts[2][parts[2].index(after: colon)...]), (1...65_535).contains(port)
    else { return nil }
    isOnce = parts[0] == "ASK"
    self.slot = slot
    address = RedisAddress(host: RedisSlotMap.host(parts[2][..<colon]), port: port)
  }
}

/// Which server of a cluster has which slots.
public struct RedisSlotMap: Equatable, Sendable {
  /// Servers with slots at most.
  public static let serverBound = 1_000

  /// Those that have slots.
  public private(set) var servers: [RedisAddress] = []
  /// For each slot a number of ``servers``; -1 for nobody.
  private var owners = [Int16](repeating: -1, count: RedisSlot.count)

  public init() {}

  /// What a server answers to `CLUSTER SLOTS`; nil when it is something else.
  /// - Parameter host: of the server, which may leave out its own.
  public init?(_ reply: RedisReply, from host: String) {
    guard case .array(let ranges) = reply else { return nil }
    for range in ranges {
      guard case .array(let items) = range, items.count >= 3, case .integer(let first) = items[0],
        case .integer(let last) = items[1], first >= 0, first <= last, last < RedisSlot.count,
        case .array(let main) = items[2], main.count >= 2, case .integer(let port) = main[1],
        (1...65_535).contains(port)
      else { return nil }
      var address = RedisAddress(host: Self.host(main[0].text ?? ""), port: Int(port))
      if address.host.isEmpty { address.host = host }
      guard let number = number(of: address) else { return nil }
      for slot in Int(first)...Int(last) { owners[slot] = number }
    }
  }

  /// Without brackets, and without the sign for a host that the server does not know.
  static func host(_ text: some StringProtocol) -> String {
    var text = text[...]
    if text.hasPrefix("["), text.hasSuffix("]") { text = text.dropFirst().dropLast() }
    return text == "?" ? "" : text.lowercased()
  }

  private mutating func number(of address: RedisAddress) -> Int16? {
    if let known = servers.firstIndex(of: address) { return Int16(known) }
    guard servers.count < Self.serverBound else { return nil }
    servers.append(address)
    return Int16(servers.count - 1)
  }

  /// Nil when nobody is known to have it.
  public func server(of slot: Int) -> RedisAddress? {
    guard owners.indices.contains(slot), owners[slot] >= 0 else { return nil }
    return servers[Int(owners[slot])]
  }

  /// A slot has gone to another server.
  public mutating func move(_ slot: Int, to address: RedisAddress) {
    guard owners.indices.contains(slot), let number = number(of: address) else { return }
    owners[slot] = number
  }
}
