/// Reads the text of a JSON path.
struct JsonPathParser {
  private let text: [Character]
  private var index = 0
  /// Nested filters.
  private var depth = 0

  private static let maximumDepth = 16

  init(_ text: String) { self.text = Array(text) }

  /// The whole text as a path.
  mutating func path() throws -> JsonPath {
    skipBlanks()
    if peek == "$" { index += 1 }
    let result = try steps(inFilter: false)
    if index < text.count { throw unexpected() }
    return result
  }

  private var peek: Character? { index < text.count ? text[index] : nil }

  private mutating func skipBlanks() { while peek == " " { index += 1 } }

  private func unexpected() -> Thrown {
    JsonPath.failure("Unexpected character while parsing path: \(index < text.count ? String(text[index]) : "")")
  }

  private var ended: Thrown { JsonPath.failure("Unexpected end while parsing path.") }

  private mutating func steps(inFilter: Bool) throws -> JsonPath {
    var path = JsonPath()
    var isDeep = false
    var wantsName = peek != nil && peek != "." && peek != "["
    while let character = peek {
      switch character {
      case "[", "(":
        path.steps += try indexer(character == "[" ? "]" : ")", isDeep)
        (isDeep, wantsName) = (false, false)
      case "]", ")": return path
      case " " where inFilter: return path
      case " ":
        // A blank ends a path: nothing but blanks may follow.
        skipBlanks()
        if index < text.count { throw unexpected() }
      case ".":
        index += 1
        wantsName = true
        if peek == "." {
          isDeep = true
          index += 1
        }
        if peek == "." { throw unexpected() }
      default:
        if inFilter, "=<>!|&~".contains(character) { return path }
        guard wantsName else { throw JsonPath.failure("Unexpected character following indexer: \(character)") }
        let start = index
        while let next = peek, !" .[]()".contains(next), !(inFilter && "=<>!|&~".contains(next)) { index += 1 }
        let name = String(text[start..<index]).trimmingWhiteSpace()
        let names: [String]? = name == "*" ? nil : [name]
        path.steps.append(isDeep ? .descendants(names) : .members(names))
        (isDeep, wantsName) = (false, false)
      }
    }
    if wantsName, text.last == "." { throw ended }
    return path
  }

  /// What stands in brackets, from the opening to behind the closing one.
  private mutating func indexer(_ close: Character, _ isDeep: Bool) throws -> [JsonPath.Step] {
    index += 1
    skipBlanks()
    let open = JsonPath.failure("Path ended with open indexer.")
    guard let first = peek else { throw open }
    // `..[0]`: at every level below.
    let lead: [JsonPath.Step] = isDeep ? [.descendants(nil)] : []
    switch first {
    case "'":
      let names = try quotedNames(close, open)
      return [isDeep ? .descendants(names) : .members(names)]
    case "?":
      index += 1
      skipBlanks()
      guard peek == "(" else { throw unexpected() }
      index += 1
      let condition = try filter()
      guard peek == ")" else { throw peek == nil ? open : unexpected() }
      index += 1
      skipBlanks()
      guard peek == close else { throw peek == nil ? open : unexpected() }
      index += 1
      return [.filter(condition, deep: isDeep)]
    case "*":
      index += 1
      skipBlanks()
      guard peek == close else { throw peek == nil ? open : unexpected() }
      index += 1
      return lead + [.elements(nil)]
    default:
      let start = index
      while let character = peek, character != close { _ = character; index += 1 }
      guard index < text.count else { throw open }
      let content = String(text[start..<index])
      let closing = index
      index += 1
      return lead + [try places(content, closing)]
    }
  }

  private func places(_ content: String, _ closing: Int) throws -> JsonPath.Step {
    func number(_ part: Substring) throws -> Int {
      guard let value = Int(String(part).trimmingWhiteSpace()) else {
        throw JsonPath.failure("Unexpected character while parsing path indexer: \(part.first { !$0.isNumber } ?? "]")")
      }
      return value
    }
    if content.trimmingWhiteSpace().isEmpty { throw JsonPath.failure("Array index expected.") }
    if content.contains(":") {
      let parts = content.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count <= 3 else { throw JsonPath.failure("Unexpected character while parsing path indexer: :") }
      func bound(_ place: Int) throws -> Int? {
        guard place < parts.count, !parts[place].allSatisfy({ $0 == " " }) else { return nil }
        return try number(parts[place])
      }
      return .slice(try bound(0), try bound(1), try bound(2))
    }
    return .elements(try content.split(separator: ",", omittingEmptySubsequences: false).map { try number($0) })
  }

  private mutating func quotedNames(_ close: Character, _ open: Thrown) throws -> [String] {
    var names: [String] = []
    while true {
      skipBlanks()
      guard let quote = peek, quote == "'" else { throw peek == nil ? open : unexpected() }
      guard let name = try quoted(quote) else { throw open }
      names.append(name)
      skipBlanks()
      guard let next = peek else { throw open }
      index += 1
      if next == close { return names }
      if next != "," {
        index -= 1
        throw unexpected()
      }
    }
  }

  /// A text in quotation marks; nil when it does not end.
  private mutating func quoted(_ quote: Character) throws -> String? {
    index += 1
    var result = ""
    while let character = peek {
      index += 1
      if character == quote { return result }
      guard character == "\\" else {
        result.append(character)
        continue
      }
      guard let escaped = peek else { return nil }
      index += 1
      switch escaped {
      case "b": result.append("\u{8}")
      case "t": result.append("\t")
      case "n": result.append("\n")
      case "f": result.append("\u{c}")
      case "r": result.append("\r")
      case "'", "\"", "/", "\\": result.append(escaped)
      default: throw JsonPath.failure("Unknown escape character: \\\(escaped)")
      }
    }
    return nil
  }

  // MARK: - Filters

  /// A condition up to its closing bracket. As in the original, `&&` and `||` gather what follows: `a && b || c` is
  /// `a && (b || c)`.
  private mutating func filter() throws -> JsonFilter {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maximumDepth else { throw JsonPath.failure("The filters of the path are nested too deeply.") }
    let first = try condition()
    skipBlanks()
    guard let sign = peek, sign == "&" || sign == "|" else {
      if peek == nil { throw JsonPath.failure("Path ended with open query.") }
      return first
    }
    return try gathered(sign, first)
  }

  private mutating func gathered(_ sign: Character, _ first: JsonFilter) throws -> JsonFilter {
    var conditions = [first]
    while peek == sign {
      guard index + 1 < text.count, text[index + 1] == sign else { throw unexpected() }
      index += 2
      let next = try condition()
      skipBlanks()
      if let other = peek, other != sign, other == "&" || other == "|" {
        depth += 1
        guard depth <= Self.maximumDepth * 8 else { throw JsonPath.failure("The filter of the path is too long.") }
        conditions.append(try gathered(other, next))
        break
      }
      conditions.append(next)
    }
    if peek == nil { throw JsonPath.failure("Path ended with open query.") }
    return sign == "&" ? .all(conditions) : .any(conditions)
  }

  private mutating func condition() throws -> JsonFilter {
    skipBlanks()
    let left = try side()
    skipBlanks()
    guard let next = peek else { throw JsonPath.failure("Path ended with open query.") }
    if ")&|".contains(next) { return .exists(left) }
    for comparison in JsonFilter.Comparison.allCases where text[index...].starts(with: comparison.rawValue) {
      index += comparison.rawValue.count
      skipBlanks()
      return .compares(left, comparison, try side())
    }
    throw JsonPath.failure("Could not read query operator.")
  }

  private mutating func side() throws -> JsonFilter.Side {
    guard let first = peek else { throw JsonPath.failure("Path ended with open query.") }
    switch first {
    case "@", "$":
      index += 1
      if peek == nil || peek == " " || (peek.map { "=<>!|&~)".contains($0) } ?? false) {
        return first == "@" ? .candidate(JsonPath()) : .root(JsonPath())
      }
      let path = try steps(inFilter: true)
      return first == "@" ? .candidate(path) : .root(path)
    case "'", "\"":
      guard let value = try quoted(first) else { throw JsonPath.failure("Path ended with an open string.") }
      return .text(value)
    case "/": return .text(try pattern())
    default:
      let start = index
      while let character = peek, !" )&|=<>!".contains(character) { _ = character; index += 1 }
      let word = String(text[start..<index])
      switch word {
      case "true": return .flag(true)
      case "false": return .flag(false)
      case "null": return .null
      default: break
      }
      if let number = Int64(word) { return .integer(number) }
      if word.first.map({ $0.isNumber || $0 == "-" }) ?? false, let number = Double(word) { return .real(number) }
      index = start
      throw unexpected()
    }
  }

  /// `/pattern/flags`, with its slashes.
  private mutating func pattern() throws -> String {
    let start = index
    index += 1
    while let character = peek {
      index += 1
      if character == "\\" {
        index += 1
      } else if character == "/" {
        while let flag = peek, flag.isLetter { _ = flag; index += 1 }
        return String(text[start..<min(index, text.count)])
      }
    }
    throw JsonPath.failure("Path ended with an open regex.")
  }
}
