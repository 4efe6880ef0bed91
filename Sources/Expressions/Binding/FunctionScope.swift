/// What is known of variables at one point of a function.
struct Flow {
  /// Variables not certainly assigned.
  var unassigned: Set<ObjectIdentifier> = []
  var isReachable = true

  /// What holds when two ways meet.
  func joined(_ other: Flow) -> Flow {
    if !isReachable { return other }
    if !other.isReachable { return self }
    return Flow(unassigned: unassigned.union(other.unassigned), isReachable: true)
  }

  static let unreachable = Flow(isReachable: false)
}

/// A function while it is bound: the expression itself, a lambda or a local function.
final class FunctionScope {
  let parent: FunctionScope?
  /// Names that lambdas inside it mention: variables of these names live in cells.
  let captured: Set<String>
  /// Type of its `return` values; nil while a lambda's is inferred.
  let result: TypeSymbol?
  /// The values of `return` statements of a lambda whose type is inferred.
  var returned: [Bound] = []
  var slots = 0
  /// Whether all its variables are bare numbers.
  var hasNumbersAlone = true
  /// Type of the elements that a function with `yield` gives; nil for other functions.
  var iterator: TypeSymbol?
  /// Place in the frame of an iterator that says it is being left before its end.
  var leaving = 0
  /// Enclosing `try` statements with `catch`, in which nothing may be yielded.
  var protected = 0
  var captures: [(outer: Variable, inner: Variable)] = []
  var scopes: [Scope] = [Scope()]
  /// Enclosing loops and switches: what `break` and `continue` leave behind.
  var targets: [Target] = []

  final class Target {
    /// Type of the value a `switch` chooses by; nil for a loop.
    let governing: TypeSymbol?
    var isLoop: Bool { governing == nil }
    var breaks: Flow?
    var continues: Flow?
    /// `goto case` and `goto default` of a `switch`; where each leads is known once all labels are read.
    var jumps: [Jump] = []

    final class Jump {
      /// The label's constant; nil for `default`.
      let label: Value?
      let offset: Int
      var section = 0
      init(label: Value?, offset: Int) { (self.label, self.offset) = (label, offset) }
    }

    init(governing: TypeSymbol? = nil) { self.governing = governing }
  }

  struct Scope {
    var variables: [String: Variable] = [:]
    /// Names that inner scopes, by now closed, declared.
    var inner: Set<String> = []
    /// What happens when the scope is entered: new cells for captured variables, local functions.
    var prologue: [(Machine) -> Void] = []
  }

  init(parent: FunctionScope?, captured: Set<String>, result: TypeSymbol?) {
    self.parent = parent
    self.captured = captured
    self.result = result
  }

  func takeSlot() -> Int {
    defer { slots += 1 }
    return slots
  }

  /// A variable with a place of its own in the frame.
  func makeVariable(_ name: String, _ type: TypeSymbol, isCell: Bool) -> Variable {
    let variable = Variable(name, type, slot: takeSlot(), isCell: isCell)
    if !variable.isNumber { hasNumbersAlone = false }
    return variable
  }

  func lookup(_ name: String) -> Variable? {
    for scope in scopes.reversed() { if let found = scope.variables[name] { return found } }
    return nil
  }

  /// A variable as this function sees it: its own, or one captured from around it.
  func variable(_ name: String) -> Variable? {
    if let own = lookup(name) { return own }
    guard let outer = parent?.variable(name) else { return nil }
    if outer.constant != nil || outer.function?.code != nil { return outer }
    if let known = captures.first(where: { $0.outer === outer }) { return known.inner }
    let inner = Variable(name, outer.type, slot: takeSlot(), isCell: true)
    hasNumbersAlone = false
    inner.readOnly = outer.readOnly
    inner.function = outer.function
    captures.append((outer, inner))
    return inner
  }

  func isDeclaredAround(_ name: String) -> Bool {
    lookup(name) != nil || (parent?.isDeclaredAround(name) ?? false)
  }

  /// A body preceded by what the function's own scope makes on entry.
  func entering(_ run: Evaluation) -> Evaluation {
    let prologue = scopes[0].prologue
    if prologue.isEmpty { return run }
    return Evaluation { machine in
      for step in prologue { step(machine) }
      return try run(machine)
    }
  }

  var names: [String] { scopes.flatMap(\.variables.keys) + (parent?.names ?? []) }
}

/// Finds the names that the lambdas of a piece of C# mention.
struct CapturedNames {
  private(set) var names: Set<String> = []
  /// Names that it declares, itself or in its lambdas.
  private(set) var declared: Set<String> = []
  private var depth = 0

  static func of(_ statements: [StatementSyntax]) -> Set<String> {
    var finder = CapturedNames()
    for statement in statements { finder.visit(statement) }
    return finder.names
  }

  static func of(_ expression: ExpressionSyntax) -> Set<String> {
    var finder = CapturedNames()
    finder.visit(expression)
    return finder.names
  }

  static func of(_ lambda: LambdaSyntax) -> Set<String> {
    switch lambda.body {
    case .expression(let expression): of(expression)
    case .block(let statements, _): of(statements)
    }
  }

  /// The names that the body of a local function takes from around it.
  static func needed(by function: FunctionSyntax) -> Set<String> {
    var finder = CapturedNames()
    finder.visit(function.lambda)
    return finder.names.subtracting(finder.declared)
  }

  private mutating func declare(_ designation: DesignationSyntax) {
    switch designation {
    case .discard: break
    case .single(_, let name, _): declared.insert(name)
    case .several(let list, _): for inner in list { declare(inner) }
    }
  }

  private mutating func visit(_ lambda: LambdaSyntax) {
    depth += 1
    for parameter in lambda.parameters ?? [] { declared.insert(parameter.name) }
    for parameter in lambda.parameters ?? [] { if let value = parameter.defaultValue { visit(value) } }
    switch lambda.body {
    case .expression(let expression): visit(expression)
    case .block(let statements, _): for statement in statements { visit(statement) }
    }
    depth -= 1
  }

  private mutating func visit(_ arguments: [ArgumentSyntax]) {
    for argument in arguments {
      // What is passed by reference lives in a cell, too.
      if argument.mode != .value {
        if let name = argument.declares?.name {
          names.insert(name)
          declared.insert(name)
        }
        if case .name(let name, _, _) = argument.value { names.insert(name) }
      }
      visit(argument.value)
    }
  }

  private mutating func visit(_ initializer: InitializerSyntax) {
    switch initializer {
    case .elements(let list): for item in list { for value in item.arguments { visit(value) } }
    case .members(let list):
      for item in list {
        if case .index(let arguments) = item.target { visit(arguments) }
        switch item.value {
        case .expression(let value): visit(value)
        case .nested(let inner): visit(inner)
        }
      }
    }
  }

  private mutating func visit(_ elements: [ArrayElementSyntax]) {
    for element in elements {
      switch element {
      case .value(let value): visit(value)
      case .nested(let inner, _): visit(inner)
      }
    }
  }

  private mutating func visit(_ pattern: PatternSyntax) {
    switch pattern {
    case .constant(let value), .typeOrConstant(_, let value): visit(value)
    case .declaration(_, let name?, _), .anything(let name?, _): declared.insert(name)
    case .type, .declaration, .anything: break
    }
  }

  mutating func visit(_ expression: ExpressionSyntax) {
    switch expression {
    case .name(let name, _, _): if depth > 0 { names.insert(name) }
    case .interpolated(let parts, _):
      for case .hole(let value, let alignment, _) in parts {
        visit(value)
        if let alignment { visit(alignment) }
      }
    case .member(let value, _, _, _), .unary(_, let value, _), .postfix(_, let value, _), .cast(_, let value, _),
      .asType(let value, _, _), .throwing(let value, _), .nameOf(let value, _), .overflow(_, let value, _):
      visit(value)
    case .call(let target, let arguments, _), .index(let target, let arguments, _):
      visit(target)
      visit(arguments)
    case .conditional(let a, let b, _), .binary(_, let a, let b, _), .assignment(_, let a, let b, _):
      visit(a)
      visit(b)
    case .choice(let a, let b, let c, _):
      visit(a)
      visit(b)
      visit(c)
    case .isPattern(let value, let pattern, _):
      visit(value)
      visit(pattern)
    case .creation(_, let arguments, let initializer, _):
      visit(arguments)
      if let initializer { visit(initializer) }
    case .array(let array, _):
      for size in array.sizes { visit(size) }
      if let elements = array.elements { visit(elements) }
    case .anonymous(let members, _): for member in members { visit(member.value) }
    case .tuple(let members, _): for member in members { visit(member.value) }
    case .naming(let members, let body, _):
      for member in members { visit(member.value) }
      visit(body)
    case .lambda(let lambda, _): visit(lambda)
    case .designation(let designation, _): declare(designation)
    case .literal, .typeName, .placeholder, .defaultValue, .typeOf: break
    }
  }

  mutating func visit(_ statement: StatementSyntax) {
    switch statement {
    case .declaration(_, let list, _, _):
      for item in list {
        declared.insert(item.name)
        if let value = item.value { visit(value) }
      }
    case .function(let function, _):
      names.insert(function.name)
      declared.insert(function.name)
      visit(function.lambda)
    case .expression(let value), .gotoCase(.some(let value), _), .yieldReturn(let value, _): visit(value)
    case .condition(let test, let then, let otherwise, _):
      visit(test)
      visit(then)
      if let otherwise { visit(otherwise) }
    case .block(let list, _, _), .overflow(_, let list, _): for item in list { visit(item) }
    case .result(let value, _), .throwing(let value, _): if let value { visit(value) }
    case .forLoop(let initial, let test, let steps, let body, _):
      for item in initial { visit(item) }
      if let test { visit(test) }
      for step in steps { visit(step) }
      visit(body)
    case .forEach(let designation, let source, let body, _):
      declare(designation)
      visit(source)
      visit(body)
    case .whileLoop(let source, let body, _), .doLoop(let body, let source, _),
      .lock(let source, let body, _):
      visit(source)
      visit(body)
    case .choice(let value, let sections, _):
      visit(value)
      for section in sections {
        for label in section.labels {
          if let pattern = label.pattern { visit(pattern) }
          if let guardian = label.guardian { visit(guardian) }
        }
        for item in section.statements { visit(item) }
      }
    case .attempt(let body, let catches, let finally, _):
      for item in body + (finally ?? []) { visit(item) }
      for clause in catches {
        if let name = clause.name { declared.insert(name) }
        if let filter = clause.filter { visit(filter) }
        for item in clause.statements { visit(item) }
      }
    case .using(let resource, let body, _):
      visit(resource)
      visit(body)
    case .breakLoop, .continueLoop, .gotoCase, .yieldBreak: break
    }
  }
}
