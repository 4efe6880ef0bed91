import GraphQL
import JSONSchema

/// A message of a client over a WebSocket, in either dialect.
enum GraphQLSocketMessage {
  case initialise
  /// Wants a pong with the same payload.
  case ping(JSONValue?)
  case pong
  case subscribe(id: String, payload: JSONValue)
  case unsubscribe(id: String)
  /// The client ends the conversation.
  case terminate
  /// Nothing that the dialect knows: why.
  case invalid(String)

  /// Bytes of an identifier.
  static let longestID = 256

  init(_ text: [UInt8], _ dialect: GraphQLDialect) {
    guard let message = (try? JSONValue(text))?.object, let type = message["type"]?.text else {
      self = .invalid("A message is an object of JSON with a type.")
      return
    }
    let id = message["id"]?.text ?? ""
    let hasID = (1...Self.longestID).contains(id.utf8.count)
    switch (dialect, type) {
    case (_, "connection_init"): self = .initialise
    case (.transport, "ping"): self = .ping(message["payload"])
    case (.transport, "pong"): self = .pong
    case (.legacy, "connection_terminate"): self = .terminate
    case (.transport, "subscribe"), (.legacy, "start"):
      guard hasID, let payload = message["payload"], payload.object != nil else {
        self = .invalid("'\(type)' needs an id, of \(Self.longestID) bytes at most, and a payload.")
        return
      }
      self = .subscribe(id: id, payload: payload)
    case (.transport, "complete"), (.legacy, "stop"):
      self = hasID ? .unsubscribe(id: id) : .invalid("'\(type)' needs an id.")
    default: self = .invalid("'\(type.prefix(50))' is no type of a client's message.")
    }
  }
}

extension GraphQLDialect {
  private func message(_ type: String, id: String? = nil, payload: JSONValue? = nil) -> [UInt8] {
    var object = JSONObject()
    if let id { object.set("id", .text(id)) }
    object.set("type", .text(type))
    if let payload { object.set("payload", payload) }
    return JSONValue.object(object).bytes
  }

  var acknowledgement: [UInt8] { message("connection_ack") }

  func pong(_ payload: JSONValue?) -> [UInt8] { message("pong", payload: payload) }

  /// An event for a subscription.
  func next(_ id: String, _ answer: JSONValue) -> [UInt8] {
    message(self == .transport ? "next" : "data", id: id, payload: answer)
  }

  /// A subscription that does not come about.
  func error(_ id: String, _ errors: GraphQLRequestErrors) -> [UInt8] {
    let all = errors.errors.map(\.json)
    return message("error", id: id, payload: self == .transport ? .array(all) : all.first ?? .null)
  }

  func complete(_ id: String) -> [UInt8] { message("complete", id: id) }
}
