public import Expressions

/// One element of a policy document with everything in it.
public struct PolicyElement: Sendable {
  /// The name as written, with its prefix.
  public let name: String
  public internal(set) var attributes: [PolicyAttribute]
  public internal(set) var children: [PolicyNode]
  /// The text the element stands in.
  public let source: PolicySource
  /// From `<` to behind the closing `>`, in bytes of `source`.
  public internal(set) var range: Range<Int>
  /// Between the tags; empty for `<x/>`.
  public internal(set) var contentRange: Range<Int>
  /// The text content as one value; nil when there is nothing but white space and comments.
  public internal(set) var text: PolicyValue?
  /// The content of an element whose content is a template and no policy (`set-body template="liquid"`,
  /// the stylesheet of an `xsl-transform`): markup as written, named values put in.
  public internal(set) var payload: String?

  /// Where the `<` stands.
  public var position: SourcePosition { source.position(at: range.lowerBound) }

  /// The elements among the children, in order.
  public var elements: [PolicyElement] {
    children.compactMap { if case .element(let element) = $0 { element } else { nil } }
  }

  /// Whether any child is an element.
  public var hasElements: Bool {
    children.contains { if case .element = $0 { true } else { false } }
  }

  /// The elements of that name among the children.
  public func elements(named name: String) -> [PolicyElement] { elements.filter { $0.name == name } }

  /// The first child element of that name.
  public func first(_ name: String) -> PolicyElement? {
    for child in children {
      if case .element(let element) = child, element.name == name { return element }
    }
    return nil
  }

  /// The attribute of that name.
  public func attribute(_ name: String) -> PolicyAttribute? { attributes.first { $0.name == name } }

  /// The content as it stands in the source, markup and all.
  public var innerSource: String { source.text(contentRange) }

  /// The element as it stands in the source, tags and all; named values put in where it has a payload.
  public var outerSource: String {
    guard let payload else { return source.text(range) }
    return source.text(range.lowerBound..<contentRange.lowerBound) + payload
      + source.text(contentRange.upperBound..<range.upperBound)
  }

  /// A complaint about the element's name.
  public func diagnostic(
    _ code: String, _ message: String, suggestion: String? = nil, severity: Diagnostic.Severity = .error
  ) -> Diagnostic {
    Diagnostic(
      severity: severity, code: code, message: message, position: source.position(at: range.lowerBound + 1),
      length: name.unicodeScalars.count, offendingText: name, suggestion: suggestion)
  }
}

/// A part of an element's content.
public enum PolicyNode: Sendable {
  case element(PolicyElement)
  /// Text between tags, decoded. `isCharacterData`: it stood in a CDATA section.
  case text(String, range: Range<Int>, isCharacterData: Bool)
  /// The text between `<!--` and `-->`.
  case comment(String, range: Range<Int>)
  /// `<? … ?>` as written.
  case instruction(String, range: Range<Int>)
}

/// One attribute.
public struct PolicyAttribute: Sendable {
  public let name: String
  public let value: PolicyValue
  let nameOffset: Int
  /// `"` or `'`.
  let quote: UInt8

  /// Where the name stands.
  public var position: SourcePosition { value.source.position(at: nameOffset) }

  /// A complaint about the attribute's name.
  public func nameDiagnostic(
    _ code: String, _ message: String, suggestion: String? = nil, severity: Diagnostic.Severity = .error
  ) -> Diagnostic {
    Diagnostic(
      severity: severity, code: code, message: message, position: position, length: name.unicodeScalars.count,
      offendingText: name, suggestion: suggestion)
  }
}

extension PolicyValue {
  /// A complaint about the value.
  public func diagnostic(
    _ code: String, _ message: String, suggestion: String? = nil, severity: Diagnostic.Severity = .error
  ) -> Diagnostic {
    Diagnostic(
      severity: severity, code: code, message: message, position: position, length: length,
      offendingText: String(sourceText.prefix(120)), suggestion: suggestion)
  }
}
