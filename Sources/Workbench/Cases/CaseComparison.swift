import Expressions

/// What a case expected beside what came of it.
struct CaseComparison {
  private(set) var problems: [CaseProblem] = []

  private mutating func complain(_ line: Int, _ message: String) {
    problems.append(CaseProblem(line: line, message: message))
  }

  /// Every complaint must be expected on its line, and every expected one must be there.
  mutating func compare(
    _ expected: [PolicyCase.ExpectedDiagnostic], with found: [(line: Int, diagnostic: Diagnostic)]
  ) {
    var found = found
    for wanted in expected {
      let index = found.firstIndex { line, diagnostic in
        line == wanted.line && diagnostic.code == wanted.code && "\(diagnostic)".contains(wanted.text)
      }
      if let index {
        found.remove(at: index)
      } else {
        complain(wanted.line, "Expected a complaint here: \(wanted.code) \(wanted.text)")
      }
    }
    for (line, diagnostic) in found where diagnostic.severity == .error || !expected.isEmpty {
      let hint = diagnostic.suggestion.map { " (did you mean '\($0)'?)" } ?? ""
      complain(line, "Not expected: \(diagnostic.code) \(diagnostic.message)\(hint)")
    }
  }

  mutating func compare(_ step: PolicyCase.Step, with outcome: CaseRunner.Outcome) {
    compare(step.received, with: outcome.received, "The backend", step.request.line)
    compare(step.called, with: outcome.called, "A service", step.request.line)
    if let response = step.response { compare(response, with: outcome.response, "The caller") }
    guard let log = step.log else { return }
    for (index, line) in log.enumerated() {
      let found = index < outcome.log.count ? outcome.log[index] : "nothing"
      if !found.contains(line.text.trimmed) { complain(line.number, "Expected in the log here; found: \(found)") }
    }
    for message in outcome.log.dropFirst(log.count) {
      complain(step.request.line, "Not expected in the log: \(message)")
    }
  }

  private mutating func compare(
    _ expected: [CaseMessage]?, with seen: [SeenMessage], _ who: String, _ requestLine: Int
  ) {
    guard let expected else { return }
    for (wanted, message) in zip(expected, seen) { compare(wanted, with: message, who) }
    for wanted in expected.dropFirst(seen.count) { complain(wanted.line, "\(who) received nothing here.") }
    for message in seen.dropFirst(expected.count) {
      complain(requestLine, "\(who) received what was not expected:\n\(message.text)")
    }
  }

  private mutating func compare(_ wanted: CaseMessage, with seen: SeenMessage, _ who: String) {
    if seen.firstLine != wanted.firstLine,
      !(seen.firstLine.hasPrefix(wanted.firstLine + " ") && wanted.words.count == 1)
    {
      complain(wanted.line, "\(who) received: \(seen.firstLine)")
    }
    for name in Set(wanted.headers.map { $0.name.lowercased() }).sorted() {
      let lines = wanted.headers.filter { $0.name.lowercased() == name }
      let isAbsent = name.hasPrefix("!")
      let field = isAbsent ? String(name.dropFirst()) : name
      let values = seen.headers.filter { $0.name.lowercased() == field }.map(\.value)
      // Lines of one name say the same as one line with commas, but for cookies.
      let expected = isAbsent ? [] : lines.map(\.value)
      let isSame =
        values == expected
        || (field != "set-cookie" && !isAbsent && values.joined(separator: ",") == expected.joined(separator: ","))
      if !isSame {
        let shown = values.isEmpty ? "without \(field)" : values.map { "\(field): \($0)" }.joined(separator: ", ")
        complain(lines[0].line, "\(who) received \(shown)")
      }
    }
    guard let body = wanted.body, body != CaseMessage.comparable(seen.body) else { return }
    complain(wanted.bodyLine, "\(who) received the body:\n\(seen.body)")
  }
}
