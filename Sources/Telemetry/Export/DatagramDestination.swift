import Glibc
import Synchronization

/// A server that takes datagrams: a UDP host and port, or a Unix socket such as `/dev/log`.
///
/// Sending never waits and never fails the caller: what cannot be sent is dropped and counted. Nothing is sent before the
/// first ``resolve()``, which looks the name up and may block; calling it again follows a server that moved.
public final class DatagramDestination: Sendable {
  public enum Address: Sendable, Equatable {
    case host(String, port: UInt16)
    case unixSocket(String)

    /// Reads `host:port`, `[::1]:port`, with or without `udp://` in front.
    public init?(hostAndPort text: String) {
      let bare = text.hasPrefix("udp://") ? String(text.dropFirst(6)) : text
      guard !bare.contains("/"), let colon = bare.lastIndex(of: ":"),
        let port = UInt16(bare[bare.index(after: colon)...]),
        port > 0
      else { return nil }
      var host = String(bare[..<colon])
      if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
      guard !host.isEmpty else { return nil }
      self = .host(host, port: port)
    }
  }

  private struct State {
    var descriptor: Int32 = -1
    var dropped: UInt64 = 0
  }

  public let address: Address
  private let state = Mutex(State())

  public init(_ address: Address) { self.address = address }

  deinit {
    let descriptor = state.withLock { $0.descriptor }
    if descriptor >= 0 { close(descriptor) }
  }

  /// Datagrams that could not be sent.
  public var dropped: UInt64 { state.withLock(\.dropped) }

  /// Opens the socket, or opens it anew. Blocks for the time a name takes to resolve; keeps the old one when it fails.
  /// - Returns: what is wrong, nil when all is well.
  public func resolve() -> String? {
    let opened: Int32
    switch address {
    case .host(let host, let port): opened = Self.open(host, port)
    case .unixSocket(let path): opened = Self.open(path)
    }
    guard opened >= 0 else {
      return "\(address) cannot be reached: \(String(cString: strerror(errno)))"
    }
    let old = state.withLock { state in
      defer { state.descriptor = opened }
      return state.descriptor
    }
    if old >= 0 { close(old) }
    return nil
  }

  /// Sends one datagram, or drops it.
  public func send(_ bytes: [UInt8]) {
    state.withLock { state in
      guard state.descriptor >= 0 else {
        state.dropped += 1
        return
      }
      let sent = bytes.withUnsafeBytes {
        Glibc.send(state.descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
      }
      if sent < 0 { state.dropped += 1 }
    }
  }

  private static func open(_ host: String, _ port: UInt16) -> Int32 {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, "\(port)", &hints, &list) == 0 else {
      errno = ENOENT
      return -1
    }
    defer { freeaddrinfo(list) }
    var entry = list
    while let info = entry?.pointee {
      let descriptor = socket(info.ai_family, Int32(SOCK_DGRAM.rawValue), 0)
      if descriptor >= 0 {
        if connect(descriptor, info.ai_addr, info.ai_addrlen) == 0 { return descriptor }
        close(descriptor)
      }
      entry = info.ai_next
    }
    return -1
  }

  private static func open(_ path: String) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
      errno = ENAMETOOLONG
      return -1
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    guard descriptor >= 0 else { return -1 }
    let isConnected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
    if isConnected { return descriptor }
    let reason = errno
    close(descriptor)
    errno = reason
    return -1
  }
}

extension DatagramDestination.Address: CustomStringConvertible {
  public var description: String {
    switch self {
    case .host(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .unixSocket(let path): path
    }
  }
}
