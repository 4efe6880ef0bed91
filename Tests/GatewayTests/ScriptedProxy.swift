import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// An HTTP proxy on loopback that wants credentials, leads to wherever it is asked for, and keeps the heads it received.
final class ScriptedProxy: Sendable {
  private let seen = Mutex<[String]>([])
  private let channel = Mutex<(any Channel)?>(nil)

  /// - Parameter authorization: the value of `Proxy-Authorization` that opens it.
  init(authorization: String) async throws {
    let opened = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Asked(proxy: self, authorization: authorization))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    channel.withLock { $0 = opened }
  }

  var port: Int { channel.withLock { $0?.localAddress?.port } ?? 0 }
  var received: [String] { seen.withLock { $0 } }
  func stop() async { try? await channel.withLock { $0 }?.close() }

  /// Waits for a head, connects, and then only passes bytes on.
  private final class Asked: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let proxy: ScriptedProxy
    private let authorization: String
    private var input = ByteBuffer()
    private var other: (any Channel)?
    private var hasAsked = false

    init(proxy: ScriptedProxy, authorization: String) {
      self.proxy = proxy
      self.authorization = authorization
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      var data = unwrapInboundIn(data)
      if let other { return other.writeAndFlush(data, promise: nil) }
      input.writeBuffer(&data)
      let text = String(buffer: input)
      guard !hasAsked, let end = text.range(of: "\r\n\r\n") else { return }
      hasAsked = true
      let head = String(text[..<end.lowerBound])
      proxy.seen.withLock { $0.append(head) }
      guard head.contains("\r\nProxy-Authorization: \(authorization)") else {
        let answer = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
        return context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
      }
      input = ByteBuffer(string: String(text[end.upperBound...]))
      connect(head, context)
    }

    private func connect(_ head: String, _ context: ChannelHandlerContext) {
      let words = head.split(separator: " ", maxSplits: 2).map(String.init)
      let isTunnel = words[0] == "CONNECT"
      let address = isTunnel ? words[1] : String(words[1].dropFirst("http://".count).prefix { $0 != "/" })
      let parts = address.split(separator: ":")
      let client = NIOLoopBound((self, context), eventLoop: context.eventLoop)
      let back = context.channel
      let path = "/" + words[1].dropFirst("http://".count).drop { $0 != "/" }.dropFirst()
      ClientBootstrap(group: context.eventLoop)
        .channelInitializer { $0.pipeline.addHandler(Back(to: back)) }
        .connect(host: String(parts[0]), port: Int(parts[1]) ?? 80)
        .whenSuccess { channel in
          let (asked, context) = client.value
          asked.other = channel
          if isTunnel {
            let answer = ByteBuffer(string: "HTTP/1.1 200 Connection established\r\n\r\n")
            context.writeAndFlush(asked.wrapOutboundOut(answer), promise: nil)
          } else {
            // What came while it connected belongs to the request, too.
            channel.write(ByteBuffer(string: "\(words[0]) \(path) \(words[2])\r\n\r\n"), promise: nil)
            channel.writeAndFlush(asked.input, promise: nil)
          }
        }
    }

    func channelInactive(context: ChannelHandlerContext) { other?.close(promise: nil) }
  }

  private final class Back: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    private let channel: any Channel

    init(to channel: any Channel) { self.channel = channel }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      channel.writeAndFlush(unwrapInboundIn(data), promise: nil)
    }
    func channelInactive(context: ChannelHandlerContext) { channel.close(promise: nil) }
  }
}
