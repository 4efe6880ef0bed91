/// A line of a case's file.
struct CaseLine: Sendable {
  /// From 1.
  var number: Int
  var text: Substring
}

/// A message as a case writes it: a first line, headers, and after an empty line the body.
public struct CaseMessage: Sendable {
  public struct Header: Sendable {
    public var name: String
    public var value: String
    /// Where it stands.
    var line: Int
  }

  public var firstLine: String
  public var headers: [Header] = []
  /// Nil when no empty line follows the headers. White space at its end is left out.
  public var body: String?
  /// Where it begins, and where its body does.
  var line: Int
  var bodyLine = 0
  /// Seconds until it comes, where it is an answer.
  var delay = 0

  /// The words of the first line.
  var words: [String] { firstLine.split(separator: " ").map(String.init) }

  init(_ lines: [CaseLine], after heading: Int) throws(CaseProblem) {
    let lines = lines.drop { $0.text.allSatisfy(\.isWhitespace) }
    guard let first = lines.first else { throw CaseProblem(line: heading, message: "A message is missing here.") }
    firstLine = first.text.trimmed
    line = first.number
    let rest = lines.dropFirst()
    let end = rest.firstIndex { $0.text.allSatisfy(\.isWhitespace) } ?? rest.endIndex
    for line in rest[..<end] {
      let parts = line.text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 {
        headers.append(Header(name: parts[0].trimmed, value: parts[1].trimmed, line: line.number))
      } else if line.text.hasPrefix("!") {
        headers.append(Header(name: line.text.trimmed, value: "", line: line.number))
      } else {
        throw CaseProblem(
          line: line.number, message: "A header is 'Name: value', or '!Name' where it must be absent.")
      }
    }
    guard end < rest.endIndex else { return }
    bodyLine = rest[end].number + 1
    body = Self.comparable(rest[(end + 1)...].map(\.text).joined(separator: "\n"))
  }

  /// A body as a case can write it: lines end with a line feed alone, and white space at the end is left out.
  static func comparable(_ body: String) -> String {
    var text = body.replacing("\r\n", with: "\n")
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return text
  }
}

/// What is wrong with a case's file, or with what came of it.
public struct CaseProblem: Error, Sendable, Equatable {
  public var line: Int
  public var message: String
}

extension StringProtocol {
  /// Without white space at the ends.
  var trimmed: String {
    var text = self[...]
    while let first = text.first, first.isWhitespace { text = text.dropFirst() }
    while let last = text.last, last.isWhitespace { text = text.dropLast() }
    return String(text)
  }
}
