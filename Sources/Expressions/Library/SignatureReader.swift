/// The first line of a library type, in C# syntax.
struct SignatureHeader: Sendable {
  var kind: TypeDefinition.Kind = .object
  var isAbstract = false
  var fullName = ""
  var typeParameters: [(name: String, variance: TypeDefinition.Variance)] = []
  var bases: [String] = []
  var delegateResult = ""
  var delegateTail = ""

  init(_ text: String) {
    var reader = SignatureReader(text, scope: [])
    var word = reader.identifier()
    while true {
      if word == "static" {
        kind = .staticClass
      } else if word == "abstract" {
        isAbstract = true
      } else if word == "sealed" || word == "public" {
      } else {
        break
      }
      word = reader.identifier()
    }
    switch word {
    case "struct": kind = .structure
    case "interface": kind = .interface
    case "enum": kind = .enumeration
    case "delegate":
      kind = .delegate
      delegateResult = reader.typeText()
    default: if kind != .staticClass { kind = .object }
    }
    fullName = reader.identifier()
    while reader.accept(".") { fullName += "." + reader.identifier() }
    if reader.accept("<") {
      repeat {
        var name = reader.identifier()
        var variance = TypeDefinition.Variance.invariant
        if name == "in" || name == "out" {
          variance = name == "in" ? .contravariant : .covariant
          name = reader.identifier()
        }
        typeParameters.append((name, variance))
      } while reader.accept(",")
      reader.expect(">")
    }
    if kind == .delegate {
      reader.expect("(")
      delegateTail = reader.rest
    } else if reader.accept(":") {
      repeat { bases.append(reader.typeText()) } while reader.accept(",")
    }
  }
}

/// Reads C# signatures of registrations. A malformed one is a programming mistake and stops the process at first use.
struct SignatureReader {
  private let text: [UInt8]
  private var index = 0
  private var scope: [TypeDefinition]

  init(_ text: String, scope: [TypeDefinition]) {
    self.text = Array(text.utf8)
    self.scope = scope
  }

  struct MemberSignature {
    var kind = Member.Kind.method
    var name = ""
    var isStatic = false
    var isExtension = false
    var typeParameters: [TypeDefinition] = []
    var parameters: [Parameter] = []
    var result = TypeSymbol.void
  }

  static func type(_ text: String, in scope: [TypeDefinition]) -> TypeSymbol {
    var reader = SignatureReader(text, scope: scope)
    return reader.type()
  }

  static func member(_ text: String, of definition: TypeDefinition) -> MemberSignature {
    var reader = SignatureReader(text, scope: definition.typeParameters)
    return reader.member(of: definition)
  }

  private mutating func member(of definition: TypeDefinition) -> MemberSignature {
    var result = MemberSignature()
    result.isStatic = acceptWord("static")
    if acceptWord("implicit") || acceptWord("explicit") {
      result.kind = previousWord == "implicit" ? .implicitConversion : .explicitConversion
      expectWord("operator")
      result.result = type()
      result.name = previousWord
      expect("(")
      result.parameters = parameters(close: ")").list
      return result
    }
    let start = index
    if identifierIfAny() == definition.name, peek("(") {
      expect("(")
      result.kind = .constructor
      result.name = definition.name
      result.isStatic = true
      result.result = definition.selfType
      result.parameters = parameters(close: ")").list
      return result
    }
    index = start
    // Type parameters follow the name but are used in the result before it: find them first.
    if !rest.contains("operator") { result.typeParameters = methodTypeParameters() }
    scope += result.typeParameters
    result.result = type()
    if acceptWord("operator") {
      result.kind = .operation
      result.name = operatorToken()
      expect("(")
      result.parameters = parameters(close: ")").list
      return result
    }
    result.name = identifier()
    if result.name == "this" {
      result.kind = .indexer
      expect("[")
      result.parameters = parameters(close: "]").list
      return result
    }
    if accept("<") { while !accept(">") { index += 1 } }
    if accept("(") {
      let list = parameters(close: ")")
      result.parameters = list.list
      result.isExtension = list.isExtension
    } else {
      result.kind = .property
    }
    return result
  }

  /// The type parameters of a method signature: the names in `Name<…>(`, if it has them.
  private func methodTypeParameters() -> [TypeDefinition] {
    guard let open = text[index...].firstIndex(of: UInt8(ascii: "(")), open > index, text[open - 1] == UInt8(ascii: ">")
    else { return [] }
    var depth = 0
    var at = open - 1
    while at > index {
      if text[at] == UInt8(ascii: ">") { depth += 1 }
      if text[at] == UInt8(ascii: "<") {
        depth -= 1
        if depth == 0 { break }
      }
      at -= 1
    }
    let names = String(decoding: text[(at + 1)..<(open - 1)], as: UTF8.self)
    return names.split(separator: ",").map { .typeParameter(String($0.filter { $0 != " " })) }
  }

  mutating func parameters(close: Character) -> (list: [Parameter], isExtension: Bool) {
    var list: [Parameter] = []
    var isExtension = false
    if accept(close) { return (list, false) }
    repeat {
      var mode = ParameterMode.value
      if acceptWord("this") { isExtension = true }
      if acceptWord("out") { mode = .output } else if acceptWord("ref") { mode = .reference }
      if acceptWord("params") { mode = .variadic }
      let type = type()
      let name = identifier()
      var defaultValue: Value?
      if accept("=") { defaultValue = constant(of: type) }
      list.append(Parameter(name: name, type: type, mode: mode, defaultValue: defaultValue))
    } while accept(",")
    expect(close)
    return (list, isExtension)
  }

  private mutating func constant(of type: TypeSymbol) -> Value {
    if accept("\"") {
      var bytes: [UInt8] = []
      while index < text.count, text[index] != UInt8(ascii: "\"") {
        bytes.append(text[index])
        index += 1
      }
      index += 1
      return .string(String(decoding: bytes, as: UTF8.self))
    }
    let isNegative = accept("-")
    let word = identifier()
    switch word {
    case "null": return .null
    case "true": return .bool(true)
    case "false": return .bool(false)
    default:
      let number = Int64(word) ?? 0
      return type == .int64
        ? .int64(isNegative ? -number : number) : .int32(Int32(truncatingIfNeeded: isNegative ? -number : number))
    }
  }

  // MARK: Types

  mutating func type() -> TypeSymbol {
    var result: TypeSymbol
    if accept("(") {
      var elements: [TypeSymbol] = []
      repeat { elements.append(type()) } while accept(",")
      expect(")")
      result = .tuple(elements)
    } else {
      var name = identifier()
      while peek("."), !peek("...") {
        expect(".")
        name = identifier()
      }
      var arguments: [TypeSymbol] = []
      if accept("<") {
        repeat { arguments.append(type()) } while accept(",")
        expect(">")
      }
      result = SignatureReader.resolve(name, arguments, scope)
    }
    while true {
      if accept("?") {
        result = result.nullable
      } else if peek("[") {
        expect("[")
        var rank = 1
        while accept(",") { rank += 1 }
        expect("]")
        result = result.array(rank: rank)
      } else {
        return result
      }
    }
  }

  private static func resolve(_ name: String, _ arguments: [TypeSymbol], _ scope: [TypeDefinition]) -> TypeSymbol {
    if arguments.isEmpty {
      if let parameter = scope.last(where: { $0.name == name }) { return TypeSymbol(parameter) }
      if name == "void" { return .void }
      if name == "Array" { return .named("System.Array") }
      if let full = SignatureReader.keywordTypes[name] { return .named(full) }
    }
    guard let definition = LibraryCatalog.shared.anywhere(name, arity: arguments.count) else {
      preconditionFailure("a registered signature names the unknown type \(name)`\(arguments.count)")
    }
    return TypeSymbol(definition, arguments)
  }

  static let keywordTypes: [String: String] = Dictionary(
    uniqueKeysWithValues: TypeDefinition.keywords.map { ($0.value, $0.key) })

  /// The text of a type, unread: bases are resolved when all types are known.
  mutating func typeText() -> String {
    skipBlanks()
    let start = index
    var depth = 0
    while index < text.count {
      let byte = text[index]
      if byte == UInt8(ascii: "<") { depth += 1 }
      if byte == UInt8(ascii: ">") { depth -= 1 }
      if depth == 0, byte == UInt8(ascii: ",") || byte == UInt8(ascii: " ") { break }
      index += 1
    }
    return String(decoding: text[start..<index], as: UTF8.self)
  }

  var rest: String { String(decoding: text[index...], as: UTF8.self) }

  // MARK: Tokens

  private var previousWord = ""

  private mutating func skipBlanks() {
    while index < text.count, text[index] == UInt8(ascii: " ") || text[index] == UInt8(ascii: "\n") { index += 1 }
  }

  mutating func identifier() -> String {
    guard let word = identifierIfAny() else {
      preconditionFailure("a name is missing in the registered signature \(String(decoding: text, as: UTF8.self))")
    }
    return word
  }

  private mutating func identifierIfAny() -> String? {
    skipBlanks()
    let start = index
    while index < text.count, SignatureReader.isWord(text[index]) { index += 1 }
    return start == index ? nil : String(decoding: text[start..<index], as: UTF8.self)
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x61 && byte <= 0x7A) || byte == 0x5F
      || byte >= 0x80
  }

  private mutating func acceptWord(_ word: String) -> Bool {
    let start = index
    if identifierIfAny() == word {
      previousWord = word
      return true
    }
    index = start
    return false
  }

  private mutating func expectWord(_ word: String) {
    if !acceptWord(word) { preconditionFailure("\(word) is missing in \(String(decoding: text, as: UTF8.self))") }
  }

  private mutating func peek(_ token: String) -> Bool {
    skipBlanks()
    return text[index...].starts(with: token.utf8)
  }

  mutating func accept(_ token: Character) -> Bool {
    if !peek(String(token)) { return false }
    index += 1
    return true
  }

  mutating func expect(_ token: Character) {
    if !accept(token) { preconditionFailure("\(token) is missing in \(String(decoding: text, as: UTF8.self))") }
  }

  private mutating func operatorToken() -> String {
    skipBlanks()
    let start = index
    while index < text.count, text[index] != UInt8(ascii: "("), text[index] != UInt8(ascii: " ") { index += 1 }
    return String(decoding: text[start..<index], as: UTF8.self)
  }
}
