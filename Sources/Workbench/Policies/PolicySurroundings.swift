import Foundation
import GatewayConfiguration
import PolicyLibrary
import PolicySyntax

/// What documents on a laptop may refer to: named values and backends of files, fragments of a folder. What is not given may exist
/// in a service, so that a reference to it is a warning.
public struct PolicySurroundings: Sendable {
  let environment: PolicyEnvironment
  let certificates: [Certificate]

  /// - Parameters:
  ///   - namedValues: a JSON file: an object of display names with texts, or with `{"value": …, "secret": true}`.
  ///   - fragments: a folder with `ID.xml` or `ID/policy.xml` for every fragment.
  ///   - backends: a file with the headings `### backends` and `### circuit-breaker ID` of a policy test.
  ///   - certificates: a folder with `ID.pem` for every certificate of the service.
  public init(
    namedValues: String? = nil, fragments: String? = nil, backends: String? = nil, certificates folder: String? = nil
  ) throws(FileProblem) {
    certificates = try folder.map { (folder) throws(FileProblem) in try Certificate.all(in: folder) } ?? []
    var environment = PolicyEnvironment(
      backends: try backends.map { (path) throws(FileProblem) in try Self.backends(path) } ?? [:],
      certificates: certificates,
      incompleteKinds: [.namedValue, .fragment, .backend, .schema, .logger, .certificate])
    if backends != nil { environment.incompleteKinds.remove(.backend) }
    if folder != nil { environment.incompleteKinds.remove(.certificate) }
    if let namedValues {
      environment.namedValues = try Self.namedValues(namedValues)
      environment.incompleteKinds.remove(.namedValue)
    }
    if let fragments {
      for path in try PolicyFiles.below(fragments, ending: ".xml") {
        environment.fragments[Self.fragmentID(path)] = try PolicyFiles.read(path)
      }
      environment.incompleteKinds.remove(.fragment)
    }
    self.environment = environment
  }

  /// The identifier of the fragment in a file.
  static func fragmentID(_ path: String) -> String {
    let parts = path.split(separator: "/")
    guard let file = parts.last else { return path }
    if file == "policy.xml", parts.count > 1 { return String(parts[parts.count - 2]) }
    return file.hasSuffix(".xml") ? String(file.dropLast(4)) : String(file)
  }

  private static func backends(_ path: String) throws(FileProblem) -> [String: Backend] {
    let text = try PolicyFiles.read(path)
    do throws(CaseProblem) {
      return try PolicyCase.Names.backends(in: text).entities
    } catch {
      throw FileProblem("\(path):\(error.line): \(error.message)")
    }
  }

  private static func namedValues(_ path: String) throws(FileProblem) -> NamedValues {
    let text = try PolicyFiles.read(path)
    guard let object = (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any] else {
      throw FileProblem("\(path) is no JSON object of names and values")
    }
    var values: [String: String] = [:]
    var secrets: Set<String> = []
    for (name, value) in object {
      if let text = value as? String {
        values[name] = text
      } else if let entry = value as? [String: Any], let text = entry["value"] as? String {
        values[name] = text
        if entry["secret"] as? Bool == true { secrets.insert(name) }
      } else {
        throw FileProblem("\(path): '\(name)' needs a text, or an object with 'value' and 'secret'")
      }
    }
    return NamedValues(values, secrets: secrets)
  }
}
