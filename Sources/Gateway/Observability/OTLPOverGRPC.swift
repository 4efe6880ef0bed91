import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOPosix
import NIOSSL
import Synchronization
import Telemetry

/// OTLP over gRPC: unary calls on one HTTP/2 connection, which is opened anew after a failure.
///
/// gRPC's wire form is small enough for this one kind of call: a POST whose body is a length-prefixed message, its outcome
/// in the trailer `grpc-status`.
final class OTLPOverGRPC: OTLPClient {
  private struct Connection {
    var channel: any Channel
    var streams: NIOHTTP2Handler.StreamMultiplexer
  }

  private let host: String
  private let port: Int
  private let isTLS: Bool
  private let connection = Mutex<Connection?>(nil)

  /// - Parameter url: `http://host:port` or `https://host:port`; 4317 where no port is given.
  init(url: String) {
    isTLS = url.hasPrefix("https://")
    var authority = String(url.dropFirst(isTLS ? 8 : 7))
    port = authority.lastIndex(of: ":").flatMap { Int(authority[authority.index(after: $0)...]) } ?? 4_317
    if let colon = authority.lastIndex(of: ":"), Int(authority[authority.index(after: colon)...]) != nil {
      authority = String(authority[..<colon])
    }
    if authority.hasPrefix("["), authority.hasSuffix("]") { authority = String(authority.dropFirst().dropLast()) }
    host = authority
  }

  func export(_ signal: OTLP.Signal, _ message: [UInt8]) async throws {
    let connection = try await open()
    do {
      let answer = connection.channel.eventLoop.makePromise(of: Void.self)
      let path = signal.method
      let authority = "\(host):\(port)"
      let kind: HTTP2FramePayloadToHTTP1ClientCodec.HTTPProtocol = isTLS ? .https : .http
      // A collector that does not answer must not hold up the next export.
      let deadline = connection.channel.eventLoop.scheduleTask(in: .seconds(10)) {
        answer.fail(CollectorError(description: "\(authority) did not answer within 10 s"))
      }
      defer { deadline.cancel() }
      let stream = try await connection.streams.createStreamChannel { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(HTTP2FramePayloadToHTTP1ClientCodec(httpProtocol: kind))
          try channel.pipeline.syncOperations.addHandler(UnaryCall(path: path, authority: authority, message, answer))
        }
      }.get()
      defer { stream.close(promise: nil) }
      try await answer.futureResult.get()
    } catch {
      drop()
      throw error
    }
  }

  func end() async {
    let channel = connection.withLock { connection in
      defer { connection = nil }
      return connection?.channel
    }
    try? await channel?.close()
  }

  private func drop() {
    let channel = connection.withLock { connection in
      defer { connection = nil }
      return connection?.channel
    }
    channel?.close(promise: nil)
  }

  private func open() async throws -> Connection {
    if let connection = connection.withLock({ $0 }), connection.channel.isActive { return connection }
    var tls: NIOSSLContext?
    if isTLS {
      var configuration = TLSConfiguration.makeClientConfiguration()
      configuration.applicationProtocols = ["h2"]
      tls = try NIOSSLContext(configuration: configuration)
    }
    let (context, host) = (tls, host)
    let (channel, streams) = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .connectTimeout(.seconds(5))
      .connect(host: host, port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          if let context {
            // An address has no name to indicate.
            let isName = (try? SocketAddress(ipAddress: host, port: 0)) == nil
            try channel.pipeline.syncOperations.addHandler(
              NIOSSLClientHandler(context: context, serverHostname: isName ? host : nil))
          }
          let streams = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
            mode: .client, connectionConfiguration: .init(), streamConfiguration: .init()
          ) { channel in channel.close() }
          return (channel, streams)
        }
      }
    let opened = Connection(channel: channel, streams: streams)
    connection.withLock { $0 = opened }
    return opened
  }
}

/// One unary gRPC call on a stream of its own.
private final class UnaryCall: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  private let path: String
  private let authority: String
  private let message: [UInt8]
  private let answer: EventLoopPromise<Void>
  private var status: String?
  private var reason = ""

  init(path: String, authority: String, _ message: [UInt8], _ answer: EventLoopPromise<Void>) {
    self.path = path
    self.authority = authority
    self.message = message
    self.answer = answer
  }

  func channelActive(context: ChannelHandlerContext) {
    let headers: HTTPHeaders = [
      "host": authority, "content-type": "application/grpc", "te": "trailers", "user-agent": "postern",
    ]
    context.write(
      wrapOutboundOut(.head(.init(version: .http1_1, method: .POST, uri: path, headers: headers))), promise: nil)
    var body = context.channel.allocator.buffer(capacity: message.count + 5)
    body.writeInteger(UInt8(0))
    body.writeInteger(UInt32(message.count))
    body.writeBytes(message)
    context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      if head.status != .ok {
        answer.fail(CollectorError(description: "\(authority) answered \(head.status.code)"))
      }
      note(head.headers)
    case .body: break
    case .end(let trailers):
      if let trailers { note(trailers) }
      if status == "0" {
        answer.succeed()
      } else {
        answer.fail(
          CollectorError(description: "\(authority)\(path) answered with gRPC status \(status ?? "none") \(reason)"))
      }
    }
  }

  private func note(_ headers: HTTPHeaders) {
    if let value = headers.first(name: "grpc-status") { status = value }
    if let value = headers.first(name: "grpc-message") { reason = String(value.prefix(200)) }
  }

  func channelInactive(context: ChannelHandlerContext) {
    answer.fail(CollectorError(description: "\(authority) closed the connection"))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    answer.fail(error)
    context.close(promise: nil)
  }
}
