import Foundation
import Glibc
import Synchronization

/// A backend on threads: answers with the request's header `X-Version` as `X-In`, and `X-Request` as its body.
/// `GET /big` answers 64 MiB; `POST /sink` begins to read its body after some seconds and answers with its length.
final class EchoBackend: Sendable {
  private struct State {
    var listener: Int32 = -1
    var connections: Set<Int32> = []
  }

  static let bigBytes = 64 << 20

  let port: Int
  private let delay: TimeInterval
  private let state = Mutex(State())

  /// - Parameter delay: seconds that an answer takes.
  init(delay: TimeInterval = 0) throws {
    self.delay = delay
    let (listener, port) = try Self.listen(0)
    self.port = port
    begin(listener)
  }

  private static func listen(_ port: Int) throws -> (Int32, Int) {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var one: Int32 = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, size) == 0 && Glibc.listen(listener, 1_024) == 0 && getsockname(listener, $0, &size) == 0
      }
    }
    guard isBound else { throw PlainConnection.Failure(description: "the backend cannot listen on \(port)") }
    return (listener, Int(UInt16(bigEndian: address.sin_port)))
  }

  private func begin(_ listener: Int32) {
    state.withLock { $0.listener = listener }
    Thread.detachNewThread { [self] in
      while case let accepted = accept(listener, nil, nil), accepted >= 0 {
        // Not for the processes that the tests start, which would hold the connection open.
        _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
        state.withLock { _ = $0.connections.insert(accepted) }
        Thread.detachNewThread { [self] in
          try? serve(PlainConnection(accepted: accepted), accepted)
        }
      }
      // By whoever accepts from it: the number may be another's as soon as it is closed.
      close(listener)
    }
  }

  private func serve(_ connection: PlainConnection, _ descriptor: Int32) throws {
    defer { state.withLock { _ = $0.connections.remove(descriptor) } }
    while let lines = try connection.head() {
      let headers = PlainConnection.headers(lines.dropFirst())
      if lines[0].contains("/sink") {
        Thread.sleep(forTimeInterval: 3)
        var left = Int(headers["content-length"] ?? "") ?? 0
        let length = left
        while left > 0, case let part = try connection.take(left), !part.isEmpty { left -= part.count }
        try connection.send("HTTP/1.1 200 OK\r\nContent-Length: \("\(length - left)".count)\r\n\r\n\(length - left)")
        continue
      }
      _ = try connection.body(headers)
      if lines[0].contains("/big") {
        try connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(Self.bigBytes)\r\n\r\n")
        let piece = [UInt8](repeating: 0x78, count: 1 << 16)
        for _ in 0..<(Self.bigBytes >> 16) { try connection.send(piece) }
        continue
      }
      if delay > 0 { Thread.sleep(forTimeInterval: delay) }
      let body = headers["x-request"] ?? ""
      try connection.send(
        "HTTP/1.1 200 OK\r\nX-In: \(headers["x-version"] ?? "")\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }
  }

  /// Ends as a process that is killed: nobody listens, every connection breaks.
  func die() {
    // Under the lock: a connection that ended meanwhile has given its number back, perhaps to another one.
    state.withLock { state in
      if state.listener >= 0 { shutdown(state.listener, Int32(SHUT_RDWR)) }
      state.listener = -1
      for connection in state.connections { shutdown(connection, Int32(SHUT_RDWR)) }
    }
  }

  /// Is there again, on the same port.
  func comeBack() throws { begin(try Self.listen(port).0) }
}
