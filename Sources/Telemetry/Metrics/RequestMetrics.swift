/// The metrics that follow from request records: how many there were of which kind, and how long they took.
///
/// Names and dimensions are those of the official gateway's OpenTelemetry metrics, with `ApiId` besides. The number of
/// series is bounded whatever clients send: what is beyond a bound is counted in one series that says so.
public struct RequestMetrics: Sendable {
  public struct Bounds: Sendable {
    /// Series of `Requests`.
    public var series = 800
    /// Host names told apart. They come from clients: without a bound, anybody could make series. Each has 14 series in each
    /// of four histograms, so that with ``series`` there are fewer than 2,000.
    public var hosts = 16

    public init() {}
  }

  /// Upper ends of latency buckets in milliseconds, as the official gateway has them.
  public static let standardBuckets: [Double] = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000]

  private struct Series: Hashable {
    var host: String
    var api: String?
    var responseCode: Int
    var backendResponseCode: Int?
    var cache: RequestRecord.Cache
    var reason: String?
  }

  private struct Durations {
    var total: Histogram
    var backend: Histogram
    var client: Histogram
    var gateway: Histogram

    init(bounds: [Double]) {
      let empty = Histogram(bounds: bounds)
      (total, backend, client, gateway) = (empty, empty, empty, empty)
    }

    mutating func add(_ record: RequestRecord) {
      total.observe(Double(record.totalTime))
      if let time = record.backendTime { backend.observe(Double(time)) }
      if let time = record.clientTime { client.observe(Double(time)) }
      gateway.observe(Double(max(0, record.totalTime - (record.backendTime ?? 0) - (record.clientTime ?? 0))))
    }
  }

  private let gatewayID: String
  /// The gateway's location, as the newest record has it.
  private var location = ""
  private let buckets: [Double]
  private let bounds: Bounds
  private var counts: [Series: UInt64] = [:]
  /// Requests that would have begun a series beyond the bound.
  private var overflow: UInt64 = 0
  private var durations: [String: Durations] = [:]

  public init(gatewayID: String, buckets: [Double] = Self.standardBuckets, bounds: Bounds = Bounds()) {
    self.gatewayID = gatewayID
    self.buckets = buckets
    self.bounds = bounds
  }

  /// Counts one finished request.
  public mutating func add(_ record: RequestRecord) {
    if location != record.region { location = record.region }
    let host = known(host: record.host)
    let series = Series(
      host: host, api: record.apiId, responseCode: record.responseCode,
      backendResponseCode: record.backendResponseCode, cache: record.cache, reason: record.errors.last?.reason)
    if let count = counts[series] {
      counts[series] = count + 1
    } else if counts.count < bounds.series {
      counts[series] = 1
    } else {
      overflow += 1
    }
    durations[host, default: Durations(bounds: buckets)].add(record)
  }

  private func known(host: String) -> String {
    durations[host] != nil || durations.count < bounds.hosts ? host : Self.otherHosts
  }

  /// Stands for every host name beyond the bound.
  static let otherHosts = "other"

  /// Everything counted so far.
  public func snapshot() -> [Metric] {
    var requests = counts.map { series, count in
      Metric.Point(attributes(of: series), .number(Double(count)))
    }
    if overflow > 0 { requests.append(.init([.init("otel.metric.overflow", "true")], .number(Double(overflow)))) }
    var result = [Metric("Requests", "Requests answered.", .counter, points: requests)]
    let times: [(String, String, KeyPath<Durations, Histogram>)] = [
      ("DurationInMs", "From a request's first byte to the last of its response.", \.total),
      ("BackendDurationInMs", "Spent waiting for the backend.", \.backend),
      ("ClientDurationInMs", "Spent reading from and writing to the client.", \.client),
      ("GatewayDurationInMs", "Spent in the gateway itself.", \.gateway),
    ]
    for (name, description, part) in times {
      let points = durations.map { host, value in
        Metric.Point([.init("Hostname", host)], value[keyPath: part].value)
      }
      result.append(
        Metric(name, description, .histogram(bounds: buckets), unit: .milliseconds, points: points))
    }
    return result
  }

  private func attributes(of series: Series) -> [Metric.Attribute] {
    var result: [Metric.Attribute] = [
      .init("GatewayId", gatewayID), .init("Location", location), .init("Hostname", series.host),
      .init("ResponseCode", "\(series.responseCode)"),
      .init("ResponseCodeCategory", RequestRecord.codeClass(series.responseCode)),
      .init("Status", RequestRecord.statusCodeCategory(series.responseCode)), .init("Cache", series.cache.rawValue),
    ]
    if let api = series.api { result.append(.init("ApiId", api)) }
    if let code = series.backendResponseCode {
      result.append(.init("BackendResponseCode", "\(code)"))
      result.append(.init("BackendResponseCodeCategory", RequestRecord.codeClass(code)))
    }
    if let reason = series.reason { result.append(.init("LastErrorReason", reason)) }
    return result
  }
}

extension RequestRecord {
  /// `2xx`, `4xx`.
  static func codeClass(_ code: Int) -> String { "\(code / 100)xx" }

  /// The host the client asked for, without the port.
  var host: String {
    let bytes = url.utf8
    guard let scheme = bytes.firstIndex(of: UInt8(ascii: ":")) else { return "" }
    let authority = bytes[scheme...].dropFirst(3).prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
    if authority.first == UInt8(ascii: "["), let close = authority.firstIndex(of: UInt8(ascii: "]")) {
      return String(authority[...close]) ?? ""
    }
    return String(authority.prefix { $0 != UInt8(ascii: ":") }) ?? ""
  }
}
