/// Bounds of a policy document; beyond one the document is refused.
public struct PolicyLimits: Sendable, Hashable {
  /// Bytes of the document.
  public var documentSize: Int
  /// Elements within elements.
  public var nesting: Int
  /// Bytes of one expression.
  public var expressionLength: Int
  /// Attributes of one element.
  public var attributes: Int
  /// Bytes that named values may add to one document.
  public var substitutedSize: Int
  /// Complaints reported for one document; the last says that there are more.
  public var diagnostics: Int

  public init(
    documentSize: Int = 512 * 1024, nesting: Int = 100, expressionLength: Int = 256 * 1024, attributes: Int = 64,
    substitutedSize: Int = 4 * 1024 * 1024, diagnostics: Int = 100
  ) {
    self.documentSize = documentSize
    self.nesting = nesting
    self.expressionLength = expressionLength
    self.attributes = attributes
    self.substitutedSize = substitutedSize
    self.diagnostics = diagnostics
  }
}
