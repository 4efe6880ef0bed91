import HTTPWire
import NIOCore
import PolicyLibrary

/// One connection to a backend: reads the answers and hands them to the client connection it works for, by direct calls
/// on their common loop.
final class UpstreamConnection: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  let origin: Origin
  private unowned let pool: UpstreamPool
  private var context: ChannelHandlerContext?
  /// Whom it works for; nil while it is idle.
  private(set) var client: ClientConnection?
  private var partial = ByteBuffer()
  private var framing = BodyFraming()
  private var hasHead = false
  private var keepsAlive = true
  private var isReadPending = false
  /// It has carried an exchange before: the backend may have closed it meanwhile.
  private(set) var isReused = false
  var idleSince = NIODeadline.now()
  /// The client wants the data without its framing.
  var decodes = false

  init(origin: Origin, pool: UpstreamPool) {
    self.origin = origin
    self.pool = pool
  }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }
  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  var isWritable: Bool { context?.channel.isWritable ?? false }
  var isOpen: Bool { context?.channel.isActive ?? false }
  /// Only the end of the connection ends the response.
  var endsWithConnection: Bool { framing.endsWithConnection }
  var hasBody: Bool { !framing.isDone }

  /// Begins an exchange.
  func begin(_ client: ClientConnection) {
    self.client = client
    hasHead = false
    decodes = false
    partial = ByteBuffer()
  }

  func write(_ buffer: ByteBuffer) { context?.writeAndFlush(wrapOutboundOut(buffer), promise: nil) }

  func close() { context?.close(promise: nil) }

  /// The client has no more use for the rest of this exchange.
  func abandon() {
    client = nil
    close()
  }

  // MARK: - Reading

  /// Withholds reading while the client cannot take more.
  func read(context: ChannelHandlerContext) {
    if let client, !client.isWritable { isReadPending = true } else { context.read() }
  }

  func resumeReading() {
    guard isReadPending else { return }
    isReadPending = false
    context?.read()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var buffer = unwrapInboundIn(data)
    guard let client else { return context.close(promise: nil) }
    if !hasHead {
      if partial.readableBytes > 0 {
        partial.writeBuffer(&buffer)
        swap(&partial, &buffer)
        partial = ByteBuffer()
      }
      while !hasHead {
        switch client.exchange.response.parseResponse(buffer.readableBytesUInt8Span, limits: HeadLimits()) {
        case .incomplete:
          partial = buffer
          return
        case .refused(let error):
          return fail("BackendResponseFailure", "the backend's answer is not valid HTTP: \(error.code.rawValue)")
        case .complete(let length):
          buffer.moveReaderIndex(forwardBy: length)
          // Interim responses are for us, not for the client (RFC 9110 §15.2); 101 was never asked for.
          if (100..<200).contains(client.exchange.response.status) { continue }
          hasHead = true
        }
      }
      keepsAlive = client.exchange.response.keepsAlive
      framing.beginResponse(client.exchange.response, toHead: client.isHead)
      client.backendAnswered(self)
      guard self.client === client else { return }
    }
    pass(&buffer, to: client)
  }

  private func pass(_ buffer: inout ByteBuffer, to client: ClientConnection) {
    while buffer.readableBytes > 0, !framing.isDone, !framing.isRefused {
      if decodes {
        let stretch = framing.next(buffer.readableBytesUInt8Span)
        buffer.moveReaderIndex(forwardBy: stretch.dataStart)
        if let data = buffer.readSlice(length: stretch.end - stretch.dataStart), data.readableBytes > 0 {
          client.backendSent(data)
        }
      } else {
        let count = framing.consume(buffer.readableBytesUInt8Span)
        if let data = buffer.readSlice(length: count), count > 0 { client.backendSent(data) }
      }
      guard self.client === client else { return }
    }
    if framing.isRefused { return fail("BackendResponseFailure", "the backend's chunked body is malformed") }
    if buffer.readableBytes > 0 { keepsAlive = false }
    if framing.isDone { finish(client) }
  }

  private func finish(_ client: ClientConnection) {
    self.client = nil
    isReused = true
    if keepsAlive, client.hasSentWholeRequest, isOpen { pool.put(self) } else { close() }
    client.backendFinished()
  }

  private func fail(_ reason: String, _ message: String) {
    if let client {
      self.client = nil
      client.backendFailed(reason, message, isRetrySafe: isReused && !hasHead && partial.readableBytes == 0)
    }
    close()
  }

  func channelInactive(context: ChannelHandlerContext) {
    if let client {
      if hasHead, framing.endsWithConnection {
        framing.end()
        keepsAlive = false
        finish(client)
      } else {
        fail("BackendConnectionFailure", "the backend closed the connection before its answer was complete")
      }
    } else {
      pool.remove(self)
    }
    context.fireChannelInactive()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { client?.resumeReading() }
    context.fireChannelWritabilityChanged()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    fail("BackendConnectionFailure", "\(error)")
  }
}
