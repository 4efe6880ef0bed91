import Foundation
import Glibc

/// A client that sends exact bytes and reads exact bytes.
final class RawClient {
  private let descriptor: Int32
  private var buffer = ""

  init(port: Int, address host: String = "127.0.0.1") throws {
    // Not for child processes of other tests, which would hold the connection open.
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else { throw POSIXError(.EINVAL) }
    var timeout = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw POSIXError(.ECONNREFUSED) }
  }

  deinit { close(descriptor) }

  /// Says that nothing more is to come.
  func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  func send(_ text: String) { _ = send(Array(text.utf8)) }

  /// Whether the connection has taken all of it.
  func send(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count <= 0 { return false }
      sent += count
    }
    return true
  }

  /// What comes next, as it comes; empty when the other side has closed the connection, nil when it has reset it or
  /// nothing comes for 20 seconds.
  func receive() -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &bytes, bytes.count, 0)
    return count < 0 ? nil : Array(bytes[..<count])
  }

  /// More bytes; false at the end of the connection or after twenty seconds.
  private func more() -> Bool {
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &bytes, bytes.count, 0)
    if count <= 0 { return false }
    buffer += String(decoding: bytes[..<count], as: UTF8.self)
    return true
  }

  struct Answer {
    var status = 0
    var head = ""
    var body = ""

    func header(_ name: String) -> String? {
      for line in head.components(separatedBy: "\r\n").dropFirst() {
        let parts = line.split(separator: ":", maxSplits: 1)
        if parts.count == 2, parts[0].lowercased() == name.lowercased() {
          return parts[1].trimmingCharacters(in: .whitespaces)
        }
      }
      return nil
    }
  }

  /// The next answer; nil when the connection ends before it is complete.
  func answer(toHead: Bool = false) -> Answer? {
    while !buffer.contains("\r\n\r\n") { if !more() { return nil } }
    guard let end = buffer.range(of: "\r\n\r\n") else { return nil }
    var answer = Answer()
    answer.head = String(buffer[..<end.lowerBound])
    answer.status = Int(answer.head.split(separator: " ").dropFirst().first ?? "") ?? 0
    buffer = String(buffer[end.upperBound...])
    if answer.status == 100 || toHead || answer.status == 204 || answer.status == 304 { return answer }
    if let length = answer.header("Content-Length").flatMap(Int.init) {
      while buffer.utf8.count < length { if !more() { return nil } }
      answer.body = String(decoding: buffer.utf8.prefix(length), as: UTF8.self)
      buffer = String(decoding: buffer.utf8.dropFirst(length), as: UTF8.self)
    } else if answer.header("Transfer-Encoding") == "chunked" {
      while !buffer.contains("0\r\n\r\n") { if !more() { return nil } }
      guard let last = buffer.range(of: "0\r\n\r\n") else { return nil }
      answer.body = String(buffer[..<last.upperBound])
      buffer = String(buffer[last.upperBound...])
    } else {
      while more() {}
      answer.body = buffer
      buffer = ""
    }
    return answer
  }

  /// Everything up to and including that text; nil when the connection ends before.
  func text(until end: String) -> String? {
    while !buffer.contains(end) { if !more() { return nil } }
    guard let range = buffer.range(of: end) else { return nil }
    defer { buffer = String(buffer[range.upperBound...]) }
    return String(buffer[..<range.upperBound])
  }

  /// Whether the other side has ended the connection.
  var isAtEnd: Bool { buffer.isEmpty && !more() }
}
