public import Expressions

/// A policy text turned from one form into the other. Only what the form demands is rewritten: layout, comments and
/// literals stay as they are.
public enum PolicyConversion {
  /// The text in a form; nil with the complaints when it cannot be read.
  ///
  /// A text that is in the form already comes back as it is. A document converted there and back has the same contents:
  /// names, values, expressions and payloads.
  public static func convert(_ text: String, to format: PolicyFormat) -> (text: String?, diagnostics: [Diagnostic]) {
    let (document, diagnostics) = PolicyDocument.parse(text)
    guard let document, !diagnostics.contains(where: { $0.severity == .error }) else { return (nil, diagnostics) }
    switch format {
    case .rawxml: return (plain(document), diagnostics)
    case .xml: return (encoded(document), diagnostics)
    }
  }

  /// With expressions as plain C#.
  private static func plain(_ document: PolicyDocument) -> String {
    let text = document.source.text(0..<document.source.bytes.count)
    guard document.isEncoded else { return text }
    var writer = PlainWriter(edits: SourceEdits(document.source))
    writer.write(document.nodes)
    let result = writer.edits.text()
    // A text that is still XML 1.0 is read with its entities decoded: one whose code holds what looks like an entity
    // cannot be told from an encoded one, and is understood as it was.
    // Nor can one where literal text around code stays as it is, with entities, in the midst of plain expressions.
    let contents = PolicyContents(document, hasComments: false)
    let (read, complaints) = PolicyDocument.parse(result)
    guard let read, PolicyContents(read, hasComments: false) == contents,
      !complaints.contains(where: { $0.severity == .error })
    else { return text }
    return result
  }

  /// As XML 1.0.
  private static func encoded(_ document: PolicyDocument) -> String {
    if document.isEncoded, !document.hasPlainIslands { return document.source.text(0..<document.source.bytes.count) }
    var writer = EncodedWriter(edits: SourceEdits(document.source), isEncoded: document.isEncoded)
    writer.write(document.nodes)
    return writer.edits.text()
  }
}

extension PolicyElement {
  /// The text pieces that hold more than white space.
  func textPieces() -> [(range: Range<Int>, isCharacterData: Bool)] {
    children.compactMap { child in
      guard case .text(_, let range, let isCharacterData) = child,
        isCharacterData || !source.bytes[range].allSatisfy(Octet.isBlank)
      else { return nil }
      return (range, isCharacterData)
    }
  }

  /// Comments and instructions of the content, for content that is written anew.
  /// - Parameter comment: how the text of a comment is written.
  func remarks(_ comment: (String) -> String = { $0 }) -> [UInt8] {
    var bytes: [UInt8] = []
    for child in children {
      switch child {
      case .comment(let text, _): bytes += Array("<!--\(comment(text))-->".utf8)
      case .instruction(let text, _): bytes += Array("<?\(text)?>".utf8)
      case .element, .text: break
      }
    }
    return bytes
  }
}

extension PolicySource {
  /// The range without white space at its ends.
  func trimmed(_ range: Range<Int>) -> Range<Int> {
    var start = range.lowerBound
    var end = range.upperBound
    while start < end, Octet.isBlank(bytes[start]) { start += 1 }
    while end > start, Octet.isBlank(bytes[end - 1]) { end -= 1 }
    return start..<end
  }
}

/// Writes the islands of an encoded document as plain C#.
private struct PlainWriter {
  var edits: SourceEdits

  mutating func write(_ nodes: [PolicyNode]) {
    for case .element(let element) in nodes { write(element) }
  }

  private mutating func write(_ element: PolicyElement) {
    for attribute in element.attributes {
      if let expression = attribute.value.expression {
        edits.replace(edits.source.trimmed(attribute.value.range), with: expression.text.utf8)
      }
    }
    guard element.payload == nil else { return }
    if let expression = element.text?.expression {
      let pieces = element.textPieces()
      if pieces.allSatisfy(\.isCharacterData) { return }
      if pieces.count == 1 {
        edits.replace(edits.source.trimmed(pieces[0].range), with: expression.text.utf8)
      } else {
        edits.replace(element.contentRange, with: element.remarks() + Array(expression.text.utf8))
      }
      return
    }
    write(element.children)
  }
}

/// Writes a raw document so that every XML reader finds the same contents in it.
private struct EncodedWriter {
  var edits: SourceEdits
  /// Entities of the text are references already.
  let isEncoded: Bool

  mutating func write(_ nodes: [PolicyNode]) {
    for node in nodes {
      switch node {
      case .element(let element): write(element)
      case .comment(_, let range): writeComment(range)
      case .text(_, let range, let isCharacterData): if !isCharacterData { writeLiteral(range, quote: nil) }
      case .instruction: break
      }
    }
  }

  private mutating func write(_ element: PolicyElement) {
    for attribute in element.attributes {
      if !Octet.isBlank(edits.source.bytes[attribute.nameOffset - 1]) {
        edits.replace(attribute.nameOffset..<attribute.nameOffset, with: [0x20])
      }
      if let code = Self.code(attribute.value) {
        edits.replace(attribute.value.range, with: Self.escaped(code, quote: attribute.quote))
      } else {
        writeLiteral(attribute.value.range, quote: attribute.quote)
      }
    }
    if element.payload != nil { return writePayload(element) }
    let pieces = element.textPieces()
    guard let code = element.text.flatMap(Self.code), !pieces.allSatisfy(\.isCharacterData) else {
      return write(element.children)
    }
    guard pieces.count == 1, !element.hasElements else {
      return edits.replace(
        element.contentRange, with: element.remarks(Self.comment) + Self.escaped(code, quote: nil))
    }
    for child in element.children {
      if case .comment(_, let range) = child { writeComment(range) }
      if case .text(_, let range, _) = child, range == pieces[0].range {
        let isWhole = element.text?.expression == nil
        edits.replace(isWhole ? range : edits.source.trimmed(range), with: Self.escaped(code, quote: nil))
      }
    }
  }

  /// The value where it holds code, be it an expression or literal text around one.
  private static func code(_ value: PolicyValue) -> String? {
    switch value.content {
    case .expression(let expression): expression.text
    case .literal(let text): IslandScanner.hasIsland(Array(text.utf8)) ? text : nil
    }
  }

  /// Template text that is no XML goes into a CDATA section.
  private mutating func writePayload(_ element: PolicyElement) {
    let content = edits.source.bytes[element.contentRange]
    if WellFormedness.check(Array(content), nesting: .max) == nil { return }
    let isMarkup = element.children.contains {
      if case .text(_, let range, false) = $0 { edits.source.bytes[range].contains(Octet.less) } else { false }
    }
    if !isMarkup { return write(element.children) }
    var bytes = Array("<![CDATA[".utf8)
    var i = content.startIndex
    while i < content.endIndex {
      if edits.source.bytes.has("]]>", at: i), i + 3 <= content.endIndex {
        bytes += Array("]]]]><![CDATA[>".utf8)
        i += 3
      } else {
        bytes.append(content[i])
        i += 1
      }
    }
    edits.replace(element.contentRange, with: bytes + Array("]]>".utf8))
  }

  private mutating func writeComment(_ range: Range<Int>) {
    let text = edits.source.text(range)
    let written = Self.comment(text)
    if written != text { edits.replace(range, with: written.utf8) }
  }

  /// XML allows neither `--` in a comment nor `-` at its end.
  private static func comment(_ text: String) -> String {
    var result: [UInt8] = []
    for byte in text.utf8 {
      if byte == Octet.hyphen, result.last == Octet.hyphen { result.append(0x20) }
      result.append(byte)
    }
    if result.last == Octet.hyphen { result.append(0x20) }
    return String(decoding: result, as: UTF8.self)
  }

  /// Writes what a lenient reader took for itself as the entity it should have been.
  private mutating func writeLiteral(_ range: Range<Int>, quote: UInt8?) {
    guard !isEncoded else { return }
    let bytes = edits.source.bytes
    for i in range {
      switch bytes[i] {
      case Octet.ampersand where EntityReference.read(bytes, at: i, end: range.upperBound) == nil:
        edits.replace(i..<i + 1, with: "&amp;".utf8)
      case Octet.less: edits.replace(i..<i + 1, with: "&lt;".utf8)
      case quote: edits.replace(i..<i + 1, with: (quote == Octet.quote ? "&quot;" : "&apos;").utf8)
      case Octet.greater where quote == nil && i >= range.lowerBound + 2 && bytes.has("]]>", at: i - 2):
        edits.replace(i..<i + 1, with: "&gt;".utf8)
      default: break
      }
    }
  }

  /// Code as character data. In an attribute line ends are references, because XML readers turn plain ones into blanks,
  /// which would put the rest of a block behind its first `//`.
  private static func escaped(_ text: String, quote: UInt8?) -> [UInt8] {
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case Octet.ampersand: bytes += Array("&amp;".utf8)
      case Octet.less: bytes += Array("&lt;".utf8)
      case Octet.greater: bytes += Array("&gt;".utf8)
      case Octet.quote where quote == byte: bytes += Array("&quot;".utf8)
      case Octet.apostrophe where quote == byte: bytes += Array("&apos;".utf8)
      case Octet.lf where quote != nil: bytes += Array("&#xA;".utf8)
      case Octet.cr: bytes += Array("&#xD;".utf8)
      case 0x09 where quote != nil: bytes += Array("&#x9;".utf8)
      default: bytes.append(byte)
      }
    }
    return bytes
  }
}
