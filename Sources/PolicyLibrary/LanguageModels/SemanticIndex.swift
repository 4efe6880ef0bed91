/// The prompts whose answers are in the cache, as vectors of length one: one entry of the cache for each partition, bounded
/// in bytes, the oldest going first.
struct SemanticIndex {
  struct Entry {
    /// Names the answer in the cache.
    var id: String
    /// Ticks.
    var end: Int64
    var vector: [Float]
  }

  private(set) var entries: [Entry] = []

  /// Bytes of an index; below the bound of one entry of the cache.
  private static let byteLimit = 1 << 20
  /// Numbers of one vector.
  static let dimensionLimit = 8_192
  private static let mark: [UInt8] = [0x53, 0x49, 0x31]

  init() {}

  /// Nil for bytes that are no index.
  init?(_ bytes: [UInt8]) {
    guard bytes.starts(with: Self.mark), bytes.count <= Self.byteLimit else { return nil }
    var reader = Reader(rest: bytes[Self.mark.count...])
    while !reader.rest.isEmpty {
      guard let end = reader.number(8), let high = reader.number(8), let low = reader.number(8),
        let count = reader.number(4), count <= UInt64(Self.dimensionLimit), UInt64(reader.rest.count) >= count * 4
      else { return nil }
      var vector: [Float] = []
      vector.reserveCapacity(Int(count))
      for _ in 0..<count { vector.append(Float(bitPattern: UInt32(truncatingIfNeeded: reader.number(4) ?? 0))) }
      entries.append(
        Entry(id: Self.id(high, low), end: Int64(bitPattern: end), vector: vector))
    }
  }

  private struct Reader {
    var rest: ArraySlice<UInt8>

    mutating func number(_ count: Int) -> UInt64? {
      guard rest.count >= count else { return nil }
      let value = rest.prefix(count).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      rest = rest.dropFirst(count)
      return value
    }
  }

  static func id(_ high: UInt64, _ low: UInt64) -> String { "\(String(high, radix: 16))-\(String(low, radix: 16))" }

  /// Without what is over, and without the oldest where it would be too long.
  func bytes(at now: Int64) -> [UInt8] {
    var parts: [[UInt8]] = []
    var room = Self.byteLimit - Self.mark.count
    for entry in entries.reversed() where entry.end > now {
      let part = Self.bytes(of: entry)
      guard part.count <= room else { break }
      room -= part.count
      parts.append(part)
    }
    return Self.mark + parts.reversed().joined()
  }

  private static func bytes(of entry: Entry) -> [UInt8] {
    var bytes: [UInt8] = []
    func append(_ value: UInt64, _ count: Int) {
      for shift in stride(from: (count - 1) * 8, through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
      }
    }
    let id = entry.id.split(separator: "-").map { UInt64($0, radix: 16) ?? 0 }
    append(UInt64(bitPattern: entry.end), 8)
    append(id.first ?? 0, 8)
    append(id.dropFirst().first ?? 0, 8)
    append(UInt64(entry.vector.count), 4)
    for number in entry.vector { append(UInt64(number.bitPattern), 4) }
    return bytes
  }

  mutating func add(_ entry: Entry) { entries.append(entry) }

  /// The last moment at which an entry is good, in ticks.
  var end: Int64 { entries.map(\.end).max() ?? 0 }

  /// The nearest entry that is good, no further away than the threshold: 0 is the same direction, 1 a right angle.
  func nearest(to vector: [Float], within threshold: Double, at now: Int64) -> Entry? {
    var best: (entry: Entry, distance: Double)?
    for entry in entries where entry.end > now && entry.vector.count == vector.count {
      var product: Float = 0
      for index in vector.indices { product += vector[index] * entry.vector[index] }
      let distance = 1 - Double(product)
      if distance <= threshold, distance < best?.distance ?? .infinity { best = (entry, distance) }
    }
    return best?.entry
  }

  /// The vector with length one; nil for one without a direction.
  static func normalised(_ vector: [Double]) -> [Float]? {
    guard !vector.isEmpty, vector.count <= dimensionLimit else { return nil }
    let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    guard length.isFinite, length > 0 else { return nil }
    return vector.map { Float($0 / length) }
  }
}
