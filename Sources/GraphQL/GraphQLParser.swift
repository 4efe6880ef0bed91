/// Reads documents, by recursive descent with a bound on depth.
struct GraphQLParser {
  private var lexer: GraphQLLexer
  private(set) var token: GraphQLToken
  private var depth = 0

  /// Levels of selection sets, values and types.
  private static let depthLimit = 64

  init(_ text: [UInt8]) throws(GraphQLError) {
    lexer = GraphQLLexer(text)
    token = try lexer.next()
  }

  // MARK: - Words

  mutating func advance() throws(GraphQLError) -> GraphQLToken {
    let current = token
    token = try lexer.next()
    return current
  }

  func unexpected(_ expected: String? = nil) -> GraphQLError {
    let message = expected.map { "Expected \($0), found \(token.shown)." } ?? "Unexpected \(token.shown)."
    return GraphQLError("Syntax Error: \(message)", at: [token.position])
  }

  func isAt(_ mark: StaticString) -> Bool { token.kind == .mark(mark.utf8Start.pointee) }
  func isAt(keyword: String) -> Bool { token.kind == .name && token.text == keyword }

  mutating func accept(_ mark: StaticString) throws(GraphQLError) -> Bool {
    guard isAt(mark) else { return false }
    _ = try advance()
    return true
  }

  mutating func accept(keyword: String) throws(GraphQLError) -> Bool {
    guard isAt(keyword: keyword) else { return false }
    _ = try advance()
    return true
  }

  mutating func expect(_ mark: StaticString) throws(GraphQLError) {
    if try !accept(mark) { throw unexpected("'\(mark)'") }
  }

  mutating func name() throws(GraphQLError) -> String {
    guard token.kind == .name else { throw unexpected("a name") }
    return try advance().text
  }

  /// One level deeper, while the body runs.
  mutating func nested<Result>(_ body: (inout Self) throws(GraphQLError) -> Result) throws(GraphQLError) -> Result {
    depth += 1
    guard depth <= Self.depthLimit else {
      throw GraphQLError("Syntax Error: More than \(Self.depthLimit) levels.", at: [token.position])
    }
    let result = try body(&self)
    depth -= 1
    return result
  }

  // MARK: - Executable documents

  mutating func document() throws(GraphQLError) -> GraphQLDocument {
    var document = GraphQLDocument()
    repeat {
      guard document.operations.count < GraphQLDocument.operationLimit else {
        throw GraphQLError(
          "A document has fewer than \(GraphQLDocument.operationLimit) operations.", at: [token.position])
      }
      if isAt(keyword: "fragment") {
        document.add(try fragment())
      } else {
        document.operations.append(try operation())
      }
    } while token.kind != .end
    return document
  }

  private mutating func operation() throws(GraphQLError) -> GraphQLOperation {
    let position = token.position
    if isAt("{") { return GraphQLOperation(kind: .query, selections: try selectionSet(), position: position) }
    guard token.kind == .name, let kind = GraphQLOperation.Kind(rawValue: token.text) else {
      throw unexpected("a query, mutation, subscription or fragment")
    }
    _ = try advance()
    let name = token.kind == .name ? try name() : nil
    let variables = try variableDefinitions()
    let directives = try directives()
    return GraphQLOperation(
      kind: kind, name: name, variables: variables, directives: directives, selections: try selectionSet(),
      position: position)
  }

  private mutating func variableDefinitions() throws(GraphQLError) -> [GraphQLVariableDefinition] {
    guard try accept("(") else { return [] }
    var list: [GraphQLVariableDefinition] = []
    repeat {
      let position = token.position
      try expect("$")
      let name = try name()
      try expect(":")
      let type = try typeReference()
      let value = try accept("=") ? try value(isConstant: true) : nil
      list.append(
        GraphQLVariableDefinition(
          name: name, type: type, defaultValue: value, directives: try directives(isConstant: true), position: position)
      )
    } while try !accept(")")
    return list
  }

  private mutating func fragment() throws(GraphQLError) -> GraphQLFragment {
    let position = try advance().position
    guard !isAt(keyword: "on") else { throw unexpected("the name of a fragment") }
    let name = try name()
    guard try accept(keyword: "on") else { throw unexpected("'on'") }
    let condition = try self.name()
    let directives = try directives()
    return GraphQLFragment(
      name: name, typeCondition: condition, directives: directives, selections: try selectionSet(), position: position)
  }

  private mutating func selectionSet() throws(GraphQLError) -> [GraphQLSelection] {
    try nested { (parser) throws(GraphQLError) in
      try parser.expect("{")
      var list: [GraphQLSelection] = []
      repeat { list.append(try parser.selection()) } while try !parser.accept("}")
      return list
    }
  }

  private mutating func selection() throws(GraphQLError) -> GraphQLSelection {
    let position = token.position
    guard token.kind == .spread else { return .field(try field()) }
    _ = try advance()
    if token.kind == .name, token.text != "on" {
      let name = try name()
      return .spread(name: name, directives: try directives(), position: position)
    }
    let condition = try accept(keyword: "on") ? try name() : nil
    let directives = try directives()
    return .inline(typeCondition: condition, directives: directives, try selectionSet(), position: position)
  }

  private mutating func field() throws(GraphQLError) -> GraphQLField {
    let position = token.position
    let first = try name()
    var field = GraphQLField(name: first, position: position)
    if try accept(":") {
      field.alias = first
      field.name = try name()
    }
    field.arguments = try arguments()
    field.directives = try directives()
    if isAt("{") { field.selections = try selectionSet() }
    return field
  }

  // MARK: - Shared with schemas

  private mutating func arguments(isConstant: Bool = false) throws(GraphQLError) -> [GraphQLArgument] {
    guard try accept("(") else { return [] }
    var list: [GraphQLArgument] = []
    repeat {
      let position = token.position
      let name = try name()
      try expect(":")
      list.append(GraphQLArgument(name: name, value: try value(isConstant: isConstant), position: position))
    } while try !accept(")")
    return list
  }

  mutating func directives(isConstant: Bool = false) throws(GraphQLError) -> [GraphQLDirective] {
    var list: [GraphQLDirective] = []
    while isAt("@") {
      let position = try advance().position
      let name = try name()
      list.append(GraphQLDirective(name: name, arguments: try arguments(isConstant: isConstant), position: position))
    }
    return list
  }

  mutating func typeReference() throws(GraphQLError) -> GraphQLTypeReference {
    let inner: GraphQLTypeReference
    if try accept("[") {
      inner = .list(try nested { (parser) throws(GraphQLError) in try parser.typeReference() })
      try expect("]")
    } else {
      inner = .named(try name())
    }
    return try accept("!") ? .nonNull(inner) : inner
  }

  mutating func value(isConstant: Bool) throws(GraphQLError) -> GraphQLValue {
    let position = token.position
    switch token.kind {
    case .integer: return .integer(try advance().text)
    case .real: return .real(try advance().text)
    case .string: return .string(try advance().text)
    case .name:
      let word = try advance().text
      return switch word {
      case "true": .bool(true)
      case "false": .bool(false)
      case "null": .null
      default: .enumeration(word)
      }
    case .mark(UInt8(ascii: "$")) where !isConstant:
      _ = try advance()
      return .variable(try name(), position)
    case .mark(UInt8(ascii: "[")):
      return try nested { (parser) throws(GraphQLError) in
        _ = try parser.advance()
        var list: [GraphQLValue] = []
        while try !parser.accept("]") { list.append(try parser.value(isConstant: isConstant)) }
        return .list(list)
      }
    case .mark(UInt8(ascii: "{")):
      return try nested { (parser) throws(GraphQLError) in
        _ = try parser.advance()
        var members: [(name: String, value: GraphQLValue)] = []
        while try !parser.accept("}") {
          let name = try parser.name()
          try parser.expect(":")
          members.append((name, try parser.value(isConstant: isConstant)))
        }
        return .object(members)
      }
    default: throw unexpected("a value")
    }
  }
}

extension GraphQLDocument {
  /// Reads an executable document; the first mistake is thrown.
  public init(_ text: String) throws(GraphQLError) {
    guard text.utf8.count <= Self.byteLimit else {
      throw GraphQLError("Syntax Error: The document has more than \(Self.byteLimit) bytes.")
    }
    var parser = try GraphQLParser(Array(text.utf8))
    self = try parser.document()
  }
}
