import ControlPlaneStore
import Foundation
import Hummingbird

/// `$filter`, `$top` and `$skip` of a list.
struct Page {
  var top = 1_000
  var skip = 0
  var filter: [ODataCondition] = []

  init(_ request: Request) throws(ManagementError) {
    let query = request.uri.queryParameters
    func number(_ name: String, _ bounds: ClosedRange<Int>) throws(ManagementError) -> Int? {
      guard let text = query[Substring(name)] else { return nil }
      guard let value = Int(text), bounds.contains(value) else {
        throw .badRequest(
          "InvalidQuery", "\(name) must be a whole number from \(bounds.lowerBound) to \(bounds.upperBound).")
      }
      return value
    }
    top = try number("$top", 1...100_000) ?? top
    skip = try number("$skip", 0...10_000_000) ?? skip
    if let text = query["$filter"] { filter = try ODataCondition.parse(String(text)) }
  }

  /// The list as clients page through it.
  func envelope(_ values: [JSON], total: Int, _ request: Request) -> JSON {
    var result: JSONObject = ["value": .array(values), "count": .integer(Int64(total))]
    let next = skip + values.count
    if next < total {
      let kept = request.uri.queryParameters.filter { $0.key != "$skip" && $0.key != "$top" }
        .map { "\($0.key)=\($0.value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")" }
      let query = (kept + ["$top=\(top)", "$skip=\(next)"]).joined(separator: "&")
      let host = request.head.authority ?? "localhost"
      let scheme = request.head.scheme ?? "http"
      result["nextLink"] = .string("\(scheme)://\(host)\(request.uri.path)?\(query)")
    }
    return .object(result)
  }
}

/// One condition of an OData `$filter`; several are joined by `and`.
struct ODataCondition: Equatable {
  enum Comparison: String {
    case eq, ne, ge, le, gt, lt, contains, startswith, endswith
  }

  var field: String
  var comparison: Comparison
  var value: String

  /// Reads `field op value and function(field,'x') and …`.
  static func parse(_ text: String) throws(ManagementError) -> [ODataCondition] {
    guard text.utf8.count <= 4_096 else { throw .badRequest("InvalidFilter", "$filter has at most 4096 bytes.") }
    var tokens = try tokens(text)[...]
    var conditions: [ODataCondition] = []
    while !tokens.isEmpty {
      conditions.append(try condition(&tokens))
      if let next = tokens.first {
        guard next.lowercased() == "and" else { throw broken("'and' is expected before '\(next)'") }
        tokens.removeFirst()
        if tokens.isEmpty { throw broken("a condition is missing behind 'and'") }
      }
    }
    return conditions
  }

  private static func condition(_ tokens: inout ArraySlice<String>) throws(ManagementError) -> ODataCondition {
    func take(_ what: String) throws(ManagementError) -> String {
      guard let token = tokens.popFirst() else { throw broken("\(what) is missing") }
      return token
    }
    let first = try take("a field")
    let name = first.lowercased() == "substringof" ? "contains" : first.lowercased()
    if let function = Comparison(rawValue: name), tokens.first == "(" {
      tokens.removeFirst()
      let a = try take("an argument")
      guard try take("','") == "," else { throw broken("',' is expected in \(first)()") }
      let b = try take("an argument")
      guard try take("')'") == ")" else { throw broken("')' is expected after \(first)(") }
      // substringof('x', field) has its arguments the other way round.
      let (field, value) = first.lowercased() == "substringof" ? (b, a) : (a, b)
      return ODataCondition(field: normal(field), comparison: function, value: unquoted(value))
    }
    guard let comparison = Comparison(rawValue: try take("an operator").lowercased()) else {
      throw broken("after '\(first)' an operator is expected: eq, ne, ge, le, gt or lt")
    }
    return ODataCondition(field: normal(first), comparison: comparison, value: unquoted(try take("a value")))
  }

  private static func tokens(_ text: String) throws(ManagementError) -> [String] {
    var result: [String] = []
    var rest = Substring(text)
    while let first = rest.first {
      if first.isWhitespace {
        rest.removeFirst()
      } else if "(),".contains(first) {
        result.append(String(first))
        rest.removeFirst()
      } else {
        var token = ""
        while let next = rest.first, !next.isWhitespace, !"(),".contains(next) {
          token.append(rest.removeFirst())
          guard next == "'" else { continue }
          while true {
            guard let inner = rest.popFirst() else { throw broken("a closing quote is missing") }
            token.append(inner)
            if inner == "'" {
              if rest.first == "'" { token.append(rest.removeFirst()) } else { break }
            }
          }
        }
        result.append(token)
      }
    }
    return result
  }

  private static func broken(_ reason: String) -> ManagementError {
    .badRequest("InvalidFilter", "$filter cannot be read: \(reason).")
  }

  private static func normal(_ field: String) -> String {
    field.hasPrefix("properties/") ? String(field.dropFirst(11)) : field
  }

  /// The text of a literal: `'it''s'`, `datetime'…'`, `true`, `12`.
  private static func unquoted(_ text: String) -> String {
    guard let open = text.firstIndex(of: "'"), text.hasSuffix("'"), open < text.index(before: text.endIndex) else {
      return text
    }
    return text[text.index(after: open)..<text.index(before: text.endIndex)].replacingOccurrences(of: "''", with: "'")
  }

  /// Whether a resource meets it; texts compare without regard to case.
  func holds(_ properties: JSONObject, name: String) -> Bool {
    let found: String
    switch field == "name" ? .string(name) : properties[field] ?? .null {
    case .string(let text): found = text.lowercased()
    case .bool(let flag): found = flag ? "true" : "false"
    case .integer(let number): found = "\(number)"
    case .number(let number): found = "\(number)"
    default: return comparison == .ne
    }
    let wanted = value.lowercased()
    switch comparison {
    case .eq: return found == wanted
    case .ne: return found != wanted
    case .ge: return found >= wanted
    case .le: return found <= wanted
    case .gt: return found > wanted
    case .lt: return found < wanted
    case .contains: return found.contains(wanted)
    case .startswith: return found.hasPrefix(wanted)
    case .endswith: return found.hasSuffix(wanted)
    }
  }
}
