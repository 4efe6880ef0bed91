import Foundation
import GRDB

/// One list of mutations as it runs inside a write transaction: the first one that may not be done throws, and SQLite
/// rolls all of them back.
struct ResourceTransaction: Sendable {
  let masterKey: MasterKey
  let mutations: [Mutation]
  let base: Int64?
  let time: Date

  func run(_ database: GRDB.Database) throws -> Commit {
    var revision = try ResourceRows.revision(database)
    if let base, revision > base {
      throw StoreError(.stale, "The store was written at revision \(revision), after \(base).")
    }
    var commit = Commit(revision: revision, written: [], deletedCount: 0)
    for mutation in mutations {
      let existing = try ResourceRows(masterKey: nil).resource(database, key: mutation.path.key)
      try check(mutation, against: existing)
      switch mutation.action {
      case .put(let properties, let secrets):
        revision += 1
        let resource = StoredResource(
          // The letters of the first writer stay.
          path: existing?.path ?? mutation.path, properties: properties, secrets: secrets ?? [:], revision: revision,
          createdAt: existing?.createdAt ?? time, updatedAt: time)
        try put(resource, replacesSecrets: secrets != nil, in: database)
        commit.written.append((resource, existing == nil))
      case .delete:
        for path in try subtree(of: mutation.path, in: database) {
          revision += 1
          try database.execute(sql: "DELETE FROM resource WHERE key = ?", arguments: [path.key])
          try note(revision, .delete, path, in: database)
          commit.deletedCount += 1
        }
      }
    }
    try database.execute(sql: "UPDATE counter SET value = ? WHERE name = 'revision'", arguments: [revision])
    try database.execute(
      sql: "DELETE FROM change WHERE revision <= ?", arguments: [revision - SQLiteResourceStore.feedLength])
    commit.revision = revision
    return commit
  }

  private func check(_ mutation: Mutation, against existing: StoredResource?) throws {
    switch mutation.precondition {
    case .none: return
    case .present:
      guard existing != nil else { throw StoreError(.notFound, "The resource does not exist.", path: mutation.path) }
    case .absent:
      guard existing == nil else {
        throw StoreError(.preconditionFailed, "The resource exists already.", path: mutation.path)
      }
    case .unchanged(let etag):
      guard let existing else { throw StoreError(.notFound, "The resource does not exist.", path: mutation.path) }
      guard existing.etag == etag else {
        throw StoreError(
          .preconditionFailed,
          "Resource was modified since last retrieval. Please retrieve latest version.", path: mutation.path)
      }
    }
  }

  private func put(_ resource: StoredResource, replacesSecrets: Bool, in database: GRDB.Database) throws {
    let path = resource.path
    // UPDATE in place, not REPLACE: a replaced row would cascade its secrets away.
    try database.execute(
      sql: """
        INSERT INTO resource (key, parent_key, type, path, properties, revision, created_at, updated_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (key) DO UPDATE
        SET properties = excluded.properties, revision = excluded.revision, updated_at = excluded.updated_at
        """,
      arguments: [
        path.key, path.parent?.key ?? "-", path.type, path.text, JSON.object(resource.properties).text,
        resource.revision, resource.createdAt.timeIntervalSince1970, resource.updatedAt.timeIntervalSince1970,
      ])
    if replacesSecrets {
      if resource.secrets.isEmpty {
        try database.execute(sql: "DELETE FROM secret WHERE key = ?", arguments: [path.key])
      } else {
        let plain = JSON.object(
          JSONObject(resource.secrets.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
        let sealed = try masterKey.seal(Data(plain.bytes), context: "resource\(path.key)")
        try database.execute(
          sql: "INSERT OR REPLACE INTO secret (key, sealed) VALUES (?, ?)", arguments: [path.key, sealed])
      }
    }
    try note(resource.revision, .put, path, in: database)
  }

  private func note(_ revision: Int64, _ kind: Change.Kind, _ path: ResourcePath, in database: GRDB.Database) throws {
    try database.execute(
      sql: "INSERT INTO change (revision, kind, path) VALUES (?, ?, ?)",
      arguments: [revision, kind.rawValue, path.text])
  }

  /// The path and those below it that exist, deepest first.
  private func subtree(of path: ResourcePath, in database: GRDB.Database) throws -> [ResourcePath] {
    // '/' is followed by '0' in the order of bytes: every key below begins with "<key>/".
    try String.fetchAll(
      database, sql: "SELECT path FROM resource WHERE key = ? OR (key > ? AND key < ?) ORDER BY key DESC",
      arguments: [path.key, path.key + "/", path.key + "0"]
    ).compactMap(ResourcePath.init(text:))
  }
}
