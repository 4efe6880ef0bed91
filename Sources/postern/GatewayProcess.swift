import AsyncHTTPClient
import CMemory
import Expressions
import Foundation
import Gateway
import GatewayConfiguration
import Logging
import NIOCore
import NIOPosix
import Telemetry
import UnixSignals

/// A self-hosted gateway's process: the data plane, the agent beside it, signals, and a clean end.
struct GatewayProcess {
  let settings: GatewaySettings
  let format: ConsoleLogHandler.Format
  let takesOver: Bool
  let reread: () throws -> GatewaySettings
  private let logger = Logger(label: "gateway")

  /// What happens to the process from outside.
  private enum Event {
    case signal(UnixSignal)
    /// Another process serves instead.
    case replaced(HandoverSuccessor)
  }

  /// - Parameter takesOver: sockets and counters come from the process that serves from the same folder now.
  init(
    settings: GatewaySettings, format: ConsoleLogHandler.Format, takesOver: Bool = false,
    reread: @escaping () throws -> GatewaySettings
  ) {
    self.settings = settings
    self.format = format
    self.takesOver = takesOver
    self.reread = reread
  }

  func run(_ signals: UnixSignalsSequence) async throws {
    for warning in settings.warnings { logger.warning("\(warning)") }
    if !StackRoom.reserve(steps: settings.expressionLimits.steps) {
      logger.warning("Threads keep the stacks the system gives: the system refuses larger ones")
    }
    let instance = UUID().uuidString.lowercased()
    let directory = settings.statePath
    var request: HandoverRequest?
    if takesOver, let directory {
      request = try await HandoverRequest(directory: directory, version: Version.number)
      if request == nil { logger.info("No gateway serves from \(directory): there is nothing to take over") }
    }
    let backup = makeBackup()
    let shipper = try RecordShipper(
      directory: backup == nil ? nil : settings.statePath.map { $0 + "/records" },
      newID: UUID().uuidString.lowercased(),
      bounds: spoolBounds, logger: logger)
    let accessLog = AccessLog(format: format)
    let sends = settings.sendsRecords
    let metrics = CustomMetrics()
    let meters = GatewayMeters()
    let backends = BackendRegistry(logger: logger)
    let traces = TraceOutbox()
    let export = settings.observability.needsRecords ? makeExport(instance, metrics, meters, backends) : nil
    let records = RecordQueue { records in
      accessLog.write(records)
      export?.add(records)
      if sends { await shipper.append(records) }
    }
    let server = try GatewayServer(
      settings: try serverSettings(
        instance, directory: backup == nil ? nil : settings.statePath, takesOver: request != nil, traces),
      logger: logger,
      metrics: metrics, meters: meters, backends: backends,
      onRecords: { records.add($0) })
    server.setNotReadyReason("no configuration yet: waiting for \(settings.endpoint)")
    if request == nil { try await server.start() }
    let identity = GatewayAgent.Identity(
      instanceID: instance, version: Version.number, hostName: ProcessInfo.processInfo.hostName,
      startedAtMicroseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
    var link = try await Link(
      settings: settings, identity: identity, backup: backup, shipper: shipper, traces: traces, server: server,
      logger: logger)
    if let request { try await takeOver(request, server, link) }
    logger.info(
      "Gateway \(settings.gatewayID) listens on \(settings.address): HTTP \(server.boundHTTPPort ?? 0), HTTPS \(server.boundHTTPSPort ?? 0)",
      metadata: ["version": "\(Version.number)", "instance": "\(instance)"])
    let succession = Succession(
      directory: backup == nil ? nil : directory, server, after: request,
      drainMilliseconds: settings.drainTimeoutMilliseconds, logger)
    let observing = Observing(settings.observability, export, logger, waitsForPort: request != nil)
    try await observing.start()

    let (events, continuation) = AsyncStream.makeStream(of: Event.self)
    let listening = Task { for await signal in signals { continuation.yield(.signal(signal)) } }
    let waiting = Task { if let successor = await succession.successor() { continuation.yield(.replaced(successor)) } }
    var successor: HandoverSuccessor?
    events: for await event in events {
      switch event {
      case .replaced(let next):
        successor = next
        break events
      case .signal(.sighup): break
      case .signal: break events
      }
      do {
        let fresh = try reread()
        try server.reload(certificate: certificate(fresh))
        let next = try await Link(
          settings: fresh, identity: identity, backup: backup, shipper: shipper, traces: traces, server: server,
          logger: logger)
        await link.end()
        link = next
        logger.info("Settings and certificates were read again; ports, folders and log format keep until a restart")
      } catch {
        logger.error("Nothing was changed, the settings are not usable: \(error)")
      }
    }
    let timeout = settings.drainTimeoutMilliseconds
    logger.info(
      "Draining\(successor == nil ? "" : ", another process serves"): no new connections, requests in flight have \(timeout) ms"
    )
    succession.end()
    // A service that hangs does not keep the requests in flight from being the last.
    let agent = link.agent
    async let announced: Void = agent.announceDrain()
    await server.drain(
      milliseconds: timeout, idleMilliseconds: successor == nil ? settings.drainIdleMilliseconds : timeout)
    await successor?.tellRemainder()
    await records.finish()
    await observing.end()
    await announced
    await link.agent.deliverLast()
    await link.end()
    await server.stop()
    waiting.cancel()
    listening.cancel()
    logger.info("Ended")
  }

  /// Serves instead of the predecessor as soon as there is something to serve.
  private func takeOver(_ request: HandoverRequest, _ server: GatewayServer, _ link: Link) async throws {
    let end = ContinuousClock.now + .seconds(Self.configurationSeconds)
    while await link.agent.status.configurationVersion == nil {
      guard ContinuousClock.now < end else {
        throw HandoverRequest.Failure(
          description: "no configuration within \(Self.configurationSeconds) s: the former process goes on serving")
      }
      try await Task.sleep(for: .milliseconds(10))
    }
    do {
      try await request.finish(server)
    } catch {
      // Whoever was accepted meanwhile gets an answer.
      await server.drain(milliseconds: settings.drainTimeoutMilliseconds)
      throw error
    }
    logger.info("Took over from version \(request.version), which finishes what it has begun")
  }

  /// For a successor to get a configuration.
  private static let configurationSeconds = 60

  private func makeExport(
    _ instance: String, _ metrics: CustomMetrics, _ meters: GatewayMeters, _ backends: BackendRegistry
  ) -> TelemetryExport {
    TelemetryExport(
      settings.observability, custom: metrics, backends: backends, meters: meters, gatewayID: settings.gatewayID,
      instanceID: instance,
      hostName: ProcessInfo.processInfo.hostName, version: Version.number, logger: Logger(label: "telemetry"))
  }

  private var spoolBounds: Spool.Bounds {
    var bounds = Spool.Bounds()
    bounds.maximumBytes = settings.spoolMegabytes << 20
    return bounds
  }

  private func makeBackup() -> BackupStore? {
    guard let path = settings.statePath else {
      logger.warning("Nothing is kept on disk (config.backup.path): a restart without the service serves nothing")
      return nil
    }
    do {
      return try BackupStore(directory: path, token: settings.token)
    } catch {
      logger.error("No backup and no record spool: \(error). Name a folder with config.backup.path")
      return nil
    }
  }

  private func serverSettings(
    _ instance: String, directory: String?, takesOver: Bool, _ traces: TraceOutbox
  ) throws -> GatewayServerSettings {
    var server = GatewayServerSettings(
      address: settings.address, httpPort: settings.httpPort, httpsPort: settings.httpsPort,
      threads: settings.threads == 0 ? ProcessInfo.processInfo.activeProcessorCount : settings.threads,
      certificate: try certificate(settings), trustForwardedProto: settings.trustForwardedProto,
      checksRevocation: settings.checksRevocation, instanceID: instance,
      wantsRecords: format != .none || settings.sendsRecords || settings.observability.needsRecords,
      expressionLimits: settings.expressionLimits, joinsTraces: settings.observability.joinsTraces,
      quotaPath: directory.map { $0 + "/quotas" }, counters: settings.counterStore,
      neighborhood: settings.neighborhood, takesOver: takesOver)
    server.explainsNotFound = settings.explainsNotFound
    server.traces = TraceDelivery(base: "\(settings.endpoint)/gateways/\(settings.gatewayID)") { traces.add($0) }
    server.tls = settings.tls
    server.limits = settings.limits
    server.timeouts = settings.timeouts
    server.backends = settings.backends
    return server
  }

  private func certificate(_ settings: GatewaySettings) throws -> ListenerCertificate {
    if let chain = settings.certificatePath, let key = settings.privateKeyPath {
      return try ListenerCertificate(
        chainPath: chain, keyPath: key, negotiatesClientCertificate: settings.negotiatesClientCertificate,
        tls: settings.tls)
    }
    return try ListenerCertificate.selfSigned(
      hostName: ProcessInfo.processInfo.hostName, negotiatesClientCertificate: settings.negotiatesClientCertificate,
      tls: settings.tls)
  }
}

/// The gateway's side of its connection to the service; replaced as a whole when the settings are read again.
struct Link {
  let agent: GatewayAgent
  private let client: HTTPClient
  private let running: Task<Void, Never>

  init(
    settings: GatewaySettings, identity: GatewayAgent.Identity, backup: BackupStore?, shipper: RecordShipper,
    traces: TraceOutbox, server: GatewayServer, logger: Logger
  ) async throws {
    var configuration = HTTPClient.Configuration()
    configuration.tlsConfiguration = try ServiceClient.tlsConfiguration(settings)
    configuration.timeout.connect = .seconds(5)
    client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    agent = GatewayAgent(
      settings: settings, identity: identity, client: ServiceClient(settings: settings, client: client),
      backup: backup, shipper: shipper, quotas: server.quotaReporter, traces: traces, logger: Logger(label: "agent"),
      apply: { try await server.apply($0) },
      onStatus: { status in
        let reason = status.refusal ?? status.problem ?? "waiting for \(settings.endpoint)"
        server.setNotReadyReason(status.configurationVersion == nil ? "no configuration yet: \(reason)" : nil)
      },
      onRead: {
        // What reads and compiles a configuration is a good part of the program, and now has nothing to do for long.
        postern_unmap_code()
        postern_return_free_pages()
      })
    let agent = agent
    running = Task { await agent.run() }
  }

  func end() async {
    running.cancel()
    await running.value
    // Closing TLS waits up to five seconds for the service's own close, and the service may just be holding a question
    // open: nothing is lost by not waiting for that.
    let client = client
    Task { try? await client.shutdown() }
  }
}
