/// A schema that contents are held against, of one API or of the service.
public struct SchemaDocument: Codable, Sendable, Equatable {
  public enum Kind: String, Codable, Sendable {
    /// JSON Schema, or a document that has schemas in it, such as `components` of OpenAPI.
    case json
    /// XML Schema 1.0.
    case xml
  }

  public var id: String
  public var kind: Kind
  /// At most 4 MiB.
  public var text: String

  public init(id: String, kind: Kind, text: String) {
    self.id = id
    self.kind = kind
    self.text = text
  }
}
