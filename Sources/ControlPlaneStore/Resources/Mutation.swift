/// What must be true of a resource for a mutation of it to be carried out.
public enum Precondition: Sendable, Hashable {
  /// Nothing.
  case none
  /// It exists; ARM's `If-Match: *` on PATCH.
  case present
  /// It does not exist; ARM's `If-None-Match: *`.
  case absent
  /// It exists in exactly this state; ARM's `If-Match`.
  case unchanged(ETag)
}

/// One change within a transaction.
public struct Mutation: Sendable {
  /// What is done to the resource.
  public enum Action: Sendable {
    /// Writes the properties; `secrets` replaces the stored secrets by name: a value sets, `nil` keeps every one.
    case put(properties: JSONObject, secrets: [String: String]?)
    /// Deletes the resource and everything below it; nothing happens when it is not there.
    case delete
  }

  public var path: ResourcePath
  public var action: Action
  public var precondition: Precondition

  public init(path: ResourcePath, action: Action, precondition: Precondition = .none) {
    self.path = path
    self.action = action
    self.precondition = precondition
  }

  /// Writes a resource; `secrets: nil` keeps the secrets it has.
  public static func put(
    _ path: ResourcePath, _ properties: JSONObject, secrets: [String: String]? = nil,
    if precondition: Precondition = .none
  ) -> Mutation {
    Mutation(path: path, action: .put(properties: properties, secrets: secrets), precondition: precondition)
  }

  /// Deletes a resource and everything below it.
  public static func delete(_ path: ResourcePath, if precondition: Precondition = .none) -> Mutation {
    Mutation(path: path, action: .delete, precondition: precondition)
  }
}

/// What a transaction did.
public struct Commit: Sendable {
  /// The newest revision of the store after it.
  public var revision: Int64
  /// For each put, in the order of the mutations, the state written and whether it was new.
  public var written: [(resource: StoredResource, created: Bool)]
  /// The number of resources deleted, those below included.
  public var deletedCount: Int
}

/// One entry of the change feed.
public struct Change: Sendable, Hashable {
  public enum Kind: String, Sendable {
    case put
    case delete
  }

  /// The revision the change made.
  public var revision: Int64
  public var kind: Kind
  public var path: ResourcePath
}
