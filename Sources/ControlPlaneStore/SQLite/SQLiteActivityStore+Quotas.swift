public import Foundation
import GRDB
public import GatewayConfiguration

extension SQLiteActivityStore {
  public func record(
    _ counters: [QuotaCounterRow], applied: UInt64, isAuthoritative: Bool, at: Date
  ) async throws(StoreError) {
    guard let gatewayID = counters.first?.gatewayID else { return }
    try await database.write { database in
      try Self.forgetQuotas(database, at)
      let count = try Int.fetchOne(
        database, sql: "SELECT count(*) FROM quota_counter WHERE gateway = ?", arguments: [gatewayID])
      var room = QuotaCounterRow.bound - (count ?? 0)
      let isSet = try database.makeStatement(
        sql: "SELECT 1 FROM quota_update WHERE gateway = ? AND name = ? AND period = ? AND number > ?")
      let known = try database.makeStatement(
        sql: "SELECT 1 FROM quota_counter WHERE gateway = ? AND name = ? AND period = ?")
      let change = try database.makeStatement(
        sql: """
          INSERT INTO quota_counter (gateway, name, period, key, ends, used, reported) VALUES (?, ?, ?, ?, ?, ?, ?)
          ON CONFLICT (gateway, name, period) DO UPDATE SET ends = excluded.ends, reported = excluded.reported,
            used = \(isAuthoritative ? "excluded.used" : "max(used, excluded.used)")
          """)
      for counter in counters where counter.end > QuotaCounterRow.seconds(at) {
        let place: StatementArguments = [counter.gatewayID, counter.name, counter.index]
        if try Bool.fetchOne(isSet, arguments: place + [Int64(clamping: applied)]) == true { continue }
        if try Bool.fetchOne(known, arguments: place) != true {
          guard room > 0 else { continue }
          room -= 1
        }
        try change.execute(
          arguments: place + [counter.key, counter.end, counter.used, at.timeIntervalSince1970])
      }
    }
  }

  private static func forgetQuotas(_ database: GRDB.Database, _ at: Date) throws {
    for table in ["quota_counter", "quota_update"] {
      try database.execute(
        sql: "DELETE FROM \(table) WHERE ends <= ?", arguments: [QuotaCounterRow.seconds(at)])
    }
  }

  public func quotaCounters(
    ofKey key: String, gateway gatewayID: String?, at: Date
  ) async throws(StoreError) -> [QuotaCounterRow] {
    try await database.read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT * FROM quota_counter WHERE key = ?1 AND (?2 IS NULL OR gateway = ?2) AND ends > ?3
          ORDER BY name, period, gateway
          """, arguments: [key, gatewayID, QuotaCounterRow.seconds(at)]
      ).map {
        QuotaCounterRow(
          gatewayID: $0["gateway"], name: $0["name"], key: $0["key"], index: $0["period"], end: $0["ends"],
          used: $0["used"])
      }
    }
  }

  public func set(_ counters: [QuotaCounterRow], at: Date) async throws(StoreError) -> UInt64 {
    try await database.write { database in
      try Self.forgetQuotas(database, at)
      // The time, where it is larger: a service whose data was lost goes on with larger numbers than before.
      let last = try Int64.fetchOne(database, sql: "SELECT max(number) FROM quota_update") ?? 0
      var number = max(last, Int64(at.timeIntervalSince1970 * 1_000))
      for counter in counters {
        number += 1
        let place: StatementArguments = [counter.gatewayID, counter.name, counter.index]
        try database.execute(
          sql: """
            INSERT OR REPLACE INTO quota_update (gateway, name, period, number, ends, value) VALUES (?, ?, ?, ?, ?, ?)
            """, arguments: place + [number, counter.end, counter.used])
        try database.execute(
          sql: "UPDATE quota_counter SET used = ? WHERE gateway = ? AND name = ? AND period = ?",
          arguments: [counter.used] + place)
      }
      for gateway in Set(counters.map(\.gatewayID)) {
        let count = try Int.fetchOne(
          database, sql: "SELECT count(*) FROM quota_update WHERE gateway = ?", arguments: [gateway])
        guard count ?? 0 <= QuotaCounterRow.updateBound else {
          throw StoreError(
            .full,
            "\(QuotaCounterRow.updateBound) counters of the gateway '\(gateway)' were set in periods that are not over; "
              + "there is no room for more.")
        }
      }
      return UInt64(number)
    }
  }

  public func quotaUpdates(
    ofGateway gatewayID: String, after number: UInt64, limit: Int, at: Date
  ) async throws(StoreError) -> [QuotaUpdate] {
    try await database.read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT * FROM quota_update WHERE gateway = ? AND number > ? AND ends > ? ORDER BY number LIMIT ?
          """, arguments: [gatewayID, Int64(clamping: number), QuotaCounterRow.seconds(at), limit]
      ).map { row in
        let number: Int64 = row["number"]
        return QuotaUpdate(
          number: UInt64(number), name: row["name"], index: row["period"], end: row["ends"], value: row["value"])
      }
    }
  }

  public func newestQuotaUpdate(ofGateway gatewayID: String?, at: Date) async throws(StoreError) -> UInt64 {
    try await database.read { database in
      let newest = try Int64.fetchOne(
        database, sql: "SELECT max(number) FROM quota_update WHERE (?1 IS NULL OR gateway = ?1) AND ends > ?2",
        arguments: [gatewayID, QuotaCounterRow.seconds(at)])
      return UInt64(newest ?? 0)
    }
  }
}
