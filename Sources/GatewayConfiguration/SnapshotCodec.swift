public import Crypto
public import FoundationEssentials

/// A snapshot as it travels and as it is kept: its exact bytes, with the digest and signature made over them.
public struct SealedSnapshot: Sendable, Equatable {
  public var version: UInt64
  /// The snapshot in JSON with sorted keys.
  public var bytes: Data
  /// SHA-256 of `bytes`, 64 lower-case hexadecimal digits.
  public var digest: String
  /// Ed25519 over `bytes`, by the service's signing key.
  public var signature: Data

  public init(version: UInt64, bytes: Data, digest: String, signature: Data) {
    self.version = version
    self.bytes = bytes
    self.digest = digest
    self.signature = signature
  }
}

/// Why bytes that should be a snapshot are not accepted.
public struct SnapshotError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Code: String, Sendable {
    case malformed, tooLarge, digestMismatch, signatureInvalid, newerFormat
  }

  public var code: Code
  public var message: String
  public var description: String { "\(code.rawValue): \(message)" }

  public init(code: Code, message: String) {
    self.code = code
    self.message = message
  }
}

/// Turns snapshots into signed bytes and back.
public enum SnapshotCodec {
  /// The largest snapshot accepted: 256 MiB.
  public static let maximumBytes = 256 << 20

  /// Encodes and signs. Equal snapshots give equal bytes.
  public static func seal(_ snapshot: Snapshot, key: Curve25519.Signing.PrivateKey) throws -> SealedSnapshot {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let bytes = try encoder.encode(snapshot)
    return SealedSnapshot(
      version: snapshot.version, bytes: bytes, digest: digest(of: bytes), signature: try key.signature(for: bytes))
  }

  /// Checks digest, signature and layout, then decodes.
  /// - Parameter key: the service's public signing key; nil leaves the signature unchecked, for a first contact over
  ///   an authenticated connection.
  public static func open(_ sealed: SealedSnapshot, key: Curve25519.Signing.PublicKey?) throws(SnapshotError)
    -> Snapshot
  {
    guard sealed.bytes.count <= maximumBytes else {
      throw SnapshotError(
        code: .tooLarge, message: "the snapshot has \(sealed.bytes.count) bytes, the limit is \(maximumBytes)")
    }
    guard digest(of: sealed.bytes) == sealed.digest else {
      throw SnapshotError(code: .digestMismatch, message: "the snapshot's bytes do not match its digest")
    }
    if let key, !key.isValidSignature(sealed.signature, for: sealed.bytes) {
      throw SnapshotError(code: .signatureInvalid, message: "the snapshot is not signed by this service")
    }
    let decoder = JSONDecoder()
    guard let layout = try? decoder.decode(Layout.self, from: sealed.bytes) else {
      throw SnapshotError(code: .malformed, message: "the snapshot is not a JSON object with a format number")
    }
    guard layout.format <= Snapshot.currentFormat else {
      throw SnapshotError(
        code: .newerFormat,
        message: "the snapshot has layout \(layout.format); this gateway reads up to \(Snapshot.currentFormat). "
          + "Upgrade the gateway.")
    }
    do {
      return try decoder.decode(Snapshot.self, from: sealed.bytes)
    } catch {
      throw SnapshotError(code: .malformed, message: "the snapshot cannot be decoded: \(error)")
    }
  }

  /// SHA-256 in lower-case hexadecimal.
  public static func digest(of bytes: Data) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in SHA256.hash(data: bytes) {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  private struct Layout: Decodable { var format: Int }
}
