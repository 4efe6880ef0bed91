public import Foundation

/// One written state of a resource.
public struct StoredResource: Sendable, Hashable {
  /// Where it stands below the service.
  public var path: ResourcePath
  /// Its properties as ARM shows them, without secrets.
  public var properties: JSONObject
  /// Its secrets by property name; empty unless the reader asked for them.
  public var secrets: [String: String]
  /// The revision at which this state was written; unique in the store and growing.
  public var revision: Int64
  /// When it was first written.
  public var createdAt: Date
  /// When this state was written.
  public var updatedAt: Date

  public init(
    path: ResourcePath, properties: JSONObject, secrets: [String: String] = [:], revision: Int64, createdAt: Date,
    updatedAt: Date
  ) {
    self.path = path
    self.properties = properties
    self.secrets = secrets
    self.revision = revision
    self.createdAt = createdAt
    self.updatedAt = updatedAt
  }

  /// The last name of the path.
  public var name: String { path.name }

  /// The mark of this state.
  public var etag: ETag { ETag(revision: revision) }

  /// A property, `nil` when it is missing.
  public subscript(_ property: String) -> JSON? { properties[property] }

  /// The text of a property, `nil` when it is missing or no string.
  public func string(_ property: String) -> String? { properties.string(property) }

  /// The truth value of a property, `nil` when it is missing or no boolean.
  public func bool(_ property: String) -> Bool? { properties.bool(property) }
}
