import Foundation
import GRDB

/// Reads resources out of the tables; with a master key their secrets too.
struct ResourceRows: Sendable {
  let masterKey: MasterKey?

  static func revision(_ database: GRDB.Database) throws -> Int64 {
    try Int64.fetchOne(database, sql: "SELECT value FROM counter WHERE name = 'revision'") ?? 0
  }

  func resource(_ database: GRDB.Database, key: String) throws -> StoredResource? {
    try Row.fetchOne(database, sql: "\(selection) WHERE resource.key = ?", arguments: [key]).map(decode)
  }

  func resources(_ database: GRDB.Database, type: String?, parentKey: String?) throws -> [StoredResource] {
    var conditions: [String] = []
    var arguments = StatementArguments()
    if let type {
      conditions.append("type = ?")
      arguments += [type]
    }
    if let parentKey {
      conditions.append("parent_key = ?")
      arguments += [parentKey]
    }
    let condition = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
    return try Row.fetchAll(database, sql: "\(selection)\(condition) ORDER BY resource.key", arguments: arguments)
      .map(decode)
  }

  private var selection: String {
    let columns = "resource.key, path, properties, revision, created_at, updated_at"
    return masterKey == nil
      ? "SELECT \(columns) FROM resource"
      : "SELECT \(columns), sealed FROM resource LEFT JOIN secret ON secret.key = resource.key"
  }

  private func decode(_ row: Row) throws -> StoredResource {
    let text: String = row["path"]
    guard let path = ResourcePath(text: text) else {
      throw StoreError(.damaged, "A stored path is unreadable: \(text).")
    }
    var secrets: [String: String] = [:]
    if let masterKey, let sealed: Data = row["sealed"] {
      secrets = try ResourceRows.secrets(sealed, key: path.key, masterKey: masterKey)
    }
    return StoredResource(
      path: path, properties: try ResourceRows.properties(row["properties"], path: path), secrets: secrets,
      revision: row["revision"], createdAt: Date(timeIntervalSince1970: row["created_at"]),
      updatedAt: Date(timeIntervalSince1970: row["updated_at"]))
  }

  static func secrets(_ sealed: Data, key: String, masterKey: MasterKey) throws -> [String: String] {
    let plain = try masterKey.open(sealed, context: "resource\(key)")
    guard case .object(let object) = try? JSON(parsing: plain) else {
      throw StoreError(.damaged, "Stored secrets are unreadable.", path: ResourcePath(text: key))
    }
    return Dictionary(object.compactMap { name, value in value.stringValue.map { (name, $0) } }) { _, last in last }
  }

  private static func properties(_ text: String, path: ResourcePath) throws -> JSONObject {
    guard case .object(let object) = try? JSON(parsing: text, maximumDepth: 128) else {
      throw StoreError(.damaged, "Stored properties are unreadable.", path: path)
    }
    return object
  }
}
