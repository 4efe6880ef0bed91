import Glibc
import Synchronization

/// Ports of loopback that nobody listens on.
public enum FreePort {
  /// Below the ports that the system gives to outgoing connections, one of which would take a free port at any moment.
  private static let range = 10_000..<32_000
  private static let given = Mutex<Set<Int>>([])

  /// One that was not given before.
  public static func find() throws(ChildProcess.Failure) -> Int {
    for _ in 0..<10_000 {
      let port = Int.random(in: range)
      if given.withLock({ $0.insert(port).inserted }), isFree(port) { return port }
    }
    throw ChildProcess.Failure("no free port was found")
  }

  /// Whether a port can be listened on, on every address.
  public static func isFree(_ port: Int) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var one: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }
}
