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

  init(apiID: String, revision: String, field: String) {
    self.apiID = apiID
    self.revision = revision
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

extension GraphQLEvent {
  /// The event as another process reads it: its topic as three texts with their length before them (4 bytes, big-endian),
  /// and its payload as JSON.
  public var message: [UInt8] {
    var bytes: [UInt8] = []
    for text in [topic.apiID, topic.revision, topic.field] {
      let count = UInt32(text.utf8.count)
      for shift in stride(from: UInt32(24), through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: count >> shift))
      }
      bytes += text.utf8
    }
    return bytes + payload.bytes
  }

  /// Nil for bytes that are no event.
  public init?(message: ArraySlice<UInt8>) {
    var rest = message
    func text() -> String? {
      guard rest.count >= 4 else { return nil }
      let count = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
      rest = rest.dropFirst(4)
      guard count <= 4_096, count <= rest.count else { return nil }
      defer { rest = rest.dropFirst(count) }
      return String(validating: rest.prefix(count), as: UTF8.self)
    }
    guard let apiID = text(), let revision = text(), let field = text(), let payload = try? JSONValue(Array(rest))
    else {
      return nil
    }
    topic = GraphQLTopic(apiID: apiID, revision: revision, field: field)
    self.payload = payload
    size = rest.count
  }
}
