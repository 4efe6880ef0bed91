public import Logging
public import Telemetry

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Keeps request records until the management service has confirmed them.
///
/// Records are spooled to disk as they come and delivered in order, a batch at a time; what a batch's answer confirms is
/// removed. Without a folder they are kept in memory, at most ``memoryBound`` bytes. A folder that another process uses is
/// left alone: the records are in the next free one, `records.1`, `records.2`, …, and whichever process serves later delivers
/// what a former one left behind (``deliverAbandoned(_:)``).
public actor RecordShipper {
  /// Delivers a batch and returns the last confirmed number.
  public typealias Deliver = @Sendable (_ spoolID: String, _ batch: Spool.Batch) async throws -> UInt64

  /// Bytes of records kept without a spool: 64 MiB.
  public static let memoryBound = 64 << 20
  static let batchRecords = 1_000
  static let batchBytes = 3 << 20

  private let spool: Spool?
  /// Keeps other processes away from the spool.
  private let claim: FileClaim?
  private let directory: String?
  private let bounds: Spool.Bounds
  private let memoryID: String
  private var memory: [[UInt8]] = []
  private var memoryBytes = 0
  private var memoryFirst: UInt64 = 1
  private var lostReported: UInt64 = 0
  private var memoryLost: UInt64 = 0
  private let logger: Logger

  /// - Parameters:
  ///   - directory: the spool's folder; nil keeps records in memory.
  ///   - newID: the name of a new spool.
  public init(directory: String?, newID: String, bounds: Spool.Bounds = Spool.Bounds(), logger: Logger)
    throws(Spool.Failure)
  {
    claim = directory.flatMap { FileClaim($0) }
    self.directory = directory
    self.bounds = bounds
    do throws(Spool.Failure) {
      spool = if let claim { try Spool(directory: claim.path, newID: newID, bounds: bounds) } else { nil }
    } catch {
      claim?.release()
      throw error
    }
    if directory != nil, claim == nil { logger.error("Request records are kept in memory: too many processes") }
    memoryID = newID
    self.logger = logger
  }

  /// Records not yet confirmed.
  public var pending: UInt64 { spool?.pending ?? UInt64(memory.count) }

  /// Takes over finished records.
  public func append(_ records: [RequestRecord]) {
    guard !records.isEmpty else { return }
    if let spool {
      var lines: [UInt8] = []
      lines.reserveCapacity(records.count * 600)
      let span = records.span
      for index in span.indices {
        RecordCodec.append(span[index], to: &lines)
        lines.append(0x0a)
      }
      do {
        try spool.append(lines, count: records.count)
      } catch {
        memoryLost += UInt64(records.count)
        logger.error("Request records are lost: \(error)", metadata: ["records": "\(records.count)"])
      }
    } else {
      for record in records {
        var line: [UInt8] = []
        RecordCodec.append(record, to: &line)
        memoryBytes += line.count
        memory.append(line)
      }
      while memoryBytes > Self.memoryBound, let oldest = memory.first {
        memoryBytes -= oldest.count
        memory.removeFirst()
        memoryFirst += 1
        memoryLost += 1
      }
    }
    let lost = (spool?.lost ?? 0) + memoryLost
    if lost > lostReported {
      logger.warning("The spool is full: \(lost - lostReported) oldest request records were dropped")
      lostReported = lost
    }
  }

  /// Delivers everything there is; throws what delivery throws and keeps what was not confirmed.
  public func deliverPending(_ deliver: Deliver) async throws {
    while let batch = try nextBatch() {
      let confirmed = try await deliver(spool?.id ?? memoryID, batch)
      guard confirmed >= batch.firstSequence else { return }
      try acknowledge(through: min(confirmed, batch.lastSequence))
    }
  }

  /// Delivers what is in the folders of processes that have ended, and removes these.
  public func deliverAbandoned(_ deliver: Deliver) async throws {
    guard let directory, let claim else { return }
    for number in 0..<FileClaim.bound {
      let path = number == 0 ? directory : "\(directory).\(number)"
      guard path != claim.path, access(path, F_OK) == 0, let other = FileClaim(exactly: path) else { continue }
      defer { other.release() }
      let left = try Spool(directory: path, newID: memoryID, bounds: bounds)
      let count = left.pending
      while let batch = try left.nextBatch(maximumRecords: Self.batchRecords, maximumBytes: Self.batchBytes) {
        let confirmed = try await deliver(left.id, batch)
        guard confirmed >= batch.firstSequence else { return }
        try left.acknowledge(through: min(confirmed, batch.lastSequence))
      }
      try left.remove()
      if count > 0 { logger.info("Delivered \(count) request records that a former process left in \(path)") }
    }
  }

  deinit { claim?.release() }

  /// Makes the spool survive a power cut.
  public func flush() throws { try spool?.flush() }

  private func nextBatch() throws -> Spool.Batch? {
    if let spool { return try spool.nextBatch(maximumRecords: Self.batchRecords, maximumBytes: Self.batchBytes) }
    guard !memory.isEmpty else { return nil }
    var batch = Spool.Batch(firstSequence: memoryFirst, records: [], count: 0)
    for line in memory.prefix(Self.batchRecords) {
      if batch.count > 0 {
        if batch.records.count + line.count > Self.batchBytes { break }
        batch.records.append(0x2c)
      }
      batch.records.append(contentsOf: line)
      batch.count += 1
    }
    return batch
  }

  private func acknowledge(through sequence: UInt64) throws {
    if let spool {
      try spool.acknowledge(through: sequence)
    } else if sequence >= memoryFirst {
      let count = min(memory.count, Int(sequence - memoryFirst + 1))
      memoryBytes -= memory[..<count].reduce(0) { $0 + $1.count }
      memory.removeFirst(count)
      memoryFirst += UInt64(count)
    }
  }
}
