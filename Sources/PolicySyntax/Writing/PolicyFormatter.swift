public import Expressions

/// Lays a policy document out: elements on lines of their own, indented by their depth, attributes set apart by one
/// blank. Comments, values, expressions, CDATA sections and templates stay letter by letter as they are.
public struct PolicyFormatter {
  /// Blanks a level.
  public static let indentation = 4

  private let source: PolicySource
  private let lineEnd: [UInt8]
  private var output: [UInt8] = []

  /// The text laid out; nil with the complaints when it cannot be read. Formatting what is formatted changes nothing.
  public static func format(_ text: String) -> (text: String?, diagnostics: [Diagnostic]) {
    let (document, diagnostics) = PolicyDocument.parse(text)
    guard let document, !diagnostics.contains(where: { $0.severity == .error }) else { return (nil, diagnostics) }
    var formatter = PolicyFormatter(document.source)
    formatter.write(document.nodes, depth: 0)
    formatter.output += formatter.lineEnd
    let result = String(decoding: formatter.output, as: UTF8.self)
    // Layout must never change a meaning: a text that it would change is left alone.
    guard let read = PolicyDocument.parse(result).document,
      PolicyContents(read, hasComments: true) == PolicyContents(document, hasComments: true)
    else { return (text, diagnostics) }
    return (result, diagnostics)
  }

  private init(_ source: PolicySource) {
    self.source = source
    let first = source.bytes.firstIndex(of: Octet.lf) ?? 0
    lineEnd = first > 0 && source.bytes[first - 1] == Octet.cr ? [Octet.cr, Octet.lf] : [Octet.lf]
  }

  // MARK: Nodes

  private mutating func write(_ nodes: [PolicyNode], depth: Int) {
    var previousEnd: Int?
    for node in nodes {
      guard let range = Self.range(of: node) else { continue }
      if let previousEnd {
        let lineEnds = source.bytes[previousEnd..<range.lowerBound].count { $0 == Octet.lf }
        if lineEnds == 0, case .comment = node {
          output.append(0x20)
        } else {
          breakLine(depth, afterBlankLine: lineEnds > 1)
        }
      } else if !output.isEmpty {
        breakLine(depth, afterBlankLine: false)
      }
      previousEnd = range.upperBound
      if case .element(let element) = node {
        write(element, depth: depth)
      } else {
        output += source.bytes[range]
      }
    }
  }

  /// From the first to behind the last letter of the node's markup; nil for white space.
  private static func range(of node: PolicyNode) -> Range<Int>? {
    switch node {
    case .element(let element): element.range
    case .comment(_, let range): range.lowerBound - 4..<range.upperBound + 3
    case .instruction(_, let range): range.lowerBound - 2..<range.upperBound + 2
    case .text: nil
    }
  }

  private mutating func breakLine(_ depth: Int, afterBlankLine: Bool) {
    output += lineEnd
    if afterBlankLine { output += lineEnd }
    output += [UInt8](repeating: 0x20, count: depth * Self.indentation)
  }

  // MARK: Elements

  private mutating func write(_ element: PolicyElement, depth: Int) {
    output += Array("<\(element.name)".utf8)
    writeAttributes(element, depth: depth)
    let isSelfClosed =
      source.bytes.has("/>", at: element.contentRange.lowerBound - 2)
      && element.contentRange.lowerBound == element.range.upperBound
    if isSelfClosed {
      output += Array(" />".utf8)
      return
    }
    output.append(Octet.greater)
    if element.payload != nil || element.text != nil {
      output += source.bytes[element.contentRange]
    } else if element.children.contains(where: { Self.range(of: $0) != nil }) {
      write(element.children, depth: depth + 1)
      breakLine(depth, afterBlankLine: false)
    }
    output += Array("</\(element.name)>".utf8)
  }

  /// Attributes stand on one line, or each on its own where the author broke the line between them.
  private mutating func writeAttributes(_ element: PolicyElement, depth: Int) {
    var isBroken = false
    var end = element.range.lowerBound + 1 + element.name.utf8.count
    for attribute in element.attributes {
      if source.bytes[end..<attribute.nameOffset].contains(Octet.lf) { isBroken = true }
      end = attribute.value.range.upperBound + 1
    }
    for attribute in element.attributes {
      if isBroken { breakLine(depth + 1, afterBlankLine: false) } else { output.append(0x20) }
      output += Array("\(attribute.name)=".utf8)
      output.append(attribute.quote)
      output += source.bytes[attribute.value.range]
      output.append(attribute.quote)
    }
  }
}
