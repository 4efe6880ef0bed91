public import Expressions
import FoundationEssentials
public import GatewayConfiguration
public import Logging
import NIOCore
import NIOPosix
import NIOSSL
import PolicyLibrary
import Synchronization
public import Telemetry

/// What a gateway's data plane needs to be told.
public struct GatewayServerSettings: Sendable {
  public var address: String
  /// 0 for any free port.
  public var httpPort: Int
  public var httpsPort: Int
  /// Event loops, each on its own thread with its own listeners.
  public var threads: Int
  public var certificate: ListenerCertificate
  /// Believe `X-Forwarded-Proto` when a request is matched to an API's protocols.
  public var trustForwardedProto: Bool
  /// Ask whether clients' certificates are revoked, where policies want to know.
  public var checksRevocation: Bool
  /// `context.Deployment.Gateway.InstanceId`.
  public var instanceID: String
  /// Whether anybody reads the records; if not, none are made.
  public var wantsRecords: Bool
  /// Bounds of every evaluation of a policy expression.
  public var expressionLimits: EvaluationLimits
  /// The file that keeps the counters of quotas over restarts; nil keeps them in memory alone.
  public var quotaPath: String?
  /// Where limits are counted for all replicas; nil counts in the process.
  public var counters: CounterStore?
  /// Where other replicas are, to count limits together; nil counts alone.
  public var neighborhood: NeighborhoodSettings?
  /// Take part in distributed traces: continue the caller's or begin one, and tell backends (W3C `traceparent`).
  public var joinsTraces: Bool
  /// Sockets and counters come from another process (``HandoverRequest``) instead of ``GatewayServer/start()`` and the
  /// file of quotas.
  public var takesOver: Bool
  public var timeouts = ClientTimeouts()
  public var limits = ClientLimits()
  public var backends = BackendConnections()
  /// A 404 of the gateway itself says in `Postern-Not-Found` which part did not match.
  public var explainsNotFound = false
  /// With clients whose hostname the configuration names; `certificate` has its own.
  public var tls = TLSChoice()
  /// Where the traces of requests go; nil traces none.
  public var traces: TraceDelivery?
  /// Where the gateway's identity gets its tokens.
  var identity = IdentityEndpoint(environment: ProcessInfo.processInfo.environment)

  public init(
    address: String, httpPort: Int, httpsPort: Int, threads: Int, certificate: ListenerCertificate,
    trustForwardedProto: Bool = false, checksRevocation: Bool = true, instanceID: String = "",
    wantsRecords: Bool = true,
    expressionLimits: EvaluationLimits = EvaluationLimits(), joinsTraces: Bool = false,
    quotaPath: String? = nil, counters: CounterStore? = nil, neighborhood: NeighborhoodSettings? = nil,
    takesOver: Bool = false
  ) {
    self.address = address
    self.httpPort = httpPort
    self.httpsPort = httpsPort
    self.threads = max(1, threads)
    self.certificate = certificate
    self.trustForwardedProto = trustForwardedProto
    self.checksRevocation = checksRevocation
    self.instanceID = instanceID
    self.wantsRecords = wantsRecords
    self.expressionLimits = expressionLimits
    self.joinsTraces = joinsTraces
    self.quotaPath = quotaPath
    self.counters = counters
    self.neighborhood = neighborhood
    self.takesOver = takesOver
  }
}

/// A gateway's data plane: listeners, loops, and the configuration they serve.
public final class GatewayServer: Sendable {
  /// What TLS handshakes of new connections are made of.
  private struct ListenerTLS {
    /// From the settings: for clients that ask for no hostname of the table.
    var certificate: ListenerCertificate
    /// From the configuration.
    var hostnames = HostnameTable.empty
  }

  private struct Listeners {
    /// What clients connect to.
    var sockets: [ListeningSocket] = []
    /// The event loops' copies, which accept.
    var channels: [any Channel] = []
  }

  private let settings: GatewayServerSettings
  private let group: MultiThreadedEventLoopGroup
  let loops: [NIOLoopBound<LoopState>]
  private let listeners = Mutex(Listeners())
  private let tls: Mutex<ListenerTLS>
  private let chains = PresentedChains()
  let memory: ProcessMemory
  let quotas: QuotaKeeper?
  private let keeping = Mutex<Task<Void, Never>?>(nil)
  private let prober: NIOLoopBound<HealthProber>
  private let backends: BackendRegistry
  let replicas: NIOLoopBound<ReplicaLink>?
  /// The way of events to other replicas.
  private let relay: EventRelay?
  /// What the management service is told of quotas, and what it sets.
  public let quotaReporter: QuotaReporter

  /// - Parameters:
  ///   - metrics: takes what policies emit.
  ///   - meters: counts what the gateway does beside requests.
  ///   - backends: keeps how the backends are doing; nil makes one.
  ///   - onRecords: called from the loops with finished records; must not wait.
  public init(
    settings: GatewayServerSettings, logger: Logger, metrics: CustomMetrics = CustomMetrics(),
    meters: GatewayMeters = GatewayMeters(), backends: BackendRegistry? = nil,
    onRecords: @escaping @Sendable ([RequestRecord]) -> Void
  ) throws {
    self.settings = settings
    tls = Mutex(ListenerTLS(certificate: settings.certificate))
    group = MultiThreadedEventLoopGroup(numberOfThreads: settings.threads)
    self.backends = backends ?? BackendRegistry(logger: logger)
    let replicated = settings.neighborhood == nil ? nil : ReplicatedLimits()
    let replicatedQuotas = settings.neighborhood == nil ? nil : ReplicatedQuotas()
    let memory = ProcessMemory(
      metrics: metrics, meters: meters, limits: LimitTable(replicated: replicatedQuotas), replicated: replicated,
      checksRevocation: settings.checksRevocation)
    self.memory = memory
    quotas = settings.quotaPath.map {
      QuotaKeeper(path: $0, limits: memory.limits, logger: logger, takesOver: settings.takesOver)
    }
    quotas?.load()
    let settings = settings
    loops = try group.makeIterator().map { loop in
      try loop.submit {
        NIOLoopBound(
          LoopState(
            loop: loop, memory: memory, logger: logger, trustsForwardedProto: settings.trustForwardedProto,
            joinsTraces: settings.joinsTraces, timeouts: settings.timeouts, limits: settings.limits,
            backends: settings.backends, explainsNotFound: settings.explainsNotFound, counters: settings.counters,
            traces: settings.traces, identity: settings.identity,
            onRecords: settings.wantsRecords ? onRecords : nil), eventLoop: loop)
      }.wait()
    }
    let redis = try loops.compactMap { loop in
      try loop.eventLoop.submit {
        loop.value.effects.redisCounters.map { NIOLoopBound($0, eventLoop: loop.eventLoop) }
      }.wait()
    }
    quotaReporter = QuotaReporter(
      memory.limits, keeper: quotas, redis: redis, instanceID: settings.instanceID, logger: logger)
    let first = loops[0]
    if let neighborhood = settings.neighborhood, let replicated, let replicatedQuotas {
      let shared = SharedQuotas(table: memory.limits, replicated: replicatedQuotas)
      replicas = try first.eventLoop.submit {
        NIOLoopBound(
          ReplicaLink(
            neighborhood, loop: first.eventLoop, limits: replicated, quotas: shared, meter: meters.replicas,
            logger: logger),
          eventLoop: first.eventLoop)
      }.wait()
    } else {
      replicas = nil
    }
    let replicas = replicas
    let relay = try first.eventLoop.submit { () -> EventRelay? in
      guard settings.counters != nil || replicas != nil else { return nil }
      return EventRelay(
        origin: replicatedQuotas?.origin ?? .random(), hub: memory.subscriptions, store: settings.counters,
        link: replicas?.value, loop: first.eventLoop, meters: meters, logger: logger)
    }.wait()
    memory.subscriptions.relay.withLock { $0 = relay }
    self.relay = relay
    prober = try first.eventLoop.submit {
      NIOLoopBound(HealthProber(calls: first.value.effects.calls), eventLoop: first.eventLoop)
    }.wait()
  }

  public var boundHTTPPort: Int? { boundPort(.http) }
  public var boundHTTPSPort: Int? { boundPort(.https) }

  private func boundPort(_ kind: ListeningSocket.Kind) -> Int? {
    listeners.withLock { $0.sockets.first { $0.kind == kind }?.port }
  }

  /// What clients connect to; empty once the server drains.
  var sockets: [ListeningSocket] { listeners.withLock { $0.sockets } }

  /// Opens the listeners: one of each kind for each loop, so that the kernel spreads the connections.
  public func start() async throws {
    var opened: [ListeningSocket] = []
    do {
      for kind in [ListeningSocket.Kind.http, .https] {
        var port = kind == .http ? settings.httpPort : settings.httpsPort
        for _ in loops {
          let socket = try ListeningSocket(kind, address: settings.address, port: port)
          opened.append(socket)
          port = socket.port
        }
      }
    } catch {
      for socket in opened { socket.close() }
      throw error
    }
    try await start(opened)
  }

  /// Accepts from sockets that are open already, and owns them from now on.
  func start(_ sockets: [ListeningSocket]) async throws {
    listeners.withLock { $0.sockets = sockets }
    if let quotas { keeping.withLock { $0 = Task { await quotas.run() } } }
    try await accept()
  }

  /// Lets the loops accept. Where there are more loops than sockets, some accept from the same one.
  func accept() async throws {
    let sockets = sockets
    for kind in [ListeningSocket.Kind.http, .https] {
      let own = sockets.filter { $0.kind == kind }
      guard !own.isEmpty else { continue }
      for turn in 0..<max(own.count, loops.count) {
        let bootstrap = bootstrap(loops[turn % loops.count], isTLS: kind == .https)
        let channel = try await own[turn % own.count].accept(with: bootstrap)
        listeners.withLock { $0.channels.append(channel) }
      }
    }
  }

  /// Leaves new connections to whoever else has the sockets; those that wait in them wait on.
  func stopAccepting() async {
    let channels = listeners.withLock { listeners in
      defer { listeners.channels = [] }
      return listeners.channels
    }
    for channel in channels { try? await channel.close() }
  }

  private func bootstrap(_ state: NIOLoopBound<LoopState>, isTLS: Bool) -> ServerBootstrap {
    let server = self
    return ServerBootstrap(group: state.eventLoop, childGroup: state.eventLoop)
      .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
      .childChannelOption(.autoRead, value: isTLS)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let connection = ClientConnection(state: state.value, isTLS: isTLS)
          if isTLS { try server.addTLS(channel.pipeline.syncOperations, before: connection) }
          try channel.pipeline.syncOperations.addHandler(connection)
        }
      }
  }

  /// A connection keeps what it begins with, whatever is configured meanwhile.
  private func addTLS(_ pipeline: ChannelPipeline.SynchronousOperations, before connection: ClientConnection) throws {
    let tls = tls.withLock { $0 }
    let linger = settings.timeouts.linger
    let reader = GreetingReader(readsName: !tls.hostnames.isEmpty, linger: linger) { [chains] name, reader in
      let certificate = tls.hostnames.certificate(for: name) ?? tls.certificate
      try pipeline.addHandler(connection.take(certificate, chains), position: .after(reader))
    }
    try pipeline.addHandler(reader)
  }

  // MARK: - Configuration

  /// Compiles a snapshot beside the running configuration, then swaps it in on every loop. Throws, and changes nothing,
  /// when a policy cannot run here or a certificate for clients cannot be shown.
  public func apply(_ snapshot: Snapshot) async throws {
    let hostnames = try HostnameTable(snapshot, after: tls.withLock { $0.hostnames }, settings.tls)
    let configuration = try ServingConfiguration(
      snapshot, instanceID: settings.instanceID, limits: settings.expressionLimits, backends: backends)
    backends.adopt(configuration.backends)
    for loop in loops { try await loop.eventLoop.submit { loop.value.configuration = configuration }.get() }
    tls.withLock { $0.hostnames = hostnames }
    if let replicas {
      let key = snapshot.gateway.replicaKey
      try await replicas.eventLoop.submit { replicas.value.use(key) }.get()
    }
    let prober = prober
    try await prober.eventLoop.submit { prober.value.follow(configuration.backends) }.get()
  }

  /// Why there is nothing to serve yet; nil once there is.
  public func setNotReadyReason(_ reason: String?) {
    for loop in loops { loop.eventLoop.execute { loop.value.notReadyReason = reason } }
  }

  /// New connections get this certificate.
  public func reload(certificate: ListenerCertificate) { tls.withLock { $0.certificate = certificate } }

  // MARK: - The end

  /// Accepts nothing new and waits, at most so long, for the requests in flight. Connections between two requests stay
  /// open for `idleMilliseconds` of that, for a request that is just on its way: its answer says that it is the last.
  public func drain(milliseconds: Int, idleMilliseconds: Int = 1_000) async {
    await stopAccepting()
    let sockets = listeners.withLock { listeners in
      defer { listeners.sockets = [] }
      return listeners.sockets
    }
    for socket in sockets { socket.close() }
    for loop in loops { loop.eventLoop.execute { loop.value.drain() } }
    let start = ContinuousClock.now
    await waitForClients(until: start + .milliseconds(min(milliseconds, idleMilliseconds)))
    for loop in loops { try? await loop.eventLoop.submit { loop.value.closeIdle() }.get() }
    await waitForClients(until: start + .milliseconds(milliseconds))
    for loop in loops { try? await loop.eventLoop.submit { loop.value.flushRecords() }.get() }
  }

  private func waitForClients(until end: ContinuousClock.Instant) async {
    while ContinuousClock.now < end {
      var count = 0
      for loop in loops { count += (try? await loop.eventLoop.submit { loop.value.clients.count }.get()) ?? 0 }
      if count == 0 { return }
      try? await Task.sleep(for: .milliseconds(10))
    }
  }

  /// Ends every connection and the loops.
  public func stop() async {
    await drain(milliseconds: 0)
    memory.subscriptions.relay.withLock { $0 = nil }
    if let relay { try? await loops[0].eventLoop.submit { relay.end() }.get() }
    if let replicas { try? await replicas.eventLoop.submit { replicas.value.close() }.get() }
    let prober = prober
    try? await prober.eventLoop.submit { prober.value.stop() }.get()
    for loop in loops { try? await loop.eventLoop.submit { loop.value.closeAll() }.get() }
    let keeping = keeping.withLock { task in
      defer { task = nil }
      return task
    }
    keeping?.cancel()
    await keeping?.value
    quotas?.end()
    try? await group.shutdownGracefully()
  }
}
