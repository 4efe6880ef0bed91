/// Records one behind the other under one key of a cache, each with its length in front: four bytes, the highest first.
public enum CachedRecords {
  /// A record as it stands among others.
  public static func framed(_ record: [UInt8]) -> [UInt8] {
    let count = UInt32(clamping: record.count)
    return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) } + record
  }

  /// Puts a record behind others.
  /// - Parameters:
  ///   - framed: the record with its length.
  ///   - limit: bytes of all records with their lengths: the oldest go first, and a record that is longer is not kept.
  public static func append(_ framed: [UInt8], to bytes: inout [UInt8], limit: Int) {
    guard framed.count <= limit else { return }
    var start = 0
    while bytes.count - start + framed.count > limit {
      // What has no length, or a wrong one, is not worth keeping.
      guard let end = end(of: start, in: bytes) else {
        start = bytes.count
        break
      }
      start = end
    }
    bytes.removeFirst(start)
    bytes += framed
  }

  /// The records, the oldest first; nil for what is none.
  public static func records(in bytes: [UInt8]) -> [ArraySlice<UInt8>]? {
    var (records, start): ([ArraySlice<UInt8>], Int) = ([], 0)
    while start < bytes.count {
      guard let end = end(of: start, in: bytes) else { return nil }
      records.append(bytes[(start + 4)..<end])
      start = end
    }
    return records
  }

  private static func end(of start: Int, in bytes: [UInt8]) -> Int? {
    guard start + 4 <= bytes.count else { return nil }
    let count = bytes[start..<(start + 4)].reduce(0) { $0 << 8 | Int($1) }
    return start + 4 + count <= bytes.count ? start + 4 + count : nil
  }
}
