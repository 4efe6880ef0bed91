import Glibc

/// The Unix socket in a gateway's folder at which its process can be asked to hand its work over.
struct HandoverAddress: Sendable {
  private static let name = "handover"

  let directory: String

  var path: String { directory + "/" + Self.name }

  /// Nil when nobody answers there.
  func connect() -> HandoverChannel? {
    let connection = withAddress { descriptor, address, size in Glibc.connect(descriptor, address, size) == 0 }
    return connection.map { HandoverChannel($0) }
  }

  /// Listens; nil when that cannot be. To be called by whoever has the folder's claim: what is left of a process that was
  /// killed is replaced.
  func listen() -> Int32? {
    unlink(path)
    return withAddress { descriptor, address, size in
      bind(descriptor, address, size) == 0 && chmod(path, 0o600) == 0 && Glibc.listen(descriptor, 4) == 0
    }
  }

  /// A socket that `body` could do its work with. The kernel's address has room for 107 bytes, a folder's path may be
  /// longer: it is named by an open descriptor of the folder.
  private func withAddress(_ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Bool) -> Int32? {
    let folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return nil }
    defer { close(folder) }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { room in
      room.copyBytes(from: "/proc/self/fd/\(folder)/\(Self.name)".utf8)
    }
    let isDone = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    if isDone { return descriptor }
    close(descriptor)
    return nil
  }
}
