/// Reads expressions and the lists of system query options, by recursive descent with a bound on depth. It says whether a
/// text is one; and whether there is what its names stand for, where a model tells.
struct ODataExpression {
  private(set) var lexer: ODataLexer
  private(set) var token: ODataToken
  var depth = 0
  var names: ODataNames

  private static let depthLimit = 64

  typealias Failure = ODataLexer.Unreadable

  init(_ text: String, names: ODataNames = ODataNames()) throws(Failure) {
    lexer = ODataLexer(text)
    self.names = names
    token = try lexer.next()
  }

  var unexpected: Failure {
    Failure(message: token.kind == .end ? "it ends too soon" : "unexpected '\(token.text)'")
  }

  mutating func advance() throws(Failure) { token = try lexer.next() }

  func isAt(_ mark: StaticString) -> Bool { token.kind == .mark(mark.utf8Start.pointee) }

  mutating func accept(_ mark: StaticString) throws(Failure) -> Bool {
    guard isAt(mark) else { return false }
    try advance()
    return true
  }

  mutating func accept(word: String) throws(Failure) -> Bool {
    guard token.kind == .name, token.text == word else { return false }
    try advance()
    return true
  }

  mutating func expect(_ mark: StaticString) throws(Failure) { if try !accept(mark) { throw unexpected } }

  mutating func name() throws(Failure) {
    guard token.kind == .name else { throw unexpected }
    try advance()
  }

  mutating func enter() throws(Failure) {
    depth += 1
    if depth > Self.depthLimit { throw Failure(message: "more than \(Self.depthLimit) levels") }
  }

  mutating func list(_ item: (inout Self) throws(Failure) -> Void) throws(Failure) {
    repeat { try item(&self) } while try accept(",")
  }

  mutating func end() throws(Failure) { if token.kind != .end { throw unexpected } }

  // MARK: - Expressions

  private static let operators: Set<Substring> = [
    "or", "and", "eq", "ne", "lt", "le", "gt", "ge", "has", "in", "add", "sub", "mul", "div", "divby", "mod",
  ]

  /// An expression; which operator binds how does not matter to whether it is one.
  mutating func expression() throws(Failure) {
    try enter()
    try unary()
    while token.kind == .name, Self.operators.contains(token.text) {
      try advance()
      try unary()
    }
    depth -= 1
  }

  private mutating func unary() throws(Failure) {
    while true {
      if token.kind == .minus {
        try advance()
      } else if token.kind == .name, token.text == "not" {
        try advance()
      } else {
        return try primary()
      }
    }
  }

  private mutating func primary() throws(Failure) {
    var shape = ODataModel.Shape.unknown
    switch token.kind {
    case .number, .text, .moment: return try advance()
    case .mark(UInt8(ascii: "(")):
      // A nested expression, or the list behind `in`.
      try advance()
      try list { (reader) throws(Failure) in try reader.expression() }
      try expect(")")
    case .mark(UInt8(ascii: "[")), .mark(UInt8(ascii: "{")): return try json()
    case .mark(UInt8(ascii: "@")):
      try advance()
      try name()
    case .mark(UInt8(ascii: "$")):
      // $it, $root/…, $this, $count
      try advance()
      if token.text == "it" { shape = names.root }
      try name()
    case .name: shape = try member(of: nil)
    default: throw unexpected
    }
    try path(from: shape)
  }

  /// A name, with the arguments of a function or the key of a collection behind it.
  ///
  /// - Parameter shape: what it stands behind; nil for the first of a path.
  private mutating func member(of shape: ODataModel.Shape?) throws(Failure) -> ODataModel.Shape {
    let name = String(token.text)
    let isCase = name == "case"
    try advance()
    guard try accept("(") else { return try names.shape(of: name, in: shape) }
    if try accept(")") { return try names.result(of: name, in: shape, arguments: []) }
    try enter()
    var arguments: [String?] = []
    try list { (reader) throws(Failure) in arguments.append(try reader.argument(isCase)) }
    depth -= 1
    try expect(")")
    return try names.result(of: name, in: shape, arguments: arguments)
  }

  /// `expression`, `name=expression`, or `condition:value` of `case`.
  ///
  /// - Returns: the name.
  private mutating func argument(_ isCase: Bool) throws(Failure) -> String? {
    if token.kind == .name {
      // Only the next word tells whether this is a name or the expression itself.
      var ahead = lexer
      if try ahead.next().kind == .mark(UInt8(ascii: "=")) {
        let name = String(token.text)
        try advance()
        try advance()
        try expression()
        return name
      }
    }
    try expression()
    if isCase {
      try expect(":")
      try expression()
    }
    return nil
  }

  /// Further segments: members, `$count`, `any(x:…)`, `all(x:…)`.
  private mutating func path(from start: ODataModel.Shape) throws(Failure) {
    var shape = start
    while try accept("/") {
      if try accept("$") {
        try name()
        shape = .unknown
        continue
      }
      if try accept("@") {
        try name()
        shape = .unknown
        continue
      }
      guard token.kind == .name else { throw unexpected }
      guard token.text == "any" || token.text == "all" else {
        shape = try member(of: shape)
        continue
      }
      try advance()
      try expect("(")
      defer { shape = .unknown }
      if try accept(")") { continue }
      names.variables.append((String(token.text), shape.element))
      try name()
      try expect(":")
      try expression()
      names.variables.removeLast()
      try expect(")")
    }
  }

  /// An array or object of JSON as a literal.
  private mutating func json() throws(Failure) {
    try enter()
    defer { depth -= 1 }
    if try accept("[") {
      if try accept("]") { return }
      try list { (reader) throws(Failure) in try reader.expression() }
      return try expect("]")
    }
    try expect("{")
    if try accept("}") { return }
    try list { (reader) throws(Failure) in
      guard reader.token.kind == .text else { throw reader.unexpected }
      try reader.advance()
      try reader.expect(":")
      try reader.expression()
    }
    try expect("}")
  }

  // MARK: - Lists

  mutating func orderBy() throws(Failure) {
    try list { (reader) throws(Failure) in
      try reader.expression()
      if try !reader.accept(word: "asc") { _ = try reader.accept(word: "desc") }
    }
  }

  mutating func compute() throws(Failure) {
    try list { (reader) throws(Failure) in
      try reader.expression()
      guard try reader.accept(word: "as") else { throw reader.unexpected }
      if reader.token.kind == .name { reader.names.scope.aliases.insert(String(reader.token.text)) }
      try reader.name()
    }
  }

  /// `$select`: names and paths, `*`, or `NS.*`; each with options in parentheses from 4.01 on.
  mutating func select() throws(Failure) {
    try list { (reader) throws(Failure) in try reader.item(allowsReference: false) }
  }

  mutating func expand() throws(Failure) {
    try list { (reader) throws(Failure) in try reader.item(allowsReference: true) }
  }

  private mutating func item(allowsReference isExpanded: Bool) throws(Failure) {
    var path = ODataItemPath(isExpanded: isExpanded)
    repeat {
      if try accept("*") {
        path.end()
      } else if try accept("$") {
        guard isExpanded || token.text == "count" else { throw unexpected }
        try name()
      } else {
        let text = String(token.text)
        try name()
        if text.hasSuffix(".") {
          try expect("*")
          try names.check(namespace: String(text.dropLast()))
          path.end()
        } else {
          try names.follow(text, in: &path)
        }
      }
    } while try accept("/")
    try names.check(path)
    guard try accept("(") else { return }
    try enter()
    let outer = names.scope
    names.scope = ODataNames.Scope(shape: path.shape ?? .unknown, aliases: nestedAliases)
    repeat { try nestedOption() } while try accept(";")
    names.scope = outer
    depth -= 1
    try expect(")")
  }

  /// What `$compute` names among the options that begin here, wherever it stands among them.
  private var nestedAliases: Set<String> {
    guard names.model != nil else { return [] }
    var (ahead, token, level) = (lexer, token, 0)
    var aliases: Set<String> = []
    var isNamed = false
    while true {
      switch token.kind {
      case .mark(UInt8(ascii: "(")): level += 1
      case .mark(UInt8(ascii: ")")): level -= 1
      case .name where isNamed && level == 0: aliases.insert(String(token.text))
      default: break
      }
      isNamed = token.kind == .name && token.text == "as"
      // What cannot be read is complained about where it stands.
      guard level >= 0, token.kind != .end, let next = try? ahead.next() else { return aliases }
      token = next
    }
  }

  private mutating func nestedOption() throws(Failure) {
    _ = try accept("$")
    guard token.kind == .name else { throw unexpected }
    let option = token.text
    try advance()
    try expect("=")
    switch option {
    case "filter": try expression()
    case "orderby": try orderBy()
    case "compute": try compute()
    case "select": try select()
    case "expand": try expand()
    case "top", "skip", "levels":
      if option == "levels", try accept(word: "max") { return }
      guard token.kind == .number, token.text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { throw unexpected }
      try advance()
    case "count":
      guard token.text == "true" || token.text == "false" else { throw unexpected }
      try advance()
    case "search": try search(isNested: true)
    default: throw Failure(message: "unknown option '\(option)'")
    }
  }

  /// Words and phrases with `AND`, `OR`, `NOT` and parentheses.
  mutating func search(isNested: Bool = false) throws(Failure) {
    try enter()
    defer { depth -= 1 }
    var hasTerm = false
    while true {
      if isAt("(") {
        try advance()
        try search(isNested: true)
        try expect(")")
        hasTerm = true
      } else if token.kind == .name, ["AND", "OR", "NOT"].contains(token.text) {
        if token.text != "NOT" {
          guard hasTerm else { throw unexpected }
          hasTerm = false
        }
        try advance()
      } else if [.name, .number, .text, .moment].contains(token.kind) {
        try advance()
        hasTerm = true
      } else if token.kind == .minus {
        try advance()
      } else {
        break
      }
    }
    guard hasTerm else { throw unexpected }
  }

  /// What stands in the parentheses of a path's segment, without the outermost ones: keys, or the arguments of a function
  /// and perhaps, in further parentheses, a key of what it returns.
  ///
  /// - Returns: for each pair of parentheses the names; nil for a value without one.
  mutating func keys() throws(Failure) -> [[String?]] {
    var groups: [[String?]] = []
    while true {
      var names: [String?] = []
      if token.kind != .end, !isAt(")") {
        try list { (reader) throws(Failure) in names.append(try reader.argument(false)) }
      }
      groups.append(names)
      guard try accept(")") else { return groups }
      try expect("(")
    }
  }
}
