import Foundation
public import Logging
import Synchronization
public import Telemetry

/// Carries finished records to metrics, StatsD, a second log and an OpenTelemetry collector.
///
/// Works off the event loops: it is given whole batches by whoever writes the log. What a destination does not take is
/// dropped and counted; the counts are metrics themselves, so that a silent exporter is seen.
public final class TelemetryExport: Sendable {
  private struct State {
    var requests: RequestMetrics
    var statsD: StatsD?
    var pending: [OTLP.Signal: PendingRecords]
    var failures: [OTLP.Signal: UInt64] = [:]
    var isReported: Set<String> = []
  }

  /// Records of one message.
  private static let batch = 1_000
  /// Between two looks at where names lead.
  private static let resolveSeconds = 30

  private let state: Mutex<State>
  private let statsD: DatagramDestination?
  private let secondLog: (format: LocalLog, destination: DatagramDestination)?
  private let collector: ObservabilitySettings.Collector?
  private let client: (any OTLPClient)?
  private let otlp: OTLP
  private let custom: CustomMetrics
  private let backends: BackendRegistry?
  private let meters: GatewayMeters?
  private let logger: Logger

  /// - Parameters:
  ///   - custom: what policies emit.
  ///   - backends: how the backends are doing.
  ///   - meters: what the gateway does beside requests.
  public init(
    _ settings: ObservabilitySettings, custom: CustomMetrics = CustomMetrics(), backends: BackendRegistry? = nil,
    meters: GatewayMeters? = nil, gatewayID: String, instanceID: String, hostName: String, version: String,
    logger: Logger
  ) {
    var statsDState: StatsD?
    if let server = settings.statsD {
      statsDState = StatsD(gatewayID: gatewayID, tagFormat: server.tagFormat, sampling: server.sampling)
    }
    statsD = settings.statsD.map { DatagramDestination($0.address) }
    secondLog = settings.secondLog.map { log in
      (LocalLog(format: log.format, facility: log.facility, hostName: hostName), DatagramDestination(log.address))
    }
    collector = settings.collector
    client = settings.collector.map { collector in
      switch collector.transfer {
      case .grpc: OTLPOverGRPC(url: collector.url)
      case .http: OTLPOverHTTP(url: collector.url)
      }
    }
    otlp = OTLP(
      gatewayID: gatewayID, instanceID: instanceID, hostName: hostName, version: version,
      startNanoseconds: Self.now())
    self.custom = custom
    self.backends = backends
    self.meters = meters
    self.logger = logger
    let requests = RequestMetrics(gatewayID: gatewayID, buckets: settings.buckets)
    let signals = settings.collector?.signals.subtracting([.metrics]) ?? []
    let pending = Dictionary(uniqueKeysWithValues: signals.map { ($0, PendingRecords()) })
    state = Mutex(State(requests: requests, statsD: statsDState, pending: pending))
  }

  /// Takes finished records.
  public func add(_ records: [RequestRecord]) {
    let datagrams = state.withLock { state in
      for record in records { state.requests.add(record) }
      for signal in Array(state.pending.keys) { state.pending[signal]?.add(records) }
      return state.statsD?.datagrams(for: records) ?? []
    }
    if let statsD { for datagram in datagrams { statsD.send(datagram) } }
    if let secondLog { for record in records { secondLog.destination.send(secondLog.format.datagram(for: record)) } }
  }

  /// Everything there is to tell, for a scraper or a collector.
  public func metrics() -> [Metric] {
    var result = state.withLock { $0.requests.snapshot() } + custom.snapshot() + (backends?.metrics() ?? [])
    result += meters?.metrics() ?? []
    let (dropped, failures) = state.withLock { state in
      (state.pending.values.map(\.dropped).reduce(0, +), state.failures)
    }
    func counter(_ name: String, _ description: String, _ points: [(String, UInt64)]) {
      if points.isEmpty { return }
      result.append(
        Metric(
          name, description, .counter,
          points: points.map { .init([.init("Destination", $0.0)], .number(Double($0.1))) }))
    }
    var drops: [(String, UInt64)] = []
    if let statsD { drops.append(("statsd", statsD.dropped)) }
    if let secondLog { drops.append(("log", secondLog.destination.dropped)) }
    if collector != nil { drops.append(("collector", dropped)) }
    counter("TelemetryDropped", "Records or datagrams a destination did not take.", drops)
    counter(
      "TelemetryExportFailures", "Messages a collector did not take.", failures.map { ($0.key.rawValue, $0.value) })
    return result
  }

  /// Sends to the collector and follows moving names, until the task is cancelled; then once more.
  public func run() async {
    guard statsD != nil || secondLog != nil || collector != nil else { return }
    var second = 0
    let interval = max(1, (collector?.intervalMilliseconds ?? 60_000) / 1_000)
    while !Task.isCancelled {
      if second % Self.resolveSeconds == 0 { resolve() }
      try? await Task.sleep(for: .seconds(1))
      second += 1
      await sendRecords()
      if second % interval == 0 { await sendMetrics() }
    }
    await sendRecords()
    await sendMetrics()
    await client?.end()
  }

  private func resolve() {
    for destination in [statsD, secondLog?.destination].compactMap({ $0 }) {
      // Names may take seconds to resolve: not on a thread of the cooperative pool.
      DispatchQueue.global(qos: .utility).async { [self] in
        report("\(destination.address)", destination.resolve())
      }
    }
  }

  /// Logs that a destination fails, and that it works again; once each.
  private func report(_ destination: String, _ problem: String?) {
    let isNews = state.withLock { state in
      problem == nil ? state.isReported.remove(destination) != nil : state.isReported.insert(destination).inserted
    }
    guard isNews else { return }
    if let problem {
      logger.error("Telemetry is not delivered: \(problem)")
    } else {
      logger.info("Telemetry is delivered again to \(destination)")
    }
  }

  private func sendMetrics() async {
    guard let collector, collector.signals.contains(.metrics) else { return }
    var metrics = metrics()
    if collector.hasSystemMetrics, let figures = ProcessFigures() { metrics += figures.metrics() }
    await send(.metrics, otlp.metrics(metrics, at: Self.now()))
  }

  private func sendRecords() async {
    for signal in collector?.signals ?? [] where signal != .metrics {
      while true {
        let batch = state.withLock { $0.pending[signal]?.oldest(Self.batch) } ?? .init(first: 0, records: [])
        guard !batch.records.isEmpty else { break }
        let message = signal == .logs ? otlp.logs(batch.records) : otlp.traces(batch.records)
        guard await send(signal, message) else { break }
        state.withLock { $0.pending[signal]?.remove(batch) }
      }
    }
  }

  @discardableResult
  private func send(_ signal: OTLP.Signal, _ message: [UInt8]) async -> Bool {
    guard let client else { return false }
    do {
      try await client.export(signal, message)
      report("collector", nil)
      return true
    } catch {
      state.withLock { $0.failures[signal, default: 0] += 1 }
      report("collector", "\(error)")
      return false
    }
  }

  private static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
