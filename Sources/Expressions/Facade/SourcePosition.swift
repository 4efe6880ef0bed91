/// A place in a policy document or an expression: where a reader's cursor would stand.
///
/// Lines and columns count from 1; a column counts Unicode scalars.
public struct SourcePosition: Sendable, Hashable, Codable {
  public var line: Int
  public var column: Int

  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  /// The first character of a text.
  public static let start = SourcePosition(line: 1, column: 1)
}

extension SourcePosition: CustomStringConvertible {
  public var description: String { "line \(line), column \(column)" }
}
