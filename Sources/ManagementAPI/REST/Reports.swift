import ControlPlaneStore
import Foundation
import Hummingbird

/// `reports/byRequest`: the request log as ARM shows it.
struct Reports {
  let service: ManagementService

  func answer(_ parts: [String], _ request: Request) async throws -> Response {
    guard request.method == .get, parts.count == 2, parts[1].lowercased() == "byrequest" else {
      throw ManagementError.badRequest(
        "NotSupported", "Of the reports this version of Postern has byRequest; the others are not there yet.")
    }
    let page = try Page(request)
    var filter = RequestLogFilter()
    for condition in page.filter { try apply(condition, to: &filter) }
    let (entries, total) = try await requests(filter, page)
    return ManagementRoutes.json(page.envelope(entries.map(Self.row), total: total, request))
  }

  private func requests(_ filter: RequestLogFilter, _ page: Page) async throws(ManagementError) -> (
    entries: [RequestLogEntry], total: Int
  ) {
    do throws(StoreError) {
      return try await service.activity.requests(filter, limit: min(page.top, 10_000), offset: page.skip)
    } catch {
      throw ManagementError(error)
    }
  }

  private func apply(_ condition: ODataCondition, to filter: inout RequestLogFilter) throws(ManagementError) {
    let name = condition.value.split(separator: "/").last.map(String.init) ?? condition.value
    switch (condition.field.lowercased(), condition.comparison) {
    case ("timestamp", .ge), ("timestamp", .gt): filter.from = try time(condition.value)
    case ("timestamp", .le), ("timestamp", .lt): filter.to = try time(condition.value)
    case ("apiid", .eq): filter.apiID = name
    case ("operationid", .eq): filter.operationID = name
    case ("productid", .eq): filter.productID = name
    case ("userid", .eq): filter.userID = name
    case ("subscriptionid", .eq): filter.subscriptionID = name
    case ("gatewayid", .eq): filter.gatewayID = name
    case ("apiregion", .eq): filter.region = condition.value
    default:
      throw .badRequest(
        "InvalidFilter",
        "$filter of byRequest knows timestamp ge/le and apiId, operationId, productId, userId, "
          + "subscriptionId, gatewayId, apiRegion eq; not '\(condition.field) \(condition.comparison.rawValue)'.")
    }
  }

  private func time(_ text: String) throws(ManagementError) -> Date {
    let fractional = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    let zoned = text.hasSuffix("Z") || text.dropFirst(10).contains("+") ? text : text + "Z"
    if let date = (try? Date(zoned, strategy: .iso8601)) ?? (try? Date(zoned, strategy: fractional)) { return date }
    throw .badRequest("InvalidFilter", "'\(text)' is no time; expected datetime'2026-01-31T12:00:00'.")
  }

  static func row(_ entry: RequestLogEntry) -> JSON {
    func id(_ collection: String, _ name: String) -> JSON { name.isEmpty ? .null : .string("/\(collection)/\(name)") }
    let operation = entry.operationID.isEmpty ? "" : "\(entry.apiID)/operations/\(entry.operationID)"
    return [
      "apiId": id("apis", entry.apiID), "operationId": id("apis", operation),
      "productId": id("products", entry.productID),
      "userId": id("users", entry.userID), "subscriptionId": id("subscriptions", entry.subscriptionID),
      "gatewayId": id("gateways", entry.gatewayID), "apiRegion": .string(entry.region), "method": .string(entry.method),
      "url": .string(entry.url), "ipAddress": .string(entry.callerAddress),
      "backendResponseCode": entry.backendResponseCode.map { .string("\($0)") } ?? .null,
      "responseCode": .integer(Int64(entry.responseCode)), "responseSize": .integer(entry.responseSize),
      "requestSize": .integer(entry.requestSize), "cache": .string(entry.cache),
      "timestamp": .string(entry.time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))),
      "apiTime": .number(entry.totalMilliseconds), "serviceTime": .number(entry.backendMilliseconds),
      "requestId": .string(entry.correlationID),
    ]
  }
}
