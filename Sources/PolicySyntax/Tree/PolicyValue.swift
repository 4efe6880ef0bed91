public import Expressions

/// What an attribute or the text of an element holds: a literal, or one C# expression that is the whole value.
public struct PolicyValue: Sendable {
  public enum Content: Sendable {
    /// Text with entities decoded and named values put in.
    case literal(String)
    case expression(ExpressionSource)
  }

  public var content: Content
  /// The text it was written in.
  public let source: PolicySource
  /// The bytes of `source` between the quotes, or between the tags.
  public let range: Range<Int>
  /// The reader has complained about it already; nobody else should.
  public var isBroken: Bool

  init(content: Content, source: PolicySource, range: Range<Int>, isBroken: Bool = false) {
    self.content = content
    self.source = source
    self.range = range
    self.isBroken = isBroken
  }

  /// Where it begins.
  public var position: SourcePosition { source.position(at: range.lowerBound) }

  /// Its length in Unicode scalars.
  public var length: Int { source.scalarCount(range) }

  /// As it stands in the source.
  public var sourceText: String { source.text(range) }

  /// The literal; nil when it is an expression.
  public var literal: String? {
    if case .literal(let text) = content { text } else { nil }
  }

  /// The expression; nil when it is a literal.
  public var expression: ExpressionSource? {
    if case .expression(let source) = content { source } else { nil }
  }
}

/// One C# island: its code, and how to say where in the document a place of the code stands.
public struct ExpressionSource: Sendable {
  /// The code between the brackets, entities decoded and named values put in.
  public let code: String
  public let form: ExpressionForm
  /// Where the code's first character stands in the document.
  public let position: SourcePosition
  /// The document.
  public let source: PolicySource
  /// Nil when code and document run in step.
  private let map: MappedText?

  init(code: String, form: ExpressionForm, source: PolicySource, offset: Int, map: MappedText?) {
    self.code = code
    self.form = form
    self.source = source
    self.position = source.position(at: offset)
    self.map = map
  }

  /// The place in the document of a place that a compiler counted from `position` through `code`.
  public func documentPosition(of place: SourcePosition) -> SourcePosition {
    guard let map else { return place }
    let line = place.line - position.line
    let column = line == 0 ? place.column - position.column : place.column - 1
    guard line >= 0, column >= 0 else { return position }
    let bytes = map.bytes
    var i = 0
    var lines = line
    while lines > 0, i < bytes.count {
      if bytes[i] == Octet.lf || (bytes[i] == Octet.cr && (i + 1 == bytes.count || bytes[i + 1] != Octet.lf)) {
        lines -= 1
      }
      i += 1
    }
    var columns = column
    while columns > 0, i < bytes.count {
      i += 1
      while i < bytes.count, bytes[i] & 0xC0 == 0x80 { i += 1 }
      columns -= 1
    }
    return source.position(at: map.sourceOffset(min(i, max(bytes.count - 1, 0))))
  }
}
