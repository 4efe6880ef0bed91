import GatewayConfiguration
import JSONSchema

/// What clients subscribe to: a field at the root of the subscriptions of an API.
public struct GraphQLTopic: Sendable, Hashable, CustomStringConvertible {
  public let apiID: String
  public let revision: String
  public let field: String

  init(_ api: API, field: String) {
    apiID = api.id
    revision = api.revision
    self.field = field
  }

  public var description: String { "'\(field)' of API '\(apiID)'" }
}

/// Something that has happened, for everybody who subscribes to its topic.
public struct GraphQLEvent: Sendable, CustomStringConvertible {
  public let topic: GraphQLTopic
  /// The value of the topic's field.
  let payload: JSONValue
  /// Bytes of the payload as the data source wrote it.
  public let size: Int

  public var description: String { String(decoding: payload.bytes, as: UTF8.self) }
}
