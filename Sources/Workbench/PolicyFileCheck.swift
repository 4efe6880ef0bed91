public import Expressions
import PolicyLibrary
import PolicySyntax

/// Policy documents checked on a laptop, with the code that checks them when they are saved.
public enum PolicyFileCheck {
  /// Every complaint about a document or fragment.
  ///
  /// Named values, fragments and backends of a service are not at hand: references to them are complained about.
  /// - Parameter scope: `global`, `product`, `api` or `operation`; nil when there is no such scope.
  public static func diagnostics(_ text: String, scope: String) -> [Diagnostic]? {
    guard let scope = PolicyScope(rawValue: scope) else { return nil }
    let (document, _) = PolicyDocument.parse(text)
    let environment = PolicyEnvironment()
    if document?.root?.name == "fragment" {
      return PolicyCheck.diagnostics(fragment: text, id: "", in: environment)
    }
    return PolicyCheck.diagnostics(text, at: scope, in: environment)
  }

  public static var scopes: [String] { PolicyScope.allCases.map(\.rawValue) }
}
