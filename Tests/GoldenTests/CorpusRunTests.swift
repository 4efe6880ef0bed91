import Foundation
import Testing
import Workbench

/// Published policy documents, bound to a small API with a scripted backend: each is accepted, or refused for a stated
/// reason, and an accepted one answers a request. They lie beside the repository; without them the test is skipped.
struct CorpusRunTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "shared/corpus")

  static var isThere: Bool { FileManager.default.fileExists(atPath: folder.path) }
  static let absence: Comment = "the corpus is not beside this checkout: ../shared/corpus"

  private static let request = """
    POST /echo/resource?api-version=2024-01-01&id=1
    Content-Type: application/json
    Accept: application/json
    Authorization: Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEiLCJhdWQiOiJlY2hvIn0.c2ln
    X-Correlation-ID: 1

    {"id": 1, "name": "Ada", "messages": [{"role": "user", "content": "hello"}], "model": "m"}
    """
  private static let answer = """
    200 OK
    Content-Type: application/json

    {"id": 1, "value": [{"name": "Ada"}], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}
    """

  private enum Outcome {
    case answered(status: String, hasError: Bool)
    case refused(String)
    case stuck(String)
  }

  /// The documents that the index does not call malformed, without those of a format that is no policy.
  private static func documents() throws -> [(id: String, text: String)] {
    let index = try String(contentsOf: folder.appending(path: "index.csv"), encoding: .utf8)
    return try index.split(whereSeparator: \.isNewline).dropFirst().filter { !$0.contains(",malformed,") }.map { row in
      let file = row.split(separator: ",", omittingEmptySubsequences: false).last.map(String.init) ?? ""
      return (
        String(row.prefix { $0 != "," }), try String(contentsOf: folder.appending(path: file), encoding: .utf8)
      )
    }
  }

  /// Named values have to be something: a number, an address or a switch, whatever is accepted first.
  private static func outcome(_ text: String, in scratch: URL) throws -> Outcome {
    var first: Outcome?
    let names = text.split(separator: "{{").dropFirst().compactMap { $0.split(separator: "}}").first.map(String.init) }
    for value in names.isEmpty ? ["1"] : ["1", "https://named.example.org", "true"] {
      let file = scratch.appending(path: "named.json")
      let values = Dictionary(names.map { ($0.trimmingCharacters(in: .whitespaces), value) }) { first, _ in first }
      try JSONSerialization.data(withJSONObject: values).write(to: file)
      let found = run(text, try PolicySurroundings(namedValues: file.path))
      guard case .refused = found else { return found }
      first = first ?? found
    }
    return first ?? .refused("")
  }

  private static func run(_ text: String, _ surroundings: PolicySurroundings) -> Outcome {
    let document =
      text.contains("<policies")
      ? text : text.replacing("<fragment>", with: "").replacing("</fragment>", with: "")
    do throws(CaseProblem) {
      let run = try PolicyRun(
        document: document, request: request, backends: [answer], surroundings: surroundings, now: nil)
      return .answered(status: String(run.response.prefix { $0 != "\n" }), hasError: !run.errors.isEmpty)
    } catch {
      return error.message.contains("never happens") ? .stuck(error.message) : .refused(error.message)
    }
  }

  @Test("every document is accepted and answers, or is refused with place and reason", .enabled(if: isThere, absence))
  func documents() throws {
    let scratch = FileManager.default.temporaryDirectory.appending(path: "postern-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: scratch) }
    var accepted = 0
    for (id, text) in try Self.documents() {
      switch try Self.outcome(text, in: scratch) {
      case .answered(let status, let hasError):
        accepted += 1
        #expect(status.contains(#/^[1-5][0-9]{2} /#), "\(id): \(status)")
        // What fails says why; one document answers with 500 of its own accord.
        #expect(!status.hasPrefix("500") || hasError || id == "D0420", "\(id): \(status)")
      case .refused(let reason):
        let complaint = reason.split(separator: "\n").last.map(String.init) ?? ""
        #expect(complaint.contains(/[0-9]+:[0-9]+: error (PL|CS)[0-9]{4}: ./), "\(id): \(reason)")
      case .stuck(let reason): Issue.record("\(id): \(reason)")
      }
    }
    #expect(accepted >= 400)
  }
}
