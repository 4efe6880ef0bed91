extension OTLP {
  /// An `ExportTraceServiceRequest` with one server span for each request whose trace is to be kept.
  public func traces(_ records: [RequestRecord]) -> [UInt8] {
    request { scope in
      for record in records {
        guard let trace = record.trace ?? TraceContext(correlationID: record.correlationId) else { continue }
        // Who began the trace has chosen not to keep it.
        guard trace.isSampled else { continue }
        scope.message(2) { Self.write(record, trace, to: &$0) }
      }
    }
  }

  private static let serverKind: UInt64 = 2
  private static let errorStatus: UInt64 = 2

  private static func write(_ record: RequestRecord, _ trace: TraceContext, to span: inout ProtobufWriter) {
    span.bigEndian(1, trace.traceHigh, trace.traceLow)
    span.bigEndian(2, trace.spanID)
    if let parent = trace.parentSpanID { span.bigEndian(4, parent) }
    let route = [record.apiId, record.operationId].compactMap { $0 }.joined(separator: "/")
    span.string(5, route.isEmpty ? record.method : "\(record.method) \(route)")
    span.integer(6, serverKind)
    let start = UInt64(max(0, record.timeGenerated)) * 1_000
    span.fixed64(7, start)
    span.fixed64(8, start + UInt64(max(0, record.totalTime)) * 1_000_000)
    for (name, value) in attributes(of: record) { span.message(9) { write(name, value, to: &$0) } }
    for error in record.errors {
      span.message(11) { event in
        event.fixed64(1, start + UInt64(max(0, error.elapsed)) * 1_000_000)
        event.string(2, "error")
        event.message(3) { write("error.type", .text(error.reason), to: &$0) }
        event.message(3) { write("source", .text(error.source), to: &$0) }
        event.message(3) { write("message", .text(error.message), to: &$0) }
      }
    }
    // A server's span fails with its own errors, not with those it tells the client about.
    if record.responseCode >= 500 || record.responseCode == 0 {
      span.message(15) { status in
        if let error = record.lastError { status.string(2, error.message) }
        status.integer(3, errorStatus)
      }
    }
  }
}
