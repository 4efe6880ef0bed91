import GatewayConfiguration
import NIOCore
import RedisWire

/// One connection to Redis: commands go out at once, one after the other, and replies come in the same order.
final class RedisChannel: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let client: RedisClient
  private var context: ChannelHandlerContext?
  private var reader = RedisReplyReader(valueBound: ValueCache.entryBound + ExternalCacheClient.headBytes)
  private var handshake: RedisHandshake
  private var isReady = false
  private(set) var calls = CircularBuffer<RedisCall>()
  /// Bytes of commands without reply.
  private(set) var bytes = 0
  private var timer: Scheduled<Void>?
  /// Why the connection is about to end.
  private var reason: (message: String, failure: RedisFailure)?

  init(client: RedisClient) {
    self.client = client
    handshake = RedisHandshake(client.connection)
  }

  func channelActive(context: ChannelHandlerContext) {
    self.context = context
    let box = NIOLoopBound(self, eventLoop: client.loop)
    timer = client.loop.scheduleTask(in: client.connectTimeout) {
      box.value.close("no answer to the first words within \(box.value.client.connectTimeout)", .timeout)
    }
    write(handshake.greeting(), context)
    context.fireChannelActive()
  }

  private func write(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
    var buffer = context.channel.allocator.buffer(capacity: bytes.count)
    buffer.writeBytes(bytes)
    context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
  }

  func send(_ command: [UInt8], _ call: RedisCall) {
    guard let context else { return call.finish(.failure(.lost)) }
    calls.append(call)
    bytes += call.size
    if timer == nil { arm() }
    write(command, context)
  }

  /// Looks again when the oldest command has waited too long.
  private func arm() {
    guard let oldest = calls.first else { return }
    let box = NIOLoopBound(self, eventLoop: client.loop)
    timer = client.loop.scheduleTask(deadline: oldest.deadline) { box.value.onTimer() }
  }

  private func onTimer() {
    timer = nil
    guard let oldest = calls.first else { return }
    // Replies come in order: whatever stands behind it waits for it, too.
    if oldest.deadline <= .now() { close("no answer within \(client.timeout)", .timeout) } else { arm() }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let buffer = unwrapInboundIn(data)
    let replies: [RedisReply]
    do throws(RedisProtocolError) {
      replies = try reader.read(buffer.readableBytesUInt8Span)
    } catch {
      return close("it does not speak the Redis protocol: \(error)", .lost)
    }
    for reply in replies {
      if case .push = reply { continue }
      if !isReady {
        shakeHands(reply, context)
      } else if let call = calls.popFirst() {
        bytes -= call.size
        if case .error(let message) = reply, Self.meansElsewhere(message) { close(message, .lost) }
        call.finish(.success(reply))
      } else {
        return close("it answered what was not asked", .lost)
      }
    }
  }

  /// The server has become a replica, or will not serve again: another may.
  private static func meansElsewhere(_ message: String) -> Bool {
    ["READONLY", "MASTERDOWN", "NOAUTH"].contains { message.hasPrefix($0) }
  }

  private func shakeHands(_ reply: RedisReply, _ context: ChannelHandlerContext) {
    switch handshake.received(reply) {
    case .send(let bytes): write(bytes, context)
    case .failed(let message): close(message, .lost)
    case .ready(let isReplica):
      if isReplica, client.connection.endpoints.count > 1 { return close("it is a replica", .lost) }
      timer?.cancel()
      timer = nil
      isReady = true
      client.ready(self)
    }
  }

  func close(_ message: String, _ failure: RedisFailure) {
    if reason == nil { reason = (message, failure) }
    context?.close(promise: nil)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { close("\(error)", .lost) }

  func channelInactive(context: ChannelHandlerContext) {
    self.context = nil
    timer?.cancel()
    timer = nil
    let failed = calls
    calls = []
    bytes = 0
    client.lost(self, reason?.message ?? "the connection was closed")
    for call in failed { call.finish(.failure(reason?.failure ?? .lost)) }
    context.fireChannelInactive()
  }
}
