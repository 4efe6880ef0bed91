import Foundation
import GRDB

/// The columns of the request table and the SQL for what is asked of it.
enum RequestRows {
  static let insertion = """
    INSERT OR IGNORE INTO request (spool, sequence, time, gateway, api, operation, product, subscription, user, region,
      correlation, method, url, caller, response_code, backend_code, request_size, response_size, cache, total_time,
      backend_time, error_reason, record)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    """

  static func arguments(_ entry: RequestLogEntry, spool: Int64, sequence: Int64) -> StatementArguments {
    var arguments: StatementArguments = [
      spool, sequence, entry.time.timeIntervalSince1970, entry.gatewayID, entry.apiID, entry.operationID,
      entry.productID, entry.subscriptionID, entry.userID, entry.region,
    ]
    arguments += [
      entry.correlationID, entry.method, entry.url, entry.callerAddress, entry.responseCode,
      entry.backendResponseCode, entry.requestSize, entry.responseSize, entry.cache,
    ]
    arguments += [entry.totalMilliseconds, entry.backendMilliseconds, entry.lastErrorReason, entry.record]
    return arguments
  }

  static func entry(_ row: Row) -> RequestLogEntry {
    RequestLogEntry(
      time: Date(timeIntervalSince1970: row["time"]), gatewayID: row["gateway"], apiID: row["api"],
      operationID: row["operation"], productID: row["product"], subscriptionID: row["subscription"],
      userID: row["user"], region: row["region"], correlationID: row["correlation"], method: row["method"],
      url: row["url"], callerAddress: row["caller"], responseCode: row["response_code"],
      backendResponseCode: row["backend_code"], requestSize: row["request_size"], responseSize: row["response_size"],
      cache: row["cache"], totalMilliseconds: row["total_time"], backendMilliseconds: row["backend_time"],
      lastErrorReason: row["error_reason"], record: row["record"])
  }

  static func condition(_ filter: RequestLogFilter) -> (sql: String, arguments: StatementArguments) {
    var conditions: [String] = []
    var arguments = StatementArguments()
    func require(_ sql: String, _ values: StatementArguments) {
      conditions.append(sql)
      arguments += values
    }
    if let from = filter.from { require("time >= ?", [from.timeIntervalSince1970]) }
    if let to = filter.to { require("time <= ?", [to.timeIntervalSince1970]) }
    let names = [
      ("gateway", filter.gatewayID), ("api", filter.apiID), ("operation", filter.operationID),
      ("product", filter.productID), ("subscription", filter.subscriptionID), ("user", filter.userID),
      ("region", filter.region), ("correlation", filter.correlationID), ("method", filter.method),
    ]
    for (column, value) in names {
      if let value { require("\(column) = ?", [value]) }
    }
    if let codes = filter.responseCodes {
      require("response_code BETWEEN ? AND ?", [codes.lowerBound, codes.upperBound])
    }
    if let part = filter.urlContains {
      require("instr(lower(url), lower(?)) > 0", [part])
    }
    return (conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND "), arguments)
  }

  static func summary(_ filter: RequestLogFilter, by grouping: RequestLogGrouping)
    -> (sql: String, arguments: StatementArguments)
  {
    let columns: [String] =
      switch grouping {
      case .api: ["api"]
      case .operation: ["api", "operation"]
      case .product: ["product"]
      case .subscription: ["subscription", "user", "product"]
      case .user: ["user"]
      case .gateway: ["gateway"]
      case .region: ["region"]
      case .time: []
      }
    var fields = ["api", "operation", "product", "subscription", "user", "gateway", "region"].map {
      columns.contains($0) ? $0 : "'' AS \($0)"
    }
    var groups = columns
    var order = "total_count DESC"
    if case .time(let seconds) = grouping {
      fields.append("CAST(time / \(max(1, seconds)) AS INTEGER) * \(max(1, seconds)) AS slot")
      groups.append("slot")
      order = "slot"
    } else {
      fields.append("NULL AS slot")
    }
    let condition = condition(filter)
    let sql = """
      SELECT \(fields.joined(separator: ", ")),
        sum((response_code BETWEEN 100 AND 301) OR response_code IN (304, 307)) AS success_count,
        sum(response_code IN (401, 403, 429)) AS blocked_count,
        sum(response_code = 400 OR response_code BETWEEN 500 AND 599) AS failed_count,
        count(*) AS total_count, sum(request_size + response_size) AS bandwidth,
        sum(cache = 'hit') AS hit_count, sum(cache = 'miss') AS miss_count,
        avg(total_time) AS total_average, min(total_time) AS total_minimum, max(total_time) AS total_maximum,
        avg(backend_time) AS backend_average, min(backend_time) AS backend_minimum, max(backend_time) AS backend_maximum
      FROM request\(condition.sql) GROUP BY \(groups.joined(separator: ", ")) ORDER BY \(order) LIMIT 10000
      """
    return (sql, condition.arguments)
  }

  static func summary(_ row: Row) -> RequestLogSummary {
    let slot: Double? = row["slot"]
    let success: Int = row["success_count"]
    let blocked: Int = row["blocked_count"]
    let failed: Int = row["failed_count"]
    let total: Int = row["total_count"]
    return RequestLogSummary(
      apiID: row["api"], operationID: row["operation"], productID: row["product"], subscriptionID: row["subscription"],
      userID: row["user"], gatewayID: row["gateway"], region: row["region"],
      time: slot.map { Date(timeIntervalSince1970: $0) }, successCount: success, blockedCount: blocked,
      failedCount: failed, otherCount: total - success - blocked - failed, totalCount: total,
      bandwidth: row["bandwidth"], cacheHitCount: row["hit_count"], cacheMissCount: row["miss_count"],
      apiTime: .init(average: row["total_average"], minimum: row["total_minimum"], maximum: row["total_maximum"]),
      serviceTime: .init(
        average: row["backend_average"], minimum: row["backend_minimum"], maximum: row["backend_maximum"]))
  }
}
