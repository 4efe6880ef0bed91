import ControlPlaneStore
import Hummingbird
import PolicySyntax

/// The form in which a policy or fragment is shown: `?format=xml`, which is meant without it, or `?format=rawxml`.
struct PolicyRepresentation {
  private let format: PolicyFormat

  /// Nil for resources that hold no policy text.
  init?(_ kind: ResourceKind, _ request: Request) throws(ManagementError) {
    guard kind.collection == "policies" || kind.collection == "policyFragments" else { return nil }
    let text = request.uri.queryParameters["format"].map { $0.lowercased() } ?? PolicyFormat.xml.rawValue
    guard let format = PolicyFormat(rawValue: text) else {
      throw .badRequest("InvalidQuery", "format must be xml or rawxml, not '\(text.prefix(40))'.")
    }
    self.format = format
  }

  /// The contract with its text in this form; a text that is stored in it is shown as it was saved.
  func applied(to contract: JSON) -> JSON {
    guard var members = contract.objectValue, var properties = members["properties"]?.objectValue,
      let text = properties.string("value"), properties.string("format") != format.rawValue,
      let converted = PolicyConversion.convert(text, to: format).text
    else { return contract }
    properties["value"] = .string(converted)
    properties["format"] = .string(format.rawValue)
    members["properties"] = .object(properties)
    return .object(members)
  }
}
