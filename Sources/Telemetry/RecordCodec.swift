/// A request record as the JSON that `RequestRecord`'s own decoder reads, written without reflection.
public enum RecordCodec {
  /// Appends one object without a line end. Costs about as much as copying the text.
  public static func append(_ record: RequestRecord, to bytes: inout [UInt8]) {
    bytes.append(0x7b)
    FieldWriter.append(to: &bytes, bound: record.writtenBound, style: .json, isFirst: true) { write(record, to: &$0) }
    bytes.append(0x7d)
  }

  private static func write(_ record: RequestRecord, to fields: inout FieldWriter) {
    fields.number("timeGenerated", Int(record.timeGenerated))
    fields.string("correlationId", record.correlationId)
    fields.string("gatewayId", record.gatewayId)
    fields.string("region", record.region)
    fields.bool("isRequestSuccess", record.isRequestSuccess)
    fields.number("totalTime", record.totalTime)
    fields.number("backendTime", record.backendTime)
    fields.number("cacheTime", record.cacheTime)
    fields.number("clientTime", record.clientTime)
    fields.string("callerIpAddress", record.callerIpAddress)
    fields.string("method", record.method)
    fields.string("url", record.url)
    fields.string("clientProtocol", record.clientProtocol)
    fields.string("clientTlsVersion", record.clientTlsVersion)
    fields.number("responseCode", record.responseCode)
    fields.number("responseSize", record.responseSize)
    fields.number("requestSize", record.requestSize)
    fields.string("cache", record.cache.rawValue)
    fields.string("backendMethod", record.backendMethod)
    fields.string("backendUrl", record.backendUrl)
    fields.string("backendProtocol", record.backendProtocol)
    fields.number("backendResponseCode", record.backendResponseCode)
    fields.string("backendId", record.backendId)
    fields.string("apiId", record.apiId)
    fields.string("apiRevision", record.apiRevision)
    fields.string("operationId", record.operationId)
    fields.string("productId", record.productId)
    fields.string("userId", record.userId)
    fields.string("apimSubscriptionId", record.apimSubscriptionId)
    fields.string("workspaceId", record.workspaceId)
    fields.trace("trace", record.trace)
    fields.number("tracing", record.tracing?.rawValue)
    fields.array("errors", record.errors) { error, fields in
      fields.number("elapsed", error.elapsed)
      fields.string("source", error.source)
      fields.string("scope", error.scope)
      fields.string("section", error.section)
      fields.string("reason", error.reason)
      fields.string("message", error.message)
    }
  }
}
