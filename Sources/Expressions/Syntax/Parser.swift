/// Reads expressions and statements by recursive descent; precedence as in the C# 7 specification.
struct Parser {
  private(set) var tokens: [Token]
  var index = 0
  private var depth = 0
  /// How deep the tree of what was read last is: a chain such as `a.b().c()` or `a + b + c` leans to the left, so each
  /// link puts everything before it one step deeper. In units of `weightOfNesting`.
  private var reach = 0
  let maximumNesting: Int

  /// A level of nesting, a call or a member, beside one operator of a chain, by what they take of the stack later.
  private static let weightOfNesting = 4

  init(_ source: String, maximumNesting: Int) throws(SyntaxError) {
    tokens = try Lexer.tokens(source)
    self.maximumNesting = maximumNesting
  }

  // MARK: - Tokens

  var current: Token { tokens[min(index, tokens.count - 1)] }
  func peek(_ distance: Int = 1) -> Token.Kind { tokens[min(index + distance, tokens.count - 1)].kind }

  func isNext(_ text: String) -> Bool { current.kind == .punctuation(text) || current.kind == .keyword(text) }

  /// Whether the next token is a word that only some places treat as a keyword.
  func isWord(_ text: String) -> Bool { current.kind == .identifier(text) }

  mutating func accept(_ text: String) -> Bool {
    guard isNext(text) else { return false }
    index += 1
    return true
  }

  mutating func acceptWord(_ text: String) -> Bool {
    guard isWord(text) else { return false }
    index += 1
    return true
  }

  mutating func expect(_ text: String) throws(SyntaxError) {
    if !accept(text) {
      let code = text == ";" ? "CS1002" : text == ")" ? "CS1026" : text == "}" ? "CS1513" : "CS1003"
      throw error(code, code == "CS1003" ? "Syntax error, '\(text)' expected" : "\(text) expected")
    }
  }

  func error(_ code: String, _ message: String) -> SyntaxError {
    SyntaxError(code: code, message: message, offset: current.offset, length: current.length)
  }

  mutating func identifier() throws(SyntaxError) -> String {
    guard case .identifier(let name) = current.kind else { throw error("CS1001", "Identifier expected") }
    index += 1
    return name
  }

  mutating func nested<Result>(_ body: (inout Parser) throws(SyntaxError) -> Result) throws(SyntaxError) -> Result {
    depth += 1
    defer { depth -= 1 }
    guard depth <= maximumNesting else { throw tooComplex }
    reach = max(reach, depth * Self.weightOfNesting)
    return try body(&self)
  }

  private var tooComplex: SyntaxError { error("CS8078", "An expression is too long or complex to compile") }

  /// Reads a chain, whose links `lengthen` it.
  private mutating func chain(
    _ body: (inout Parser) throws(SyntaxError) -> ExpressionSyntax
  ) throws(SyntaxError) -> ExpressionSyntax {
    let outer = reach
    reach = depth * Self.weightOfNesting
    defer { reach = max(reach, outer) }
    return try body(&self)
  }

  /// Notes one more link of a chain; twice the deepest nesting is the most.
  private mutating func lengthen(by weight: Int) throws(SyntaxError) {
    reach += weight
    if reach > 2 * maximumNesting * Self.weightOfNesting { throw tooComplex }
  }

  /// Tries a reading; nil, with nothing consumed, when it does not fit.
  mutating func attempt<Result>(_ body: (inout Parser) throws(SyntaxError) -> Result?) -> Result? {
    let start = index
    if let result = try? body(&self) { return result }
    index = start
    return nil
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

  func text(of token: Token) -> String {
    switch token.kind {
    case .identifier(let text), .keyword(let text), .punctuation(let text): text
    case .string(let text): "\"\(text)\""
    case .end: "end of expression"
    default: "literal"
    }
  }

  // MARK: - Expressions

  mutating func expression() throws(SyntaxError) -> ExpressionSyntax {
    try nested { parser throws(SyntaxError) in try parser.assignmentOrLess() }
  }

  private static let assignments: Set<String> = [
    "=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=",
  ]

  private mutating func assignmentOrLess() throws(SyntaxError) -> ExpressionSyntax {
    if let lambda = try lambda() { return lambda }
    if isWord("from"), let query = try query() { return query }
    if isNext("throw") {
      let at = current.offset
      index += 1
      return .throwing(try expression(), at)
    }
    if isWord("var"), peek() == .punctuation("("), let declared = designationOfAssignment() {
      let at = current.offset
      try expect("=")
      return .assignment("=", declared, try expression(), at)
    }
    let left = try conditional()
    guard case .punctuation(let sign) = current.kind, Self.assignments.contains(sign) else { return left }
    let at = current.offset
    index += 1
    return .assignment(sign, left, try expression(), at)
  }

  /// `var (a, b)` when an `=` follows.
  private mutating func designationOfAssignment() -> ExpressionSyntax? {
    attempt { parser throws(SyntaxError) in
      let at = parser.current.offset
      parser.index += 1
      let designation = try parser.designation(type: nil)
      return parser.isNext("=") ? .designation(designation, at) : nil
    }
  }

  /// A name, `_` or a bracket of them.
  mutating func designation(type: TypeSyntax?) throws(SyntaxError) -> DesignationSyntax {
    let at = current.offset
    if accept("(") {
      var list: [DesignationSyntax] = []
      repeat { list.append(try designation(type: type)) } while accept(",")
      try expect(")")
      return .several(list, at)
    }
    let name = try identifier()
    return name == "_" ? .discard(at) : .single(type, name, at)
  }

  private mutating func conditional() throws(SyntaxError) -> ExpressionSyntax {
    let condition = try coalescing()
    guard isNext("?") else { return condition }
    let at = current.offset
    index += 1
    let then = try expression()
    try expect(":")
    return .choice(condition, then, try expression(), at)
  }

  private mutating func coalescing() throws(SyntaxError) -> ExpressionSyntax {
    let left = try binary(0)
    guard isNext("??") else { return left }
    let at = current.offset
    index += 1
    if peek(0) == .punctuation("=") {
      throw error("CS8370", "Feature 'coalescing assignment' is not available in C# 7")
    }
    let right = try nested { parser throws(SyntaxError) in
      if parser.isNext("throw") { return try parser.expression() }
      if let lambda = try parser.lambda() { return lambda }
      return try parser.coalescing()
    }
    return .binary("??", left, right, at)
  }

  private static let levels: [[String]] = [
    ["||"], ["&&"], ["|"], ["^"], ["&"], ["==", "!="], ["<", ">", "<=", ">="], ["<<", ">>"], ["+", "-"],
    ["*", "/", "%"],
  ]
  private static let relational = 6

  private mutating func binary(_ level: Int) throws(SyntaxError) -> ExpressionSyntax {
    guard level < Self.levels.count else { return try unary() }
    return try chain { parser throws(SyntaxError) in
      var left = try parser.binary(level + 1)
      while true {
        let at = parser.current.offset
        if level == Self.relational, parser.accept("is") {
          left = .isPattern(left, try parser.pattern(), at)
          try parser.lengthen(by: Self.weightOfNesting)
        } else if level == Self.relational, parser.accept("as") {
          left = .asType(left, try parser.type(mode: .beforeExpression), at)
          try parser.lengthen(by: Self.weightOfNesting)
        } else if let sign = parser.operatorSign(level) {
          left = .binary(sign, left, try parser.binary(level + 1), at)
          try parser.lengthen(by: 1)
        } else {
          return left
        }
      }
    }
  }

  private mutating func operatorSign(_ level: Int) -> String? {
    guard case .punctuation(let text) = current.kind else { return nil }
    if text == ">", peek() == .punctuation(">"), tokens[index + 1].offset == current.offset + 1 {
      // Two closing angles in a row are a shift, unless they belong to `>>=`.
      guard Self.levels[level].contains(">>") else { return nil }
      index += 2
      return ">>"
    }
    if text == ">", peek() == .punctuation(">="), tokens[index + 1].offset == current.offset + 1 { return nil }
    guard Self.levels[level].contains(text) else { return nil }
    index += 1
    return text
  }

  /// What stands behind `is` and `case`.
  mutating func pattern() throws(SyntaxError) -> PatternSyntax {
    let at = current.offset
    if isWord("var"), case .identifier(let name) = peek() {
      index += 2
      return .anything(name == "_" ? nil : name, at)
    }
    let start = index
    if let type = attempt({ parser throws(SyntaxError) in try parser.type(mode: .beforeExpression) }) {
      if case .identifier(let name) = current.kind, name != "when" || peek() == .punctuation(":") {
        index += 1
        return .declaration(type, name == "_" ? nil : name, at)
      }
      let isTypeOnly =
        type.isNullable || !type.ranks.isEmpty || !type.arguments.isEmpty || !type.elements.isEmpty
        || (type.names.count == 1 && Lexer.keywords.contains(type.names[0]))
      // A keyword before a dot begins a member: `int.MaxValue`.
      if isTypeOnly, !isNext("."), !isNext("(") { return .type(type) }
      let end = index
      index = start
      let value = try binary(Self.relational + 1)
      if index == end { return .typeOrConstant(type, value) }
      return .constant(value)
    }
    index = start
    return .constant(try binary(Self.relational + 1))
  }

  private mutating func unary() throws(SyntaxError) -> ExpressionSyntax {
    let at = current.offset
    for text in ["!", "-", "+", "~", "++", "--"] where isNext(text) {
      index += 1
      return .unary(text, try nested { parser throws(SyntaxError) in try parser.unary() }, at)
    }
    if isNext("("), let cast = try cast(at) { return cast }
    return try chain { parser throws(SyntaxError) in try parser.postfix(try parser.primary()) }
  }

  /// `(Type)operand`; nil when the bracket holds an expression.
  private mutating func cast(_ at: Int) throws(SyntaxError) -> ExpressionSyntax? {
    let start = index
    index += 1
    if let type = attempt({ parser throws(SyntaxError) in try parser.type() }), accept(")") {
      let isCertain =
        !type.ranks.isEmpty || type.isNullable || !type.elements.isEmpty || Lexer.keywords.contains(type.names[0])
      let follows: Bool =
        switch current.kind {
        case .identifier, .integer, .real, .string, .character, .interpolated: true
        case .keyword(let word): word != "is" && word != "as" && word != "in"
        case .punctuation(let text):
          text == "(" || text == "!" || text == "~" || (isCertain && ["-", "+", "++", "--"].contains(text))
        case .end: false
        }
      if follows {
        return .cast(type, try nested { parser throws(SyntaxError) in try parser.unary() }, at)
      }
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
    case .real(let text, let suffix): return .literal(.real(text, suffix: suffix), at)
    case .string(let text): return .literal(.string(text), at)
    case .character(let unit): return .literal(.character(unit), at)
    case .interpolated(let parts): return .interpolated(try interpolation(parts), at)
    case .identifier("nameof") where isNext("("):
      index += 1
      let operand = try expression()
      try expect(")")
      return .nameOf(operand, at)
    case .identifier(let name): return .name(name, typeArgumentsOfCall(), at)
    case .punctuation("("): return try parenthesised(at)
    case .keyword(let word): return try keyword(word, at)
    default:
      index -= 1
      throw error("CS1525", "Invalid expression term '\(text(of: token))'")
    }
  }

  private mutating func parenthesised(_ at: Int) throws(SyntaxError) -> ExpressionSyntax {
    var elements: [(name: String?, value: ExpressionSyntax)] = []
    repeat {
      var name: String?
      if case .identifier(let text) = current.kind, peek() == .punctuation(":") {
        name = text
        index += 2
      }
      // `(int a, string b) = …` declares its parts.
      if let declared = declaredPart() {
        elements.append((nil, declared))
      } else {
        elements.append((name, try expression()))
      }
    } while accept(",")
    try expect(")")
    return elements.count == 1 && elements[0].name == nil ? elements[0].value : .tuple(elements, at)
  }

  private mutating func declaredPart() -> ExpressionSyntax? {
    attempt { parser throws(SyntaxError) in
      let at = parser.current.offset
      let isImplicit = parser.isWord("var")
      let type = try parser.type()
      guard case .identifier(let name) = parser.current.kind, name != "in" else { return nil }
      parser.index += 1
      guard parser.isNext(",") || parser.isNext(")") else { return nil }
      return .designation(
        name == "_" ? .discard(at) : .single(isImplicit ? nil : type, name, parser.tokens[parser.index - 1].offset), at)
    }
  }

  private mutating func keyword(_ word: String, _ at: Int) throws(SyntaxError) -> ExpressionSyntax {
    switch word {
    case "true": return .literal(.bool(true), at)
    case "false": return .literal(.bool(false), at)
    case "null": return .literal(.null, at)
    case "new": return try creation(at)
    case "checked", "unchecked":
      try expect("(")
      let operand = try expression()
      try expect(")")
      return .overflow(isChecked: word == "checked", operand, at)
    case "typeof":
      try expect("(")
      let type = try type()
      try expect(")")
      return .typeOf(type, at)
    case "default":
      guard accept("(") else { return .defaultValue(nil, at) }
      let type = try type()
      try expect(")")
      return .defaultValue(type, at)
    case "delegate": return try anonymousMethod(at)
    case _ where TypeDefinition.keywords.values.contains(word):
      return .typeName(TypeSyntax(names: [word], offset: at), at)
    case "this", "base":
      index -= 1
      throw error("CS0026", "Keyword '\(word)' is not valid in a policy expression")
    default:
      index -= 1
      throw error("CS1525", "Invalid expression term '\(word)'")
    }
  }

  private mutating func interpolation(_ parts: [Token.InterpolationPart]) throws(SyntaxError) -> [InterpolationSyntax] {
    var result: [InterpolationSyntax] = []
    for part in parts {
      switch part {
      case .text(let text): result.append(.text(text))
      case .hole(let source, let format, let offset):
        do throws(SyntaxError) {
          guard depth < maximumNesting else { throw tooComplex }
          var parser = try Parser(source, maximumNesting: maximumNesting)
          parser.depth = depth + 1
          defer { reach = max(reach, parser.reach) }
          for i in parser.tokens.indices { parser.tokens[i].offset += offset }
          let value = try parser.expression()
          let alignment = parser.accept(",") ? try parser.expression() : nil
          guard parser.current.kind == .end else {
            throw parser.error("CS1525", "Invalid expression term '\(parser.text(of: parser.current))'")
          }
          result.append(.hole(value, alignment: alignment, format: format))
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
        result = .member(result, try identifier(), typeArgumentsOfCall(), place)
      } else if isNext("(") {
        result = .call(result, try arguments("(", ")"), at)
      } else if isNext("[") {
        result = .index(result, try arguments("[", "]"), at)
      } else if isNext("++") || isNext("--") {
        result = .postfix(text(of: current), result, at)
        index += 1
      } else if accept("?.") {
        let place = current.offset
        let head = ExpressionSyntax.member(.placeholder(at), try identifier(), typeArgumentsOfCall(), place)
        return .conditional(result, try nested { parser throws(SyntaxError) in try parser.postfix(head) }, at)
      } else if isNext("?"), peek() == .punctuation("[") {
        // No expression of C# begins with a bracket: this is `a?[0]`, never a condition.
        index += 1
        let head = ExpressionSyntax.index(.placeholder(at), try arguments("[", "]"), at)
        return .conditional(result, try nested { parser throws(SyntaxError) in try parser.postfix(head) }, at)
      } else {
        return result
      }
      try lengthen(by: Self.weightOfNesting)
    }
  }

  mutating func arguments(_ open: String, _ close: String) throws(SyntaxError) -> [ArgumentSyntax] {
    try expect(open)
    var list: [ArgumentSyntax] = []
    if accept(close) { return list }
    repeat {
      var name: String?
      if case .identifier(let text) = current.kind, peek() == .punctuation(":") {
        name = text
        index += 2
      }
      if accept("out") {
        list.append(try outArgument(name))
      } else {
        let isReference = accept("ref")
        list.append(ArgumentSyntax(name: name, mode: isReference ? .reference : .value, value: try expression()))
      }
    } while accept(",")
    try expect(close)
    return list
  }

  private mutating func outArgument(_ name: String?) throws(SyntaxError) -> ArgumentSyntax {
    let at = current.offset
    let declared = attempt { parser throws(SyntaxError) -> ArgumentSyntax? in
      let isImplicit = parser.isWord("var")
      let type = try parser.type()
      guard case .identifier(let variable) = parser.current.kind else { return nil }
      parser.index += 1
      return ArgumentSyntax(
        name: name, mode: .output, value: .name(variable, [], at), declares: (isImplicit ? nil : type, variable))
    }
    if let declared { return declared }
    if isWord("_"), peek() == .punctuation(",") || peek() == .punctuation(")") {
      index += 1
      return ArgumentSyntax(name: name, mode: .output, value: .name("_", [], at), declares: (nil, "_"))
    }
    return ArgumentSyntax(name: name, mode: .output, value: try expression())
  }

  // MARK: - Types

  /// `<…>` behind a name, if it can only be type arguments: a call or another closing sign must follow.
  private mutating func typeArgumentsOfCall() -> [TypeSyntax] {
    guard isNext("<") else { return [] }
    return attempt { parser throws(SyntaxError) in
      let list = try parser.typeArguments()
      guard case .punctuation(let next) = parser.current.kind else { return parser.current.kind == .end ? list : nil }
      return ["(", ")", "]", "}", ":", ";", ",", ".", "?", "==", "!=", "?."].contains(next) ? list : nil
    } ?? []
  }

  private mutating func typeArguments() throws(SyntaxError) -> [TypeSyntax] {
    try expect("<")
    var list = [try type()]
    while accept(",") { list.append(try type()) }
    try expect(">")
    return list
  }

  enum TypeMode {
    case anywhere
    /// Behind `is` and `as`, where a `?` may begin a condition.
    case beforeExpression
    /// Behind `new`: brackets belong to the creation.
    case ofCreation
  }

  mutating func type(mode: TypeMode = .anywhere) throws(SyntaxError) -> TypeSyntax {
    try nested { parser throws(SyntaxError) in try parser.plainType(mode) }
  }

  private mutating func plainType(_ mode: TypeMode) throws(SyntaxError) -> TypeSyntax {
    let at = current.offset
    var result: TypeSyntax
    if case .keyword(let word) = current.kind, TypeDefinition.keywords.values.contains(word) {
      index += 1
      result = TypeSyntax(names: [word], offset: at)
    } else if accept("(") {
      result = TypeSyntax(names: [], offset: at)
      repeat {
        let type = try type()
        var name: String?
        if case .identifier(let text) = current.kind {
          name = text
          index += 1
        }
        result.elements.append((type, name))
      } while accept(",")
      try expect(")")
      guard result.elements.count > 1 else { throw error("CS8124", "Tuple must contain at least two elements.") }
    } else {
      result = TypeSyntax(names: [try identifier()], offset: at)
      while isNext("."), case .identifier = peek() {
        index += 1
        result.names.append(try identifier())
      }
      if isNext("<") { result.arguments = try typeArguments() }
    }
    if isNext("?"), mode != .beforeExpression || endsType(peek()) {
      index += 1
      result.isNullable = true
    }
    if mode == .ofCreation { return result }
    while isNext("["), peek() == .punctuation("]") || peek() == .punctuation(",") {
      index += 1
      var rank = 1
      while accept(",") { rank += 1 }
      try expect("]")
      result.ranks.append(rank)
    }
    return result
  }

  /// Whether a token behind `T?` shows that the sign belongs to the type.
  private func endsType(_ kind: Token.Kind) -> Bool {
    switch kind {
    case .end: true
    case .punctuation(let text):
      [")", "]", "}", ";", ",", ".", "?", ":", "==", "!=", "&&", "||", "??", "?."].contains(text)
    default: false
    }
  }
}
