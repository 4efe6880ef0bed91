import CMemory
import Foundation
import Gateway
import GatewayConfiguration
import Logging
import ManagementAPI
import Portal
import Telemetry
import UnixSignals

/// The management service's process: store, REST API, the managed gateway beside them, signals, and a clean end.
struct ServiceProcess {
  let command: ServeCommand
  let logger: Logger

  func run(_ signals: UnixSignalsSequence) async throws {
    let directory = URL(filePath: command.dataDirectory, directoryHint: .isDirectory)
    try FileManager.default.createDirectory(
      at: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let host = ProcessInfo.processInfo.hostName
    let isLoopback = command.address == "127.0.0.1"
    let name = command.publicName ?? (isLoopback ? "127.0.0.1" : host)
    let certificate = try ServerCertificate(
      directory: directory, names: [name, host, "localhost", "127.0.0.1", "::1"])
    let opened = try await ManagementService.open(
      directory: directory, gatewayEndpoint: "https://\(name):\(command.httpsPort)",
      certificateAuthority: certificate.authority)
    let service = opened.service
    let server = ManagementServer(
      service: service,
      settings: .init(address: command.address, httpPort: command.httpPort, httpsPort: command.httpsPort),
      certificate: certificate, logger: logger, addRoutes: { Portal(service: service).add(to: $0) })
    let managed = try await ManagedGateway(
      service: service, command: command, certificate: certificate, directory: directory, logger: logger)

    if let credential = opened.administratorCredential {
      // Once, and past the log: a credential has no business in log files that others collect.
      LineWriter.standardOutput.flush()
      FileHandle.standardOutput.write(
        Data("Administrator credential: \(credential)\nIt is not shown again; keep it.\n".utf8))
    }
    let serving = Task { try await server.run() }
    let ended = Task {
      _ = await serving.result
      try? await Task.sleep(for: .milliseconds(50))
      kill(getpid(), SIGTERM)
    }
    logger.info(
      "The management service listens on \(command.address): HTTP \(command.httpPort), HTTPS \(command.httpsPort)",
      metadata: ["version": "\(Version.number)", "data": "\(command.dataDirectory)"])
    for await signal in signals {
      guard signal == .sighup else { break }
      do {
        try managed.reload()
        logger.info("The certificate was read again")
      } catch {
        logger.error("Nothing was changed, the certificate is not usable: \(error)")
      }
    }
    ended.cancel()
    logger.info("Draining")
    await managed.end()
    serving.cancel()
    switch await serving.result {
    case .failure(let error) where !(error is CancellationError): throw error
    default: logger.info("Ended")
    }
  }
}

/// The gateway inside the management service: the same data plane, fed without a network between.
final class ManagedGateway: Sendable {
  private let server: GatewayServer
  private let records: RecordQueue
  private let shipper: RecordShipper
  private let intake: TelemetryIntake
  private let following: Task<Void, Never>
  private let shipping: Task<Void, Never>
  private let counting: Task<Void, Never>
  private let certificate: ServerCertificate
  private let negotiatesClientCertificate: Bool

  init(
    service: ManagementService, command: ServeCommand, certificate: ServerCertificate, directory: URL, logger: Logger
  ) async throws {
    self.certificate = certificate
    negotiatesClientCertificate = command.negotiateClientCertificate
    let shipper = try RecordShipper(
      directory: directory.appending(path: "records").path(percentEncoded: false),
      newID: UUID().uuidString.lowercased(), logger: logger)
    self.shipper = shipper
    let accessLog = AccessLog(format: command.logFormat)
    records = RecordQueue { records in
      accessLog.write(records)
      await shipper.append(records)
    }
    let records = records
    var settings = GatewayServerSettings(
      address: command.address, httpPort: command.gatewayHttpPort, httpsPort: command.gatewayHttpsPort,
      threads: ProcessInfo.processInfo.activeProcessorCount,
      certificate: try Self.listenerCertificate(certificate, negotiates: negotiatesClientCertificate),
      instanceID: UUID().uuidString.lowercased(),
      quotaPath: directory.appending(path: "quotas").path(percentEncoded: false))
    settings.traces = TraceDelivery(base: "\(service.gatewayEndpoint)/gateways/managed") { trace in
      // A loop has better things to do than to write JSON.
      Task { service.traces.add(trace.json(), id: trace.id, gatewayID: "managed") }
    }
    let server = try GatewayServer(
      settings: settings, logger: Logger(label: "managed-gateway"), onRecords: { records.add($0) })
    self.server = server
    try await server.start()
    let intake = TelemetryIntake(service)
    self.intake = intake
    following = Task { await Self.follow(service, server, logger) }
    counting = Task { await Self.exchangeQuotas(service.quotas, server.quotaReporter, logger) }
    shipping = Task {
      while !Task.isCancelled {
        await Self.ship(shipper, intake, logger)
        try? await Task.sleep(for: .milliseconds(500))
      }
    }
    logger.info(
      "The managed gateway listens on \(command.address): HTTP \(server.boundHTTPPort ?? 0), HTTPS \(server.boundHTTPSPort ?? 0)"
    )
  }

  /// Applies every snapshot as it is published; one that cannot run leaves the last good one in force.
  private static func follow(_ service: ManagementService, _ server: GatewayServer, _ logger: Logger) async {
    var version: UInt64 = 0
    while !Task.isCancelled {
      do {
        guard let next = try await service.publisher.newer(than: version, gatewayID: "managed", waiting: .seconds(30))
        else { continue }
        version = next.sealed.version
        try await server.apply(next.snapshot)
        // What building and compiling it took is free again, and nobody wants it for long.
        postern_return_free_pages()
      } catch is CancellationError {
        return
      } catch {
        logger.error("The managed gateway keeps its configuration: \(error)", metadata: ["version": "\(version)"])
        try? await Task.sleep(for: .seconds(1))
      }
    }
  }

  /// Tells of quotas every few seconds, and carries out what is set at once.
  private static func exchangeQuotas(_ quotas: QuotaCounters, _ reporter: QuotaReporter, _ logger: Logger) async {
    while !Task.isCancelled {
      do {
        _ = try await quotas.newest(after: reporter.applied, gatewayID: "managed", waiting: .seconds(5))
        let report = await reporter.report()
        let answer = try await quotas.take(report, gatewayID: "managed")
        await reporter.confirm(report)
        _ = await reporter.apply(answer.updates)
      } catch {
        logger.error("Quota counters wait: \(error)")
        try? await Task.sleep(for: .seconds(5))
      }
    }
  }

  private static func ship(_ shipper: RecordShipper, _ intake: TelemetryIntake, _ logger: Logger) async {
    do {
      try await shipper.deliverPending { spoolID, batch in
        try await intake.store(batch: batch, gatewayID: "managed", spoolID: spoolID)
      }
    } catch {
      logger.error("Request records wait: \(error)")
    }
  }

  func reload() throws {
    server.reload(certificate: try Self.listenerCertificate(certificate, negotiates: negotiatesClientCertificate))
  }

  private static func listenerCertificate(
    _ certificate: ServerCertificate, negotiates: Bool
  ) throws -> ListenerCertificate {
    try ListenerCertificate(
      chainPath: certificate.chainPath, keyPath: certificate.keyPath, negotiatesClientCertificate: negotiates)
  }

  func end() async {
    await server.drain(milliseconds: 5_000)
    await records.finish()
    following.cancel()
    shipping.cancel()
    counting.cancel()
    await following.value
    await shipping.value
    await counting.value
    await Self.ship(shipper, intake, Logger(label: "managed-gateway"))
    await server.stop()
  }
}
