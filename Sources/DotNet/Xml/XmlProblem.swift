/// What is wrong with a document, a schema or a stylesheet, and where.
public struct XmlProblem: Error, Sendable, Hashable {
  /// From 1; 0 when it is not known.
  public var line: Int
  /// From 1; 0 when it is not known.
  public var column: Int
  public var message: String

  public init(line: Int, column: Int = 0, message: String) {
    self.line = line
    self.column = column
    self.message = message
  }
}

extension XmlProblem: CustomStringConvertible {
  public var description: String {
    line == 0 ? message : column == 0 ? "line \(line): \(message)" : "line \(line), column \(column): \(message)"
  }
}
