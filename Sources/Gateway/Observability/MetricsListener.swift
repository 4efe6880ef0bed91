import NIOCore
import NIOHTTP1
import NIOPosix
public import Telemetry

/// Answers `GET /metrics` on a port of its own, away from the API traffic.
public final class MetricsListener: Sendable {
  private let channel: any Channel

  /// Listens. Throws when the address is not to be had.
  /// - Parameter metrics: asked for each answer, off the event loops that serve requests.
  public init(
    _ endpoint: ObservabilitySettings.MetricsEndpoint, metrics: @escaping @Sendable () -> [Metric]
  ) async throws {
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
          try channel.pipeline.syncOperations.addHandler(IdleStateHandler(readTimeout: .seconds(120)))
          try channel.pipeline.syncOperations.addHandler(MetricsHandler(metrics))
        }
      }
      .bind(host: endpoint.host, port: endpoint.port).get()
  }

  public var port: Int { channel.localAddress?.port ?? 0 }

  public func stop() async { try? await channel.close() }
}

/// One connection of a scraper.
private final class MetricsHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let metrics: @Sendable () -> [Metric]
  private var head: HTTPRequestHead?

  init(_ metrics: @escaping @Sendable () -> [Metric]) { self.metrics = metrics }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): self.head = head
    case .body: break
    case .end:
      guard let head else { return }
      self.head = nil
      answer(head, context)
    }
  }

  private func answer(_ request: HTTPRequestHead, _ context: ChannelHandlerContext) {
    var status = HTTPResponseStatus.ok
    var text = ""
    var headers = HTTPHeaders()
    if request.uri.split(separator: "?").first != "/metrics" {
      status = .notFound
      text = "The metrics are at /metrics.\n"
      headers.add(name: "content-type", value: "text/plain; charset=utf-8")
    } else if request.method != .GET, request.method != .HEAD {
      status = .methodNotAllowed
      headers.add(name: "allow", value: "GET, HEAD")
    } else {
      text = PrometheusText.write(metrics())
      headers.add(name: "content-type", value: PrometheusText.contentType)
    }
    headers.add(name: "content-length", value: "\(text.utf8.count)")
    if !request.isKeepAlive { headers.add(name: "connection", value: "close") }
    context.write(wrapOutboundOut(.head(.init(version: .http1_1, status: status, headers: headers))), promise: nil)
    if request.method != .HEAD {
      context.write(wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(string: text)))), promise: nil)
    }
    let ended = context.writeAndFlush(wrapOutboundOut(.end(nil)))
    if !request.isKeepAlive {
      let channel = context.channel
      ended.whenComplete { _ in channel.close(promise: nil) }
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is IdleStateHandler.IdleStateEvent { context.close(promise: nil) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
