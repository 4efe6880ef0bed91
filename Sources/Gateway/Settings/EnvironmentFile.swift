/// The `env.conf` file that a gateway is started with: `name=value` lines as `docker run --env-file` reads them.
///
/// No quoting and no expansion: everything after the first `=` is the value, blanks and `&` included. Lines that are
/// empty or begin with `#` are skipped.
public struct EnvironmentFile: Sendable {
  /// What is wrong with a line.
  public struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
    public var line: Int
    public var message: String
    public var description: String { "line \(line): \(message)" }
  }

  /// The largest file read: 1 MiB.
  public static let maximumBytes = 1 << 20

  /// Names and values in the order they stand; a later line replaces an earlier one of the same name.
  public private(set) var values: [String: String] = [:]

  public init(_ text: String) throws(Failure) {
    var text = Substring(text)
    if text.unicodeScalars.first == "\u{feff}" { text.unicodeScalars.removeFirst() }
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      let content = line.drop { $0 == " " || $0 == "\t" }
      if content.isEmpty || content.first == "#" { continue }
      guard let equals = content.firstIndex(of: "="), equals != content.startIndex else {
        throw Failure(line: index + 1, message: "expected name=value, found \"\(content.prefix(40))\"")
      }
      var name = content[..<equals]
      while let last = name.last, last == " " || last == "\t" { name.removeLast() }
      values[String(name)] = String(content[content.index(after: equals)...])
    }
  }
}
