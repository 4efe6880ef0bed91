/// Why the store refused or failed. The code is stable; callers decide by it.
public struct StoreError: Error, Sendable, Hashable {
  public enum Code: String, Sendable {
    /// The resource that a precondition names does not exist.
    case notFound = "NotFound"
    /// A precondition is not met: somebody else wrote in between.
    case preconditionFailed = "PreconditionFailed"
    /// The state on which the caller based a transaction has changed; read again and retry.
    case stale = "Stale"
    /// The disk, or the bound set for the database, is full; nothing was changed.
    case full = "StorageFull"
    /// The database could not be read or written for another reason, such as a lock or an I/O error.
    case unavailable = "StorageUnavailable"
    /// The database or the master key is damaged or does not belong to the other.
    case damaged = "StorageDamaged"
  }

  public var code: Code
  /// What happened, one sentence, without secrets.
  public var message: String
  /// The resource concerned, if one is.
  public var path: ResourcePath?

  public init(_ code: Code, _ message: String, path: ResourcePath? = nil) {
    self.code = code
    self.message = message
    self.path = path
  }
}
