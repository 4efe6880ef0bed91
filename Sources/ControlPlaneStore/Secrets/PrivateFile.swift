public import Foundation

/// Files that only their owner may read.
public enum PrivateFile {
  /// Writes a file of mode 0600 in one step: beside its place, synced to disk, then renamed over it, so that a reader sees
  /// the old or the new content and never a part, and the bytes never stand in a file others may read.
  public static func write(_ data: Data, to file: URL) throws(StoreError) {
    let temporary = file.path + ".new"
    unlink(temporary)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure(file) }
    var offset = 0
    let isWritten = data.withUnsafeBytes { bytes -> Bool in
      while offset < bytes.count {
        let count = Foundation.write(descriptor, bytes.baseAddress?.advanced(by: offset), bytes.count - offset)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        offset += count
      }
      return fsync(descriptor) == 0
    }
    let error = errno
    close(descriptor)
    guard isWritten, rename(temporary, file.path) == 0 else {
      unlink(temporary)
      if !isWritten { errno = error }
      throw failure(file)
    }
  }

  private static func failure(_ file: URL) -> StoreError {
    let number = errno
    return StoreError(
      number == ENOSPC ? .full : .unavailable,
      "The file \(file.path) could not be written: \(String(cString: strerror(number))).")
  }
}
