#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The few file operations the spool needs.
enum SpoolFile {
  /// A file's bytes, or a part of them; nil if there is no such file.
  static func read(_ path: String, from offset: Int = 0, to end: Int? = nil) throws(Spool.Failure) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 {
      if errno == ENOENT { return nil }
      throw Spool.Failure(path, "open")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Spool.Failure(path, "read") }
    let wanted = max(0, min(Int(status.st_size), end ?? .max) - offset)
    var bytes = [UInt8](repeating: 0, count: wanted)
    var filled = 0
    while filled < wanted {
      let result = bytes.withUnsafeMutableBytes { buffer in
        pread(descriptor, buffer.baseAddress.map { $0 + filled }, wanted - filled, off_t(offset + filled))
      }
      if result < 0 {
        if errno == EINTR { continue }
        throw Spool.Failure(path, "read")
      }
      if result == 0 { break }
      filled += result
    }
    if filled < wanted { bytes.removeLast(wanted - filled) }
    return bytes
  }

  /// Replaces a small file so that a crash leaves the old or the new content, never a part.
  static func replace(_ path: String, with bytes: [UInt8]) throws(Spool.Failure) {
    let temporary = path + ".new"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    if descriptor < 0 { throw Spool.Failure(temporary, "create") }
    let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    let isDurable = written == bytes.count && fdatasync(descriptor) == 0
    close(descriptor)
    guard isDurable else { throw Spool.Failure(temporary, "write to") }
    if rename(temporary, path) != 0 { throw Spool.Failure(path, "replace") }
  }

  /// The first record numbers of the segments in a directory, ascending.
  static func segmentNumbers(in directory: String) throws(Spool.Failure) -> [UInt64] {
    guard let stream = opendir(directory) else { throw Spool.Failure(directory, "list") }
    defer { closedir(stream) }
    var numbers: [UInt64] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { raw in
        String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasSuffix(".records"), let number = UInt64(name.dropLast(8)) { numbers.append(number) }
    }
    return numbers.sorted()
  }
}
