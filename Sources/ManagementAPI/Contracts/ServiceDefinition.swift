/// The methods of gRPC that a `.proto` file declares; messages and options are read over.
struct ServiceDefinition {
  struct Method: Equatable {
    /// Which ends send many messages.
    enum Kind: String {
      case unary = "Unary", clientStreaming = "Client streaming", serverStreaming = "Server streaming", bidirectional =
        "Bidirectional streaming"
    }

    /// With its package: `shop.v1.Orders`.
    var service: String
    var name: String
    var kind: Kind

    /// The name of the operation that stands for it.
    var id: String { "\(service)-\(name)".map { $0 == "." ? "-" : String($0) }.joined() }
    /// As it is called: `/shop.v1.Orders/Place`.
    var path: String { "/\(service)/\(name)" }
  }

  struct Failure: Error {
    var line: Int
    var message: String
  }

  private(set) var methods: [Method] = []
  private var tokens: [(text: Substring, line: Int)] = []
  private var next = 0

  /// Bytes of a file, and methods it may declare.
  static let bound = 1 << 20
  private static let methodBound = 1_000

  /// - Throws: where the file breaks the rules of its language as far as services go, or declares none.
  init(_ text: String) throws(Failure) {
    guard text.utf8.count <= Self.bound else { throw Failure(line: 1, message: "the file is too large") }
    try scan(text)
    var package = ""
    while let token = take() {
      switch token {
      case "package":
        package = try word() + "."
        try expect(";")
      case "service": try service(in: package)
      case "{": try skipBlock()
      default: break
      }
    }
    guard !methods.isEmpty else { throw Failure(line: 1, message: "the file declares no methods of a service") }
    tokens = []
  }

  // MARK: - Services

  private mutating func service(in package: String) throws(Failure) {
    let name = package + (try word())
    try expect("{")
    while let token = take() {
      switch token {
      case "}": return
      case ";": break
      case "rpc": try method(of: name)
      case "option": try skipStatement()
      default: throw failure("'\(token)' where 'rpc' is expected")
      }
    }
    throw failure("the service '\(name)' does not end")
  }

  private mutating func method(of service: String) throws(Failure) {
    let name = try word()
    let sendsMany = try message()
    try expect("returns")
    let getsMany = try message()
    guard let end = take(), end == ";" || end == "{" else { throw failure("';' or '{' is missing behind '\(name)'") }
    if end == "{" { try skipBlock() }
    guard methods.count < Self.methodBound else { throw failure("there are too many methods") }
    guard !methods.contains(where: { $0.service == service && $0.name == name }) else {
      throw failure("'\(name)' is declared twice")
    }
    let kind: Method.Kind =
      sendsMany ? getsMany ? .bidirectional : .clientStreaming : getsMany ? .serverStreaming : .unary
    methods.append(Method(service: service, name: name, kind: kind))
  }

  /// `(stream shop.Order)`; returns whether it is a stream.
  private mutating func message() throws(Failure) -> Bool {
    try expect("(")
    let first = try word()
    var isStream = false
    if first == "stream", let following = peek, following != ")" {
      isStream = true
      _ = try word()
    }
    try expect(")")
    return isStream
  }

  private mutating func skipBlock() throws(Failure) {
    var depth = 1
    while let token = take() {
      if token == "{" { depth += 1 }
      if token == "}" { depth -= 1 }
      if depth == 0 { return }
    }
    throw failure("a block does not end")
  }

  private mutating func skipStatement() throws(Failure) {
    var depth = 0
    while let token = take() {
      if token == "{" { depth += 1 }
      if token == "}" { depth -= 1 }
      if token == ";", depth == 0 { return }
    }
    throw failure("an option does not end")
  }

  // MARK: - Tokens

  private var peek: Substring? { next < tokens.count ? tokens[next].text : nil }

  private mutating func take() -> Substring? {
    guard next < tokens.count else { return nil }
    next += 1
    return tokens[next - 1].text
  }

  private mutating func expect(_ text: String) throws(Failure) {
    guard let token = take(), token == text else { throw failure("'\(text)' is missing") }
  }

  /// A name, with dots where it is one of many parts.
  private mutating func word() throws(Failure) -> String {
    guard let token = take(), let first = token.first, Self.isWord(first) else { throw failure("a name is missing") }
    return String(token)
  }

  private func failure(_ message: String) -> Failure {
    Failure(line: tokens.isEmpty ? 1 : tokens[max(0, min(next, tokens.count) - 1)].line, message: message)
  }

  private static func isWord(_ character: Character) -> Bool {
    character.isASCII && (character.isLetter || character.isNumber || character == "_" || character == ".")
  }

  private mutating func scan(_ text: String) throws(Failure) {
    var rest = text[...]
    var line = 1
    while let character = rest.first {
      if character.isNewline {
        line += 1
        rest.removeFirst()
      } else if rest.hasPrefix("//") {
        rest = rest.drop { !$0.isNewline }
      } else if rest.hasPrefix("/*") {
        let body = rest.dropFirst(2)
        guard let end = body.firstRange(of: "*/") else { throw Failure(line: line, message: "a comment does not end") }
        line += body[..<end.lowerBound].count { $0.isNewline }
        rest = body[end.upperBound...]
      } else if character == "\"" || character == "'" {
        rest = try string(rest, line)
      } else if Self.isWord(character) {
        let word = rest.prefix(while: Self.isWord)
        tokens.append((word, line))
        rest = rest[word.endIndex...]
      } else {
        if !character.isWhitespace { tokens.append((rest.prefix(1), line)) }
        rest.removeFirst()
      }
    }
  }

  /// What is behind a string, which is a token without meaning.
  private mutating func string(_ text: Substring, _ line: Int) throws(Failure) -> Substring {
    let quote = text.first
    var rest = text.dropFirst()
    while let character = rest.popFirst(), !character.isNewline {
      if character == "\\" { _ = rest.popFirst() }
      if character == quote {
        tokens.append(("''", line))
        return rest
      }
    }
    throw Failure(line: line, message: "a string does not end")
  }
}
