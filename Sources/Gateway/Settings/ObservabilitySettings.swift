public import Telemetry

/// Where a gateway's metrics and records go besides its own log and the management service.
public struct ObservabilitySettings: Sendable {
  public struct StatsDServer: Sendable {
    public var address: DatagramDestination.Address
    public var sampling: Double
    public var tagFormat: StatsD.TagFormat
  }

  public struct SecondLog: Sendable {
    public var format: LocalLog.Format
    public var address: DatagramDestination.Address
    public var facility: Int
  }

  public struct Collector: Sendable {
    public enum TransferProtocol: String, Sendable, CaseIterable {
      case grpc
      case http = "http/protobuf"
    }

    /// `http` or `https`, with host and port.
    public var url: String
    public var transfer: TransferProtocol
    public var signals: Set<OTLP.Signal>
    public var intervalMilliseconds: Int
    public var hasSystemMetrics: Bool
  }

  public struct MetricsEndpoint: Sendable, Equatable {
    public var host: String
    /// 0 for any free port.
    public var port: Int
  }

  public var statsD: StatsDServer?
  public var secondLog: SecondLog?
  public var collector: Collector?
  public var metricsEndpoint: MetricsEndpoint?
  /// Whether requests continue their callers' traces, or begin one.
  public var joinsTraces = false
  /// Upper ends of latency buckets, milliseconds.
  public var buckets: [Double]

  /// Nothing goes anywhere.
  public init() { buckets = RequestMetrics.standardBuckets }

  /// Whether anything needs records.
  public var needsRecords: Bool {
    statsD != nil || secondLog != nil || collector != nil || metricsEndpoint != nil
  }

  init(_ reader: inout SettingReader) {
    self.init()
    readBuckets(&reader)
    readStatsD(&reader)
    readSecondLog(&reader)
    readCollector(&reader)
    switch reader.text("observability.trace-context")?.lowercased() ?? "auto" {
    case "on": joinsTraces = true
    case "off": joinsTraces = false
    default: joinsTraces = collector.map { !$0.signals.isDisjoint(with: [.logs, .traces]) } ?? false
    }
    if let text = reader.text("observability.prometheus.endpoint") {
      let parts = Self.hostAndPort(text)
      metricsEndpoint = parts.map { MetricsEndpoint(host: $0.host, port: $0.port) }
      if parts == nil {
        reader.problems.append("observability.prometheus.endpoint: expected host:port, found \"\(text)\"")
      }
    }
  }

  private mutating func readBuckets(_ reader: inout SettingReader) {
    let name = "observability.opentelemetry.histogram.buckets"
    guard let text = reader.text(name) else { return }
    let bounds = text.split(separator: ",").map { Double($0.filter { $0 != " " }) }
    let known = bounds.compactMap { $0 }
    guard known.count == bounds.count, !known.isEmpty, known.count <= 100, known.allSatisfy(\.isFinite),
      zip(known, known.dropFirst()).allSatisfy({ $0 < $1 })
    else {
      reader.problems.append("\(name): expected up to 100 ascending numbers separated by commas, found \"\(text)\"")
      return
    }
    buckets = known
  }

  private mutating func readStatsD(_ reader: inout SettingReader) {
    let name = "telemetry.metrics.local.statsd"
    guard reader.text("telemetry.metrics.local")?.lowercased() == "statsd" else { return }
    guard let text = reader.text("\(name).endpoint") else {
      reader.problems.append("\(name).endpoint is missing: the StatsD server, host:port")
      return
    }
    guard let address = DatagramDestination.Address(hostAndPort: text) else {
      reader.problems.append("\(name).endpoint: expected host:port, found \"\(text)\"")
      return
    }
    let format = reader.text("\(name).tag-format").flatMap { text in
      StatsD.TagFormat.allCases.first { $0.rawValue.lowercased() == text.lowercased() }
    }
    let sampling = reader.text("\(name).sampling").flatMap { Double($0) } ?? 1
    guard sampling > 0 else { return }
    statsD = StatsDServer(address: address, sampling: sampling, tagFormat: format ?? .dogStatsD)
  }

  private mutating func readSecondLog(_ reader: inout SettingReader) {
    let name = "telemetry.logs.local"
    let address: DatagramDestination.Address?
    let format: LocalLog.Format
    let kind = reader.text(name)?.lowercased() ?? "auto"
    var endpointName = "\(name).\(kind).endpoint"
    switch kind {
    case "localsyslog":
      format = .localSyslog
      address = .unixSocket(reader.text(endpointName) ?? "/dev/log")
    case "journal":
      format = .journal
      address = .unixSocket(reader.text(endpointName) ?? "/run/systemd/journal/socket")
    case "rfc5424":
      format = .rfc5424
      address = reader.text(endpointName).flatMap { .init(hostAndPort: $0) }
    case "json":
      format = .json
      address = DatagramDestination.Address(hostAndPort: reader.text(endpointName) ?? "127.0.0.1:8888")
    case "forward":
      reader.warnings.append("\(name)=forward has no effect: use json or rfc5424, which every log collector reads")
      return
    default: return
    }
    guard let address else {
      let found = reader.text(endpointName)
      reader.problems.append("\(endpointName): expected host:port, found \(found.map { "\"\($0)\"" } ?? "nothing")")
      return
    }
    endpointName = "\(name).\(kind).facility"
    let facility = reader.text(endpointName).map { Int($0) } ?? 1
    guard let facility, (0...23).contains(facility) else {
      reader.problems.append("\(endpointName): expected a syslog facility, 0 to 23")
      return
    }
    secondLog = SecondLog(format: format, address: address, facility: facility)
  }

  private mutating func readCollector(_ reader: inout SettingReader) {
    guard reader.boolean("observability.opentelemetry.enabled") else { return }
    let name = "observability.opentelemetry.collector.uri"
    guard var url = reader.text(name) else {
      reader.problems.append("\(name) is missing: the collector, such as http://otel:4317")
      return
    }
    if !url.contains("://") { url = "http://" + url }
    while url.hasSuffix("/") { url.removeLast() }
    guard url.hasPrefix("http://") || url.hasPrefix("https://"), url.split(separator: "/").count == 2 else {
      reader.problems.append("\(name): expected http://host:port or https://host:port, found \"\(url)\"")
      return
    }
    let asked = reader.text("observability.opentelemetry.collector.protocol")?.lowercased()
    // 4318 is the port every collector has for OTLP over HTTP; the official gateway speaks gRPC.
    let transfer =
      asked.flatMap { Collector.TransferProtocol(rawValue: $0) } ?? (url.hasSuffix(":4318") ? .http : .grpc)
    var signals: Set<OTLP.Signal> = []
    for word in (reader.text("observability.opentelemetry.signals") ?? "metrics").split(separator: ",") {
      let word = word.filter { $0 != " " }.lowercased()
      guard let signal = OTLP.Signal(rawValue: word) else {
        reader.problems.append(
          "observability.opentelemetry.signals: expected metrics, logs or traces, found \"\(word)\"")
        continue
      }
      signals.insert(signal)
    }
    collector = Collector(
      url: url, transfer: transfer, signals: signals,
      intervalMilliseconds: max(1_000, reader.duration("observability.opentelemetry.interval")),
      hasSystemMetrics: reader.boolean("observability.opentelemetry.system-metrics.enabled"))
  }

  private static func hostAndPort(_ text: String) -> (host: String, port: Int)? {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    return host.isEmpty ? nil : (host, Int(port))
  }
}
