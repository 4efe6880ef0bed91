extension Parser {
  /// The statements up to the closing brace, and where that brace stands.
  mutating func statements() throws(SyntaxError) -> ([StatementSyntax], end: Int) {
    var list: [StatementSyntax] = []
    while !isNext("}") {
      guard current.kind != .end else { throw error("CS1513", "} expected") }
      list.append(try statement())
    }
    let end = current.offset
    index += 1
    return (list, end)
  }

  private mutating func braced() throws(SyntaxError) -> [StatementSyntax] {
    guard accept("{") else { throw error("CS1514", "{ expected") }
    return try statements().0
  }

  mutating func statement() throws(SyntaxError) -> StatementSyntax {
    try nested { parser throws(SyntaxError) in try parser.plainStatement() }
  }

  /// A statement that stands alone behind a condition or a loop, where a declaration may not.
  private mutating func embedded() throws(SyntaxError) -> StatementSyntax {
    let result = try statement()
    switch result {
    case .declaration(_, _, _, let at), .function(_, let at):
      throw SyntaxError(
        code: "CS1023", message: "Embedded statement cannot be a declaration or labeled statement", offset: at)
    default: return result
    }
  }

  private mutating func bracketed() throws(SyntaxError) -> ExpressionSyntax {
    try expect("(")
    let result = try expression()
    try expect(")")
    return result
  }

  private mutating func plainStatement() throws(SyntaxError) -> StatementSyntax {
    let at = current.offset
    if accept("{") {
      let (list, end) = try statements()
      return .block(list, end: end, at)
    }
    if accept(";") { return .block([], end: at, at) }
    if case .keyword(let word) = current.kind, let result = try keywordStatement(word, at) { return result }
    if isWord("yield"), peek() == .keyword("return") {
      index += 2
      let value = try expression()
      try expect(";")
      return .yieldReturn(value, at)
    }
    if isWord("yield"), peek() == .keyword("break") {
      index += 2
      try expect(";")
      return .yieldBreak(at)
    }
    if let function = try localFunction(at) { return function }
    if let declaration = try declaration(at) {
      try expect(";")
      return declaration
    }
    let value = try expression()
    try expect(";")
    return .expression(value)
  }

  private mutating func keywordStatement(_ word: String, _ at: Int) throws(SyntaxError) -> StatementSyntax? {
    let start = index
    index += 1
    switch word {
    case "return":
      if accept(";") { return .result(nil, at) }
      let value = try expression()
      try expect(";")
      return .result(value, at)
    case "if":
      let condition = try bracketed()
      let then = try embedded()
      return .condition(condition, then, accept("else") ? try embedded() : nil, at)
    case "while":
      let condition = try bracketed()
      return .whileLoop(condition, try embedded(), at)
    case "do":
      let body = try embedded()
      try expect("while")
      let condition = try bracketed()
      try expect(";")
      return .doLoop(body, condition, at)
    case "for": return try forLoop(at)
    case "foreach": return try forEach(at)
    case "switch": return try choice(at)
    case "try": return try attemptStatement(at)
    case "throw":
      if accept(";") { return .throwing(nil, at) }
      let value = try expression()
      try expect(";")
      return .throwing(value, at)
    case "using": return try using(at)
    case "lock":
      let object = try bracketed()
      return .lock(object, try embedded(), at)
    case "break":
      try expect(";")
      return .breakLoop(at)
    case "continue":
      try expect(";")
      return .continueLoop(at)
    case "goto":
      if accept("default") {
        try expect(";")
        return .gotoCase(nil, at)
      }
      guard accept("case") else { throw error("PL0203", "'goto' to a label is not supported in policy expressions") }
      let value = try expression()
      try expect(";")
      return .gotoCase(value, at)
    case "checked", "unchecked":
      guard isNext("{") else { break }
      return .overflow(isChecked: word == "checked", try braced(), at)
    case "const":
      let type = try type()
      let declared = try declarators(type, isConstant: true, at)
      try expect(";")
      return declared
    default: break
    }
    index = start
    return nil
  }

  private mutating func forLoop(_ at: Int) throws(SyntaxError) -> StatementSyntax {
    try expect("(")
    var initial: [StatementSyntax] = []
    if !isNext(";") {
      if let declared = try declaration(current.offset) {
        initial.append(declared)
      } else {
        repeat { initial.append(.expression(try expression())) } while accept(",")
      }
    }
    try expect(";")
    let condition = isNext(";") ? nil : try expression()
    try expect(";")
    var steps: [ExpressionSyntax] = []
    if !isNext(")") { repeat { steps.append(try expression()) } while accept(",") }
    try expect(")")
    return .forLoop(initial, condition, steps, try embedded(), at)
  }

  private mutating func forEach(_ at: Int) throws(SyntaxError) -> StatementSyntax {
    try expect("(")
    let designation: DesignationSyntax
    if isWord("var") {
      index += 1
      designation = try self.designation(type: nil)
    } else if isNext("(") {
      designation = try typedDesignation()
    } else {
      let type = try type()
      let place = current.offset
      designation = .single(type, try identifier(), place)
    }
    try expect("in")
    let source = try expression()
    try expect(")")
    return .forEach(designation, source, try embedded(), at)
  }

  /// `(string k, var v)`.
  private mutating func typedDesignation() throws(SyntaxError) -> DesignationSyntax {
    let at = current.offset
    try expect("(")
    var list: [DesignationSyntax] = []
    repeat {
      let isImplicit = isWord("var")
      let type = try type()
      let place = current.offset
      let name = try identifier()
      list.append(name == "_" ? .discard(place) : .single(isImplicit ? nil : type, name, place))
    } while accept(",")
    try expect(")")
    return .several(list, at)
  }

  private mutating func choice(_ at: Int) throws(SyntaxError) -> StatementSyntax {
    let value = try bracketed()
    guard accept("{") else { throw error("CS1514", "{ expected") }
    var sections: [SwitchSectionSyntax] = []
    while !accept("}") {
      var section = SwitchSectionSyntax(labels: [], statements: [], offset: current.offset)
      while isNext("case") || isNext("default") {
        let place = current.offset
        index += 1
        if case .keyword("default") = tokens[index - 1].kind {
          try expect(":")
          section.labels.append((nil, nil, place))
          continue
        }
        let pattern = try pattern()
        let guardian = acceptWord("when") ? try expression() : nil
        try expect(":")
        section.labels.append((pattern, guardian, place))
      }
      guard !section.labels.isEmpty else { throw error("CS1513", "} expected") }
      while !isNext("case"), !isNext("default"), !isNext("}") {
        guard current.kind != .end else { throw error("CS1513", "} expected") }
        section.statements.append(try statement())
      }
      sections.append(section)
    }
    return .choice(value, sections, at)
  }

  private mutating func attemptStatement(_ at: Int) throws(SyntaxError) -> StatementSyntax {
    let body = try braced()
    var catches: [CatchSyntax] = []
    while isNext("catch") {
      var clause = CatchSyntax(statements: [], offset: current.offset)
      index += 1
      if accept("(") {
        clause.type = try type()
        if case .identifier(let name) = current.kind {
          clause.name = name
          index += 1
        }
        try expect(")")
      }
      if acceptWord("when") { clause.filter = try bracketed() }
      clause.statements = try braced()
      catches.append(clause)
    }
    let finally = accept("finally") ? try braced() : nil
    if catches.isEmpty, finally == nil { throw error("CS1524", "Expected catch or finally") }
    return .attempt(body, catches, finally: finally, at)
  }

  private mutating func using(_ at: Int) throws(SyntaxError) -> StatementSyntax {
    guard accept("(") else {
      throw error("CS8370", "Feature 'using declarations' is not available in C# 7: write using (…) { … }")
    }
    let resource: StatementSyntax
    if let declared = try declaration(current.offset) {
      resource = declared
    } else {
      resource = .expression(try expression())
    }
    try expect(")")
    return .using(resource, try embedded(), at)
  }

  // MARK: - Declarations

  /// `var x = …` or `Type x = …, y`; nil when the statement is something else.
  private mutating func declaration(_ at: Int) throws(SyntaxError) -> StatementSyntax? {
    let start = index
    if isWord("var"), case .identifier = peek() {
      index += 1
      return try declarators(nil, isConstant: false, at)
    }
    guard let type = attempt({ parser throws(SyntaxError) in try parser.type() }),
      case .identifier = current.kind, isDeclarator(peek())
    else {
      index = start
      return nil
    }
    return try declarators(type, isConstant: false, at)
  }

  private func isDeclarator(_ next: Token.Kind) -> Bool {
    switch next {
    case .punctuation(let text): ["=", ";", ",", ")"].contains(text)
    case .end, .keyword, .identifier: true
    default: false
    }
  }

  private mutating func declarators(
    _ type: TypeSyntax?, isConstant: Bool, _ at: Int
  ) throws(SyntaxError) -> StatementSyntax {
    var list: [DeclaratorSyntax] = []
    repeat {
      let place = current.offset
      let name = try identifier()
      var value: ExpressionSyntax?
      if accept("=") {
        let start = current.offset
        if isNext("{") {
          guard var element = type, !element.ranks.isEmpty else {
            throw error(
              "CS0820", "Cannot initialize an implicitly-typed variable with an array initializer")
          }
          let rank = element.ranks.removeFirst()
          value = .array(ArraySyntax(element: element, rank: rank, elements: try arrayElements()), start)
        } else {
          value = try expression()
        }
      }
      list.append(DeclaratorSyntax(name: name, value: value, offset: place))
    } while accept(",")
    return .declaration(type, list, isConstant: isConstant, at)
  }

  /// `R Name<T>(parameters) { … }` or `=> …;`; nil when the statement is something else.
  private mutating func localFunction(_ at: Int) throws(SyntaxError) -> StatementSyntax? {
    let start = index
    let head = attempt { parser throws(SyntaxError) -> (TypeSyntax?, String, [String])? in
      let isVoid = parser.accept("void")
      let type = isVoid ? nil : try parser.type()
      guard case .identifier(let name) = parser.current.kind else { return nil }
      parser.index += 1
      var parameters: [String] = []
      if parser.accept("<") {
        repeat { parameters.append(try parser.identifier()) } while parser.accept(",")
        try parser.expect(">")
      }
      return parser.isNext("(") ? (type, name, parameters) : nil
    }
    guard let (result, name, typeParameters) = head, let parameters = functionParameters() else {
      index = start
      return nil
    }
    if !typeParameters.isEmpty { try constraints() }
    guard isNext("{") || isNext("=>") else {
      index = start
      return nil
    }
    let isExpression = accept("=>")
    let body: LambdaSyntax.Body
    if isExpression {
      body = .expression(try expression())
      try expect(";")
    } else {
      body = try lambdaBody()
    }
    return .function(
      FunctionSyntax(
        name: name, typeParameters: typeParameters, result: result,
        lambda: LambdaSyntax(parameters: parameters, body: body), offset: at), at)
  }

  /// `where T : class, IComparable<T>, new()`: read, and believed.
  private mutating func constraints() throws(SyntaxError) {
    while acceptWord("where") {
      _ = try identifier()
      try expect(":")
      repeat {
        if accept("new") {
          try expect("(")
          try expect(")")
        } else if !accept("class"), !accept("struct") {
          _ = try type()
        }
      } while accept(",")
    }
  }

  private mutating func functionParameters() -> [ParameterSyntax]? {
    attempt { parser throws(SyntaxError) in
      try parser.expect("(")
      var list: [ParameterSyntax] = []
      if parser.accept(")") { return list }
      repeat {
        let at = parser.current.offset
        var mode = ParameterMode.value
        if parser.accept("out") { mode = .output } else if parser.accept("ref") { mode = .reference }
        if parser.accept("params") || parser.acceptWord("params") { mode = .variadic }
        let type = try parser.type()
        let name = try parser.identifier()
        let value = parser.accept("=") ? try parser.expression() : nil
        list.append(ParameterSyntax(type: type, name: name, mode: mode, defaultValue: value, offset: at))
      } while parser.accept(",")
      try parser.expect(")")
      return list
    }
  }
}
