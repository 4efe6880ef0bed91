/// Gives every part of an expression its type, and makes it ready to run.
///
/// One binder serves one expression. It stops at the first complaint of an expression; of a block, every statement gets
/// its own.
final class Binder {
  private(set) var usage: ExpressionUsage = []
  /// Places on the machine's stack that the program needs.
  private(set) var slots = 0
  private var scopes: [[String: (slot: Int, type: TypeSymbol)]] = [[:]]
  /// What `.placeholder` stands for inside `a?.b`.
  private var placeholders: [Bound] = []
  let strict: Bool
  let catalog = LibraryCatalog.shared

  init(strict: Bool) { self.strict = strict }

  func note(_ more: ExpressionUsage) { usage.formUnion(more) }

  func fail(_ code: String, _ message: String, _ offset: Int, length: Int = 1, suggestion: String? = nil) -> SyntaxError
  {
    SyntaxError(code: code, message: message, offset: offset, length: length, suggestion: suggestion)
  }

  // MARK: - Variables

  func withScope<Result>(_ body: () throws(SyntaxError) -> Result) throws(SyntaxError) -> Result {
    scopes.append([:])
    defer { scopes.removeLast() }
    return try body()
  }

  func declare(_ name: String, _ type: TypeSymbol, _ offset: Int) throws(SyntaxError) -> Int {
    if variable(name) != nil {
      throw fail(
        "CS0128", "A local variable named '\(name)' is already defined in this scope", offset, length: name.count)
    }
    defer { slots += 1 }
    scopes[scopes.count - 1][name] = (slots, type)
    return slots
  }

  func variable(_ name: String) -> (slot: Int, type: TypeSymbol)? {
    for scope in scopes.reversed() { if let found = scope[name] { return found } }
    return nil
  }

  private func takeSlot() -> Int {
    defer { slots += 1 }
    return slots
  }

  // MARK: - Expressions

  func bind(_ syntax: ExpressionSyntax) throws(SyntaxError) -> Bound {
    switch syntax {
    case .literal(let literal, let at): return try bind(literal, at)
    case .interpolated(let parts, let at): return try interpolated(parts, at)
    case .name(let name, _, let at): return try bindName(name, at)
    case .placeholder(let at):
      guard let last = placeholders.last else { throw fail("CS1525", "Invalid expression term '?'", at) }
      return last
    case .typeName(let type, let at):
      throw fail(
        "CS0119", "'\(type.names.joined(separator: "."))' is a type, which is not valid in the given context", at)
    case .member(let receiver, let name, _, let at):
      if let type = typeNamed(receiver) { return try staticMember(type, name, at) }
      return try instanceMember(try bind(receiver), name, at)
    case .call(let target, let arguments, let at): return try call(target, arguments, at)
    case .index(let receiver, let arguments, let at): return try index(try bind(receiver), arguments, at)
    case .conditional(let receiver, let rest, let at): return try conditional(receiver, rest, at)
    case .unary(let sign, let operand, let at): return try unary(sign, try bind(operand), at)
    case .binary(let sign, let left, let right, let at): return try binary(sign, left, right, at)
    case .choice(let condition, let then, let otherwise, let at): return try choice(condition, then, otherwise, at)
    case .cast(let type, let operand, let at): return try cast(try bind(operand), to: try resolve(type), at)
    case .creation(let type, let arguments, let at): return try create(try resolve(type), arguments, at)
    case .array(let type, let elements, let at): return try array(type, elements, at)
    }
  }

  private func bind(_ literal: ExpressionSyntax.Literal, _ at: Int) throws(SyntaxError) -> Bound {
    switch literal {
    case .null: return .constant(.null, .null, at)
    case .bool(let value): return .constant(.bool(value), .bool, at)
    case .string(let text): return .constant(.string(text), .string, at)
    case .character(let unit): return .constant(.char(unit), .char, at)
    case .real(let value, let suffix):
      if suffix == "m" { throw fail("PL0201", "Type 'decimal' is not supported by this version of Postern yet.", at) }
      return suffix == "f" ? .constant(.float(Float(value)), .float, at) : .constant(.double(value), .double, at)
    case .integer(let value, let suffix):
      switch suffix {
      case "" where value <= UInt64(Int32.max): return .constant(.int32(Int32(value)), .int32, at)
      case "" where value <= UInt64(UInt32.max), "u" where value <= UInt64(UInt32.max):
        return .constant(.uint32(UInt32(value)), .uint32, at)
      case "", "l": if let small = Int64(exactly: value) { return .constant(.int64(small), .int64, at) }
      default: break
      }
      return .constant(.uint64(value), .uint64, at)
    }
  }

  private func interpolated(_ parts: [InterpolationSyntax], _ at: Int) throws(SyntaxError) -> Bound {
    var pieces: [Evaluation] = []
    for part in parts {
      switch part {
      case .text(let text): pieces.append { _ in .string(text) }
      case .hole(let syntax): pieces.append(try bind(syntax).run)
      }
    }
    return Bound(.string, at) { machine in
      var text = ""
      for piece in pieces { text += try Operation.text(try piece(machine), machine) }
      try machine.process(bytes: text.utf8.count)
      return .string(text)
    }
  }

  private func bindName(_ name: String, _ at: Int) throws(SyntaxError) -> Bound {
    if let variable = variable(name) {
      let slot = variable.slot
      return Bound(variable.type, at) { machine in machine.stack[slot] }
    }
    if name == "context" {
      note(.context)
      return Bound(.context, at) { _ in .object(ContextPartObject(.context)) }
    }
    let known = scopes.flatMap(\.keys) + ["context"]
    let suggestion = Nearest.name(to: name, among: known + catalog.shortNames)
    throw fail(
      "CS0103", "The name '\(name)' does not exist in the current context", at, length: name.count,
      suggestion: suggestion)
  }

  private func conditional(
    _ receiver: ExpressionSyntax, _ rest: ExpressionSyntax, _ at: Int
  ) throws(SyntaxError) -> Bound {
    let bound = try bind(receiver)
    guard bound.type.acceptsNull else {
      throw fail("CS0023", "Operator '?' cannot be applied to operand of type '\(bound.type)'", at)
    }
    let slot = takeSlot()
    let inner = bound.type.nullableUnderlying ?? bound.type
    placeholders.append(Bound(inner, at) { machine in machine.stack[slot] })
    defer { placeholders.removeLast() }
    let result = try bind(rest)
    let type = result.type.isValueType && !result.type.isNullable ? result.type.nullable : result.type
    return Bound(type, at) { machine in
      let value = try bound.run(machine)
      if value.isNull { return .null }
      machine.stack[slot] = value
      return try result.run(machine)
    }
  }

  private func choice(
    _ condition: ExpressionSyntax, _ then: ExpressionSyntax, _ otherwise: ExpressionSyntax, _ at: Int
  ) throws(SyntaxError) -> Bound {
    let test = try convert(try bind(condition), to: .bool)
    var yes = try bind(then)
    var no = try bind(otherwise)
    if yes.type != no.type {
      if let converted = implicit(no, to: yes.type) {
        no = converted.bound
      } else if let converted = implicit(yes, to: no.type) {
        yes = converted.bound
      } else {
        throw fail(
          "CS0173",
          "Type of conditional expression cannot be determined because there is no implicit conversion between '\(yes.type)' and '\(no.type)'",
          at)
      }
    }
    let (yesRun, noRun) = (yes.run, no.run)
    return Bound(yes.type, at) { machine in
      if case .bool(true) = try test.run(machine) { return try yesRun(machine) }
      return try noRun(machine)
    }
  }

  private func array(_ type: TypeSyntax?, _ elements: [ExpressionSyntax], _ at: Int) throws(SyntaxError) -> Bound {
    var bounds: [Bound] = []
    for element in elements { bounds.append(try bind(element)) }
    let elementType: TypeSymbol
    if let type {
      elementType = try resolve(type)
    } else {
      let candidate = bounds.first { candidate in
        !candidate.type.isNullLiteral && bounds.allSatisfy { implicit($0, to: candidate.type) != nil }
      }
      guard let candidate else { throw fail("CS0826", "No best type found for implicitly-typed array", at) }
      elementType = candidate.type
    }
    var runs: [Evaluation] = []
    for bound in bounds { runs.append(try convert(bound, to: elementType).run) }
    return Bound(elementType.array, at) { machine in
      var values: [Value] = []
      for run in runs { values.append(try run(machine)) }
      try machine.allocate(bytes: values.count * 24)
      return .object(ArrayObject(of: elementType, values))
    }
  }

  // MARK: - Types by name

  func resolve(_ syntax: TypeSyntax) throws(SyntaxError) -> TypeSymbol {
    var arguments: [TypeSymbol] = []
    for argument in syntax.arguments { arguments.append(try resolve(argument)) }
    let name = syntax.names.joined(separator: ".")
    var type: TypeSymbol?
    if let full = SignatureReader.keywordTypes[name] {
      type = catalog.type(full).map { TypeSymbol($0) }
    } else {
      type = definition(syntax.names, arity: arguments.count).map { TypeSymbol($0, arguments) }
    }
    guard var type else {
      let suggestion = Nearest.name(to: syntax.names.last ?? name, among: catalog.shortNames)
      throw fail(
        "CS0246",
        "The type or namespace name '\(name)' could not be found, or is not allowed in policy expressions",
        syntax.offset, length: name.count, suggestion: suggestion)
    }
    if syntax.isNullable, type.isValueType { type = type.nullable }
    for _ in 0..<syntax.arrayRanks { type = type.array }
    return type
  }

  private func definition(_ names: [String], arity: Int) -> TypeDefinition? {
    let found =
      names.count == 1
      ? catalog.imported(names[0], arity: arity).first
      : catalog.type(names.joined(separator: "."), arity: arity)
    return found.flatMap { strict && !$0.isListed ? nil : $0 }
  }

  /// The type that a chain of names before a dot stands for; nil when it is a value.
  func typeNamed(_ syntax: ExpressionSyntax) -> TypeSymbol? {
    switch syntax {
    case .typeName(let type, _): return try? resolve(type)
    case .name(let name, let arguments, _):
      if variable(name) != nil || name == "context" { return nil }
      return try? resolve(TypeSyntax(names: [name], arguments: arguments, offset: 0))
    case .member:
      var names: [String] = []
      var rest = syntax
      while case .member(let inner, let name, _, _) = rest {
        names.insert(name, at: 0)
        rest = inner
      }
      guard case .name(let first, _, _) = rest, variable(first) == nil, first != "context" else { return nil }
      return definition([first] + names, arity: 0).map { TypeSymbol($0) }
    default: return nil
    }
  }
}

/// The nearest known name, for "did you mean".
enum Nearest {
  static func name(to wanted: String, among candidates: [String]) -> String? {
    let a = Array(wanted.lowercased().unicodeScalars)
    guard a.count > 1, a.count <= 64 else { return nil }
    var best: (cost: Int, name: String)?
    for candidate in Set(candidates) where candidate != wanted {
      let b = Array(candidate.lowercased().unicodeScalars)
      guard abs(a.count - b.count) <= 2 else { continue }
      var previous = Array(0...b.count)
      var before: [Int] = []
      for i in a.indices {
        var row = [i + 1]
        for j in b.indices {
          var cost = min(previous[j] + (a[i] == b[j] ? 0 : 1), previous[j + 1] + 1, row[j] + 1)
          if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
          row.append(cost)
        }
        before = previous
        previous = row
      }
      let cost = previous[b.count]
      if cost <= max(1, a.count / 4), cost < best?.cost ?? .max || (cost == best?.cost && candidate < best?.name ?? "")
      {
        best = (cost, candidate)
      }
    }
    return best?.name
  }
}
