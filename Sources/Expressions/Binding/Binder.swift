import DotNet

/// Gives every part of an expression its type, and makes it ready to run.
///
/// One binder serves one expression. It stops at the first complaint of an expression; of a block, every statement gets
/// its own.
final class Binder {
  private(set) var usage: ExpressionUsage = []
  var function: FunctionScope
  /// What `.placeholder` stands for inside `a?.b`.
  var placeholders: [Bound] = []
  /// Values that names stand for inside a query.
  var named: [[String: Bound]] = []
  /// What the type parameters of the generic functions being bound stand for, innermost last.
  var typeParameters: [[String: TypeSymbol]] = []
  /// Generic functions bound so far, each for other types.
  var instances = 0
  var flow = Flow()
  var isChecked = false
  /// Constants are computed with overflow checks unless `unchecked` says otherwise.
  var isUnchecked = false
  /// Whether anything calls a lambda or a local function of the expression itself.
  var hasFunctions = false
  let codes = FunctionCodes()
  var anonymousTypes: [[String]: TypeDefinition] = [:]
  /// Types with their bases and interfaces, as far as they were asked for.
  var hierarchies: [TypeSymbol: [TypeSymbol]] = [:]
  /// Statements bound so far: loops charge a round by the statements in them.
  var statements = 0
  /// What is left of the work that overload resolution may do with lambdas.
  var lambdaBudget = 4_000
  let strict: Bool
  let catalog = LibraryCatalog.shared

  init(strict: Bool, captured: Set<String>, result: TypeSymbol?) {
    self.strict = strict
    function = FunctionScope(parent: nil, captured: captured, result: result)
  }

  func note(_ more: ExpressionUsage) { usage.formUnion(more) }

  func fail(_ code: String, _ message: String, _ offset: Int, length: Int = 1, suggestion: String? = nil) -> SyntaxError
  {
    SyntaxError(code: code, message: message, offset: offset, length: length, suggestion: suggestion)
  }

  // MARK: - Variables

  /// Runs `body` in a scope of its own; the prologue makes the scope's captured variables anew.
  func withScope<Result>(_ body: () throws(SyntaxError) -> Result) throws(SyntaxError) -> (
    result: Result, prologue: [(Machine) -> Void]
  ) {
    function.scopes.append(FunctionScope.Scope())
    defer {
      if let closed = function.scopes.popLast() {
        let names = closed.inner.union(closed.variables.keys)
        function.scopes[function.scopes.count - 1].inner.formUnion(names)
      }
    }
    let result = try body()
    return (result, function.scopes[function.scopes.count - 1].prologue)
  }

  @discardableResult
  func declare(
    _ name: String, _ type: TypeSymbol, _ offset: Int, isAssigned: Bool = true, isCell: Bool? = nil
  ) throws(SyntaxError) -> Variable {
    let last = function.scopes.count - 1
    if function.scopes[last].variables[name] != nil {
      throw fail(
        "CS0128", "A local variable or function named '\(name)' is already defined in this scope", offset,
        length: name.count)
    }
    if name == "context" || function.isDeclaredAround(name) || function.scopes[last].inner.contains(name) {
      throw fail(
        "CS0136",
        "A local or parameter named '\(name)' cannot be declared in this scope because that name is used in an "
          + "enclosing local scope to define a local or parameter", offset, length: name.count)
    }
    let variable = function.makeVariable(name, type, isCell: isCell ?? function.captured.contains(name))
    function.scopes[last].variables[name] = variable
    if variable.isCell {
      let slot = variable.slot
      function.scopes[last].prologue.append { machine in machine.frame[slot] = .cell(Cell()) }
    }
    if !isAssigned { flow.unassigned.insert(ObjectIdentifier(variable)) }
    return variable
  }

  func assigned(_ variable: Variable) { flow.unassigned.remove(ObjectIdentifier(variable)) }

  /// A hidden variable.
  func temporary(_ type: TypeSymbol) -> Variable {
    function.makeVariable("", type, isCell: false)
  }

  func bound(_ variable: Variable, _ at: Int) -> Bound {
    variable.bound(at)
  }

  // MARK: - Expressions

  /// Any expression, also one that has no type of its own yet.
  func bindAny(_ syntax: ExpressionSyntax) throws(SyntaxError) -> Bound {
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
      return try instanceMember(try bind(receiver: receiver), name, at)
    case .call(let target, let arguments, let at): return try call(target, arguments, at)
    case .index(let receiver, let arguments, let at): return try index(try bind(receiver), arguments, at)
    case .conditional(let receiver, let rest, let at): return try conditional(receiver, rest, at)
    case .unary(let sign, let operand, let at): return try unary(sign, operand, at)
    case .postfix(let sign, let operand, let at): return try step(operand, sign, isPrefix: false, at)
    case .binary(let sign, let left, let right, let at): return try binary(sign, left, right, at)
    case .choice(let condition, let then, let otherwise, let at): return try choice(condition, then, otherwise, at)
    case .cast(let type, let operand, let at): return try cast(try bindAny(operand), to: try resolve(type), at)
    case .asType(let operand, let type, let at): return try asType(try bind(operand), try resolve(type), at)
    case .isPattern(let operand, let pattern, let at): return try isPattern(try bind(operand), pattern, at)
    case .creation(let type, let arguments, let initializer, let at):
      return try create(try resolve(type), arguments, initializer, at)
    case .array(let array, let at): return try self.array(array, at)
    case .anonymous(let members, let at): return try anonymous(members, at)
    case .tuple(let members, let at): return try tuple(members, at)
    case .assignment(let sign, let target, let value, let at): return try assignment(sign, target, value, at)
    case .lambda(let lambda, let at): return .untyped(.lambda(lambda), .error, at)
    case .throwing(let value, let at): return try throwing(value, at)
    case .defaultValue(let type, let at):
      guard let type else { return .untyped(.defaultLiteral, .error, at) }
      return defaultValue(try resolve(type), at)
    case .typeOf(let syntax, let at):
      let type = TypeObject(try resolve(syntax))
      return Bound(.type, at) { _ in .object(type) }
    case .nameOf(let operand, let at):
      guard let name = operand.impliedName else { throw fail("CS8081", "Expression does not have a name.", at) }
      if typeNamed(operand) == nil { _ = try bindAny(operand) }
      return .constant(.string(name), .string, at)
    case .overflow(let checks, let operand, _):
      let saved = (isChecked, isUnchecked)
      (isChecked, isUnchecked) = (checks, !checks)
      defer { (isChecked, isUnchecked) = saved }
      return try bind(operand)
    case .designation(_, let at): throw fail("CS8185", "A declaration is not allowed in this context.", at)
    case .naming(let names, let body, _): return try naming(names, body)
    }
  }

  /// An expression with a type.
  func bind(_ syntax: ExpressionSyntax) throws(SyntaxError) -> Bound {
    let result = try bindAny(syntax)
    guard case .untyped(let form) = result.form else { return result }
    switch form {
    case .lambda: throw fail("CS8716", "There is no target type for the lambda expression", result.offset)
    case .methodGroup(_, _, let name):
      throw fail(
        "CS0428", "Cannot convert method group '\(name)' to a value. Did you intend to invoke the method?",
        result.offset, length: name.count)
    case .function(let function):
      throw fail("CS0428", "Cannot convert method group '\(function.syntax.name)' to a value.", result.offset)
    case .defaultLiteral: throw fail("CS8716", "There is no target type for the default literal.", result.offset)
    case .throwing: throw fail("CS8115", "A throw expression is not allowed in this context.", result.offset)
    }
  }

  private func naming(
    _ names: [(name: String, value: ExpressionSyntax)], _ body: ExpressionSyntax
  ) throws(SyntaxError) -> Bound {
    var values: [String: Bound] = [:]
    for (name, value) in names { values[name] = try bind(value) }
    named.append(values)
    defer { named.removeLast() }
    return try bind(body)
  }

  private func bindName(_ name: String, _ at: Int) throws(SyntaxError) -> Bound {
    if let variable = function.lookup(name) ?? function.variable(name) {
      if let local = variable.function {
        guard let code = local.code else {
          let run = variable.read
          return .untyped(.function(local), .error, at) { machine in try run(machine) }
        }
        return .untyped(.function(local), .error, at) { _ in
          .object(LambdaDelegate(.delegateBase, code, captured: []))
        }
      }
      if flow.isReachable, flow.unassigned.contains(ObjectIdentifier(variable)) {
        throw fail("CS0165", "Use of unassigned local variable '\(name)'", at, length: name.count)
      }
      return bound(variable, at)
    }
    // Range variables: read through the carrier of the innermost lambda.
    for level in named.reversed() {
      if let value = level[name] { return try carried(value, name, at) }
    }
    if name == "context" {
      note(.context)
      return .known(ContextPartObject.contextValue, .context, at)
    }
    let suggestion = Nearest.name(to: name, among: function.names + ["context"] + catalog.shortNames)
    throw fail(
      "CS0103", refusal(ofType: [name]) ?? "The name '\(name)' does not exist in the current context", at,
      length: name.count, suggestion: suggestion)
  }

  /// A range variable, also from within a lambda nested in the clause.
  private func carried(_ value: Bound, _ name: String, _ at: Int) throws(SyntaxError) -> Bound {
    guard let carrier = function.variable("<row>") else { return value }
    if carrier.slot >= 0, let found = try? instanceMember(bound(carrier, at), name, at) { return found }
    return value
  }

  private func bind(_ literal: ExpressionSyntax.Literal, _ at: Int) throws(SyntaxError) -> Bound {
    switch literal {
    case .null: return .constant(.null, .null, at)
    case .bool(let value): return .constant(.bool(value), .bool, at)
    case .string(let text): return .constant(.string(text), .string, at)
    case .character(let unit): return .constant(.char(unit), .char, at)
    case .real(let text, let suffix):
      if suffix == "m" {
        guard let value = DecimalNumber(literal: text) else {
          throw fail("CS0594", "Floating-point constant is outside the range of type 'decimal'", at, length: text.count)
        }
        return .constant(.decimal(value), .decimal, at)
      }
      let value = Double(text) ?? .infinity
      let isSingle = suffix == "f"
      guard value.isFinite, !isSingle || Float(text)?.isFinite == true else {
        let name = isSingle ? "float" : "double"
        throw fail("CS0594", "Floating-point constant is outside the range of type '\(name)'", at, length: text.count)
      }
      return isSingle ? .constant(.float(Float(text) ?? 0), .float, at) : .constant(.double(value), .double, at)
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
    var pieces: [Bound] = []
    for part in parts {
      switch part {
      case .text(let text): pieces.append(.constant(.string(text), .string, at))
      case .hole(let syntax, let alignment, let format):
        let bound = try bind(syntax)
        if bound.type.isVoid { throw fail("CS8116", "A value of type 'void' may not be used here", bound.offset) }
        let run = bound.run
        var width = 0
        if let alignment {
          let value = try convert(try bind(alignment), to: .int32)
          guard let constant = value.constant, let number = Operation.integer(constant) else {
            throw fail("CS0150", "A constant value is expected", value.offset)
          }
          width = Int(number)
        }
        if width == 0, format == nil {
          pieces.append(bound)
        } else {
          let (width, format) = (width, format)
          pieces.append(
            Bound(.string, at) { machine in
              .string(try CompositeFormat.field(try run(machine), width: width, format: format, machine))
            }.placed())
        }
      }
    }
    return Concatenation(pieces).bound(at)
  }

  private func conditional(
    _ receiver: ExpressionSyntax, _ rest: ExpressionSyntax, _ at: Int
  ) throws(SyntaxError) -> Bound {
    let bound = try bind(receiver)
    guard bound.type.acceptsNull, !bound.type.isNullLiteral else {
      throw fail("CS0023", "Operator '?' cannot be applied to operand of type '\(bound.type)'", at)
    }
    let held = temporary(bound.type.nullableUnderlying ?? bound.type)
    placeholders.append(Bound(held.type, at, held.read))
    let saved = flow
    let result = try bind(rest)
    placeholders.removeLast()
    flow = saved
    let type = result.type.isValueType && !result.type.isNullable ? result.type.nullable : result.type
    let (run, write, inner) = (bound.run, held.write, result.run)
    return Bound(type, at) { machine in
      let value = try run(machine)
      if value.isNull { return .null }
      write(machine, value)
      return try inner(machine)
    }
  }

  private func throwing(_ syntax: ExpressionSyntax, _ at: Int) throws(SyntaxError) -> Bound {
    let run = try thrown(syntax)
    return .untyped(.throwing, .error, at) { machine in throw try run(machine) }
  }

  /// The exception that an operand of `throw` gives.
  func thrown(_ syntax: ExpressionSyntax) throws(SyntaxError) -> (Machine) throws -> Thrown {
    let bound = try convert(try bind(syntax), to: .exception)
    let (run, offset) = (bound.run, bound.offset)
    return { machine in
      guard case .object(let object) = try run(machine), let exception = object as? ExceptionObject else {
        return Thrown.nullReference()
      }
      var thrown = Thrown(exception)
      thrown.offset = offset
      return thrown
    }
  }

  func defaultValue(_ type: TypeSymbol, _ at: Int) -> Bound {
    let value = Value.defaultValue(of: type)
    if type.isNumeric || type == .bool || type.isEnum { return .constant(value, type, at) }
    return Bound(type, at) { _ in value }
  }

  private func choice(
    _ condition: ExpressionSyntax, _ then: ExpressionSyntax, _ otherwise: ExpressionSyntax, _ at: Int
  ) throws(SyntaxError) -> Bound {
    let (test, whenTrue, whenFalse) = try bindCondition(condition)
    flow = whenTrue
    var yes = try bindAny(then)
    let afterYes = flow
    flow = whenFalse
    var no = try bindAny(otherwise)
    flow = afterYes.joined(flow)
    if yes.type != no.type || yes.type.isError {
      if case .untyped(.throwing) = no.form {
        no = try convert(no, to: yes.type)
      } else if case .untyped(.throwing) = yes.form {
        yes = try convert(yes, to: no.type)
      } else if !yes.type.isError, let converted = implicit(no, to: yes.type) {
        no = converted
      } else if !no.type.isError, let converted = implicit(yes, to: no.type) {
        yes = converted
      } else {
        throw fail(
          "CS0173",
          "Type of conditional expression cannot be determined because there is no implicit conversion between "
            + "'\(yes.type)' and '\(no.type)'", at)
      }
    }
    if let constant = test.constant, let a = yes.constant, let b = no.constant {
      if case .bool(true) = constant { return .constant(a, yes.type, at) }
      return .constant(b, yes.type, at)
    }
    return Bound.choice(test, yes, no, at)
  }

  /// A condition, and what is known of variables where it holds and where it does not.
  func bindCondition(_ syntax: ExpressionSyntax) throws(SyntaxError) -> (Bound, whenTrue: Flow, whenFalse: Flow) {
    switch syntax {
    case .unary("!", let operand, let at):
      let inner = try bindCondition(operand)
      let saved = flow
      let bound = try negation(inner.0, at)
      flow = saved
      return (bound, inner.whenFalse, inner.whenTrue)
    case .binary("&&", _, _, _), .binary("||", _, _, _):
      // A chain of conditions leans to the left and may be long: link by link, not by recursion.
      var links: [(isAnd: Bool, right: ExpressionSyntax, at: Int)] = []
      var first = syntax
      while case .binary(let sign, let left, let right, let at) = first, sign == "&&" || sign == "||" {
        links.append((sign == "&&", right, at))
        first = left
      }
      var (result, whenTrue, whenFalse) = try bindCondition(first)
      for (isAnd, right, at) in links.reversed() {
        flow = isAnd ? whenTrue : whenFalse
        let next = try bindCondition(right)
        result = try logical(isAnd ? "&&" : "||", result, next.0, at)
        (whenTrue, whenFalse) =
          isAnd
          ? (next.whenTrue, whenFalse.joined(next.whenFalse)) : (whenTrue.joined(next.whenTrue), next.whenFalse)
        flow = whenTrue.joined(whenFalse)
      }
      return (result, whenTrue, whenFalse)
    default:
      let bound = try convert(try bindAny(syntax), to: .bool)
      if case .bool(let value)? = bound.constant {
        return (bound, value ? flow : .unreachable, value ? .unreachable : flow)
      }
      return (bound, flow, flow)
    }
  }
}

extension Value {
  /// `default(T)`.
  static func defaultValue(of type: TypeSymbol) -> Value {
    if type == .bool { return .bool(false) }
    if type.isNumeric || type.isEnum { return Operation.convert(.int32(0), to: type) }
    if let make = LibraryCatalog.shared.defaults[type.definition.fullName] { return make() }
    if type.isTuple || type.definition === TypeDefinition.keyValuePair {
      return .object(TupleObject(type, type.arguments.map { defaultValue(of: $0) }))
    }
    return .null
  }
}
