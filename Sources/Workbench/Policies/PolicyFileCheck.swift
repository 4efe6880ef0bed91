public import Expressions
import PolicyLibrary
import PolicySyntax

/// Policy documents checked on a laptop, with the code that checks them when they are saved.
public struct PolicyFileCheck: Sendable {
  private let scope: PolicyScope
  private let surroundings: PolicySurroundings

  /// - Parameter scope: one of ``scopes``; nil when it is none.
  public init?(scope: String, surroundings: PolicySurroundings) {
    guard let scope = PolicyScope(rawValue: scope) else { return nil }
    self.scope = scope
    self.surroundings = surroundings
  }

  /// The scopes a document may be meant for.
  public static var scopes: [String] { PolicyScope.allCases.map(\.rawValue) }

  /// Every complaint about a document, a fragment or the policy of a resolver, in order of position. The root says which
  /// of them it is.
  public func findings(_ text: String, file: String) -> [PolicyFinding] {
    let source = PolicySource(text)
    let (document, _) = PolicyDocument.parse(text)
    let environment = surroundings.environment
    let diagnostics =
      switch document?.root?.name {
      case "fragment":
        PolicyCheck.diagnostics(fragment: text, id: PolicySurroundings.fragmentID(file), in: environment)
      case let root? where PolicyCheck.isResolver(root: root): PolicyCheck.diagnostics(resolver: text, in: environment)
      default: PolicyCheck.diagnostics(text, at: scope, in: environment)
      }
    return diagnostics.map { PolicyFinding(file: file, diagnostic: $0, line: source.line($0.position.line)) }
  }
}

/// One complaint about a file.
public struct PolicyFinding: Sendable {
  public let file: String
  public let diagnostic: Diagnostic
  /// The line it is about.
  let line: String?

  init(file: String, diagnostic: Diagnostic, line: String?) {
    self.file = file
    self.diagnostic = diagnostic
    self.line = line
  }

  public var isError: Bool { diagnostic.severity == .error }

  /// As an editor understands it, `file:line:column: severity CODE: message`, and the place underlined below.
  public var text: String {
    let head = "\(file):\(diagnostic)"
    return excerpt.map { "\(head)\n\($0)" } ?? head
  }

  /// Characters of the line that are shown at most.
  private static let width = 100

  /// The part of the line around the place, and carets below what is meant.
  private var excerpt: String? {
    guard let line, !line.allSatisfy(\.isWhitespace) else { return nil }
    let scalars = Array(line.unicodeScalars)
    let place = min(max(diagnostic.position.column - 1, 0), scalars.count)
    let blank = scalars.prefix(place).prefix { $0.properties.isWhitespace }.count
    let from = max(blank, place - Self.width * 2 / 3)
    let to = min(scalars.count, from + Self.width)
    let shown = String(String.UnicodeScalarView(scalars[from..<to].map { $0 == "\t" ? " " : $0 }))
    let carets = max(1, min(diagnostic.length, to - place))
    let number = String(diagnostic.position.line)
    let margin = String(repeating: " ", count: number.count)
    let space = String(repeating: " ", count: place - from)
    return "  \(number) | \(shown)\n  \(margin) | \(space)\(String(repeating: "^", count: carets))"
  }
}
