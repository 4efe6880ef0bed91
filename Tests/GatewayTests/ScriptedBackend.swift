import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A backend that answers every connection with what it is told, and keeps what it received.
final class ScriptedBackend: Sendable {
  private struct State {
    var received: [String] = []
    var connections = 0
  }

  private let state = Mutex(State())
  private let channel: any Channel

  /// - Parameters:
  ///   - tls: nil for plain HTTP.
  ///   - answer: the bytes to send once a request's end was seen; nil closes the connection.
  init(tls: NIOSSLContext? = nil, answer: @escaping @Sendable (_ request: String) -> String?) async throws {
    let box = Box()
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
          try channel.pipeline.syncOperations.addHandler(Answering(owner: box, answer: answer))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    box.backend.withLock { $0 = self }
  }

  var port: Int { channel.localAddress?.port ?? 0 }
  var received: [String] { state.withLock { $0.received } }
  var connections: Int { state.withLock { $0.connections } }

  func stop() async { try? await channel.close() }

  fileprivate final class Box: Sendable {
    let backend = Mutex<ScriptedBackend?>(nil)
  }

  private final class Answering: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let owner: Box
    private let answer: @Sendable (String) -> String?
    private var text = ""

    init(owner: Box, answer: @escaping @Sendable (String) -> String?) {
      self.owner = owner
      self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) {
      owner.backend.withLock { $0 }?.state.withLock { $0.connections += 1 }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      text += String(buffer: unwrapInboundIn(data))
      while let request = takeRequest() {
        owner.backend.withLock { $0 }?.state.withLock { $0.received.append(request) }
        guard let reply = answer(request) else { return context.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: reply)), promise: nil)
      }
    }

    /// A whole request, if it is there: by Content-Length, or chunked.
    private func takeRequest() -> String? {
      guard let end = text.range(of: "\r\n\r\n") else { return nil }
      let head = text[..<end.lowerBound].lowercased()
      var rest = text[end.upperBound...]
      if head.contains("transfer-encoding: chunked") {
        // The last chunk, then trailers or none.
        guard let last = rest.range(of: rest.hasPrefix("0\r\n") ? "0\r\n" : "\r\n0\r\n") else { return nil }
        let trailers = rest[rest.index(last.upperBound, offsetBy: -1)...]
        guard let end = trailers.range(of: "\r\n\r\n") else { return nil }
        rest = rest[end.upperBound...]
      } else if let length = head.split(separator: "\r\n").first(where: { $0.hasPrefix("content-length:") }) {
        let count = Int(length.dropFirst(15).filter(\.isNumber)) ?? 0
        guard rest.utf8.count >= count else { return nil }
        rest = Substring(rest.utf8.dropFirst(count))
      }
      defer { text = String(rest) }
      return String(text[..<rest.startIndex])
    }
  }
}
