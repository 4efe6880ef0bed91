import PolicyLibrary

/// The document of one scope, put together from the parts a case gives, with the way back to the case's lines.
struct CaseDocument {
  let scope: PolicyScope
  let text: String
  /// By line of the document, from 0; nil for a line that the case does not have.
  private let lines: [Int?]

  /// - Parameter parts: one whole document, or policies of different sections; other sections hold `<base />`, and the
  ///   global one's `backend` forwards, as the built-in global document does.
  init(_ scope: PolicyScope, _ parts: [PolicyCase.Part]) {
    self.scope = scope
    var texts: [String] = []
    var lines: [Int?] = []
    func add(_ text: String, _ line: Int?) {
      texts.append(text)
      lines.append(line)
    }
    if let document = parts.first(where: { $0.section == nil }) {
      for line in document.lines { add(String(line.text), line.number) }
    } else {
      add("<policies>", nil)
      for section in PolicySection.allCases {
        let own = parts.filter { $0.section == section }
        let standard = scope == .global && section == .backend ? "<forward-request />" : "<base />"
        add(own.isEmpty ? "<\(section.rawValue)>\(standard)" : "<\(section.rawValue)>", nil)
        for line in own.flatMap(\.lines) { add(String(line.text), line.number) }
        add("</\(section.rawValue)>", nil)
      }
      add("</policies>", nil)
    }
    text = texts.joined(separator: "\n")
    self.lines = lines
  }

  /// The case's line of a line of the document; the nearest before it where it has none of its own.
  func caseLine(_ line: Int) -> Int {
    for index in stride(from: min(line, lines.count) - 1, through: 0, by: -1) {
      if let number = lines[index] { return number }
    }
    return lines.compactMap { $0 }.first ?? 1
  }
}
