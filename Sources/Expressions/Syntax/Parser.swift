/// Reads expressions and statements by recursive descent; precedence as in the C# specification.
///
/// What the language has and this parser does not know yet is refused by name, never guessed at.
struct Parser {
  private var tokens: [Token]
  private var index = 0
  private var depth = 0
  private let maximumNesting: Int

  init(_ source: String, maximumNesting: Int) throws(SyntaxError) {
    tokens = try Lexer.tokens(source)
    self.maximumNesting = maximumNesting
  }

  // MARK: - Tokens

  private var current: Token { tokens[min(index, tokens.count - 1)] }
  private func peek(_ distance: Int = 1) -> Token.Kind { tokens[min(index + distance, tokens.count - 1)].kind }

  private func isNext(_ text: String) -> Bool { current.kind == .punctuation(text) || current.kind == .keyword(text) }

  private mutating func accept(_ text: String) -> Bool {
    guard isNext(text) else { return false }
    index += 1
    return true
  }

  private mutating func expect(_ text: String) throws(SyntaxError) {
    if !accept(text) {
      let code = text == ";" ? "CS1002" : text == ")" ? "CS1026" : text == "}" ? "CS1513" : "CS1003"
      throw error(code, code == "CS1003" ? "Syntax error, '\(text)' expected" : "\(text) expected")
    }
  }

  private func error(_ code: String, _ message: String) -> SyntaxError {
    SyntaxError(code: code, message: message, offset: current.offset, length: current.length)
  }

  private func unsupported(_ what: String) -> SyntaxError {
    error("PL0201", "\(what) is not supported by this version of Postern yet.")
  }

  private mutating func identifier() throws(SyntaxError) -> String {
    guard case .identifier(let name) = current.kind else { throw error("CS1001", "Identifier expected") }
    index += 1
    return name
  }

  private mutating func nested<Result>(_ body: (inout Parser) throws(SyntaxError) -> Result) throws(SyntaxError)
    -> Result
  {
    depth += 1
    defer { depth -= 1 }
    guard depth <= maximumNesting else { throw error("CS8078", "An expression is too long or complex to compile") }
    return try body(&self)
  }

  // MARK: - Whole texts

  mutating func wholeExpression() throws(SyntaxError) -> ExpressionSyntax {
    let result = try expression()
    guard current.kind == .end else { throw error("CS1525", "Invalid expression term '\(text(of: current))'") }
    return result
  }

  mutating func wholeBlock() throws(SyntaxError) -> [StatementSyntax] {
    var result: [StatementSyntax] = []
    while current.kind != .end { result.append(try statement()) }
    return result
  }

  private func text(of token: Token) -> String {
    switch token.kind {
    case .identifier(let text), .keyword(let text), .punctuation(let text): text
    case .string(let text): "\"\(text)\""
    case .end: "end of expression"
    default: "literal"
    }
  }

  // MARK: - Statements

  private mutating func statement() throws(SyntaxError) -> StatementSyntax {
    try nested { parser throws(SyntaxError) in try parser.plainStatement() }
  }

  private mutating func plainStatement() throws(SyntaxError) -> StatementSyntax {
    let at = current.offset
    if accept("{") {
      var list: [StatementSyntax] = []
      while !accept("}") {
        guard current.kind != .end else { throw error("CS1513", "} expected") }
        list.append(try statement())
      }
      return .block(list, at)
    }
    if accept(";") { return .block([], at) }
    if accept("return") {
      if accept(";") { return .result(nil, at) }
      let value = try expression()
      try expect(";")
      return .result(value, at)
    }
    if accept("if") {
      try expect("(")
      let condition = try expression()
      try expect(")")
      let then = try statement()
      return .condition(condition, then, accept("else") ? try statement() : nil, at)
    }
    for word in [
      "for", "foreach", "while", "do", "switch", "try", "throw", "using", "lock", "break", "continue", "goto",
    ]
    where isNext(word) {
      throw unsupported("The statement '\(word)'")
    }
    if let declaration = try declaration(at) { return declaration }
    if case .identifier(let name) = current.kind, peek() == .punctuation("=") {
      index += 2
      let value = try expression()
      try expect(";")
      return .assignment(name, value, at)
    }
    let value = try expression()
    if isNext("=") || isNext("+=") || isNext("-=") || isNext("++") || isNext("--") {
      throw unsupported("This kind of assignment")
    }
    try expect(";")
    return .expression(value)
  }

  /// `var x = …;` or `Type x = …;`; nil when the statement is something else.
  private mutating func declaration(_ at: Int) throws(SyntaxError) -> StatementSyntax? {
    let start = index
    if case .identifier("var") = current.kind, case .identifier = peek() {
      index += 1
      return try declared(nil, at)
    }
    guard let type = try? self.type(), case .identifier = current.kind else {
      index = start
      return nil
    }
    return try declared(type, at)
  }

  private mutating func declared(_ type: TypeSyntax?, _ at: Int) throws(SyntaxError) -> StatementSyntax {
    let place = current.offset
    let name = try identifier()
    guard accept("=") else { throw unsupported("A variable without a value, or several in one declaration,") }
    let value = try expression()
    if isNext(",") { throw unsupported("Several variables in one declaration") }
    try expect(";")
    return .declaration(type, name, value, place)
  }

  // MARK: - Expressions

  mutating func expression() throws(SyntaxError) -> ExpressionSyntax {
    try nested { parser throws(SyntaxError) in
      if case .identifier = parser.current.kind, parser.peek() == .punctuation("=>") {
        throw parser.unsupported("A lambda expression")
      }
      let condition = try parser.coalescing()
      guard parser.isNext("?") else { return condition }
      let at = parser.current.offset
      parser.index += 1
      let then = try parser.expression()
      try parser.expect(":")
      return .choice(condition, then, try parser.expression(), at)
    }
  }

  private mutating func coalescing() throws(SyntaxError) -> ExpressionSyntax {
    let left = try binary(0)
    guard isNext("??") else { return left }
    let at = current.offset
    index += 1
    return .binary("??", left, try nested { parser throws(SyntaxError) in try parser.coalescing() }, at)
  }

  private static let levels: [[String]] = [
    ["||"], ["&&"], ["|"], ["^"], ["&"], ["==", "!="], ["<", ">", "<=", ">="], ["<<"], ["+", "-"], ["*", "/", "%"],
  ]

  private mutating func binary(_ level: Int) throws(SyntaxError) -> ExpressionSyntax {
    guard level < Self.levels.count else { return try unary() }
    var left = try binary(level + 1)
    while true {
      if level == 6, isNext("is") || isNext("as") { throw unsupported("The operator '\(text(of: current))'") }
      guard case .punctuation(let text) = current.kind, Self.levels[level].contains(text) else { return left }
      let at = current.offset
      index += 1
      left = .binary(text, left, try binary(level + 1), at)
    }
  }

  private mutating func unary() throws(SyntaxError) -> ExpressionSyntax {
    let at = current.offset
    for text in ["!", "-", "+", "~"] where isNext(text) {
      index += 1
      return .unary(text, try nested { parser throws(SyntaxError) in try parser.unary() }, at)
    }
    if isNext("++") || isNext("--") { throw unsupported("The operator '\(text(of: current))'") }
    if isNext("("), let cast = try cast(at) { return cast }
    return try postfix(try primary())
  }

  /// `(Type)operand`; nil when the bracket holds an expression.
  private mutating func cast(_ at: Int) throws(SyntaxError) -> ExpressionSyntax? {
    let start = index
    index += 1
    if let type = try? self.type(), accept(")") {
      let isCertain = type.arrayRanks > 0 || type.isNullable || Lexer.keywords.contains(type.names[0])
      let follows: Bool =
        switch current.kind {
        case .identifier, .integer, .real, .string, .character, .interpolated: true
        case .keyword(let word): word != "is" && word != "as"
        case .punctuation(let text): text == "(" || text == "!" || text == "~" || (isCertain && text == "-")
        case .end: false
        }
      if follows { return .cast(type, try nested { parser throws(SyntaxError) in try parser.unary() }, at) }
    }
    index = start
    return nil
  }

  private mutating func primary() throws(SyntaxError) -> ExpressionSyntax {
    let token = current
    let at = token.offset
    index += 1
    switch token.kind {
    case .integer(let value, let suffix): return .literal(.integer(value, suffix: suffix), at)
    case .real(let value, let suffix): return .literal(.real(value, suffix: suffix), at)
    case .string(let text): return .literal(.string(text), at)
    case .character(let unit): return .literal(.character(unit), at)
    case .interpolated(let parts): return .interpolated(try interpolation(parts), at)
    case .identifier(let name): return .name(name, try typeArgumentsOfCall(), at)
    case .punctuation("("):
      let inner = try expression()
      if isNext(",") { throw unsupported("A tuple") }
      try expect(")")
      return inner
    case .keyword("true"): return .literal(.bool(true), at)
    case .keyword("false"): return .literal(.bool(false), at)
    case .keyword("null"): return .literal(.null, at)
    case .keyword("new"): return try creation(at)
    case .keyword(let word) where TypeDefinition.keywords.values.contains(word):
      return .typeName(TypeSyntax(names: [word], offset: at), at)
    case .keyword(let word):
      index -= 1
      throw unsupported("'\(word)'")
    default:
      index -= 1
      throw error("CS1525", "Invalid expression term '\(text(of: token))'")
    }
  }

  private mutating func creation(_ at: Int) throws(SyntaxError) -> ExpressionSyntax {
    if accept("[") {
      try expect("]")
      return .array(nil, try elements(), at)
    }
    if isNext("{") { throw unsupported("An anonymous type") }
    var type = try self.type(allowsArray: false)
    if accept("[") {
      guard accept("]") else { throw unsupported("An array with a length") }
      type.arrayRanks = 0
      return .array(type, try elements(), at)
    }
    guard isNext("(") else { throw unsupported("An object with an initialiser") }
    let arguments = try self.arguments("(", ")")
    if isNext("{") { throw unsupported("An object initialiser") }
    return .creation(type, arguments, at)
  }

  private mutating func elements() throws(SyntaxError) -> [ExpressionSyntax] {
    try expect("{")
    var list: [ExpressionSyntax] = []
    while !accept("}") {
      list.append(try expression())
      if !isNext("}") { try expect(",") }
    }
    return list
  }

  private func interpolation(_ parts: [Token.InterpolationPart]) throws(SyntaxError) -> [InterpolationSyntax] {
    var result: [InterpolationSyntax] = []
    for part in parts {
      switch part {
      case .text(let text): result.append(.text(text))
      case .hole(let source, let offset):
        do throws(SyntaxError) {
          var parser = try Parser(source, maximumNesting: maximumNesting - depth)
          for i in parser.tokens.indices { parser.tokens[i].offset += offset }
          let value = try parser.expression()
          if parser.isNext(",") || parser.isNext(":") {
            throw parser.unsupported("Alignment or format in an interpolated string")
          }
          guard parser.current.kind == .end else { throw parser.error("CS1525", "Invalid expression term") }
          result.append(.hole(value))
        } catch {
          var error = error
          if error.offset < offset { error.offset += offset }
          throw error
        }
      }
    }
    return result
  }

  private mutating func postfix(_ first: ExpressionSyntax) throws(SyntaxError) -> ExpressionSyntax {
    var result = first
    while true {
      let at = current.offset
      if accept(".") {
        let place = current.offset
        result = .member(result, try identifier(), try typeArgumentsOfCall(), place)
      } else if isNext("(") {
        result = .call(result, try arguments("(", ")"), at)
      } else if isNext("[") {
        result = .index(result, try arguments("[", "]"), at)
      } else if accept("?.") {
        let place = current.offset
        let head = ExpressionSyntax.member(.placeholder(at), try identifier(), try typeArgumentsOfCall(), place)
        return .conditional(result, try nested { parser throws(SyntaxError) in try parser.postfix(head) }, at)
      } else if isNext("?"), peek() == .punctuation("[") {
        // No expression of C# begins with a bracket: this is `a?[0]`, never a condition.
        index += 1
        let head = ExpressionSyntax.index(.placeholder(at), try arguments("[", "]"), at)
        return .conditional(result, try nested { parser throws(SyntaxError) in try parser.postfix(head) }, at)
      } else {
        return result
      }
    }
  }

  private mutating func arguments(_ open: String, _ close: String) throws(SyntaxError) -> [ArgumentSyntax] {
    try expect(open)
    var list: [ArgumentSyntax] = []
    while !accept(close) {
      if isNext("out") || isNext("ref") { throw unsupported("An argument with 'out' or 'ref'") }
      var name: String?
      if case .identifier(let text) = current.kind, peek() == .punctuation(":") {
        name = text
        index += 2
      }
      if isNext("("), peek() == .punctuation(")"), peek(2) == .punctuation("=>") {
        throw unsupported("A lambda expression")
      }
      list.append(ArgumentSyntax(name: name, value: try expression()))
      if !isNext(close) { try expect(",") }
    }
    return list
  }

  // MARK: - Types

  /// `<…>` behind a name, if it can only be type arguments: a call or another closing sign must follow.
  private mutating func typeArgumentsOfCall() throws(SyntaxError) -> [TypeSyntax] {
    guard isNext("<") else { return [] }
    let start = index
    if let list = try? typeArguments(), case .punctuation(let next) = current.kind,
      ["(", ")", "]", "}", ":", ";", ",", ".", "?", "==", "!="].contains(next)
    {
      return list
    }
    index = start
    return []
  }

  private mutating func typeArguments() throws(SyntaxError) -> [TypeSyntax] {
    try expect("<")
    var list = [try type()]
    while accept(",") { list.append(try type()) }
    try expect(">")
    return list
  }

  private mutating func type(allowsArray: Bool = true) throws(SyntaxError) -> TypeSyntax {
    let at = current.offset
    var result: TypeSyntax
    if case .keyword(let word) = current.kind, TypeDefinition.keywords.values.contains(word) {
      index += 1
      result = TypeSyntax(names: [word], offset: at)
    } else {
      result = TypeSyntax(names: [try identifier()], offset: at)
      while isNext("."), case .identifier = peek() {
        index += 1
        result.names.append(try identifier())
      }
      if isNext("<") { result.arguments = try typeArguments() }
    }
    if isNext("?"), allowsArray {
      let start = index
      index += 1
      switch current.kind {
      case .punctuation(")"), .punctuation(">"), .punctuation(","), .identifier: result.isNullable = true
      default: index = start
      }
    }
    while allowsArray, isNext("["), peek() == .punctuation("]") {
      index += 2
      result.arrayRanks += 1
    }
    return result
  }
}
