import CZlib

/// Data that zlib has compressed, made readable again.
public enum Inflation {
  public enum Result: Sendable, Equatable {
    case bytes([UInt8])
    /// More than the bound came out: nothing is kept.
    case tooLarge
    /// The data is damaged, or ends too early.
    case broken
  }

  /// The forms that HTTP names.
  public enum Format: Sendable {
    /// RFC 1952; zlib's own frame (RFC 1950) is taken, too.
    case gzip
    /// `deflate` of HTTP, which means RFC 1950, but is RFC 1951 with some servers.
    case deflate

    /// zlib's window bits: 32 KiB, and which frames are read.
    fileprivate var windows: [Int32] {
      switch self {
      case .gzip: [15 + 32]
      case .deflate: [15, -15]
      }
    }
  }

  /// - Parameter limit: the most bytes that may come out.
  public static func inflate(_ bytes: [UInt8], _ format: Format, limit: Int) -> Result {
    for window in format.windows {
      let result = inflate(bytes, window: window, limit: limit)
      if result != .broken { return result }
    }
    return .broken
  }

  private static func inflate(_ bytes: [UInt8], window: Int32, limit: Int) -> Result {
    var stream = z_stream()
    guard inflateInit2_(&stream, window, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      return .broken
    }
    defer { inflateEnd(&stream) }
    var (input, output) = (bytes, [UInt8]())
    var room = [UInt8](repeating: 0, count: 32 << 10)
    // The stream points into both arrays only within this call.
    return input.withUnsafeMutableBufferPointer { input in
      room.withUnsafeMutableBufferPointer { room in
        stream.next_in = input.baseAddress
        stream.avail_in = UInt32(clamping: input.count)
        while true {
          stream.next_out = room.baseAddress
          stream.avail_out = UInt32(room.count)
          let status = CZlib.inflate(&stream, Z_NO_FLUSH)
          let count = room.count - Int(stream.avail_out)
          guard output.count + count <= limit else { return .tooLarge }
          output += room[..<count]
          if status == Z_STREAM_END {
            if stream.avail_in == 0 { return .bytes(output) }
            // Who reads the body reads further members of gzip, too; anything else behind the end is no part of a body.
            guard window == Format.gzip.windows[0], inflateReset(&stream) == Z_OK else { return .broken }
            continue
          }
          // Without progress the data has ended in the middle.
          guard status == Z_OK, count > 0 || stream.avail_in > 0 else { return .broken }
        }
      }
    }
  }
}
