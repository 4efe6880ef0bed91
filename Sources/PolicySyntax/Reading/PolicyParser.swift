import Expressions

/// Reads the dialect: XML whose values may hold C# islands, inside which nothing has a meaning for XML.
///
/// Goes on behind every error. Each byte is looked at a bounded number of times; the open elements stand on a stack of
/// bounded height, never on the call stack.
struct PolicyParser {
  let source: PolicySource
  let bytes: [UInt8]
  /// The text is XML 1.0: islands are found after entities are decoded.
  let isEncoded: Bool
  let namedValues: NamedValues?
  let limits: PolicyLimits
  /// Complain about what format `xml` wants written as an entity.
  var demandsEntities = false
  /// An encoded text may hold islands written as plain C# that are XML only by chance: `"<a></a>"` in a string.
  var allowsPlainIslands = false
  /// Such an island was found.
  var hasPlainIslands = false
  /// Where islands begin that never end; ascending.
  var brokenIslands: [Int] = []
  var islands: IslandScanner
  var diagnostics: [Diagnostic] = []
  /// Bytes that named values may still add.
  var substitutable: Int
  var offset = 0

  /// An element whose end tag has not been seen.
  struct Open {
    var element: PolicyElement
    var isPayload: Bool
  }

  var stack: [Open] = []
  var top: [PolicyNode] = []
  private var isTooDeep = false

  init(source: PolicySource, isEncoded: Bool, namedValues: NamedValues?, limits: PolicyLimits) {
    self.source = source
    self.bytes = source.bytes
    self.isEncoded = isEncoded
    self.namedValues = namedValues
    self.limits = limits
    islands = IslandScanner(budget: 16 * source.bytes.count + 4096)
    substitutable = limits.substitutedSize
  }

  // MARK: Complaints

  mutating func complain(
    _ code: String, _ message: String, at range: Range<Int>, suggestion: @autoclosure () -> String? = nil,
    severity: Diagnostic.Severity = .error
  ) {
    // One more than is shown, so that the answer can say there are more.
    guard diagnostics.count <= limits.diagnostics else { return }
    let shown = range.lowerBound..<min(range.upperBound, range.lowerBound + 480)
    diagnostics.append(
      Diagnostic(
        severity: severity, code: code, message: message, position: source.position(at: range.lowerBound),
        length: source.scalarCount(range), offendingText: String(source.text(shown).prefix(120)),
        suggestion: suggestion()))
  }

  // MARK: Content

  mutating func parseDocument() -> [PolicyNode] {
    if !isEncoded, let at = bytes.firstIndex(where: { $0 < 0x20 && !Octet.isBlank($0) }) {
      complain("PL0019", "A control character is not allowed.", at: at..<at + 1)
    }
    while offset < bytes.count, !isTooDeep {
      if bytes[offset] == Octet.less { parseMarkup() } else { parseText() }
    }
    while let open = stack.last {
      if !isTooDeep {
        let start = open.element.range.lowerBound
        complain(
          "PL0003", "Element '\(open.element.name)' is not closed; expected '</\(open.element.name)>'.",
          at: start..<start + 1 + open.element.name.utf8.count)
      }
      closeElement(contentEnd: bytes.count, end: bytes.count)
    }
    checkTop()
    return top
  }

  private mutating func checkTop() {
    var hasElement = false
    for node in top {
      switch node {
      case .element: hasElement = true
      case .text(_, let range, _):
        if !bytes[range].allSatisfy(Octet.isBlank) {
          complain("PL0014", "Text outside of the root element; expected '<policies>'.", at: range)
        }
      case .comment, .instruction: break
      }
    }
    if !hasElement, diagnostics.isEmpty {
      complain("PL0013", "The document is empty; expected a root element 'policies' or 'fragment'.", at: 0..<0)
    }
  }

  private mutating func parseMarkup() {
    if bytes.has("<!--", at: offset) {
      skip(to: "-->", opened: 4, what: "comment") { .comment($0, range: $1) }
    } else if bytes.has("<![CDATA[", at: offset) {
      skip(to: "]]>", opened: 9, what: "CDATA section") { .text($0, range: $1, isCharacterData: true) }
    } else if bytes.has("<?", at: offset) {
      skip(to: "?>", opened: 2, what: "processing instruction") { .instruction($0, range: $1) }
    } else if bytes.has("</", at: offset) {
      parseEndTag()
    } else if bytes.has("<!", at: offset) {
      let end = bytes[offset...].firstIndex(of: Octet.greater).map { $0 + 1 } ?? bytes.count
      complain("PL0011", "Document types and other declarations are not allowed.", at: offset..<end)
      offset = end
    } else if offset + 1 < bytes.count, Octet.beginsName(bytes[offset + 1]) {
      parseStartTag()
    } else {
      complain("PL0002", "'<' begins no tag here; expected a name behind it, or '&lt;'.", at: offset..<offset + 1)
      offset += 1
      parseText()
    }
  }

  private mutating func skip(
    to end: StaticString, opened: Int, what: String, _ make: (String, Range<Int>) -> PolicyNode
  ) {
    let start = offset + opened
    guard let close = bytes.find(end, from: start) else {
      complain("PL0012", "The \(what) is not closed; expected '\(end)'.", at: offset..<start)
      offset = bytes.count
      return
    }
    add(make(source.text(start..<close), start..<close))
    offset = close + end.utf8CodeUnitCount
  }

  mutating func add(_ node: PolicyNode) {
    if stack.isEmpty { top.append(node) } else { stack[stack.count - 1].element.children.append(node) }
  }

  private mutating func parseText() {
    let start = offset
    while offset < bytes.count, bytes[offset] != Octet.less {
      if !isEncoded, IslandScanner.begins(bytes, at: offset, end: bytes.count), !(stack.last?.isPayload ?? true) {
        if let end = islands.end(bytes, at: offset, end: bytes.count) {
          offset = end
          continue
        }
        complainOpenIsland(at: offset)
        // Without knowing where the code ends, the text ends with its element.
        offset = recoveredTextEnd(from: offset)
        break
      }
      if allowsPlainIslands, let end = plainIslandEnd(at: offset) {
        hasPlainIslands = true
        offset = end
        continue
      }
      offset += 1
    }
    if offset > start { add(.text("", range: start..<offset, isCharacterData: false)) }
  }

  /// Where an island ends that holds what looks like markup in a text that is XML: nil unless it begins here, closes only
  /// behind a `<`, and holds no entity.
  private mutating func plainIslandEnd(at offset: Int) -> Int? {
    guard IslandScanner.begins(bytes, at: offset, end: bytes.count), !(stack.last?.isPayload ?? true),
      let end = islands.end(bytes, at: offset, end: bytes.count),
      let less = bytes[offset..<end].firstIndex(of: Octet.less)
    else { return nil }
    var decoded = MappedText()
    decodeEntities(offset..<less, into: &decoded)
    if islands.end(decoded.bytes, at: 0, end: decoded.bytes.count) != nil { return nil }
    let hasEntity = bytes[offset..<end].indices.contains {
      bytes[$0] == Octet.ampersand && EntityReference.read(bytes, at: $0, end: end) != nil
    }
    return hasEntity ? nil : end
  }

  private func recoveredTextEnd(from: Int) -> Int {
    guard let name = stack.last?.element.name else { return bytes.count }
    let wanted = Array("</\(name)".utf8)
    var i = from
    while i + wanted.count <= bytes.count {
      if bytes[i] == Octet.less, bytes[i..<i + wanted.count].elementsEqual(wanted) { return i }
      i += 1
    }
    return bytes.count
  }

  mutating func complainOpenIsland(at offset: Int) {
    brokenIslands.append(offset)
    let isBlock = bytes[offset + 1] == Octet.openBrace
    complain(
      "PL0007",
      "The expression is not closed; expected '\(isBlock ? "}" : ")")' to match '\(isBlock ? "@{" : "@(")'. Look for a missing bracket or quote.",
      at: offset..<offset + 2)
  }

  // MARK: Elements

  mutating func openElement(_ element: PolicyElement, isPayload: Bool) {
    if stack.count >= limits.nesting {
      let start = element.range.lowerBound
      complain(
        "PL0009", "Elements are nested more than \(limits.nesting) deep.",
        at: start..<start + 1 + element.name.utf8.count)
      isTooDeep = true
      return
    }
    stack.append(Open(element: element, isPayload: isPayload))
  }

  mutating func closeElement(contentEnd: Int, end: Int) {
    guard var open = stack.popLast() else { return }
    open.element.range = open.element.range.lowerBound..<end
    open.element.contentRange =
      open.element.contentRange.lowerBound..<max(contentEnd, open.element.contentRange.lowerBound)
    finishContent(&open.element, isPayload: open.isPayload && !(stack.last?.isPayload ?? false))
    add(.element(open.element))
  }

  private mutating func parseEndTag() {
    let start = offset
    var i = offset + 2
    while i < bytes.count, Octet.continuesName(bytes[i]) { i += 1 }
    let name = source.text(start + 2..<i)
    while i < bytes.count, Octet.isBlank(bytes[i]) { i += 1 }
    if i < bytes.count, bytes[i] == Octet.greater {
      i += 1
    } else {
      complain("PL0002", "The end tag of '\(name)' is not closed; expected '>'.", at: start..<i)
    }
    offset = i
    guard let open = stack.last else {
      complain("PL0004", "End tag '</\(name)>' closes nothing.", at: start..<i)
      return
    }
    if open.element.name == name {
      closeElement(contentEnd: start, end: i)
      return
    }
    var closed = stack.contains(where: { $0.element.name == name }) ? name : nil
    if closed == nil {
      closed =
        Spelling.nearest(to: name, among: [open.element.name])
        ?? Spelling.nearest(to: name, among: stack.map(\.element.name))
      complain(
        "PL0004", "End tag '</\(name)>' does not match '<\(open.element.name)>'; expected '</\(open.element.name)>'.",
        at: start..<i, suggestion: closed.map { "</\($0)>" })
    }
    if let closed { closeElements(through: closed, at: start..<i) }
  }

  /// Closes the open elements within the nearest one of that name, which have no end tags, and the one itself.
  private mutating func closeElements(through name: String, at endTag: Range<Int>) {
    while let open = stack.last, open.element.name != name {
      let from = open.element.range.lowerBound
      complain(
        "PL0003",
        "Element '\(open.element.name)' is not closed; expected '</\(open.element.name)>' before '</\(name)>'.",
        at: from..<from + 1 + open.element.name.utf8.count)
      closeElement(contentEnd: endTag.lowerBound, end: endTag.lowerBound)
    }
    closeElement(contentEnd: endTag.lowerBound, end: endTag.upperBound)
  }
}
