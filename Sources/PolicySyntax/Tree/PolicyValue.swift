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
  /// Of the code's first byte in the document.
  private let offset: Int
  /// Nil when code and document run in step.
  private let map: MappedText?

  init(code: String, form: ExpressionForm, source: PolicySource, offset: Int, map: MappedText?) {
    self.code = code
    self.form = form
    self.source = source
    self.offset = offset
    self.position = source.position(at: offset)
    self.map = map
  }

  /// The island as an author types it: `@(…)` or `@{…}`.
  public var text: String { form == .block ? "@{\(code)}" : "@(\(code))" }

  /// The place in the document of a place that a compiler counted from `position` through `code`; the compiler begins a
  /// line behind each line feed.
  public func documentPosition(of place: SourcePosition) -> SourcePosition {
    var lines = place.line - position.line
    var columns = lines == 0 ? place.column - position.column : place.column - 1
    guard lines >= 0, columns >= 0 else { return position }
    var i = 0
    for byte in code.utf8 {
      if lines > 0 {
        if byte == Octet.lf { lines -= 1 }
      } else if byte & 0xC0 != 0x80 {
        if columns == 0 { break }
        columns -= 1
      }
      i += 1
    }
    guard let map else { return source.position(at: offset + i) }
    return source.position(at: map.sourceOffset(min(i, max(map.bytes.count - 1, 0))))
  }
}
