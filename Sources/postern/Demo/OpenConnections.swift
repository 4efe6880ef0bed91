import Foundation

/// A process's TCP connections, as Linux lists them.
enum OpenConnections {
  /// The remote IPv4 ports of connections that the process opened itself.
  /// - Parameter listening: ports the process listens on; connections accepted there are left out.
  static func outgoingPorts(process: Int32, listening: Set<Int>) -> Set<Int> {
    let folder = "/proc/\(process)/fd"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let sockets = Set(
      names.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)") }
        .filter { $0.hasPrefix("socket:[") }.map { String($0.dropFirst(8).dropLast()) })
    let table = Self.text("/proc/\(process)/net/tcp")
    var ports: Set<Int> = []
    for line in table.split(separator: "\n").dropFirst() {
      // Columns: number, local address:port, remote address:port, state (01 is established), …, inode as the tenth.
      let columns = line.split(separator: " ")
      guard columns.count > 9, columns[3] == "01", sockets.contains(String(columns[9])),
        let local = Self.port(columns[1]), let remote = Self.port(columns[2]), !listening.contains(local)
      else { continue }
      ports.insert(remote)
    }
    return ports
  }

  /// A file of `/proc`: its size is told as 0, and each read gives a part.
  private static func text(_ path: String) -> String {
    guard let file = FileHandle(forReadingAtPath: path) else { return "" }
    defer { try? file.close() }
    var content = Data()
    while let part = try? file.read(upToCount: 65_536), !part.isEmpty { content.append(part) }
    return String(decoding: content, as: UTF8.self)
  }

  private static func port(_ endpoint: Substring) -> Int? {
    endpoint.split(separator: ":").last.flatMap { Int($0, radix: 16) }
  }
}
