#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A file that one process at a time uses: the first free of `path`, `path.1`, `path.2`, … A lock (`flock`) on a file beside
/// it says that it is taken, and ends with the process, however that ends.
struct FileClaim: Sendable {
  /// Processes that may share a folder.
  static let bound = 64

  let path: String
  /// Holds the lock, also for a process that gets a copy of it; -1 where there is none.
  let descriptor: Int32

  /// Nil when every one is taken. Where no lock can be had, as on a disk that takes nothing, the first is used without.
  init?(_ path: String) {
    for number in 0..<Self.bound {
      let candidate = number == 0 ? path : "\(path).\(number)"
      let descriptor = open(candidate + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
      if descriptor < 0 || flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK {
        (self.path, self.descriptor) = (candidate, descriptor)
        return
      }
      close(descriptor)
    }
    return nil
  }

  /// That file and no other; nil when it is taken, or no lock can be had.
  init?(exactly path: String) {
    let descriptor = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return nil }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      return nil
    }
    (self.path, self.descriptor) = (path, descriptor)
  }

  /// A claim that another process has handed over, with the descriptor that holds its lock.
  init(handedOver path: String, descriptor: Int32) { (self.path, self.descriptor) = (path, descriptor) }

  /// Others may use it from now on, even while a child process that is just beginning holds a copy of the lock's descriptor.
  /// To be called once, and last.
  func release() {
    guard descriptor >= 0 else { return }
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }

  /// It stays the claim of the process that has been given a copy. To be called once, and last.
  func leave() { if descriptor >= 0 { close(descriptor) } }
}
