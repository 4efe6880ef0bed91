import Glibc
import NIOCore
import NIOPosix

/// A socket that clients connect to, as the process holds it: beside the copies that event loops accept from, so that it
/// can go to another process without a moment in which nobody listens.
///
/// Not closed by itself: ``close()`` is to be called once, by the owner.
struct ListeningSocket: Sendable {
  /// What is spoken behind it.
  enum Kind: String, Sendable {
    case http, https
  }

  /// Why a socket cannot be listened on.
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  /// Connections that wait to be accepted.
  static let backlog: Int32 = 4_096

  let kind: Kind
  let descriptor: Int32
  /// 0 when it is none of the internet's sockets.
  let port: Int

  /// Opens a socket that others of this process may open, too: the kernel spreads the connections.
  /// - Parameter port: 0 for a free one.
  init(_ kind: Kind, address: String, port: Int) throws {
    let place = try SocketAddress.makeAddressResolvingHost(address, port: port)
    let descriptor = socket(
      place.protocol.rawValue, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw Failure(description: "no socket for \(place): \(Self.lastError)") }
    var one: Int32 = 1
    let size = socklen_t(MemoryLayout<Int32>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, size)
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &one, size)
    let isBound = place.withSockAddr { bind(descriptor, $0, socklen_t($1)) == 0 }
    guard isBound, listen(descriptor, Self.backlog) == 0 else {
      let reason = Self.lastError
      Glibc.close(descriptor)
      throw Failure(description: "\(address):\(port) cannot be listened on: \(reason)")
    }
    self.init(kind, descriptor: descriptor)
  }

  /// One that listens already.
  init(_ kind: Kind, descriptor: Int32) {
    self.kind = kind
    self.descriptor = descriptor
    var address = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let isKnown = withUnsafeMutableBytes(of: &address) { room in
      guard let base = room.baseAddress else { return false }
      return getsockname(descriptor, base.assumingMemoryBound(to: sockaddr.self), &length) == 0
    }
    port = isKnown ? Self.port(of: address) : 0
  }

  private static func port(of address: sockaddr_storage) -> Int {
    // Both families keep the port in network order behind the family.
    guard [AF_INET, AF_INET6].contains(Int32(address.ss_family)) else { return 0 }
    return withUnsafeBytes(of: address) { Int($0[2]) << 8 | Int($0[3]) }
  }

  /// Whether a descriptor that came from elsewhere is a socket that listens.
  static func isListening(_ descriptor: Int32) -> Bool {
    var value: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value == 1
  }

  /// Accepts from it on an event loop. The channel has a copy of its own, and closes that.
  func accept(with bootstrap: ServerBootstrap) async throws -> any Channel {
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    guard copy >= 0 else { throw Failure(description: "no descriptor is left: \(Self.lastError)") }
    let channel = try await bootstrap.withBoundSocket(copy).get()
    // The bootstrap has set a backlog of its own.
    listen(descriptor, Self.backlog)
    return channel
  }

  func close() { Glibc.close(descriptor) }

  private static var lastError: String { String(cString: strerror(errno)) }
}
