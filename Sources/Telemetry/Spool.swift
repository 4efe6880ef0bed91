#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Request records waiting on disk for the management service, so that an outage of any length loses none.
///
/// The directory holds `id` (who numbers the records), `acknowledged` (the last number the service has confirmed) and
/// segments named after the number of their first record, one JSON record a line. Numbers start at 1 and have no gaps;
/// together with `id` they let the service store each record once. A line cut off by a crash is dropped on opening.
/// Not thread-safe: one owner at a time.
public final class Spool {
  /// What could not be done with a file, and why.
  public struct Failure: Error, Sendable, CustomStringConvertible {
    public var path: String
    public var action: String
    public var errorNumber: Int32
    public var description: String { "cannot \(action) \(path): \(String(cString: strerror(errorNumber)))" }
  }

  /// How much is kept, and in what pieces.
  public struct Bounds: Sendable {
    /// Bytes on disk at most; beyond, the oldest segments go and are counted as lost. At least two segments.
    public var maximumBytes = 1 << 30
    /// A new segment begins after this many bytes.
    public var segmentBytes = 8 << 20

    public init() {}
  }

  /// Consecutive records, ready to be sent.
  public struct Batch: Sendable, Equatable {
    public var firstSequence: UInt64
    /// JSON objects separated by commas.
    public var records: [UInt8]
    public var count: Int
    public var lastSequence: UInt64 { firstSequence + UInt64(count) - 1 }

    public init(firstSequence: UInt64, records: [UInt8], count: Int) {
      self.firstSequence = firstSequence
      self.records = records
      self.count = count
    }
  }

  private struct Segment {
    var first: UInt64
    var count: UInt64
    var bytes: Int
    var next: UInt64 { first + count }
  }

  private let directory: String
  private let bounds: Bounds
  private var segments: [Segment]
  private var descriptor: Int32 = -1
  /// Where the record after the last one sent begins, to read on without counting lines again.
  private var cursor: (sequence: UInt64, segment: UInt64, offset: Int)?

  /// Names whoever numbers these records; new with a new directory.
  public let id: String
  /// The last record the service has confirmed; 0 for none.
  public private(set) var acknowledged: UInt64
  /// Records dropped unsent because the spool was full, since it was opened.
  public private(set) var lost: UInt64 = 0

  /// The number the next record will get.
  public var nextSequence: UInt64 { max(segments.last?.next ?? 1, acknowledged + 1) }
  /// Records not yet confirmed.
  public var pending: UInt64 {
    guard let first = segments.first, let last = segments.last else { return 0 }
    let start = max(acknowledged + 1, first.first)
    return last.next > start ? last.next - start : 0
  }

  /// Opens a spool, making its directory if needed.
  /// - Parameter newID: used only when the directory has none yet.
  public init(directory: String, newID: String, bounds: Bounds = Bounds()) throws(Failure) {
    self.directory = directory
    self.bounds = bounds
    if mkdir(directory, 0o700) != 0, errno != EEXIST { throw Failure(directory, "create") }
    let idPath = directory + "/id"
    if let text = try SpoolFile.read(idPath), !text.isEmpty {
      id = String(decoding: text.prefix { $0 != 0x0a }, as: UTF8.self)
    } else {
      id = newID
      try SpoolFile.replace(idPath, with: Array((newID + "\n").utf8))
    }
    var confirmed: UInt64 = 0
    if let text = try SpoolFile.read(directory + "/acknowledged") {
      confirmed = UInt64(String(decoding: text.prefix { $0 != 0x0a }, as: UTF8.self)) ?? 0
    }
    acknowledged = confirmed
    segments = []
    for first in try SpoolFile.segmentNumbers(in: directory) {
      let path = Self.path(directory, first)
      let content = try SpoolFile.read(path) ?? []
      let whole = (content.lastIndex(of: 0x0a) ?? -1) + 1
      if whole < content.count, truncate(path, off_t(whole)) != 0 { throw Failure(path, "repair") }
      var lines: UInt64 = 0
      for byte in content[..<whole] where byte == 0x0a { lines += 1 }
      segments.append(Segment(first: first, count: lines, bytes: whole))
    }
    dropConfirmed()
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Adds records in the form of ``RecordCodec``, each followed by a newline. One write, no `fsync`: see ``flush()``.
  public func append(_ lines: [UInt8], count: Int) throws(Failure) {
    guard count > 0 else { return }
    if descriptor < 0 || (segments.last?.bytes ?? 0) >= bounds.segmentBytes { try beginSegment() }
    let path = Self.path(directory, segments[segments.count - 1].first)
    let before = segments[segments.count - 1].bytes
    var written = 0
    while written < lines.count {
      let result = lines.span.withUnsafeBytes {
        write(descriptor, $0.baseAddress.map { $0 + written }, $0.count - written)
      }
      if result < 0 {
        if errno == EINTR { continue }
        let failure = Failure(path, "write to")
        // A torn line would shift every later number: cut back to the last whole record.
        _ = ftruncate(descriptor, off_t(before))
        _ = lseek(descriptor, 0, SEEK_END)
        throw failure
      }
      written += result
    }
    segments[segments.count - 1].bytes += lines.count
    segments[segments.count - 1].count += UInt64(count)
    enforceBound()
  }

  /// Makes what was appended survive a power cut.
  public func flush() throws(Failure) {
    if descriptor >= 0, fdatasync(descriptor) != 0 { throw Failure(directory, "flush") }
  }

  /// The oldest unconfirmed records, at most so many and so many bytes (at least one record); nil when there are none.
  public func nextBatch(maximumRecords: Int, maximumBytes: Int) throws(Failure) -> Batch? {
    // A number must never be used twice: what leaves this machine is durable first.
    try flush()
    let start = max(acknowledged + 1, segments.first?.first ?? nextSequence)
    guard let segment = segments.first(where: { $0.next > start }) else { return nil }
    var offset = 0
    var sequence = segment.first
    if let cursor, cursor.sequence <= start, cursor.segment == segment.first {
      offset = cursor.offset
      sequence = cursor.sequence
    }
    let path = Self.path(directory, segment.first)
    let content = try SpoolFile.read(path, from: offset, to: segment.bytes) ?? []
    var position = 0
    while sequence < start, let end = content[position...].firstIndex(of: 0x0a) {
      position = end + 1
      sequence += 1
    }
    cursor = (sequence, segment.first, offset + position)
    var batch = Batch(firstSequence: sequence, records: [], count: 0)
    while batch.count < maximumRecords, let end = content[position...].firstIndex(of: 0x0a) {
      if batch.count > 0, batch.records.count + end - position >= maximumBytes { break }
      if batch.count > 0 { batch.records.append(0x2c) }
      batch.records.append(contentsOf: content[position..<end])
      batch.count += 1
      position = end + 1
    }
    return batch.count > 0 ? batch : nil
  }

  /// Records up to this number are stored by the service; whole confirmed segments are removed.
  public func acknowledge(through sequence: UInt64) throws(Failure) {
    guard sequence > acknowledged, sequence < nextSequence else { return }
    acknowledged = sequence
    try SpoolFile.replace(directory + "/acknowledged", with: Array("\(sequence)\n".utf8))
    dropConfirmed()
  }

  /// Removes the folder once all of it is confirmed; not to be used afterwards. The next process begins a new one under a
  /// name of its own.
  public func remove() throws(Failure) {
    guard pending == 0 else { return }
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
    for segment in segments { unlink(Self.path(directory, segment.first)) }
    segments = []
    // The name last: without it, what is left over by a crash in between would be numbered anew from 1.
    for name in ["acknowledged", "id"] { unlink(directory + "/" + name) }
    if rmdir(directory) != 0 { throw Failure(directory, "remove") }
  }

  private func beginSegment() throws(Failure) {
    if descriptor >= 0 {
      close(descriptor)
      descriptor = -1
    }
    let first = nextSequence
    let path = Self.path(directory, first)
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    if descriptor < 0 { throw Failure(path, "create") }
    if segments.last?.first != first { segments.append(Segment(first: first, count: 0, bytes: 0)) }
  }

  /// Removes segments that are confirmed whole. The last stays open for appending unless it is confirmed and closed.
  private func dropConfirmed() {
    while segments.count > 1, segments[0].next <= acknowledged + 1 {
      unlink(Self.path(directory, segments[0].first))
      segments.removeFirst()
    }
  }

  private func enforceBound() {
    var total = segments.reduce(0) { $0 + $1.bytes }
    while total > bounds.maximumBytes, segments.count > 1 {
      let oldest = segments.removeFirst()
      unlink(Self.path(directory, oldest.first))
      total -= oldest.bytes
      lost += oldest.next - max(oldest.first, min(acknowledged + 1, oldest.next))
    }
  }

  private static func path(_ directory: String, _ first: UInt64) -> String {
    let digits = String(first)
    return directory + "/" + String(repeating: "0", count: 20 - digits.count) + digits + ".records"
  }
}

extension Spool.Failure {
  /// From the calling thread's `errno`.
  init(_ path: String, _ action: String) {
    self.init(path: path, action: action, errorNumber: errno)
  }
}
