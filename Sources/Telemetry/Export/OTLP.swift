/// The gateway's telemetry as OpenTelemetry protocol messages (opentelemetry-proto 1, protobuf).
public struct OTLP: Sendable {
  /// Kinds of telemetry, each with its path under a collector's URL and its gRPC method.
  public enum Signal: String, Sendable, CaseIterable {
    case metrics, logs, traces

    /// Path of OTLP over HTTP.
    public var path: String { "/v1/\(rawValue)" }

    /// Path of OTLP over gRPC.
    public var method: String {
      let service = self == .traces ? "Trace" : rawValue.prefix(1).uppercased() + rawValue.dropFirst()
      let package = self == .traces ? "trace" : rawValue
      return "/opentelemetry.proto.collector.\(package).v1.\(service)Service/Export"
    }
  }

  /// What every message says of its sender.
  public var resource: [Metric.Attribute]
  /// When the process began to count, nanoseconds since 1970.
  public var startNanoseconds: UInt64

  public init(
    gatewayID: String, instanceID: String, hostName: String, version: String,
    startNanoseconds: UInt64
  ) {
    resource = [
      .init("service.name", "postern-gateway"), .init("service.version", version),
      .init("service.instance.id", instanceID), .init("host.name", hostName), .init("GatewayId", gatewayID),
    ]
    self.startNanoseconds = startNanoseconds
  }

  // MARK: - Metrics

  /// An `ExportMetricsServiceRequest`; sums and histograms are cumulative.
  public func metrics(_ metrics: [Metric], at nanoseconds: UInt64) -> [UInt8] {
    request { scope in
      for metric in metrics where !metric.points.isEmpty {
        scope.message(2) { write(metric, at: nanoseconds, to: &$0) }
      }
    }
  }

  private static let cumulative: UInt64 = 2

  private func write(_ metric: Metric, at nanoseconds: UInt64, to message: inout ProtobufWriter) {
    message.string(1, metric.name)
    message.string(2, metric.description)
    switch metric.unit {
    case .none: message.string(3, "1")
    case .milliseconds: message.string(3, "ms")
    case .seconds: message.string(3, "s")
    case .bytes: message.string(3, "By")
    }
    let field =
      switch metric.kind {
      case .gauge: 5
      case .counter: 7
      case .histogram: 9
      }
    message.message(field) { data in
      for point in metric.points {
        data.message(1) { write(point, metric.kind, at: nanoseconds, to: &$0) }
      }
      if metric.kind != .gauge { data.integer(2, Self.cumulative) }
      if metric.kind == .counter { data.integer(3, 1) }
    }
  }

  private func write(
    _ point: Metric.Point, _ kind: Metric.Kind, at nanoseconds: UInt64, to message: inout ProtobufWriter
  ) {
    message.fixed64(2, startNanoseconds)
    message.fixed64(3, nanoseconds)
    switch point.value {
    case .number(let value):
      message.double(4, value)
      Self.write(point.attributes, field: 7, to: &message)
    case .distribution(let counts, let sum):
      message.fixed64(4, counts.reduce(0, +))
      message.double(5, sum)
      message.packed(6, counts)
      if case .histogram(let bounds) = kind { message.packed(7, bounds.map(\.bitPattern)) }
      Self.write(point.attributes, field: 9, to: &message)
    }
  }

  // MARK: - Logs

  /// An `ExportLogsServiceRequest` with one record of the event `GatewayLogs` for each request.
  public func logs(_ records: [RequestRecord]) -> [UInt8] {
    request { scope in
      for record in records { scope.message(2) { write(record, to: &$0) } }
    }
  }

  private func write(_ record: RequestRecord, to message: inout ProtobufWriter) {
    let time = UInt64(max(0, record.timeGenerated)) * 1_000
    message.fixed64(1, time)
    // INFO and WARN of the specification's severity numbers.
    message.integer(2, record.isRequestSuccess ? 9 : 13)
    message.string(3, record.isRequestSuccess ? "Info" : "Warn")
    message.message(5) { $0.string(1, "\(record.method) \(record.url) \(record.responseCode)") }
    for (name, value) in Self.attributes(of: record) {
      message.message(6) { Self.write(name, value, to: &$0) }
    }
    if let trace = record.trace {
      message.fixed32(8, trace.isSampled ? 1 : 0)
      message.bigEndian(9, trace.traceHigh, trace.traceLow)
      message.bigEndian(10, trace.spanID)
    }
    message.fixed64(11, time + UInt64(max(0, record.totalTime)) * 1_000_000)
    message.string(12, "GatewayLogs")
  }

  /// A value of an attribute.
  enum AttributeValue: Equatable {
    case text(String)
    case number(Int)
  }

  /// The record's fields, under OpenTelemetry's names where it has one.
  static func attributes(of record: RequestRecord) -> [(String, AttributeValue)] {
    var result: [(String, AttributeValue)] = [
      ("correlationId", .text(record.correlationId)), ("http.request.method", .text(record.method)),
      ("url.full", .text(record.url)), ("http.response.status_code", .number(record.responseCode)),
      ("client.address", .text(record.callerIpAddress)), ("network.protocol.name", .text(record.clientProtocol)),
      ("http.request.size", .number(record.requestSize)), ("http.response.size", .number(record.responseSize)),
      ("totalTime", .number(record.totalTime)), ("cache", .text(record.cache.rawValue)),
    ]
    func add(_ name: String, _ value: String?) { if let value { result.append((name, .text(value))) } }
    func add(_ name: String, _ value: Int?) { if let value { result.append((name, .number(value))) } }
    add("backendTime", record.backendTime)
    add("clientTime", record.clientTime)
    add("backendResponseCode", record.backendResponseCode)
    add("backendUrl", record.backendUrl)
    add("backendMethod", record.backendMethod)
    add("backendId", record.backendId)
    add("apiId", record.apiId)
    add("apiRevision", record.apiRevision)
    add("operationId", record.operationId)
    add("productId", record.productId)
    add("userId", record.userId)
    add("apimSubscriptionId", record.apimSubscriptionId)
    add("workspaceId", record.workspaceId)
    add("tls.protocol.version", record.clientTlsVersion)
    if let error = record.lastError {
      add("error.type", error.reason)
      add("lastErrorSource", error.source)
      add("lastErrorMessage", error.message)
    }
    return result
  }

  // MARK: - Parts

  /// The three layers every request has: resource, scope, items.
  func request(_ items: (inout ProtobufWriter) -> Void) -> [UInt8] {
    var writer = ProtobufWriter()
    writer.message(1) { layer in
      layer.message(1) { Self.write(resource, field: 1, to: &$0) }
      layer.message(2) { scope in
        scope.message(1) { $0.string(1, "postern") }
        items(&scope)
      }
    }
    return writer.bytes
  }

  private static func write(_ attributes: [Metric.Attribute], field: Int, to message: inout ProtobufWriter) {
    for attribute in attributes {
      message.message(field) { write(attribute.name, .text(attribute.value), to: &$0) }
    }
  }

  static func write(_ name: String, _ value: AttributeValue, to message: inout ProtobufWriter) {
    message.string(1, name)
    message.message(2) { any in
      switch value {
      case .text(let text):
        // Present even when empty, so the field is written with its length.
        if text.isEmpty { any.message(1) { _ in } } else { any.string(1, text) }
      case .number(let number):
        any.integer(3, UInt64(bitPattern: Int64(number)), isPresentAtZero: true)
      }
    }
  }
}
