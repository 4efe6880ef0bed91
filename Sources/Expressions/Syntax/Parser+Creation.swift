/// `new` in all its forms, and lambdas.
extension Parser {
  mutating func creation(_ at: Int) throws(SyntaxError) -> ExpressionSyntax {
    if isNext("[") {
      index += 1
      var rank = 1
      while accept(",") { rank += 1 }
      try expect("]")
      return .array(ArraySyntax(element: nil, rank: rank, elements: try arrayElements()), at)
    }
    if accept("{") { return try anonymous(at) }
    var type = try self.type(mode: .ofCreation)
    if isNext("[") { return try array(&type, at) }
    var arguments: [ArgumentSyntax] = []
    if isNext("(") {
      arguments = try self.arguments("(", ")")
    } else if !isNext("{") {
      throw error("CS1526", "A new expression requires (), [], or {} after type")
    }
    return .creation(type, arguments, isNext("{") ? try initializer() : nil, at)
  }

  private mutating func array(_ type: inout TypeSyntax, _ at: Int) throws(SyntaxError) -> ExpressionSyntax {
    try expect("[")
    var sizes: [ExpressionSyntax] = []
    var rank = 1
    if isNext("]") || isNext(",") {
      while accept(",") { rank += 1 }
    } else {
      repeat { sizes.append(try expression()) } while accept(",")
      rank = sizes.count
    }
    try expect("]")
    while isNext("["), peek() == .punctuation("]") || peek() == .punctuation(",") {
      index += 1
      var inner = 1
      while accept(",") { inner += 1 }
      try expect("]")
      type.ranks.append(inner)
    }
    let elements = isNext("{") ? try arrayElements() : nil
    if sizes.isEmpty, elements == nil {
      throw error("CS1586", "Array creation must have array size or array initializer")
    }
    return .array(ArraySyntax(element: type, sizes: sizes, rank: rank, elements: elements), at)
  }

  mutating func arrayElements() throws(SyntaxError) -> [ArrayElementSyntax] {
    try nested { parser throws(SyntaxError) in
      try parser.expect("{")
      var list: [ArrayElementSyntax] = []
      while !parser.accept("}") {
        let at = parser.current.offset
        list.append(
          parser.isNext("{") ? .nested(try parser.arrayElements(), at) : .value(try parser.expression()))
        if !parser.isNext("}") { try parser.expect(",") }
      }
      return list
    }
  }

  private mutating func anonymous(_ at: Int) throws(SyntaxError) -> ExpressionSyntax {
    var members: [(name: String, value: ExpressionSyntax)] = []
    while !accept("}") {
      if case .identifier(let name) = current.kind, peek() == .punctuation("=") {
        index += 2
        members.append((name, try expression()))
      } else {
        let value = try expression()
        guard let name = value.impliedName else {
          throw SyntaxError(
            code: "CS0746",
            message: "Invalid anonymous type member declarator. Anonymous type members must be declared with a member "
              + "assignment, simple name or member access.", offset: value.offset)
        }
        members.append((name, value))
      }
      if !isNext("}") { try expect(",") }
    }
    return .anonymous(members, at)
  }

  mutating func initializer() throws(SyntaxError) -> InitializerSyntax {
    try nested { parser throws(SyntaxError) in
      try parser.expect("{")
      let isMember: Bool
      if case .identifier = parser.current.kind, parser.peek() == .punctuation("=") {
        isMember = true
      } else {
        isMember = parser.isNext("[") || parser.isNext("}")
      }
      return isMember ? .members(try parser.memberInitializers()) : .elements(try parser.elementInitializers())
    }
  }

  private mutating func memberInitializers() throws(SyntaxError) -> [(
    target: InitializerTarget, value: InitializerValue, offset: Int
  )] {
    var list: [(target: InitializerTarget, value: InitializerValue, offset: Int)] = []
    while !accept("}") {
      let at = current.offset
      let target: InitializerTarget =
        isNext("[") ? .index(try arguments("[", "]")) : .member(try identifier())
      try expect("=")
      list.append((target, isNext("{") ? .nested(try initializer()) : .expression(try expression()), at))
      if !isNext("}") { try expect(",") }
    }
    return list
  }

  private mutating func elementInitializers() throws(SyntaxError) -> [(arguments: [ExpressionSyntax], offset: Int)] {
    var list: [(arguments: [ExpressionSyntax], offset: Int)] = []
    while !accept("}") {
      let at = current.offset
      if accept("{") {
        var arguments: [ExpressionSyntax] = []
        while !accept("}") {
          arguments.append(try expression())
          if !isNext("}") { try expect(",") }
        }
        list.append((arguments, at))
      } else {
        list.append(([try expression()], at))
      }
      if !isNext("}") { try expect(",") }
    }
    return list
  }

  // MARK: - Lambdas

  /// `x => …`, `(x, y) => …`, `(int x) => …`; nil when the text is something else.
  mutating func lambda() throws(SyntaxError) -> ExpressionSyntax? {
    let at = current.offset
    if case .identifier(let name) = current.kind, peek() == .punctuation("=>") {
      index += 2
      let parameter = ParameterSyntax(name: name, offset: at)
      return .lambda(LambdaSyntax(parameters: [parameter], body: try lambdaBody()), at)
    }
    guard isNext("("), closesBeforeArrow() else { return nil }
    let parameters = try lambdaParameters()
    try expect("=>")
    return .lambda(LambdaSyntax(parameters: parameters, body: try lambdaBody()), at)
  }

  /// Whether the bracket here ends before `=>`: a glance over the tokens, without reading them.
  private func closesBeforeArrow() -> Bool {
    var depth = 0
    var at = index
    while at < tokens.count {
      switch tokens[at].kind {
      case .punctuation("("), .punctuation("["): depth += 1
      case .punctuation("]"): depth -= 1
      case .punctuation(")"):
        depth -= 1
        if depth == 0 { return at + 1 < tokens.count && tokens[at + 1].kind == .punctuation("=>") }
      case .identifier, .punctuation(","), .punctuation("<"), .punctuation(">"), .punctuation("?"), .punctuation("."):
        break
      case .keyword(let word) where TypeDefinition.keywords.values.contains(word) || word == "out" || word == "ref":
        break
      default: return false
      }
      at += 1
    }
    return false
  }

  private mutating func lambdaParameters() throws(SyntaxError) -> [ParameterSyntax] {
    try expect("(")
    var list: [ParameterSyntax] = []
    if accept(")") { return list }
    repeat {
      let at = current.offset
      var mode = ParameterMode.value
      if accept("out") { mode = .output } else if accept("ref") { mode = .reference }
      if case .identifier(let name) = current.kind, peek() == .punctuation(",") || peek() == .punctuation(")") {
        index += 1
        list.append(ParameterSyntax(name: name, mode: mode, offset: at))
      } else {
        let type = try type()
        list.append(ParameterSyntax(type: type, name: try identifier(), mode: mode, offset: at))
      }
    } while accept(",")
    try expect(")")
    return list
  }

  mutating func lambdaBody() throws(SyntaxError) -> LambdaSyntax.Body {
    if isNext("{") {
      index += 1
      let (statements, end) = try statements()
      return .block(statements, end: end)
    }
    return .expression(try expression())
  }

  /// `delegate (int x) { … }`.
  mutating func anonymousMethod(_ at: Int) throws(SyntaxError) -> ExpressionSyntax {
    let parameters = isNext("(") ? try lambdaParameters() : nil
    guard isNext("{") else { throw error("CS1514", "{ expected") }
    return .lambda(LambdaSyntax(parameters: parameters, body: try lambdaBody()), at)
  }
}

extension ExpressionSyntax {
  /// The name an anonymous type or a tuple gives to a member written without one.
  var impliedName: String? {
    switch self {
    case .name(let name, _, _), .member(_, let name, _, _): name
    case .conditional(_, let rest, _): rest.impliedName
    default: nil
    }
  }
}
