import DotNet
public import GatewayConfiguration
import JSONSchema

/// The schemas that a schema may refer to: those of its API by their names, and those of the service as `/schemas/{id}` or
/// by their names.
public struct SchemaScope: Sendable {
  let service: [SchemaDocument]
  /// The same as `service` for the service's own.
  let own: [SchemaDocument]
  /// The API and revision; empty for the service.
  let owner: String

  /// - Parameters:
  ///   - service: the service's schemas.
  ///   - own: those of the API with that name; nil for those of the service itself.
  public init(service: [SchemaDocument], own: [SchemaDocument]? = nil, owner: String = "") {
    self.service = service
    self.own = own ?? service
    self.owner = owner
  }

  private static let prefix = "/schemas/"

  /// The address of one of `own`, escaped, which is the same for every way to refer to it.
  func location(of document: SchemaDocument) -> String {
    (owner.isEmpty ? "" : "/apis/" + Self.escaped(owner)) + Self.prefix + Self.escaped(document.id.lowercased())
  }

  /// What a document means by an address.
  ///
  /// - Parameter from: that document's own address.
  func document(at location: String, from: String) -> (document: SchemaDocument, scope: SchemaScope)? {
    let isOfService = owner.isEmpty || from.hasPrefix(Self.prefix)
    if location.hasPrefix(Self.prefix) {
      return Self.named(String(location.dropFirst(Self.prefix.count)), service).map {
        ($0, SchemaScope(service: service))
      }
    }
    if !isOfService, let found = Self.named(location, own) { return (found, self) }
    return Self.named(location, service).map { ($0, SchemaScope(service: service)) }
  }

  private static func named(_ name: String, _ documents: [SchemaDocument]) -> SchemaDocument? {
    documents.first { $0.id.lowercased() == name.lowercased() }
  }

  private static func escaped(_ text: String) -> String {
    text.utf8.reduce(into: "") { result, byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e, 0x3b, 0x3d:
        result.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
  }

  // MARK: - Dependents

  /// The addresses that a schema refers to, as they are written, without fragments.
  static func references(of document: SchemaDocument) -> [String] {
    switch document.kind {
    case .xml: return XmlSchema.locations(in: document.text)
    case .json:
      guard document.text.contains("$ref"), let value = try? JSONValue(Array(document.text.utf8)) else { return [] }
      return JSONSchema.references(in: value).map { String($0.prefix { $0 != "#" }) }
    }
  }

  /// Those of `own` that refer to a schema, at once or through others.
  ///
  /// - Parameter isOfService: whether the schema is the service's or one of `own`.
  public func dependents(of id: String, isOfService: Bool) -> [SchemaDocument] {
    let target = SchemaScope(service: service, own: isOfService ? service : own, owner: isOfService ? "" : owner)
    var reached: Set<String> = [target.location(of: SchemaDocument(id: id, kind: .xml, text: ""))]
    var scopes = [SchemaScope(service: service)]
    if !owner.isEmpty { scopes.append(self) }
    var edges: [(from: String, to: String, own: SchemaDocument?)] = []
    for scope in scopes {
      for document in scope.own {
        let from = scope.location(of: document)
        for reference in Self.references(of: document) {
          guard let (other, itsScope) = scope.document(at: reference, from: from) else { continue }
          edges.append((from, itsScope.location(of: other), scope.owner == owner ? document : nil))
        }
      }
    }
    var found: [SchemaDocument] = []
    var hasGrown = true
    while hasGrown {
      hasGrown = false
      for edge in edges where reached.contains(edge.to) && reached.insert(edge.from).inserted {
        hasGrown = true
        if let document = edge.own { found.append(document) }
      }
    }
    return found
  }
}
