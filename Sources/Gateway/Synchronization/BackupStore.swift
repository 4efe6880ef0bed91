public import FoundationEssentials
public import GatewayConfiguration

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The configuration backup's place on disk.
public struct BackupStore: Sendable {
  /// Why the backup could not be read or written.
  public struct Failure: Error, Sendable, CustomStringConvertible {
    public var message: String
    public var description: String { message }
  }

  public let path: String
  private let token: String

  /// - Parameter directory: made with its parents if it does not exist, readable by its owner alone.
  public init(directory: String, token: GatewayToken) throws(Failure) {
    var made = ""
    for part in directory.split(separator: "/", omittingEmptySubsequences: false) {
      made += made.isEmpty && !directory.hasPrefix("/") ? part : "/" + part
      if part.isEmpty { made = "" } else { _ = mkdir(made, 0o700) }
    }
    var isFolder = false
    guard FileManager.default.fileExists(atPath: directory, isDirectory: &isFolder), isFolder else {
      throw Failure(message: "the folder \(directory) cannot be made: \(String(cString: strerror(errno)))")
    }
    guard access(directory, W_OK) == 0 else {
      throw Failure(message: "the folder \(directory) cannot be written to: \(String(cString: strerror(errno)))")
    }
    path = directory + "/configuration.postern"
    self.token = token.text
  }

  /// The backed-up snapshot with the key it was signed with; nil when there is no backup.
  public func load() throws(Failure) -> (snapshot: SealedSnapshot, signingKey: Data)? {
    guard access(path, F_OK) == 0 else {
      if errno == ENOENT { return nil }
      throw Failure(message: "\(path): \(String(cString: strerror(errno)))")
    }
    do {
      return try SnapshotBackup.open(try Data(contentsOf: URL(filePath: path)), token: token)
    } catch {
      throw Failure(message: "\(path): \(error)")
    }
  }

  /// Replaces the backup; a crash leaves the old or the new one, never a part.
  public func save(_ snapshot: SealedSnapshot, signingKey: Data) throws(Failure) {
    let file: Data
    do {
      var generator = SystemRandomNumberGenerator()
      let salt = (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
      file = try SnapshotBackup.seal(snapshot, signingKey: signingKey, token: token, salt: salt)
    } catch {
      throw Failure(message: "the backup cannot be encrypted: \(error)")
    }
    if let problem = WholeFile.write([UInt8](file), to: path) { throw Failure(message: problem) }
  }
}
