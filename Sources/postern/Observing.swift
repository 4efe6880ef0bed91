import Gateway
import Logging
import Telemetry

/// What tells others of the gateway's work: the exporter at its work, and the port for scrapers.
actor Observing {
  private let settings: ObservabilitySettings
  private let export: TelemetryExport?
  private let logger: Logger
  private let waitsForPort: Bool
  private var listener: MetricsListener?
  private var exporting: Task<Void, Never>?
  private var opening: Task<Void, Never>?

  /// - Parameter waitsForPort: the port may still be a former process's, which is about to end.
  init(
    _ settings: ObservabilitySettings, _ export: TelemetryExport?, _ logger: Logger, waitsForPort: Bool
  ) {
    self.settings = settings
    self.export = export
    self.logger = logger
    self.waitsForPort = waitsForPort
  }

  /// Throws when the port is not to be had.
  func start() async throws {
    guard let export else { return }
    exporting = Task { await export.run() }
    guard let endpoint = settings.metricsEndpoint else { return }
    do {
      try await open(endpoint, export)
    } catch {
      guard waitsForPort else { throw error }
      logger.info("Metrics for Prometheus wait for the former process to end: \(error)")
      opening = Task {
        while !Task.isCancelled, listener == nil {
          try? await Task.sleep(for: .milliseconds(200))
          try? await open(endpoint, export)
        }
      }
    }
  }

  private func open(_ endpoint: ObservabilitySettings.MetricsEndpoint, _ export: TelemetryExport) async throws {
    let opened = try await MetricsListener(endpoint) {
      export.metrics() + (ProcessFigures()?.metrics() ?? [])
    }
    logger.info("Metrics for Prometheus at http://\(endpoint.host):\(opened.port)/metrics")
    listener = opened
  }

  func end() async {
    opening?.cancel()
    await opening?.value
    exporting?.cancel()
    await exporting?.value
    await listener?.stop()
  }
}
