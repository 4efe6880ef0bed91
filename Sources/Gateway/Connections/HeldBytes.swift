import NIOCore

/// Bytes that wait for something, if there are any. Nothing is no buffer: an empty one is an object that all threads share,
/// and counting its references would make them wait for each other.
extension ByteBuffer? {
  mutating func append(_ data: consuming ByteBuffer) {
    guard let count = self?.readableBytes, count > 0 else { return self = data }
    self?.writeImmutableBuffer(data)
  }
}
