import Foundation
import GRDB

/// One SQLite file: opened in WAL mode, every commit synced to disk, and every failure turned into a `StoreError`.
struct Database: Sendable {
  let pool: DatabasePool

  /// Opens or makes the file (mode 0600) and brings its tables up to date.
  ///
  /// - Parameter maximumBytes: the size above which a write fails as `full`; at least 64 KiB.
  init(file: URL, maximumBytes: Int64?, migrator: DatabaseMigrator) throws(StoreError) {
    var configuration = Configuration()
    configuration.busyMode = .timeout(5)
    configuration.maximumReaderCount = 4
    configuration.prepareDatabase { database in
      try database.execute(sql: "PRAGMA synchronous = FULL")
      try database.execute(sql: "PRAGMA journal_size_limit = 67108864")
      if let maximumBytes {
        let pageSize = try Int64.fetchOne(database, sql: "PRAGMA page_size") ?? 4096
        let pages = max(maximumBytes, 65_536) / pageSize
        try database.execute(sql: "PRAGMA max_page_count = \(pages)")
      }
    }
    do {
      if !FileManager.default.fileExists(atPath: file.path) {
        // Made before SQLite opens it, so that the database and its WAL are never readable by others.
        let descriptor = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        if descriptor >= 0 { close(descriptor) }
      }
      pool = try DatabasePool(path: file.path, configuration: configuration)
      try migrator.migrate(pool)
    } catch {
      throw Database.storeError(error)
    }
  }

  func read<Value: Sendable>(_ body: @escaping @Sendable (GRDB.Database) throws -> Value) async throws(StoreError)
    -> Value
  {
    do { return try await pool.read(body) } catch { throw Database.storeError(error) }
  }

  func write<Value: Sendable>(_ body: @escaping @Sendable (GRDB.Database) throws -> Value) async throws(StoreError)
    -> Value
  {
    do { return try await pool.write(body) } catch { throw Database.storeError(error) }
  }

  /// The one table from SQLite's errors to the store's.
  static func storeError(_ error: any Error) -> StoreError {
    if let error = error as? StoreError { return error }
    if error is CancellationError { return StoreError(.unavailable, "The work was cancelled.") }
    guard let error = error as? DatabaseError else {
      return StoreError(.unavailable, "The database failed: \(error).")
    }
    let message = error.message ?? "no message"
    return switch error.resultCode {
    case .SQLITE_FULL: StoreError(.full, "The disk or the database is full; nothing was changed.")
    case .SQLITE_CORRUPT, .SQLITE_NOTADB: StoreError(.damaged, "The database is damaged: \(message).")
    default: StoreError(.unavailable, "The database failed (\(error.resultCode.rawValue)): \(message).")
    }
  }
}
