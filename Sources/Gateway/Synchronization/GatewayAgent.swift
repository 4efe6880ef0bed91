import Crypto
import FoundationEssentials
public import GatewayConfiguration
public import Logging
import Telemetry

/// The life of a self-hosted gateway beside its traffic: it starts from the backup, follows the management service,
/// keeps the backup fresh, tells the service how it is and delivers its records.
public actor GatewayAgent {
  /// Puts a snapshot into force; throws if this gateway cannot run it, and then keeps serving the former one.
  public typealias Apply = @Sendable (Snapshot) async throws -> Void

  /// How the agent stands, for logs and health answers.
  public struct Status: Sendable, Equatable {
    /// The version in force; nil while there is none.
    public var configurationVersion: UInt64?
    public var isConnected = false
    /// Why there is no connection, or no configuration in force.
    public var problem: String?
    /// Why the newest configuration was refused, while an older one serves.
    public var refusal: String?
  }

  private let settings: GatewaySettings
  private let client: ServiceClient
  private let backup: BackupStore?
  private let shipper: RecordShipper
  private let apply: Apply
  private let onStatus: @Sendable (Status) -> Void
  private let onRead: @Sendable () -> Void
  private let logger: Logger
  private let identity: Identity
  private var signingKey: Curve25519.Signing.PublicKey?
  private var offered: UInt64 = 0
  private var isDraining = false
  private let quotas: QuotaReporter?
  private let traces: TraceOutbox?
  /// The newest update of quotas that was asked for.
  private var askedQuotaUpdate: UInt64 = 0
  /// The one up to which there was nothing left to carry out.
  private var settledQuotaUpdate: UInt64 = 0
  private var isExchangingQuotas = false
  private(set) public var status = Status()

  /// Who this process is.
  public struct Identity: Sendable {
    public var instanceID: String
    public var version: String
    public var hostName: String
    public var startedAtMicroseconds: Int64

    public init(instanceID: String, version: String, hostName: String, startedAtMicroseconds: Int64) {
      self.instanceID = instanceID
      self.version = version
      self.hostName = hostName
      self.startedAtMicroseconds = startedAtMicroseconds
    }
  }

  /// - Parameter onRead: called when a configuration has been read, be it in force or refused, and what it was read from is
  ///   freed.
  public init(
    settings: GatewaySettings, identity: Identity, client: ServiceClient, backup: BackupStore?, shipper: RecordShipper,
    quotas: QuotaReporter? = nil, traces: TraceOutbox? = nil, logger: Logger, apply: @escaping Apply,
    onStatus: @escaping @Sendable (Status) -> Void, onRead: @escaping @Sendable () -> Void = {}
  ) {
    self.quotas = quotas
    self.traces = traces
    self.settings = settings
    self.identity = identity
    self.client = client
    self.backup = backup
    self.shipper = shipper
    self.logger = logger
    self.apply = apply
    self.onStatus = onStatus
    self.onRead = onRead
  }

  /// Runs until cancelled.
  public func run() async {
    await startFromBackup()
    if status.configurationVersion != nil { onRead() }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.followConfiguration() }
      group.addTask { await self.sendHeartbeats() }
      group.addTask { await self.deliverTraces() }
      if self.settings.sendsRecords { group.addTask { await self.deliverRecords() } }
    }
  }

  /// Tells the service that this process is about to end.
  public func announceDrain() async {
    isDraining = true
    await beat()
  }

  /// Delivers what can be delivered now and makes the rest safe on disk.
  public func deliverLast() async {
    await exchangeQuotas()
    if status.isConnected { try? await traces?.deliver { [client] in try await client.trace($0) } }
    if settings.sendsRecords, status.isConnected {
      do { try await deliverOnce() } catch { logger.warning("Records wait on disk for the next start: \(error)") }
    }
    do { try await shipper.flush() } catch { logger.error("The record spool could not be flushed: \(error)") }
  }

  private func startFromBackup() async {
    guard let backup else { return }
    do {
      guard let (sealed, keyBytes) = try backup.load() else { return }
      let key = try? Curve25519.Signing.PublicKey(rawRepresentation: keyBytes)
      let snapshot = try SnapshotCodec.open(sealed, key: key)
      try await apply(snapshot)
      signingKey = key
      offered = sealed.version
      update { $0.configurationVersion = sealed.version }
      logger.info("Serving configuration \(sealed.version) from the backup \(backup.path)")
    } catch {
      logger.error("The configuration backup cannot be used: \(error)")
      update { $0.problem = "the configuration backup cannot be used: \(error)" }
    }
  }

  private func followConfiguration() async {
    var backoff = Backoff()
    while !Task.isCancelled {
      do {
        let known = max(askedQuotaUpdate, quotas?.applied ?? 0)
        let answer = try await client.configuration(
          since: offered, quotas: known, waitSeconds: 10, instance: identity.instanceID)
        backoff.succeeded()
        connected()
        if case .newer(let sealed, let key) = answer.configuration {
          await take(sealed, key: key)
          onRead()
        }
        if answer.newestQuotaUpdate > known {
          // What cannot be carried out now is asked for again with the next heartbeats, and not all the time.
          askedQuotaUpdate = answer.newestQuotaUpdate
          await exchangeQuotas()
        }
      } catch {
        if Task.isCancelled { return }
        let problem = explain(error)
        let isNew = status.problem != problem
        update {
          $0.isConnected = false
          $0.problem = problem
        }
        let wait = backoff.failed(spread: .random(in: 0...1))
        if isNew || backoff.failures % 60 == 0 {
          logger.warning("No connection to \(settings.endpoint): \(problem). Trying again, at most every 10 s")
        }
        try? await Task.sleep(for: .milliseconds(wait))
      }
    }
  }

  private func connected() {
    if !status.isConnected { logger.info("Connected to \(settings.endpoint)") }
    update {
      $0.isConnected = true
      $0.problem = nil
    }
  }

  private func explain(_ error: ServiceClient.Failure) -> String {
    guard error.code == .unauthorized else { return error.message }
    let minute = settings.token.expiry
    return "\(error.message) (the token's end: \(minute) UTC). Take a new one from the gateway's Deployment page"
  }

  private func take(_ sealed: SealedSnapshot, key: Data) async {
    offered = sealed.version
    do {
      // The first contact is vouched for by TLS and the token; from then on the key must stay the same.
      if signingKey == nil { signingKey = try? Curve25519.Signing.PublicKey(rawRepresentation: key) }
      let snapshot = try SnapshotCodec.open(sealed, key: signingKey)
      try await apply(snapshot)
      logger.info("Configuration \(sealed.version) is in force", metadata: ["bytes": "\(sealed.bytes.count)"])
      update {
        $0.configurationVersion = sealed.version
        $0.refusal = nil
      }
    } catch {
      let kept = status.configurationVersion.map { "still serving \($0)" } ?? "nothing to serve yet"
      logger.error("Configuration \(sealed.version) is refused, \(kept): \(error)")
      update { $0.refusal = "configuration \(sealed.version): \(error)" }
      await beat()
      return
    }
    await beat()
    // A process that drains leaves the backup to whoever has taken over from it.
    guard let backup, !isDraining else { return }
    do {
      try backup.save(sealed, signingKey: signingKey?.rawRepresentation ?? key)
    } catch {
      logger.error("The configuration backup could not be written: \(error)")
    }
  }

  private func sendHeartbeats() async {
    while !Task.isCancelled {
      await beat()
      await exchangeQuotas()
      try? await Task.sleep(for: .seconds(10))
    }
  }

  /// Reports of one turn at most.
  private static let quotaReports = 16

  /// Tells what has changed of quotas, and carries out what was set, if there is anything of either.
  private func exchangeQuotas() async {
    guard let quotas, status.isConnected, !isExchangingQuotas else { return }
    isExchangingQuotas = true
    defer { isExchangingQuotas = false }
    for _ in 0..<Self.quotaReports {
      let report = await quotas.report()
      guard !report.counters.isEmpty || askedQuotaUpdate > max(settledQuotaUpdate, quotas.applied) else { return }
      let asked = askedQuotaUpdate
      do {
        let updates = try await client.quotas(report)
        await quotas.confirm(report)
        guard await quotas.apply(updates) else {
          return logger.warning("Counters of quotas cannot be set now, Redis does not answer; trying again")
        }
        if updates.count < QuotaUpdates.bound { settledQuotaUpdate = asked }
        guard report.counters.count == QuotaReport.bound || updates.count == QuotaUpdates.bound else { return }
      } catch {
        return logger.debug("Quota counters wait to be told: \(error)")
      }
    }
  }

  private func beat() async {
    do {
      try await client.heartbeat(heartbeat())
      // The question for a newer configuration may stand for ten seconds before its first answer.
      if status.problem == nil { connected() }
      logger.debug("HeartbeatSent")
    } catch {
      logger.debug("Heartbeat failed: \(error)")
    }
  }

  private func heartbeat() -> Heartbeat {
    let state = isDraining ? "draining" : status.configurationVersion == nil ? "waitingForConfiguration" : "serving"
    return Heartbeat(
      instanceId: identity.instanceID, version: identity.version, hostName: identity.hostName,
      startedAt: Timestamp.text(microseconds: identity.startedAtMicroseconds),
      configurationVersion: status.configurationVersion ?? 0, state: state, configurationError: status.refusal)
  }

  /// Between two looks at what processes that have ended left behind.
  private static let abandonedSeconds = 10

  private func deliverRecords() async {
    var backoff = Backoff()
    var nextLook = ContinuousClock.now
    while !Task.isCancelled {
      var wait = 1_000
      do {
        try await deliverOnce()
        if ContinuousClock.now >= nextLook, status.isConnected {
          nextLook = .now + .seconds(Self.abandonedSeconds)
          try await shipper.deliverAbandoned(delivery)
        }
        backoff.succeeded()
      } catch {
        wait = max(wait, backoff.failed(spread: .random(in: 0...1)))
        logger.debug("Request records wait: \(error)")
      }
      try? await Task.sleep(for: .milliseconds(wait))
    }
  }

  /// Whoever has called waits for the trace: it goes at once. One that the service cannot take now goes with the next, or
  /// once the service is back.
  private func deliverTraces() async {
    guard let traces else { return }
    for await _ in traces.arrivals() {
      var backoff = Backoff()
      while !Task.isCancelled {
        do {
          try await traces.deliver { [client] in try await client.trace($0) }
          break
        } catch {
          logger.debug("Traces of requests wait: \(error)")
          try? await Task.sleep(for: .milliseconds(backoff.failed(spread: .random(in: 0...1))))
        }
      }
    }
  }

  private func deliverOnce() async throws { try await shipper.deliverPending(delivery) }

  private var delivery: RecordShipper.Deliver {
    let instance = identity.instanceID
    let client = client
    return { spoolID, batch in
      try await client.telemetry(
        instance: instance, spoolID: spoolID, firstSequence: batch.firstSequence, records: batch.records)
    }
  }

  private func update(_ change: (inout Status) -> Void) {
    let before = status
    change(&status)
    if status != before { onStatus(status) }
  }
}
