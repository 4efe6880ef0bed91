import HTTPWire
import NIOCore

/// HTTP/1's framing of a body without a length, written.
enum ChunkedBody {
  /// The data as one chunk; nothing for no data, which would end the body.
  static func chunk(_ data: ByteBuffer) -> ByteBuffer {
    if data.readableBytes == 0 { return data }
    var chunk = ByteBuffer(string: String(data.readableBytes, radix: 16) + "\r\n")
    chunk.writeImmutableBuffer(data)
    chunk.writeStaticString("\r\n")
    return chunk
  }

  /// The end of the body.
  static func end(_ trailers: TrailerFields?) -> ByteBuffer {
    var end = ByteBuffer(string: "0\r\n")
    if let trailers { end.writeBytes(trailers.lines) }
    end.writeStaticString("\r\n")
    return end
  }
}
