/// The prompts whose answers are in the cache, as vectors of length one: records of one entry of the cache for each
/// partition, bounded in bytes, the oldest going first.
struct SemanticIndex {
  struct Entry {
    /// Names the answer in the cache.
    var id: String
    /// Ticks.
    var end: Int64
    var vector: [Float]
  }

  let entries: [Entry]

  /// Bytes of an index; below the bound of one entry of the cache.
  static let byteLimit = 1 << 20
  /// Numbers of one vector.
  static let dimensionLimit = 8_192

  /// Nil for bytes that are no index; a record that is no entry is left out.
  init?(_ bytes: [UInt8]) {
    guard let records = CachedRecords.records(in: bytes) else { return nil }
    entries = records.compactMap { Self.entry($0) }
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

  private static func entry(_ record: ArraySlice<UInt8>) -> Entry? {
    var reader = Reader(rest: record)
    guard let end = reader.number(8), let high = reader.number(8), let low = reader.number(8),
      reader.rest.count % 4 == 0, reader.rest.count <= dimensionLimit * 4
    else { return nil }
    var vector: [Float] = []
    vector.reserveCapacity(reader.rest.count / 4)
    while let number = reader.number(4) { vector.append(Float(bitPattern: UInt32(truncatingIfNeeded: number))) }
    return Entry(id: id(high, low), end: Int64(bitPattern: end), vector: vector)
  }

  static func id(_ high: UInt64, _ low: UInt64) -> String { "\(String(high, radix: 16))-\(String(low, radix: 16))" }

  /// An entry as a record of the cache.
  static func record(of entry: Entry) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(24 + entry.vector.count * 4)
    func append(_ value: UInt64, _ count: Int) {
      for shift in stride(from: (count - 1) * 8, through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
      }
    }
    let id = entry.id.split(separator: "-").map { UInt64($0, radix: 16) ?? 0 }
    append(UInt64(bitPattern: entry.end), 8)
    append(id.first ?? 0, 8)
    append(id.dropFirst().first ?? 0, 8)
    for number in entry.vector { append(UInt64(number.bitPattern), 4) }
    return bytes
  }

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
