/// A request record as one line of a gateway's own log.
public enum LogLine {
  /// The official gateway's text form: `[Info] time [GatewayLogs], correlationId: …, isRequestSuccess: …, key: value`.
  /// The line ends with a newline; control characters in values are escaped, so that one record stays one line.
  public static func text(_ record: RequestRecord, into bytes: inout [UInt8]) {
    bytes.append(contentsOf: "[Info] ".utf8)
    Timestamp.append(microseconds: record.timeGenerated, zone: false, to: &bytes)
    bytes.append(contentsOf: " [GatewayLogs], correlationId: ".utf8)
    bytes.append(contentsOf: record.correlationId.utf8)
    bytes.append(contentsOf: ", isRequestSuccess: ".utf8)
    bytes.append(contentsOf: record.isRequestSuccess ? "true".utf8 : "false".utf8)
    bytes.append(contentsOf: ", totalTime: ".utf8)
    ByteRoom.extend(&bytes, by: 20) { $0.append(decimal: record.totalTime) }
    FieldWriter.append(to: &bytes, bound: record.writtenBound, style: .text, isFirst: false) {
      write(record, to: &$0, skippingLeading: true)
    }
    bytes.append(0x0a)
  }

  /// One JSON object: `level, timestamp, eventType` and every `GatewayLogs` field. The line ends with a newline.
  public static func json(_ record: RequestRecord, into bytes: inout [UInt8]) {
    bytes.append(0x7b)
    FieldWriter.append(to: &bytes, bound: record.writtenBound, style: .json, isFirst: true) { fields in
      fields.word("level", "Info")
      fields.time("timestamp", record.timeGenerated)
      fields.word("eventType", "GatewayLogs")
      fields.word("operationName", "Microsoft.ApiManagement/GatewayLogs")
      write(record, to: &fields, skippingLeading: false)
    }
    bytes.append(contentsOf: "}\n".utf8)
  }

  private static func write(_ record: RequestRecord, to fields: inout FieldWriter, skippingLeading: Bool) {
    if !skippingLeading {
      fields.string("correlationId", record.correlationId)
      fields.bool("isRequestSuccess", record.isRequestSuccess)
      fields.number("totalTime", record.totalTime)
    }
    fields.word("category", "GatewayLogs")
    fields.string("callerIpAddress", record.callerIpAddress)
    fields.time("timeGenerated", record.timeGenerated)
    fields.string("region", record.region)
    fields.string("gatewayId", record.gatewayId)
    fields.string("method", record.method)
    fields.string("url", record.url)
    fields.number("backendResponseCode", record.backendResponseCode)
    fields.number("responseCode", record.responseCode)
    fields.number("responseSize", record.responseSize)
    fields.number("requestSize", record.requestSize)
    fields.string("cache", record.cache.rawValue)
    fields.number("backendTime", record.backendTime)
    fields.number("cacheTime", record.cacheTime)
    fields.number("clientTime", record.clientTime)
    fields.string("apiId", record.apiId)
    fields.string("operationId", record.operationId)
    fields.string("productId", record.productId)
    fields.string("userId", record.userId)
    fields.string("apimSubscriptionId", record.apimSubscriptionId)
    fields.string("workspaceId", record.workspaceId)
    fields.string("clientProtocol", record.clientProtocol)
    fields.string("backendProtocol", record.backendProtocol)
    fields.string("apiRevision", record.apiRevision)
    fields.string("clientTlsVersion", record.clientTlsVersion)
    fields.string("backendMethod", record.backendMethod)
    fields.string("backendUrl", record.backendUrl)
    fields.string("backendId", record.backendId)
    fields.string("httpStatusCodeCategory", record.statusCodeCategory)
    if let trace = record.trace {
      fields.hexadecimal("traceId", trace.traceHigh, trace.traceLow)
      fields.hexadecimal("spanId", trace.spanID)
      if let parent = trace.parentSpanID { fields.hexadecimal("parentSpanId", parent) }
    }
    if let tracing = record.tracing {
      fields.bool("isTraceRequested", true)
      fields.bool("isTraceAllowed", tracing == .allowed)
      fields.bool("isTraceExpired", tracing == .expired)
    }
    if let error = record.lastError {
      fields.number("lastErrorElapsed", error.elapsed)
      fields.string("lastErrorSource", error.source)
      fields.string("lastErrorScope", error.scope)
      fields.string("lastErrorSection", error.section)
      fields.string("lastErrorReason", error.reason)
      fields.string("lastErrorMessage", error.message)
    }
  }
}
