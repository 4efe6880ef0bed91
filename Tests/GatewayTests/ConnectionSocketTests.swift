import NIOCore
import NIOPosix
import Testing

@testable import Gateway

/// A connection's way out, over real sockets.
struct ConnectionSocketTests {
  /// Writes pieces of all kinds as soon as the connection is there, more than a socket takes.
  private final class Writer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    let pieces: Int
    let isPlain: Bool

    init(pieces: Int, isPlain: Bool) { (self.pieces, self.isPlain) = (pieces, isPlain) }

    /// Every piece differs from its neighbours in length and content.
    static func piece(_ i: Int) -> [UInt8] { (0..<(1 + i * 37 % 3_000)).map { UInt8(truncatingIfNeeded: i &+ $0) } }

    func channelActive(context: ChannelHandlerContext) {
      let socket = ConnectionSocket()
      socket.open(context, isPlain: isPlain)
      #expect(socket.isDirect == isPlain)
      var hasWaited = false
      for i in 0..<pieces {
        let bytes = Self.piece(i)
        switch i % 3 {
        case 0: socket.write(ByteBuffer(bytes: bytes))
        case 1: bytes.withUnsafeBytes { socket.write($0) }
        default:
          socket.write(
            ByteBuffer(bytes: bytes.prefix(bytes.count / 2)), ByteBuffer(bytes: bytes.dropFirst(bytes.count / 2)))
        }
        if !socket.isDirect { hasWaited = true }
      }
      #expect(hasWaited)
      context.closeAfterWrites()
    }
  }

  private static func all(_ client: RawClient) -> [UInt8] {
    var all: [UInt8] = []
    while let bytes = client.receive(), !bytes.isEmpty { all += bytes }
    return all
  }

  @Test(arguments: [true, false])
  func `pieces arrive whole and in order, though the client takes them late`(isPlain: Bool) async throws {
    let pieces = 4_000
    let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelOption(.socketOption(.so_sndbuf), value: 16_384)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Writer(pieces: pieces, isPlain: isPlain))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let client = try RawClient(port: server.localAddress?.port ?? 0)
    try await Task.sleep(for: .milliseconds(200))
    let received = Self.all(client)
    #expect(received == (0..<pieces).flatMap { Writer.piece($0) })
    try await server.close()
  }

  @Test func `nothing is written to a socket that is closed`() async throws {
    final class Closer: ChannelInboundHandler {
      typealias InboundIn = ByteBuffer

      func channelActive(context: ChannelHandlerContext) {
        let socket = ConnectionSocket()
        socket.open(context, isPlain: true)
        socket.write(ByteBuffer(string: "before"))
        socket.close()
        context.close(promise: nil)
        #expect(!socket.isDirect)
        socket.write(ByteBuffer(string: "after"))
      }
    }
    let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Closer()) }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let received = Self.all(try RawClient(port: server.localAddress?.port ?? 0))
    #expect(received == Array("before".utf8))
    try await server.close()
  }
}
