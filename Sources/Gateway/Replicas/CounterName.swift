import Crypto
import Foundation

/// The name of a counter among replicas: the first 128 bits of the SHA-256 of its key, so that no key crosses the network.
struct CounterName: Hashable, Sendable {
  var high: UInt64
  var low: UInt64

  init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  init(_ key: String) {
    var key = key
    self = key.withUTF8 { CounterName(UnsafeRawBufferPointer($0)) }
  }

  /// Of anything.
  init(_ bytes: [UInt8]) { self = bytes.withUnsafeBytes { CounterName($0) } }

  private init(_ bytes: UnsafeRawBufferPointer) {
    var hash = SHA256()
    hash.update(bufferPointer: bytes)
    (high, low) = hash.finalize().withUnsafeBytes {
      ($0.loadUnaligned(as: UInt64.self).bigEndian, $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self).bigEndian)
    }
  }
}

/// What one replica has counted under a name. Each message carries the whole of it, so that losing, doubling or reordering
/// messages changes nothing but the moment at which others know.
struct ReplicaCount: Hashable, Sendable {
  var name: CounterName
  /// The window's length, 1 to 300.
  var seconds: Int
  /// When this replica began the counter, in its own milliseconds: a counter that was dropped and begun anew starts at 0.
  var generation: UInt64
  /// All it has counted since then; never less than before.
  var total: UInt64
  /// What of it lies in the window.
  var recent: UInt64
}
