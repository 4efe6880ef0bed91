/// Reads a template.
struct LiquidParser {
  private enum Piece {
    case text(String)
    case output(String, line: Int)
    case tag(name: String, rest: String, line: Int)
  }

  private var pieces: [Piece] = []
  private var index = 0
  private var depth = 0
  private var places = 0

  private static let depthLimit = 100

  init(_ text: String) throws { try split(text) }

  mutating func template() throws -> [LiquidNode] {
    let nodes = try nodes(until: [])
    if index < pieces.count, case .tag(let name, _, let line) = pieces[index] {
      throw LiquidError("Unexpected tag '\(name)'.", line: line)
    }
    return nodes
  }

  // MARK: - Pieces

  private mutating func split(_ source: String) throws {
    var rest = Substring(source)
    var line = 1
    var trims = false
    func blankless(_ text: Substring) -> Substring { text.drop { $0.isWhitespace } }
    while true {
      let open = rest.firstRange(of: "{{").map(\.lowerBound)
      let tag = rest.firstRange(of: "{%").map(\.lowerBound)
      guard let start = [open, tag].compactMap({ $0 }).min() else { break }
      let isTag = start == tag
      var before = rest[..<start]
      let bodyStart = rest.index(start, offsetBy: 2)
      guard let end = rest[bodyStart...].firstRange(of: isTag ? "%}" : "}}") else {
        line += before.count { $0.isNewline }
        throw LiquidError("'\(isTag ? "{%" : "{{")' has no end.", line: line)
      }
      var body = rest[bodyStart..<end.lowerBound]
      if trims { before = blankless(before) }
      line += rest[..<start].count { $0.isNewline }
      if body.hasPrefix("-") {
        body.removeFirst()
        while before.last?.isWhitespace ?? false { before.removeLast() }
      }
      trims = body.hasSuffix("-")
      if trims { body.removeLast() }
      if !before.isEmpty { pieces.append(.text(String(before))) }
      let content = Self.trimmed(body)
      rest = rest[end.upperBound...]
      if isTag {
        let name = content.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        let tail = Self.trimmed(content.dropFirst(name.count))
        if name == "raw" || name == "comment" {
          rest = try verbatim(String(name), rest, line)
        } else {
          pieces.append(.tag(name: String(name), rest: String(tail), line: line))
        }
      } else {
        pieces.append(.output(String(content), line: line))
      }
      line += body.count { $0.isNewline }
    }
    if trims { rest = blankless(rest) }
    if !rest.isEmpty { pieces.append(.text(String(rest))) }
  }

  /// Content of `raw`, which is text, or of `comment`, which is nothing; gives what follows its end.
  private mutating func verbatim(_ name: String, _ rest: Substring, _ line: Int) throws -> Substring {
    var search = rest
    while let open = search.firstRange(of: "{%") {
      guard let close = search[open.upperBound...].firstRange(of: "%}") else { break }
      let inner = Self.trimmed(search[open.upperBound..<close.lowerBound].drop { $0 == "-" })
      if inner == "end" + name || inner == "end" + name + " -" || inner == "end" + name + "-" {
        if name == "raw", open.lowerBound > rest.startIndex {
          pieces.append(.text(String(rest[..<open.lowerBound])))
        }
        return rest[close.upperBound...]
      }
      search = search[open.upperBound...]
    }
    throw LiquidError("The tag '\(name)' is not closed.", line: line)
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text
    while text.first?.isWhitespace ?? false { text.removeFirst() }
    while text.last?.isWhitespace ?? false { text.removeLast() }
    return text
  }

  // MARK: - Nodes

  /// Nodes up to one of these tags, which is left to be read.
  private mutating func nodes(until ends: Set<String>) throws -> [LiquidNode] {
    depth += 1
    defer { depth -= 1 }
    if depth > Self.depthLimit { throw LiquidError("The template is nested too deeply.") }
    var result: [LiquidNode] = []
    while index < pieces.count {
      switch pieces[index] {
      case .text(let text): result.append(.text(text))
      case .output(let text, let line):
        var reader = LiquidExpressionReader(text, line)
        if reader.isAtEnd { break }
        result.append(.output(try reader.output()))
        try reader.finish()
      case .tag(let name, let rest, let line):
        if ends.contains(name) { return result }
        index += 1
        result.append(try node(name, rest, line))
        continue
      }
      index += 1
    }
    return result
  }

  /// Reads the tag that must follow.
  private mutating func end(_ names: Set<String>, of opened: String, _ line: Int) throws -> (name: String, rest: String)
  {
    guard index < pieces.count, case .tag(let name, let rest, _) = pieces[index], names.contains(name) else {
      throw LiquidError("The tag '\(opened)' is not closed.", line: line)
    }
    index += 1
    return (name, rest)
  }

  private mutating func node(_ name: String, _ rest: String, _ line: Int) throws -> LiquidNode {
    var reader = LiquidExpressionReader(rest, line)
    switch name {
    case "if", "unless": return try branches(name, reader, line)
    case "case": return try choice(reader, line)
    case "for", "tablerow", "JSONArrayFor": return try loop(name, reader, line)
    case "assign":
      let variable = try reader.identifier()
      try reader.expect("=")
      let output = try reader.output()
      try reader.finish()
      return .assign(variable, output)
    case "capture":
      let variable = try reader.name()
      let body = try nodes(until: ["endcapture"])
      _ = try end(["endcapture"], of: name, line)
      return .capture(variable, body)
    case "cycle": return try reader.cycle()
    case "increment": return .count(try reader.identifier(), by: 1)
    case "decrement": return .count(try reader.identifier(), by: -1)
    case "ifchanged":
      places += 1
      let place = places
      let body = try nodes(until: ["endifchanged"])
      _ = try end(["endifchanged"], of: name, line)
      return .ifChanged(body, place: place)
    case "break": return .breakLoop
    case "continue": return .continueLoop
    default: throw LiquidError("Unknown tag '\(name)'.", line: line)
    }
  }

  private mutating func branches(_ name: String, _ reader: LiquidExpressionReader, _ line: Int) throws -> LiquidNode {
    var reader = reader
    let close = "end" + name
    var branches: [(condition: LiquidCondition?, body: [LiquidNode])] = []
    var condition: LiquidCondition? = try reader.condition()
    try reader.finish()
    if name == "unless", let refused = condition { condition = .fails(refused) }
    while true {
      let body = try nodes(until: ["elsif", "else", close])
      branches.append((condition, body))
      let (next, rest) = try end(["elsif", "else", close], of: name, line)
      if next == close { return .branches(branches) }
      if next == "else" {
        condition = nil
      } else {
        var reader = LiquidExpressionReader(rest, line)
        condition = try reader.condition()
        try reader.finish()
      }
    }
  }

  private mutating func choice(_ reader: LiquidExpressionReader, _ line: Int) throws -> LiquidNode {
    var reader = reader
    let operand = try reader.operand()
    try reader.finish()
    var cases: [(values: [LiquidOperand], body: [LiquidNode])] = []
    var otherwise: [LiquidNode] = []
    // What stands before the first `when` is not shown.
    _ = try nodes(until: ["when", "else", "endcase"])
    while true {
      let (next, rest) = try end(["when", "else", "endcase"], of: "case", line)
      switch next {
      case "endcase": return .choice(operand, cases, otherwise: otherwise)
      case "else": otherwise = try nodes(until: ["when", "else", "endcase"])
      default:
        var reader = LiquidExpressionReader(rest, line)
        let values = try reader.alternatives()
        cases.append((values, try nodes(until: ["when", "else", "endcase"])))
      }
    }
  }

  private mutating func loop(_ name: String, _ reader: LiquidExpressionReader, _ line: Int) throws -> LiquidNode {
    var reader = reader
    var loop = try reader.loop()
    if name == "tablerow", case .plain = loop.form { loop.form = .table(columns: nil) }
    if name == "JSONArrayFor" { loop.form = .jsonArray }
    let close = "end" + name
    loop.body = try nodes(until: ["else", close])
    if try end(["else", close], of: name, line).name == "else" {
      loop.otherwise = try nodes(until: [close])
      _ = try end([close], of: name, line)
    }
    return .loop(loop)
  }
}
