public import Foundation
import GRDB

/// The activity store in one SQLite file of a data directory.
public final class SQLiteActivityStore: ActivityStore {
  let database: Database

  /// Opens or makes `activity.sqlite` in a directory that exists.
  ///
  /// - Parameter maximumBytes: the size above which an append fails as `full`; no bound but the disk when `nil`.
  public init(directory: URL, maximumBytes: Int64? = nil) throws(StoreError) {
    database = try Database(
      file: directory.appendingPathComponent("activity.sqlite"), maximumBytes: maximumBytes,
      migrator: ActivitySchema.migrator)
  }

  public func append(_ entries: [RequestLogEntry], gatewayID: String, spoolID: String, firstSequence: Int64)
    async throws(StoreError) -> Int
  {
    let now = Date().timeIntervalSince1970
    return try await database.write { database in
      try database.execute(
        sql: """
          INSERT INTO spool (gateway, name, last_seen) VALUES (?, ?, ?)
          ON CONFLICT (gateway, name) DO UPDATE SET last_seen = excluded.last_seen
          """, arguments: [gatewayID, spoolID, now])
      guard
        let spool = try Row.fetchOne(
          database, sql: "SELECT id, pruned_through FROM spool WHERE gateway = ? AND name = ?",
          arguments: [gatewayID, spoolID])
      else { return 0 }
      let spoolNumber: Int64 = spool["id"]
      let prunedThrough: Int64 = spool["pruned_through"]
      let statement = try database.makeStatement(sql: RequestRows.insertion)
      let before = database.totalChangesCount
      for (index, entry) in entries.enumerated() {
        let sequence = firstSequence + Int64(index)
        // What retention has removed was stored once already and must not come back.
        guard sequence > prunedThrough else { continue }
        try statement.execute(arguments: RequestRows.arguments(entry, spool: spoolNumber, sequence: sequence))
      }
      return database.totalChangesCount - before
    }
  }

  public func requests(_ filter: RequestLogFilter, limit: Int, offset: Int) async throws(StoreError)
    -> (entries: [RequestLogEntry], total: Int)
  {
    let condition = RequestRows.condition(filter)
    return try await database.read { database in
      let total = try Int.fetchOne(
        database, sql: "SELECT count(*) FROM request\(condition.sql)", arguments: condition.arguments)
      let rows = try Row.fetchAll(
        database, sql: "SELECT * FROM request\(condition.sql) ORDER BY time DESC, id DESC LIMIT ? OFFSET ?",
        arguments: condition.arguments + [max(0, limit), max(0, offset)])
      return (rows.map(RequestRows.entry), total ?? 0)
    }
  }

  public func summaries(_ filter: RequestLogFilter, by grouping: RequestLogGrouping) async throws(StoreError)
    -> [RequestLogSummary]
  {
    let query = RequestRows.summary(filter, by: grouping)
    return try await database.read { database in
      try Row.fetchAll(database, sql: query.sql, arguments: query.arguments).map(RequestRows.summary)
    }
  }

  public func prune(before oldest: Date, maximumCount: Int) async throws(StoreError) {
    try await database.write { database in
      let count = try Int.fetchOne(database, sql: "SELECT count(*) FROM request") ?? 0
      let excess = max(0, count - maximumCount)
      let doomed = """
        SELECT id FROM request WHERE time < ?
        UNION SELECT id FROM (SELECT id FROM request ORDER BY time, id LIMIT ?)
        """
      let arguments: StatementArguments = [oldest.timeIntervalSince1970, excess]
      try database.execute(
        sql: """
          UPDATE spool SET pruned_through = max(pruned_through, coalesce(
            (SELECT max(sequence) FROM request WHERE request.spool = spool.id AND request.id IN (\(doomed))), 0))
          """, arguments: arguments)
      try database.execute(sql: "DELETE FROM request WHERE id IN (\(doomed))", arguments: arguments)
      // A spool that has been silent for 90 days and holds nothing any more will not speak again.
      try database.execute(
        sql: "DELETE FROM spool WHERE last_seen < ? AND id NOT IN (SELECT spool FROM request)",
        arguments: [Date().timeIntervalSince1970 - 90 * 86_400])
      try database.execute(
        sql: "DELETE FROM node WHERE last_seen < ?", arguments: [Date().timeIntervalSince1970 - 7 * 86_400])
    }
  }

  public func record(_ status: NodeStatus) async throws(StoreError) {
    try await database.write { database in
      try database.execute(
        sql: """
          INSERT OR REPLACE INTO node (gateway, instance, version, host, started_at, configuration_version, state, error,
            address, last_seen) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          status.gatewayID, status.instanceID, status.version, status.hostName, status.startedAt.timeIntervalSince1970,
          status.configurationVersion, status.state, status.configurationError, status.address,
          status.lastSeen.timeIntervalSince1970,
        ])
      // A gateway that restarts in a loop would fill the table: the newest 1,000 instances are kept.
      try database.execute(
        sql: """
          DELETE FROM node WHERE gateway = ?1 AND instance NOT IN
            (SELECT instance FROM node WHERE gateway = ?1 ORDER BY last_seen DESC LIMIT 1000)
          """, arguments: [status.gatewayID])
    }
  }

  public func nodes(ofGateway gatewayID: String?, seenSince oldest: Date) async throws(StoreError) -> [NodeStatus] {
    try await database.read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT * FROM node WHERE (?1 IS NULL OR gateway = ?1) AND last_seen >= ?2 ORDER BY gateway, host, instance
          """, arguments: [gatewayID, oldest.timeIntervalSince1970]
      ).map { row in
        NodeStatus(
          gatewayID: row["gateway"], instanceID: row["instance"], version: row["version"], hostName: row["host"],
          startedAt: Date(timeIntervalSince1970: row["started_at"]), configurationVersion: row["configuration_version"],
          state: row["state"], configurationError: row["error"],
          lastSeen: Date(timeIntervalSince1970: row["last_seen"]), address: row["address"])
      }
    }
  }

  public func forgetNodes(ofGateway gatewayID: String) async throws(StoreError) {
    try await database.write {
      for table in ["node", "quota_counter", "quota_update"] {
        try $0.execute(sql: "DELETE FROM \(table) WHERE gateway = ?", arguments: [gatewayID])
      }
    }
  }
}
