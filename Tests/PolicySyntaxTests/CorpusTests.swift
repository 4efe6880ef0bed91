import Expressions
import Foundation
import Testing

@testable import PolicySyntax

/// Policy documents as they are published. They lie beside the repository; without them the tests are skipped.
struct CorpusTests {
  struct Entry {
    var id: String
    var text: String
  }

  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "shared/corpus")

  static var isThere: Bool { FileManager.default.fileExists(atPath: folder.path) }
  static let absence: Comment = "the corpus is not beside this checkout: ../shared/corpus"

  /// Documents with expressions that are not C# as they stand, and why.
  private static let excused: [String: String] = [
    "D0031": "quotes doubled by an XML formatter", "D0036": "quotes doubled by an XML formatter",
    "D0750": "the token {group-id} of a notebook", "D0830": "the token RETRY_COUNT of a script",
    "D0831": "the token RETRY_COUNT of a script", "D0833": "a Python template with doubled braces",
    "D0011": "calls MatchedParameters, which is a dictionary", "D0044": "adds a text to a date, and reads XmlDocument",
    "D0095": "looks for a text among groups", "D0096": "looks for a text among groups",
    "D0252": "looks for a text among groups", "D0253": "looks for a text among groups",
    "D0170": "context.User has no Name", "D0211": "context.User has no Name",
  ]

  /// The documents that the index does not call malformed.
  private static func entries() throws -> [Entry] {
    let index = try String(contentsOf: folder.appending(path: "index.csv"), encoding: .utf8)
    let rows = index.split(whereSeparator: \.isNewline)
    let header = fields(rows[0])
    let (id, format, file) = (
      try #require(header.firstIndex(of: "id")), try #require(header.firstIndex(of: "format")),
      try #require(header.firstIndex(of: "file"))
    )
    return try rows.dropFirst().map(fields).filter { $0[format] != "malformed" }.map { row in
      Entry(id: row[id], text: try String(contentsOf: folder.appending(path: row[file]), encoding: .utf8))
    }
  }

  /// The fields of a line of comma-separated values.
  private static func fields(_ line: Substring) -> [String] {
    var fields = [""]
    var isQuoted = false
    for character in line {
      switch character {
      case "\"": isQuoted.toggle()
      case "," where !isQuoted: fields.append("")
      default: fields[fields.count - 1].append(character)
      }
    }
    return fields
  }

  @Test("every document is read without an error", .enabled(if: isThere, absence))
  func reading() throws {
    let entries = try Self.entries()
    #expect(entries.count == 760)
    for entry in entries {
      let errors = PolicyDocument.parse(entry.text).diagnostics.filter { $0.severity == .error }
      #expect(errors.isEmpty, "\(entry.id): \(errors)")
    }
  }

  @Test("every expression compiles", .enabled(if: isThere, absence))
  func expressions() throws {
    var count = 0
    var refused: Set<String> = []
    for entry in try Self.entries() {
      // Any text may stand for a named value; a digit is good as a number, too.
      let names = entry.text.split(separator: "{{").dropFirst().compactMap { $0.split(separator: "}}").first }
      let values = NamedValues(Dictionary(names.map { (String($0), "1") }) { first, _ in first })
      for source in PolicyDocument.parse(entry.text, namedValues: values).document?.expressions ?? [] {
        count += 1
        let diagnostics = ExpressionCompiler().compile(
          source.code, form: source.form, target: .object, at: source.position
        ).diagnostics
        if Self.excused[entry.id] == nil { #expect(diagnostics.isEmpty, "\(entry.id): \(diagnostics)") }
        if !diagnostics.isEmpty { refused.insert(entry.id) }
      }
    }
    #expect(refused == Set(Self.excused.keys))
    #expect(count >= 900)
  }

  @Test("both forms and the layout keep the contents", .enabled(if: isThere, absence))
  func writing() throws {
    for entry in try Self.entries() {
      guard let document = PolicyDocument.parse(entry.text).document else { continue }
      let contents = PolicyContents(document, hasComments: false)
      let xml = try #require(PolicyConversion.convert(entry.text, to: .xml).text, "\(entry.id)")
      let encoded = PolicyDocument.parse(xml, format: .xml)
      #expect(encoded.document?.isEncoded == true, "\(entry.id)")
      #expect(encoded.document.map { PolicyContents($0, hasComments: false) } == contents, "\(entry.id)")
      let raw = try #require(PolicyConversion.convert(xml, to: .rawxml).text, "\(entry.id)")
      #expect(
        PolicyDocument.parse(raw).document.map { PolicyContents($0, hasComments: false) } == contents, "\(entry.id)")
      let formatted = try #require(PolicyFormatter.format(entry.text).text, "\(entry.id)")
      #expect(
        PolicyDocument.parse(formatted).document.map { PolicyContents($0, hasComments: true) }
          == PolicyContents(document, hasComments: true), "\(entry.id)")
      #expect(PolicyFormatter.format(formatted).text == formatted, "\(entry.id)")
    }
  }
}
