import ControlPlaneStore
import GatewayConfiguration

extension OperationContract {
  /// What an operation's properties say of its messages; nil when they say nothing.
  init?(_ properties: JSONObject) {
    var members = JSONObject()
    for name in ["templateParameters", "request", "responses"] {
      guard let value = properties[name], value != .array([]), value != .object([:]) else { continue }
      members[name] = value
    }
    if members.isEmpty { return nil }
    self.init(json: JSON.object(members).text)
  }
}

extension GraphQLService {
  /// The text of a schema of GraphQL, empty when it has none; nil for any other schema.
  static func schema(_ properties: JSONObject) -> String? {
    guard properties.string("contentType")?.lowercased().contains("graphql") == true else { return nil }
    return properties["document"]?["value"]?.stringValue ?? properties.string("value") ?? ""
  }
}

extension ODataService {
  /// Of a schema that is a metadata document, as clients of Azure write it.
  static let contentType = "application/vnd.ms-azure-apim.odata.schema"

  /// The text of a metadata document of OData, empty when it has none; nil for any other schema.
  static func metadata(_ properties: JSONObject) -> String? {
    guard properties.string("contentType")?.lowercased().contains("odata") == true else { return nil }
    return properties["document"]?["value"]?.stringValue ?? properties.string("value") ?? ""
  }
}

extension SchemaDocument {
  /// The schema that the properties of an API's or the service's schema hold; nil when they hold none that contents can be
  /// held against, as those of GraphQL and OData.
  init?(_ properties: JSONObject, id: String) {
    let type = (properties.string("contentType") ?? properties.string("schemaType") ?? "json").lowercased()
    if type.contains("graphql") || type.contains("odata") { return nil }
    let document = properties["document"]
    let value = properties.string("value") ?? document?["value"]?.stringValue
    if type.hasSuffix("xml") {
      guard let value else { return nil }
      self.init(id: id, kind: .xml, text: value)
    } else if let text = value ?? document?.text {
      self.init(id: id, kind: .json, text: text)
    } else {
      return nil
    }
  }
}
