#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Files that are there as a whole or not at all.
enum WholeFile {
  /// Replaces a file, readable by its owner alone; a crash leaves the old or the new one, never a part. Nil, or what went
  /// wrong.
  static func write(_ bytes: [UInt8], to path: String) -> String? {
    // While one process takes over from another both may write.
    let temporary = "\(path).\(getpid()).new"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return "\(temporary): \(String(cString: strerror(errno)))" }
    var offset = 0
    var problem: Int32 = 0
    while offset < bytes.count, problem == 0 {
      let count = bytes.withUnsafeBytes {
        #if canImport(Glibc)
          Glibc.write(descriptor, $0.baseAddress.map { $0 + offset }, $0.count - offset)
        #else
          Musl.write(descriptor, $0.baseAddress.map { $0 + offset }, $0.count - offset)
        #endif
      }
      if count < 0 { if errno != EINTR { problem = errno } } else { offset += count }
    }
    if problem == 0, fsync(descriptor) != 0 { problem = errno }
    close(descriptor)
    if problem == 0, rename(temporary, path) != 0 { problem = errno }
    if problem == 0 { return nil }
    unlink(temporary)
    return "\(path): \(String(cString: strerror(problem)))"
  }

  /// All bytes of a file; nil when there is none.
  /// - Parameter bound: a larger file is none of ours, and read as far as that.
  static func read(_ path: String, bound: Int) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65_536)
    while bytes.count <= bound {
      let count = piece.withUnsafeMutableBytes { room in
        #if canImport(Glibc)
          Glibc.read(descriptor, room.baseAddress, room.count)
        #else
          Musl.read(descriptor, room.baseAddress, room.count)
        #endif
      }
      if count < 0, errno == EINTR { continue }
      if count <= 0 { break }
      bytes.append(contentsOf: piece[..<count])
    }
    return bytes
  }
}
