public import JSONSchema

/// Where something stands in a text, both from 1; columns count bytes.
public struct GraphQLPosition: Sendable, Equatable, Hashable {
  public var line: Int
  public var column: Int

  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }
}

/// What is wrong with a document, a request or a field, as the `errors` of an answer tell it.
public struct GraphQLError: Error, Sendable, Equatable {
  public enum Step: Sendable, Equatable {
    /// A field by its name in the answer.
    case name(String)
    /// An element of a list, from 0.
    case index(Int)
  }

  public var message: String
  public var locations: [GraphQLPosition]
  /// The way to the field in the answer; empty for an error of the whole request.
  public var path: [Step]

  public init(_ message: String, at locations: [GraphQLPosition] = [], path: [Step] = []) {
    self.message = message
    self.locations = locations
    self.path = path
  }

  /// As it stands in `errors`.
  public var json: JSONValue {
    var error = JSONObject()
    error.set("message", .text(message))
    if !locations.isEmpty {
      let places = locations.map { place in
        JSONValue.object(
          JSONObject([("line", .integer(Int64(place.line))), ("column", .integer(Int64(place.column)))]))
      }
      error.set("locations", .array(places))
    }
    if !path.isEmpty {
      error.set(
        "path",
        .array(
          path.map { step in
            switch step {
            case .name(let name): .text(name)
            case .index(let index): .integer(Int64(index))
            }
          }))
    }
    return .object(error)
  }
}
