import Crypto
public import FoundationEssentials

/// The encrypted file from which a gateway starts while its management service is away.
///
/// Layout: the eight bytes `POSTERN1`, a 16-byte salt, then an AES-256-GCM box (12-byte nonce, ciphertext, 16-byte tag)
/// over a JSON envelope. The key is HKDF-SHA256 of the gateway's own token with the salt, so that the file is of no use
/// without the token; a gateway started with another token says so and fetches its configuration anew.
public enum SnapshotBackup {
  /// Why a backup file cannot be used.
  public struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
      case notABackup, wrongTokenOrDamaged, malformed
    }

    public var code: Code
    public var message: String
    public var description: String { message }
  }

  private static let magic = Array("POSTERN1".utf8)

  private struct Envelope: Codable {
    var version: UInt64
    var digest: String
    var signature: Data
    var signingKey: Data
    var snapshot: Data
  }

  /// Encrypts a snapshot and the public key that its signature is checked with.
  /// - Parameter salt: 16 random bytes, new for each file.
  public static func seal(_ sealed: SealedSnapshot, signingKey: Data, token: String, salt: [UInt8]) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let envelope = try encoder.encode(
      Envelope(
        version: sealed.version, digest: sealed.digest, signature: sealed.signature, signingKey: signingKey,
        snapshot: sealed.bytes))
    let box = try AES.GCM.seal(envelope, using: key(token: token, salt: salt), authenticating: Data(magic))
    guard let combined = box.combined else {
      throw Failure(code: .malformed, message: "the backup could not be encrypted")
    }
    return Data(magic) + Data(salt) + combined
  }

  /// Decrypts a backup made with the same token.
  public static func open(_ file: Data, token: String) throws(Failure) -> (snapshot: SealedSnapshot, signingKey: Data) {
    guard file.count > magic.count + 16 + 28, Array(file.prefix(magic.count)) == magic else {
      throw Failure(code: .notABackup, message: "the file is not a configuration backup")
    }
    let body = file.dropFirst(magic.count)
    let salt = Array(body.prefix(16))
    guard let box = try? AES.GCM.SealedBox(combined: body.dropFirst(16)),
      let plain = try? AES.GCM.open(box, using: key(token: token, salt: salt), authenticating: Data(magic))
    else {
      throw Failure(
        code: .wrongTokenOrDamaged, message: "the backup was written with another gateway token, or it is damaged")
    }
    guard let envelope = try? JSONDecoder().decode(Envelope.self, from: plain) else {
      throw Failure(code: .malformed, message: "the backup's content cannot be decoded")
    }
    let sealed = SealedSnapshot(
      version: envelope.version, bytes: envelope.snapshot, digest: envelope.digest, signature: envelope.signature)
    return (sealed, envelope.signingKey)
  }

  private static func key(token: String, salt: [UInt8]) -> SymmetricKey {
    HKDF<SHA256>.deriveKey(
      inputKeyMaterial: SymmetricKey(data: Data(token.utf8)), salt: Data(salt),
      info: Data("postern configuration backup".utf8), outputByteCount: 32)
  }
}
