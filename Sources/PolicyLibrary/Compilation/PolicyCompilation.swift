import Expressions
import PolicySyntax

/// One document on its way to a plan, or the complaints about it. Every complaint is collected, never only the first.
final class PolicyCompilation {
  /// What the document that is compiled just now may name, and its schemas.
  private(set) var environment: PolicyEnvironment
  private(set) var schemas: SchemaStore
  private let compiler: ExpressionCompiler
  private(set) var diagnostics: [Diagnostic] = []
  /// What all expressions compiled so far may read.
  private(set) var usage: ExpressionUsage = []
  var readsRequestBody = false
  var readsResponseBody = false
  /// A policy counts the tokens of the answer, which it does in a stream of events while that passes.
  var countsTokens = false
  /// Looks at what one element asks for; nil but when the reference is written.
  var probe: PolicyProbe?
  /// Whether a policy asks what the operation says of its messages.
  var readsContract = false
  /// What answers in place of a backend; nil for an API that has one.
  var graphQL: GraphQLAnswer?
  private(set) var instructions: [PolicyPlan.Instruction] = []
  private(set) var places: [PlanPlace] = []
  private var beginOfOutbound: [PolicyPlan.Instruction] = []
  private(set) var scope = PolicyScope.global
  private(set) var section = PolicySection.inbound
  private var path: [String] = []
  /// A part of a resolver's document is compiled, or a fragment by itself, which may be meant for one.
  private(set) var isInResolver = false
  /// The fragment whose policies are compiled.
  private var openFragment: String?
  /// Where the document includes the open fragment.
  private var inclusion: PolicyElement?
  /// Where every expression compiled so far stands.
  private var compiledPlaces: Set<ExpressionPlace> = []
  /// Emits what `<base />` stands for at this scope; nil where documents are checked alone.
  private var base: (() -> Void)?

  init(environment: PolicyEnvironment, schemas: SchemaStore? = nil) {
    self.environment = environment
    self.schemas = schemas ?? SchemaStore(service: environment.schemas)
    compiler = ExpressionCompiler(options: ExpressionOptions(limits: environment.limits))
  }

  var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

  /// A complaint; secrets are taken out of its text.
  func report(_ diagnostic: Diagnostic) {
    var diagnostic = diagnostic
    diagnostic.message = environment.namedValues.redacting(diagnostic.message)
    diagnostic.offendingText = environment.namedValues.redacting(diagnostic.offendingText)
    diagnostic.severity = environment.severity(of: diagnostic)
    if let fragment = openFragment, let inclusion {
      // The place in the fragment goes into the words: the position is one of the document that includes it.
      diagnostic.message = "Fragment '\(fragment)', \(diagnostic.position): \(diagnostic.message)"
      diagnostic.position = inclusion.position
      diagnostic.length = 0
    }
    diagnostics.append(diagnostic)
  }

  // MARK: - Sections and elements

  /// Compiles the policies of one section of a document of some scope: names mean what they mean there.
  func compile(
    section element: PolicyElement, _ section: PolicySection, of scoped: ScopedDocument, base: @escaping () -> Void
  ) {
    let outer = (environment, schemas)
    (environment, schemas) = (scoped.environment, scoped.schemas)
    defer { (environment, schemas) = outer }
    compile(section: element, section, at: scoped.scope, base: base)
  }

  /// Compiles the policies of one section of one document.
  func compile(
    section element: PolicyElement, _ section: PolicySection, at scope: PolicyScope, base: (() -> Void)?
  ) {
    let outer = (self.section, self.scope, self.base, path)
    (self.section, self.scope, self.base, path) = (section, scope, base, [])
    defer { (self.section, self.scope, self.base, path) = outer }
    compileChildren(of: element)
  }

  /// Compiles a fragment by itself, as a section of an operation's document would include it.
  func compile(fragment root: PolicyElement, _ id: String, in section: PolicySection) {
    openFragment = id
    isInResolver = true
    compile(section: root, section, at: .operation, base: nil)
    isInResolver = false
    openFragment = nil
  }

  /// Compiles a part of a resolver's document as if it stood in a section.
  func compile(resolver element: PolicyElement, _ section: PolicySection, _ body: () -> Void) {
    let outer = (self.section, self.scope, path, isInResolver)
    (self.section, self.scope, path, isInResolver) = (section, .operation, [element.name], true)
    defer { (self.section, self.scope, path, isInResolver) = outer }
    body()
  }

  /// Compiles every policy in an element, in order.
  func compileChildren(of element: PolicyElement) {
    if let text = element.text, !text.isBroken {
      report(text.diagnostic("PL0105", "Text is not allowed here; expected policies."))
    }
    var counts: [String: Int] = [:]
    for child in element.elements {
      counts[child.name, default: 0] += 1
      if counts[child.name] == 2, PolicyCatalogue.definition(child.name)?.isOnce == true {
        report(child.diagnostic("PL0152", "Policy '\(child.name)' may stand only once in a section."))
      }
      path.append("\(child.name)[\(counts[child.name] ?? 1)]")
      compile(child)
      path.removeLast()
    }
  }

  func compile(_ element: PolicyElement) {
    if element.name == "base" { return compileBase(element) }
    guard let definition = PolicyCatalogue.definition(element.name) else { return reportUnknown(element) }
    guard !definition.isOfResolvers || isInResolver || probe != nil else {
      return report(
        element.diagnostic("PL0155", "Policy '\(element.name)' stands only in the policies of GraphQL resolvers."))
    }
    guard definition.sections.contains(section) else {
      let allowed = PolicySection.allCases.filter(definition.sections.contains).map(\.rawValue)
      return report(
        element.diagnostic(
          "PL0102",
          "Policy '\(element.name)' is not allowed in section '\(section.rawValue)'; it may stand in "
            + allowed.joined(separator: ", ") + "."))
    }
    guard definition.scopes.contains(scope) else {
      let allowed = PolicyScope.allCases.filter(definition.scopes.contains).map(\.rawValue)
      return report(
        element.diagnostic(
          "PL0103",
          "Policy '\(element.name)' is not allowed at \(scope.rawValue) scope; it may stand at "
            + allowed.joined(separator: ", ") + " scope."))
    }
    definition.compile(element, self)
  }

  private func compileBase(_ element: PolicyElement) {
    if path.count > 1 || openFragment != nil {
      report(element.diagnostic("PL0104", "<base /> may stand only directly in a section of a document."))
    }
    AttributeReader(element, self).finish()
    base?()
  }

  private func reportUnknown(_ element: PolicyElement) {
    if ResolverPolicy.names.contains(element.name) {
      return report(
        element.diagnostic(
          "PL0155", "'\(element.name)' is the root of a resolver's policy; it does not stand in a section."))
    }
    if let reason = PolicyCatalogue.cloudOnly[element.name] {
      return report(
        element.diagnostic("PL0132", "Policy '\(element.name)' cannot run on a self-hosted gateway: \(reason)."))
    }
    if PolicyCatalogue.known.contains(element.name) {
      return report(
        element.diagnostic("PL0106", "Policy '\(element.name)' is not supported by this version of Postern yet."))
    }
    let names = PolicyCatalogue.all.map(\.name) + ["base"] + PolicyCatalogue.known
    let suggestion = Spelling.nearest(to: element.name, among: names)
    report(element.diagnostic("PL0101", "'\(element.name)' is not a policy.", suggestion: suggestion))
  }

  /// Compiles the policies of a fragment in place.
  func include(_ fragmentID: String, for element: PolicyElement) {
    open(fragmentID, for: element) { compileChildren(of: $0) }
  }

  /// Reads a fragment that an element includes, and what it holds as part of the document.
  func open(_ fragmentID: String, for element: PolicyElement, _ read: (PolicyElement) -> Void) {
    guard openFragment == nil else {
      return report(element.diagnostic("PL0111", "A fragment cannot include another one, here '\(fragmentID)'."))
    }
    guard let text = environment.fragments[fragmentID] else {
      let suggestion = Spelling.nearest(to: fragmentID, among: environment.fragments.keys)
      return report(
        element.diagnostic("PL0110", "There is no policy fragment '\(fragmentID)'.", suggestion: suggestion))
    }
    let (document, complaints) = PolicyDocument.parse(
      text, name: "fragment '\(fragmentID)'", namedValues: environment.namedValues)
    (openFragment, inclusion) = (fragmentID, element)
    defer { (openFragment, inclusion) = (nil, nil) }
    for complaint in complaints { report(complaint) }
    guard let root = document?.root else { return }
    guard root.name == "fragment" else {
      return report(root.diagnostic("PL0112", "A policy fragment begins with <fragment>, not <\(root.name)>."))
    }
    read(root)
  }

  // MARK: - Emitting

  /// The identifier of a step's place.
  func place(of element: PolicyElement) -> Int {
    places.append(
      PlanPlace(
        policy: element.name, scope: scope, section: section, path: path.joined(separator: "/"),
        line: element.position.line, policyID: element.attribute("id")?.value.literal))
    return places.count - 1
  }

  func emit(_ step: some PolicyStep, _ element: PolicyElement) {
    instructions.append(.step(PlanStep(step), place: place(of: element)))
  }

  func emit(_ step: some PolicyStep, at place: PlanPlace) {
    places.append(place)
    instructions.append(.step(PlanStep(step), place: places.count - 1))
  }

  /// Emits a condition around the policies of a branch; gives the jump with which a taken branch ends.
  ///
  /// - Parameter name: the branch in paths: `when[2]`.
  func emitBranch(_ condition: any PlanCondition, _ name: String, _ element: PolicyElement) -> Int {
    path.append(name)
    defer { path.removeLast() }
    let branch = instructions.count
    let place = place(of: element)
    instructions.append(.branch(condition, otherwise: 0, place: place))
    compileChildren(of: element)
    let jump = instructions.count
    instructions.append(.jump(0))
    instructions[branch] = .branch(condition, otherwise: instructions.count, place: place)
    return jump
  }

  /// Lets the jumps end here.
  func land(_ jumps: [Int]) {
    for jump in jumps { instructions[jump] = .jump(instructions.count) }
  }

  /// Emits a block that `retry` runs again.
  func emitRetry(_ element: PolicyElement, _ make: (Range<Int>) -> Retry?, _ body: () -> Void) {
    let place = place(of: element)
    let begin = instructions.count
    instructions.append(.again)
    body()
    instructions.append(.again)
    guard let retry = make(place..<places.count) else { return }
    instructions[begin] = .retry(retry, end: instructions.count, place: place)
  }

  /// Emits a block whose children run side by side.
  func emitParallel(_ element: PolicyElement, endsWithFirst: Bool, _ children: [PolicyElement]) {
    let place = place(of: element)
    let outer = takeInstructions()
    var counts: [String: Int] = [:]
    let branches = children.map { child in
      counts[child.name, default: 0] += 1
      path.append("\(child.name)[\(counts[child.name] ?? 1)]")
      compile(child)
      path.removeLast()
      return takeInstructions()
    }
    instructions = outer
    instructions.append(.parallel(ParallelBlock(branches: branches, endsWithFirst: endsWithFirst), place: place))
  }

  /// Emits a step that knows the number of its place.
  func emit(_ element: PolicyElement, _ make: (Int) -> any PolicyStep) -> Int {
    let place = place(of: element)
    instructions.append(.step(PlanStep(make(place)), place: place))
    return place
  }

  /// Keeps a step of a policy in inbound for the beginning of outbound.
  func emitAtBeginOfOutbound(_ step: any PolicyStep, place: Int) {
    beginOfOutbound.append(.step(PlanStep(step), place: place))
  }

  /// Emits what policies in inbound want to happen before outbound.
  func emitBeginOfOutbound() {
    instructions += beginOfOutbound
    beginOfOutbound = []
  }

  /// Compiles the elements as if they stood one level deeper.
  func nested(_ name: String, _ element: PolicyElement) {
    path.append(name)
    compileChildren(of: element)
    path.removeLast()
  }

  /// Takes what was emitted, and begins anew.
  func takeInstructions() -> [PolicyPlan.Instruction] {
    defer { instructions = [] }
    return instructions
  }

  // MARK: - Expressions

  /// Compiles an island for a site; nil after a complaint.
  func expression(_ source: ExpressionSource, _ target: ExpressionTarget) -> CompiledExpression? {
    compiledPlaces.insert(ExpressionPlace(source))
    let compilation = compiler.compile(source.code, form: source.form, target: target, at: source.position)
    for diagnostic in compilation.diagnostics {
      var diagnostic = diagnostic
      diagnostic.position = source.documentPosition(of: diagnostic.position)
      report(diagnostic)
    }
    guard let program = compilation.program else { return nil }
    usage.formUnion(program.usage)
    if program.usage.contains(.requestBody) { readsRequestBody = true }
    if program.usage.contains(.responseBody) { readsResponseBody = true }
    return program
  }

  /// Compiles what no policy has asked for, be it that the policy is not known here or that it gave up on another error:
  /// a mistake in code is told whatever stands around it.
  func compileRemainingExpressions(of document: PolicyDocument) {
    for source in document.expressions where !compiledPlaces.contains(ExpressionPlace(source)) {
      _ = expression(source, .object)
    }
  }

  /// Complains about children beyond the first of a name.
  func allowOnce(_ names: [String], in element: PolicyElement) {
    for name in names {
      for child in element.elements(named: name).dropFirst() {
        report(child.diagnostic("PL0129", "'\(element.name)' may hold only one <\(name)>."))
      }
    }
  }

  /// Complains about children that the policy does not have.
  func allowChildren(_ names: [String], in element: PolicyElement) {
    probe?.note(children: names, of: element)
    for child in element.elements where !names.contains(child.name) {
      let suggestion = Spelling.nearest(to: child.name, among: names)
      let expected = names.isEmpty ? "no elements" : names.map { "<\($0)>" }.joined(separator: ", ")
      report(
        child.diagnostic(
          "PL0107", "'\(element.name)' has no element '\(child.name)'; expected \(expected).", suggestion: suggestion))
    }
  }
}

/// An island of one of the texts that a compilation reads.
private struct ExpressionPlace: Hashable {
  private let source: ObjectIdentifier
  private let position: SourcePosition

  init(_ expression: ExpressionSource) {
    source = ObjectIdentifier(expression.source)
    position = expression.position
  }
}
