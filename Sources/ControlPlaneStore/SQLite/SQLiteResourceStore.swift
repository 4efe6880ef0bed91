public import Foundation
import GRDB

/// The resource store in one SQLite file of a data directory, for one control plane process.
public final class SQLiteResourceStore: ResourceStore {
  /// How many entries of the change feed are kept.
  static let feedLength: Int64 = 10_000

  private let database: Database
  private let masterKey: MasterKey
  private let signal: RevisionSignal

  /// Opens `resources.sqlite` and `master.key` in a directory, making the directory (mode 0700) and both when they are
  /// missing. A database without its key, or with another's, is refused as damaged.
  ///
  /// - Parameter maximumBytes: the size above which a commit fails as `full`; no bound but the disk when `nil`.
  public init(directory: URL, maximumBytes: Int64? = nil) throws(StoreError) {
    do {
      try FileManager.default.createDirectory(
        at: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw StoreError(.unavailable, "The data directory \(directory.path) cannot be made: \(error).")
    }
    let file = directory.appendingPathComponent("resources.sqlite")
    let isNew = !FileManager.default.fileExists(atPath: file.path)
    masterKey = try MasterKey.load(from: directory.appendingPathComponent("master.key"), mayCreate: isNew)
    database = try Database(file: file, maximumBytes: maximumBytes, migrator: ResourceSchema.migrator)
    let key = masterKey
    do {
      let revision = try database.pool.write { database in
        let probe = try Data.fetchOne(database, sql: "SELECT sealed FROM setting WHERE name = 'master-key-probe'")
        if let probe {
          _ = try key.open(probe, context: "setting/master-key-probe")
        } else {
          try database.execute(
            sql: "INSERT INTO setting (name, sealed) VALUES ('master-key-probe', ?)",
            arguments: [try key.seal(Data("postern".utf8), context: "setting/master-key-probe")])
        }
        return try ResourceRows.revision(database)
      }
      signal = RevisionSignal(revision: revision)
    } catch {
      throw Database.storeError(error)
    }
  }

  public func currentRevision() async throws(StoreError) -> Int64 {
    try await database.read { try ResourceRows.revision($0) }
  }

  public func resource(at path: ResourcePath, withSecrets: Bool) async throws(StoreError) -> StoredResource? {
    let rows = ResourceRows(masterKey: withSecrets ? masterKey : nil)
    return try await database.read { try rows.resource($0, key: path.key) }
  }

  public func resources(ofType type: String, under parent: ResourcePath?, withSecrets: Bool) async throws(StoreError)
    -> [StoredResource]
  {
    let rows = ResourceRows(masterKey: withSecrets ? masterKey : nil)
    return try await database.read { try rows.resources($0, type: type, parentKey: parent?.key) }
  }

  public func everything() async throws(StoreError) -> (revision: Int64, resources: [StoredResource]) {
    let rows = ResourceRows(masterKey: masterKey)
    return try await database.read { database in
      (try ResourceRows.revision(database), try rows.resources(database, type: nil, parentKey: nil))
    }
  }

  public func commit(_ mutations: [Mutation], unchangedSince revision: Int64?) async throws(StoreError) -> Commit {
    let transaction = ResourceTransaction(masterKey: masterKey, mutations: mutations, base: revision, time: Date())
    let commit = try await database.write { try transaction.run($0) }
    signal.advance(to: commit.revision)
    return commit
  }

  public func changes(after revision: Int64, limit: Int) async throws(StoreError) -> [Change]? {
    try await database.read { database in
      let oldest = try Int64.fetchOne(database, sql: "SELECT min(revision) FROM change")
      let newest = try ResourceRows.revision(database)
      guard revision >= newest || (oldest ?? .max) <= revision + 1 else { return nil }
      return try Row.fetchAll(
        database, sql: "SELECT revision, kind, path FROM change WHERE revision > ? ORDER BY revision LIMIT ?",
        arguments: [revision, limit]
      ).compactMap { row in
        guard let kind = Change.Kind(rawValue: row["kind"]), let path = ResourcePath(text: row["path"]) else {
          return nil
        }
        return Change(revision: row["revision"], kind: kind, path: path)
      }
    }
  }

  public func waitForChange(after revision: Int64, upTo timeout: Duration) async throws(StoreError) -> Int64 {
    if signal.revision <= revision { await signal.wait(after: revision, upTo: timeout) }
    return signal.revision
  }

  public func setting(_ name: String) async throws(StoreError) -> Data? {
    let sealed = try await database.read {
      try Data.fetchOne($0, sql: "SELECT sealed FROM setting WHERE name = ?", arguments: [name])
    }
    guard let sealed else { return nil }
    return try masterKey.open(sealed, context: "setting/\(name)")
  }

  public func setSetting(_ name: String, to value: Data?) async throws(StoreError) {
    guard let value else {
      return try await database.write { try $0.execute(sql: "DELETE FROM setting WHERE name = ?", arguments: [name]) }
    }
    let sealed = try masterKey.seal(value, context: "setting/\(name)")
    try await database.write {
      try $0.execute(sql: "INSERT OR REPLACE INTO setting (name, sealed) VALUES (?, ?)", arguments: [name, sealed])
    }
  }
}
