import ControlPlaneStore
import Foundation
public import Telemetry

/// Takes request records over from gateways: each once, however often it is sent, at its original time.
public struct TelemetryIntake: Sendable {
  let activity: any ActivityStore

  public init(_ service: ManagementService) { activity = service.activity }

  /// Stores records numbered from `firstSequence` on.
  /// - Returns: the last number that is stored now.
  public func store(
    _ records: [RequestRecord], gatewayID: String, spoolID: String, firstSequence: UInt64
  ) async throws(ManagementError) -> UInt64 {
    guard firstSequence > 0, firstSequence < UInt64(Int64.max) - UInt64(records.count) else {
      throw .validation("firstSequence", "'firstSequence' is out of bounds.")
    }
    do throws(StoreError) {
      _ = try await activity.append(
        records.map { Self.entry($0, gatewayID: gatewayID) }, gatewayID: gatewayID, spoolID: spoolID,
        firstSequence: Int64(firstSequence))
    } catch {
      throw ManagementError(error)
    }
    return firstSequence + UInt64(records.count) - 1
  }

  /// The same for a batch as a spool holds it: JSON objects separated by commas.
  public func store(
    batch: Spool.Batch, gatewayID: String, spoolID: String
  ) async throws -> UInt64 {
    let json = Data([0x5b] + batch.records + [0x5d])
    let records = try JSONDecoder().decode([RequestRecord].self, from: json)
    return try await store(records, gatewayID: gatewayID, spoolID: spoolID, firstSequence: batch.firstSequence)
  }

  private static func entry(_ record: RequestRecord, gatewayID: String) -> RequestLogEntry {
    var text: [UInt8] = []
    RecordCodec.append(record, to: &text)
    return RequestLogEntry(
      time: Date(timeIntervalSince1970: Double(record.timeGenerated) / 1_000_000), gatewayID: gatewayID,
      apiID: record.apiId ?? "", operationID: record.operationId ?? "", productID: record.productId ?? "",
      subscriptionID: record.apimSubscriptionId ?? "", userID: record.userId ?? "", region: record.region,
      correlationID: record.correlationId, method: record.method, url: record.url,
      callerAddress: record.callerIpAddress, responseCode: record.responseCode,
      backendResponseCode: record.backendResponseCode, requestSize: Int64(record.requestSize),
      responseSize: Int64(record.responseSize), cache: record.cache.rawValue,
      totalMilliseconds: Double(record.totalTime), backendMilliseconds: Double(record.backendTime ?? 0),
      lastErrorReason: record.lastError?.reason ?? "", record: String(decoding: text, as: UTF8.self))
  }
}
