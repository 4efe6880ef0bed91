public import Foundation

/// The resources of one service with their revisions. Writing is optimistic: a caller reads, decides, and commits a list of
/// mutations whose preconditions must still hold; there is no transaction held open across calls, so that a database
/// server can stand behind the same protocol.
public protocol ResourceStore: Sendable {
  /// The newest revision; 0 before the first write. Never goes back.
  func currentRevision() async throws(StoreError) -> Int64

  /// The resource at a path, `nil` when there is none. Its secrets are deciphered only if asked for.
  func resource(at path: ResourcePath, withSecrets: Bool) async throws(StoreError) -> StoredResource?

  /// Every resource of a type (`apis/operations`), below `parent` when one is given, ordered by path without regard to
  /// case.
  func resources(ofType type: String, under parent: ResourcePath?, withSecrets: Bool) async throws(StoreError)
    -> [StoredResource]

  /// Every resource with its secrets and the revision of that one consistent state.
  func everything() async throws(StoreError) -> (revision: Int64, resources: [StoredResource])

  /// Carries out all mutations or none. With `unchangedSince`, the commit is refused as `stale` when any resource of the
  /// store was written after that revision.
  func commit(_ mutations: [Mutation], unchangedSince revision: Int64?) async throws(StoreError) -> Commit

  /// The changes after a revision, oldest first, at most `limit`; `nil` when the feed no longer reaches back that far.
  func changes(after revision: Int64, limit: Int) async throws(StoreError) -> [Change]?

  /// Waits until the newest revision is above `revision`, the time is over or the task is cancelled; returns the newest.
  func waitForChange(after revision: Int64, upTo timeout: Duration) async throws(StoreError) -> Int64

  /// A small named value beside the resources, such as the hash of a credential; ciphered at rest.
  func setting(_ name: String) async throws(StoreError) -> Data?

  /// Writes or, with `nil`, removes a named value.
  func setSetting(_ name: String, to value: Data?) async throws(StoreError)
}

extension ResourceStore {
  /// The resource at a path without its secrets.
  public func resource(at path: ResourcePath) async throws(StoreError) -> StoredResource? {
    try await resource(at: path, withSecrets: false)
  }

  /// The resources of a type without their secrets.
  public func resources(ofType type: String, under parent: ResourcePath? = nil) async throws(StoreError)
    -> [StoredResource]
  {
    try await resources(ofType: type, under: parent, withSecrets: false)
  }

  /// Carries out all mutations or none.
  @discardableResult
  public func commit(_ mutations: [Mutation]) async throws(StoreError) -> Commit {
    try await commit(mutations, unchangedSince: nil)
  }
}
