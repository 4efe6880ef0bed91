import Crypto
public import Foundation

/// The key under which secrets are ciphered at rest: 32 random bytes in a file of the data directory that only its owner
/// may read. Whoever backs up the database needs this file too.
public struct MasterKey: Sendable {
  private let key: SymmetricKey

  /// A key from 32 bytes.
  public init(bytes: Data) throws(StoreError) {
    guard bytes.count == 32 else { throw StoreError(.damaged, "The master key must be 32 bytes long.") }
    key = SymmetricKey(data: bytes)
  }

  /// Reads the key file, or makes it (mode 0600) when it is missing and `mayCreate` is set.
  public static func load(from file: URL, mayCreate: Bool) throws(StoreError) -> MasterKey {
    if let bytes = try? Data(contentsOf: file) { return try MasterKey(bytes: bytes) }
    guard mayCreate, !FileManager.default.fileExists(atPath: file.path) else {
      throw StoreError(.damaged, "The master key file \(file.path) is missing or unreadable; the secrets stay closed.")
    }
    let bytes = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
    try PrivateFile.write(bytes, to: file)
    return try MasterKey(bytes: bytes)
  }

  /// Ciphers `plain` with AES-256-GCM. `context` binds the result to its place: moved elsewhere it does not open.
  func seal(_ plain: Data, context: String) throws(StoreError) -> Data {
    do {
      guard let combined = try AES.GCM.seal(plain, using: key, authenticating: Data(context.utf8)).combined else {
        throw StoreError(.unavailable, "A secret could not be ciphered.")
      }
      return combined
    } catch {
      throw StoreError(.unavailable, "A secret could not be ciphered.")
    }
  }

  /// Opens what `seal` made for the same context.
  func open(_ sealed: Data, context: String) throws(StoreError) -> Data {
    do {
      return try AES.GCM.open(AES.GCM.SealedBox(combined: sealed), using: key, authenticating: Data(context.utf8))
    } catch {
      throw StoreError(.damaged, "A secret does not open with this master key.")
    }
  }
}
