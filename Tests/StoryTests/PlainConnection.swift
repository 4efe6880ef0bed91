import Foundation
import Glibc

/// A TCP connection that speaks HTTP/1.1 in exact bytes and waits where it must: to be used on a thread of its own.
final class PlainConnection {
  struct Failure: Error, CustomStringConvertible {
    var description: String
    /// The connection ended before the first byte of an answer.
    var isEnd = false
  }

  struct Answer {
    var status: Int
    var headers: [String: String]
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
    /// The sender closes the connection behind it.
    var closes: Bool { headers["connection"]?.lowercased() == "close" }

    func json<Value>(_ path: String..., as type: Value.Type = Value.self) -> Value? {
      var value = try? JSONSerialization.jsonObject(with: Data(body))
      for name in path { value = (value as? [String: Any])?[name] }
      return value as? Value
    }
  }

  let descriptor: Int32
  private var buffer: [UInt8] = []
  private var start = 0

  /// - Parameter receiveBuffer: bytes that the kernel takes ahead of us; nil as many as it likes.
  init(port: Int, seconds: Int = 10, receiveBuffer: Int32? = nil) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    if var size = receiveBuffer {
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }
    var timeout = timeval(tv_sec: seconds, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    var one: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else {
      // Closed by the deinitializer, which runs for an instance that throws here, too.
      throw Failure(description: "port \(port): \(String(cString: strerror(errno)))")
    }
  }

  /// A connection that was accepted.
  init(accepted: Int32) { descriptor = accepted }

  deinit { close(descriptor) }

  func send(_ text: String) throws { try send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) throws {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress.map { $0 + sent }, $0.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw Failure(description: "sending: \(String(cString: strerror(errno)))", isEnd: true) }
      sent += count
    }
  }

  /// More bytes into the buffer; false at the end of the connection.
  private func more() throws -> Bool {
    if start > 0 {
      buffer.removeFirst(start)
      start = 0
    }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &bytes, bytes.count, 0)
    if count < 0 {
      throw Failure(description: "reading: \(String(cString: strerror(errno)))", isEnd: buffer.isEmpty)
    }
    buffer += bytes[..<count]
    return count > 0
  }

  /// At most so many bytes of what comes next; none at the end.
  func take(_ count: Int) throws -> [UInt8] {
    if start == buffer.count, try !more() { return [] }
    let end = min(buffer.count, start + count)
    defer { start = end }
    return Array(buffer[start..<end])
  }

  private func take(exactly count: Int) throws -> [UInt8] {
    while buffer.count - start < count {
      guard try more() else { throw Failure(description: "the connection ended in the middle of a message") }
    }
    defer { start += count }
    return Array(buffer[start..<start + count])
  }

  /// The next head, its lines; nil when the connection ends before it.
  func head() throws -> [String]? {
    while true {
      if let end = buffer[start...].firstRange(of: Array("\r\n\r\n".utf8)) {
        let lines = String(decoding: buffer[start..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        start = end.upperBound
        return lines
      }
      if try !more() {
        guard buffer.count == start else { throw Failure(description: "the connection ended in the middle of a head") }
        return nil
      }
    }
  }

  static func headers(_ lines: some Sequence<String>) -> [String: String] {
    var headers: [String: String] = [:]
    for line in lines {
      let parts = line.split(separator: ":", maxSplits: 1)
      if parts.count == 2 { headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces) }
    }
    return headers
  }

  func body(_ headers: [String: String]) throws -> [UInt8] {
    if headers["transfer-encoding"]?.lowercased() == "chunked" {
      var body: [UInt8] = []
      while true {
        var line: [UInt8] = []
        while line.suffix(2) != [0x0d, 0x0a] { line += try take(exactly: 1) }
        guard let size = Int(String(decoding: line.dropLast(2), as: UTF8.self), radix: 16) else {
          throw Failure(description: "no chunk")
        }
        body += try take(exactly: size + 2).dropLast(2)
        if size == 0 { return body }
      }
    }
    return try take(exactly: Int(headers["content-length"] ?? "0") ?? 0)
  }

  /// Sends a request and reads its answer.
  func ask(_ method: String, _ path: String, headers: [String] = [], body: [UInt8]? = nil) throws -> Answer {
    var text = "\(method) \(path) HTTP/1.1\r\nHost: gateway\r\n" + headers.map { $0 + "\r\n" }.joined()
    if let body { text += "Content-Length: \(body.count)\r\n" }
    try send(Array((text + "\r\n").utf8) + (body ?? []))
    return try answer()
  }

  func answer() throws -> Answer {
    guard let lines = try head() else { throw Failure(description: "no answer came", isEnd: true) }
    guard let status = lines[0].split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
      throw Failure(description: "no status: \(lines[0])")
    }
    let headers = Self.headers(lines.dropFirst())
    return Answer(status: status, headers: headers, body: try body(headers))
  }
}
