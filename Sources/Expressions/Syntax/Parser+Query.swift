/// Query syntax, rewritten into the method calls that the C# specification (§12.20.3) gives for it.
///
/// Range variables travel as an anonymous object; inside each lambda they get their names back by `.naming`.
extension Parser {
  /// `from x in …`; nil when `from` is an ordinary name here.
  mutating func query() throws(SyntaxError) -> ExpressionSyntax? {
    let start = index
    guard let clause = try fromClause() else {
      index = start
      return nil
    }
    var variables = [clause.name]
    let source = try queryBody(clause.source, &variables)
    return source
  }

  private mutating func fromClause() throws(SyntaxError) -> (name: String, source: ExpressionSyntax)? {
    guard acceptWord("from") else { return nil }
    if case .identifier(let name) = current.kind, peek() == .keyword("in") {
      index += 2
      return (name, try expression())
    }
    let typed = attempt { parser throws(SyntaxError) -> (TypeSyntax, String)? in
      let type = try parser.type()
      guard case .identifier(let name) = parser.current.kind, parser.peek() == .keyword("in") else { return nil }
      parser.index += 2
      return (type, name)
    }
    guard let (type, name) = typed else { return nil }
    let at = current.offset
    let source = try expression()
    return (name, .call(.member(source, "Cast", [type], at), [], at))
  }

  private mutating func queryBody(
    _ first: ExpressionSyntax, _ variables: inout [String]
  ) throws(SyntaxError) -> ExpressionSyntax {
    var source = first
    while true {
      let at = current.offset
      if isWord("from") {
        guard let clause = try fromClause() else { throw error("CS1003", "Syntax error, 'in' expected") }
        let collection = lambda(variables, clause.source, at)
        source = call(source, "SelectMany", [collection, pairing(variables, clause.name, at)], at)
        variables.append(clause.name)
      } else if acceptWord("let") {
        let name = try identifier()
        try expect("=")
        let value = try expression()
        let members = members(variables, at) + [(name, value)]
        source = call(source, "Select", [lambda(variables, .anonymous(members, at), at)], at)
        variables.append(name)
      } else if acceptWord("where") {
        source = call(source, "Where", [lambda(variables, try expression(), at)], at)
      } else if acceptWord("join") {
        source = try join(source, &variables, at)
      } else if acceptWord("orderby") {
        var name = "OrderBy"
        repeat {
          let key = try expression()
          let isDescending = acceptWord("descending")
          if !isDescending { _ = acceptWord("ascending") }
          source = call(source, name + (isDescending ? "Descending" : ""), [lambda(variables, key, at)], at)
          name = "ThenBy"
        } while accept(",")
      } else if acceptWord("select") {
        source = call(source, "Select", [lambda(variables, try expression(), at)], at)
        guard let next = try continuation() else { return source }
        variables = [next]
      } else if acceptWord("group") {
        let element = try expression()
        guard acceptWord("by") else { throw error("CS1003", "Syntax error, 'by' expected") }
        let key = try expression()
        source = call(source, "GroupBy", [lambda(variables, key, at), lambda(variables, element, at)], at)
        guard let next = try continuation() else { return source }
        variables = [next]
      } else {
        throw error("CS0742", "A query body must end with a select clause or a group clause")
      }
    }
  }

  private mutating func continuation() throws(SyntaxError) -> String? {
    acceptWord("into") ? try identifier() : nil
  }

  private mutating func join(
    _ source: ExpressionSyntax, _ variables: inout [String], _ at: Int
  ) throws(SyntaxError) -> ExpressionSyntax {
    let name = try identifier()
    try expect("in")
    let inner = try expression()
    guard acceptWord("on") else { throw error("CS1003", "Syntax error, 'on' expected") }
    let outerKey = try expression()
    guard acceptWord("equals") else { throw error("CS1003", "Syntax error, 'equals' expected") }
    let innerKey = try expression()
    let group = acceptWord("into") ? try identifier() : nil
    let added = group ?? name
    let result = call(
      source, group == nil ? "Join" : "GroupJoin",
      [inner, lambda(variables, outerKey, at), lambda([name], innerKey, at), pairing(variables, added, at)], at)
    variables.append(added)
    return result
  }

  // MARK: - Building calls

  private func call(
    _ source: ExpressionSyntax, _ name: String, _ arguments: [ExpressionSyntax], _ at: Int
  ) -> ExpressionSyntax {
    .call(.member(source, name, [], at), arguments.map { ArgumentSyntax(name: nil, value: $0) }, at)
  }

  /// The name of the parameter that carries several range variables; no C# name begins like this.
  private static let carrier = "<row>"

  private func members(_ variables: [String], _ at: Int) -> [(name: String, value: ExpressionSyntax)] {
    variables.map { ($0, .name($0, [], at)) }
  }

  private func carried(_ variables: [String], _ at: Int) -> [(name: String, value: ExpressionSyntax)] {
    variables.map { ($0, .member(.name(Self.carrier, [], at), $0, [], at)) }
  }

  private func lambda(_ variables: [String], _ body: ExpressionSyntax, _ at: Int) -> ExpressionSyntax {
    if variables.count == 1 {
      let parameter = ParameterSyntax(name: variables[0], offset: at)
      return .lambda(LambdaSyntax(parameters: [parameter], body: .expression(body)), at)
    }
    let parameter = ParameterSyntax(name: Self.carrier, offset: at)
    let named = ExpressionSyntax.naming(carried(variables, at), body, at)
    return .lambda(LambdaSyntax(parameters: [parameter], body: .expression(named)), at)
  }

  /// `(row, x) => new { …row, x }`.
  private func pairing(_ variables: [String], _ added: String, _ at: Int) -> ExpressionSyntax {
    let result = ExpressionSyntax.anonymous(members(variables + [added], at), at)
    let first = variables.count == 1 ? variables[0] : Self.carrier
    let body = variables.count == 1 ? result : .naming(carried(variables, at), result, at)
    let parameters = [ParameterSyntax(name: first, offset: at), ParameterSyntax(name: added, offset: at)]
    return .lambda(LambdaSyntax(parameters: parameters, body: .expression(body)), at)
  }
}
