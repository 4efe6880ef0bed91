import GatewayConfiguration
import NIOCore
import RedisWire

/// One connection to Redis: commands go out at once, one after the other, and replies come in the same order.
final class RedisChannel: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let node: RedisNode
  private var context: ChannelHandlerContext?
  private var reader = RedisReplyReader(valueBound: ValueCache.entryBound + ExternalCacheClient.headBytes)
  private var handshake: RedisHandshake
  private var isReady = false
  private var isListening = false
  /// The server by its address, however it was named.
  private(set) var peer: RedisAddress?
  private(set) var calls = CircularBuffer<RedisCall>()
  /// Bytes of commands without reply.
  private(set) var bytes = 0
  private var timer: Scheduled<Void>?
  /// Why the connection is about to end.
  private var reason: (message: String, failure: RedisFailure)?

  init(node: RedisNode) {
    self.node = node
    handshake = RedisHandshake(node.access.connection)
  }

  func channelActive(context: ChannelHandlerContext) {
    self.context = context
    if let remote = context.remoteAddress, let host = remote.ipAddress, let port = remote.port {
      peer = RedisAddress(host: host, port: port)
    }
    let box = NIOLoopBound(self, eventLoop: node.loop)
    timer = node.loop.scheduleTask(in: node.access.connectTimeout) {
      box.value.close("no answer to the first words within \(box.value.node.access.connectTimeout)", .timeout)
    }
    write(handshake.greeting(), context)
    context.fireChannelActive()
  }

  private func write(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
    var buffer = context.channel.allocator.buffer(capacity: bytes.count)
    buffer.writeBytes(bytes)
    context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
  }

  private static let asking = RedisCommand.bytes("ASKING")

  /// - Parameter isAsking: the server does not have the command's slot yet, and is asked all the same.
  func send(_ call: RedisCall, isAsking: Bool = false) {
    guard let context else { return call.finish(.failure(.lost)) }
    if isAsking { send(RedisCall(Self.asking, deadline: call.deadline) { _ in }) }
    calls.append(call)
    bytes += call.size
    if timer == nil { arm() }
    write(call.command, context)
  }

  /// Looks again when the oldest command has waited too long.
  private func arm() {
    guard let oldest = calls.first else { return }
    let box = NIOLoopBound(self, eventLoop: node.loop)
    timer = node.loop.scheduleTask(deadline: oldest.deadline) { box.value.onTimer() }
  }

  private func onTimer() {
    timer = nil
    guard let oldest = calls.first else { return }
    // Replies come in order: whatever stands behind it waits for it, too.
    if oldest.deadline <= .now() { close("no answer within \(node.access.timeout)", .timeout) } else { arm() }
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
      if takesMessage(reply) { continue }
      if !isReady {
        shakeHands(reply, context)
      } else if let call = calls.popFirst() {
        bytes -= call.size
        if case .error(let message) = reply {
          if Self.meansElsewhere(message) { close(message, .lost) }
          if node.redirects(message, call) { continue }
        }
        call.finish(.success(reply))
      } else {
        return close("it answered what was not asked", .lost)
      }
    }
  }

  /// Asks for what is published from now on. There is no reply to that which belongs to a command.
  func listen(to name: [UInt8]) {
    guard let context else { return }
    isListening = true
    write(RedisCommand.bytes([Array("SUBSCRIBE".utf8), name]), context)
  }

  /// Whether it answers no command: a push, or in version 2 of the protocol an array that says what it is.
  private func takesMessage(_ reply: RedisReply) -> Bool {
    let items: [RedisReply]
    switch reply {
    case .push(let pushed): items = pushed
    case .array(let array) where isListening && ["message", "subscribe"].contains(array.first?.text): items = array
    default: return false
    }
    guard items.count == 3, items[0].text == "message" else { return true }
    switch items[2] {
    case .bulk(let bytes): node.published(bytes)
    case .oversized: node.published(nil)
    default: break
    }
    return true
  }

  /// The server has become a replica, or will not serve again: another may.
  private static func meansElsewhere(_ message: String) -> Bool {
    ["READONLY", "MASTERDOWN", "NOAUTH"].contains { message.hasPrefix($0) }
  }

  private func shakeHands(_ reply: RedisReply, _ context: ChannelHandlerContext) {
    switch handshake.received(reply) {
    case .send(let bytes): write(bytes, context)
    case .failed(let message): close(message, .lost)
    case .ready(let isReplica, let isCluster):
      timer?.cancel()
      timer = nil
      isReady = true
      node.ready(self, isReplica: isReplica, isCluster: isCluster)
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
    node.lost(self, reason?.message ?? "the connection was closed")
    for call in failed { call.finish(.failure(reason?.failure ?? .lost)) }
    context.fireChannelInactive()
  }
}
