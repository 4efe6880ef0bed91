public import Expressions
public import GatewayConfiguration
import Glibc
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
  /// `context.Deployment.Gateway.InstanceId`.
  public var instanceID: String
  /// Whether anybody reads the records; if not, none are made.
  public var wantsRecords: Bool
  /// Bounds of every evaluation of a policy expression.
  public var expressionLimits: EvaluationLimits
  /// The file that keeps the counters of quotas over restarts; nil keeps them in memory alone.
  public var quotaPath: String?
  /// Take part in distributed traces: continue the caller's or begin one, and tell backends (W3C `traceparent`).
  public var joinsTraces: Bool

  public init(
    address: String, httpPort: Int, httpsPort: Int, threads: Int, certificate: ListenerCertificate,
    trustForwardedProto: Bool = false, instanceID: String = "", wantsRecords: Bool = true,
    expressionLimits: EvaluationLimits = EvaluationLimits(), joinsTraces: Bool = false,
    quotaPath: String? = nil
  ) {
    self.address = address
    self.httpPort = httpPort
    self.httpsPort = httpsPort
    self.threads = max(1, threads)
    self.certificate = certificate
    self.trustForwardedProto = trustForwardedProto
    self.instanceID = instanceID
    self.wantsRecords = wantsRecords
    self.expressionLimits = expressionLimits
    self.joinsTraces = joinsTraces
    self.quotaPath = quotaPath
  }
}

/// A gateway's data plane: listeners, loops, and the configuration they serve.
public final class GatewayServer: Sendable {
  private struct Listeners {
    var http: [any Channel] = []
    var https: [any Channel] = []
  }

  private let settings: GatewayServerSettings
  private let group: MultiThreadedEventLoopGroup
  private let loops: [NIOLoopBound<LoopState>]
  private let listeners = Mutex(Listeners())
  private let tls: Mutex<ListenerCertificate>
  private let chains = PresentedChains()
  private let quotas: QuotaKeeper?
  private let keeping = Mutex<Task<Void, Never>?>(nil)
  private let prober: NIOLoopBound<HealthProber>
  private let backends: BackendRegistry

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
    tls = Mutex(settings.certificate)
    group = MultiThreadedEventLoopGroup(numberOfThreads: settings.threads)
    self.backends = backends ?? BackendRegistry(logger: logger)
    let memory = ProcessMemory(metrics: metrics, meters: meters)
    quotas = settings.quotaPath.map { QuotaKeeper(path: $0, limits: memory.limits, logger: logger) }
    quotas?.load()
    let settings = settings
    loops = try group.makeIterator().map { loop in
      try loop.submit {
        NIOLoopBound(
          LoopState(
            loop: loop, memory: memory, logger: logger, trustsForwardedProto: settings.trustForwardedProto,
            joinsTraces: settings.joinsTraces,
            onRecords: settings.wantsRecords ? onRecords : nil), eventLoop: loop)
      }.wait()
    }
    let first = loops[0]
    prober = try first.eventLoop.submit {
      NIOLoopBound(HealthProber(calls: first.value.effects.calls), eventLoop: first.eventLoop)
    }.wait()
  }

  public var boundHTTPPort: Int? { listeners.withLock { $0.http.first?.localAddress?.port } }
  public var boundHTTPSPort: Int? { listeners.withLock { $0.https.first?.localAddress?.port } }

  /// Opens the listeners: one of each kind for each loop, so that the kernel spreads the connections.
  public func start() async throws {
    if let quotas { keeping.withLock { $0 = Task { await quotas.run() } } }
    for loop in loops {
      let httpPort = boundHTTPPort ?? settings.httpPort
      let http = try await listen(loop, port: httpPort, isTLS: false)
      listeners.withLock { $0.http.append(http) }
      let httpsPort = boundHTTPSPort ?? settings.httpsPort
      let https = try await listen(loop, port: httpsPort, isTLS: true)
      listeners.withLock { $0.https.append(https) }
    }
  }

  private func listen(_ state: NIOLoopBound<LoopState>, port: Int, isTLS: Bool) async throws -> any Channel {
    let server = self
    return try await ServerBootstrap(group: state.eventLoop, childGroup: state.eventLoop)
      .serverChannelOption(.backlog, value: 4_096)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelOption(.socketOption(.init(rawValue: SO_REUSEPORT)), value: 1)
      .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let state = state.value
          var presented: PresentedCertificate?
          if isTLS {
            let tls: NIOSSLServerHandler
            (tls, presented) = server.tls.withLock { $0 }.makeHandler(server.chains)
            try channel.pipeline.syncOperations.addHandler(tls)
          }
          try channel.pipeline.syncOperations.addHandler(
            ClientConnection(state: state, isTLS: isTLS, presented: presented))
        }
      }
      .bind(host: settings.address, port: port).get()
  }

  // MARK: - Configuration

  /// Compiles a snapshot beside the running configuration, then swaps it in on every loop. Throws, and changes nothing,
  /// when a policy cannot run here.
  public func apply(_ snapshot: Snapshot) async throws {
    let configuration = try ServingConfiguration(
      snapshot, instanceID: settings.instanceID, limits: settings.expressionLimits, backends: backends)
    backends.adopt(configuration.backends)
    for loop in loops { try await loop.eventLoop.submit { loop.value.configuration = configuration }.get() }
    let prober = prober
    try await prober.eventLoop.submit { prober.value.follow(configuration.backends) }.get()
  }

  /// Why there is nothing to serve yet; nil once there is.
  public func setNotReadyReason(_ reason: String?) {
    for loop in loops { loop.eventLoop.execute { loop.value.notReadyReason = reason } }
  }

  /// New connections get this certificate.
  public func reload(certificate: ListenerCertificate) { tls.withLock { $0 = certificate } }

  // MARK: - The end

  /// Accepts nothing new and waits, at most so long, for the requests in flight.
  public func drain(milliseconds: Int) async {
    let open = listeners.withLock { listeners in
      defer { listeners = Listeners() }
      return listeners.http + listeners.https
    }
    for loop in loops { loop.eventLoop.execute { loop.value.drain() } }
    for listener in open { try? await listener.close() }
    let end = ContinuousClock.now + .milliseconds(milliseconds)
    while ContinuousClock.now < end {
      var count = 0
      for loop in loops { count += (try? await loop.eventLoop.submit { loop.value.clients.count }.get()) ?? 0 }
      if count == 0 { break }
      try? await Task.sleep(for: .milliseconds(10))
    }
    for loop in loops { try? await loop.eventLoop.submit { loop.value.flushRecords() }.get() }
  }

  /// Ends every connection and the loops.
  public func stop() async {
    await drain(milliseconds: 0)
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
