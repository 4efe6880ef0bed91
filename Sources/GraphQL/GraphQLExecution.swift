public import JSONSchema

/// Answers a valid request from resolvers (GraphQL, October 2021, section 6). Confined to one thread; it holds itself
/// alive through the calls that are under way.
///
/// A field without a resolver is the member of that name of its parent. Resolvers of one level run side by side, the fields
/// at the root of a mutation one after the other.
public final class GraphQLExecution {
  /// What a resolver is asked for.
  public struct Call {
    public let type: String
    public let field: String
    public let arguments: JSONObject
    /// The object that has the field; nil at the root.
    public let parent: JSONValue?
    /// The field's type is a list.
    public let answersList: Bool
  }

  /// Why a field has no value: a message for the caller.
  public struct Failure: Error {
    public let message: String

    public init(_ message: String) { self.message = message }
  }

  public typealias Completion = (Result<JSONValue, Failure>) -> Void

  /// Bounds of one answer.
  public struct Bounds: Sendable {
    /// Calls of resolvers, and how many of them at a time.
    public var calls = 200
    public var simultaneous = 16
    /// Values of all kinds in the answer.
    public var values = 100_000
    /// Bytes of all texts in the answer.
    public var textBytes = 64 << 20

    public init() {}
  }

  /// A place in the answer that gets its value in time.
  fileprivate final class Slot {
    enum Content {
      case null
      case leaf(JSONValue)
      case object([(name: String, slot: Slot)])
      case list([Slot])
    }

    var content = Content.null
    let isNonNull: Bool

    init(isNonNull: Bool) { self.isNonNull = isNonNull }
  }

  /// The value that a selection set is about.
  fileprivate enum Source {
    case root
    case json(JSONValue)
    case introspection(GraphQLIntrospection.Node)
  }

  /// The way to a place, from the inside out.
  fileprivate final class Path {
    let step: GraphQLError.Step
    let outer: Path?

    init(_ step: GraphQLError.Step, _ outer: Path?) {
      self.step = step
      self.outer = outer
    }

    var steps: [GraphQLError.Step] {
      var steps: [GraphQLError.Step] = []
      var path: Path? = self
      while let current = path {
        steps.append(current.step)
        path = current.outer
      }
      return steps.reversed()
    }
  }

  private struct WaitingCall {
    let call: Call
    let completion: Completion
  }

  private let request: GraphQLValidRequest
  private let event: JSONValue?
  private var schema: GraphQLSchema { request.schema }
  private let bounds: Bounds
  private let hasResolver: (_ type: String, _ field: String) -> Bool
  private let resolve: (Call, @escaping Completion) -> Void
  private var done: ((JSONValue) -> Void)?
  private let root = Slot(isNonNull: false)
  private var errors: [GraphQLError] = []
  private var waiting: [WaitingCall] = []
  private var nextWaiting = 0
  private var running = 0
  private var calls = 0
  private var values = 0
  private var textBytes = 0
  private var isDraining = false
  /// Fields at the root of a mutation that have not begun.
  private var serial: [() -> Void] = []

  /// - Parameters:
  ///   - event: what a subscription is answered with: an object with the field at its root.
  ///   - resolve: completes each call once, be it before it returns.
  ///   - done: gets the whole answer, once.
  public init(
    _ request: GraphQLValidRequest, event: JSONValue? = nil, bounds: Bounds = Bounds(),
    hasResolver: @escaping (_ type: String, _ field: String) -> Bool,
    resolve: @escaping (Call, @escaping Completion) -> Void, done: @escaping (JSONValue) -> Void
  ) {
    self.request = request
    self.event = event
    self.bounds = bounds
    self.hasResolver = hasResolver
    self.resolve = resolve
    self.done = done
  }

  public func start() {
    guard let type = schema.root(of: request.operation.kind) else { return finish() }
    if request.operation.kind == .mutation {
      let fields = collect(request.operation.selections, on: type)
      var members: [(name: String, slot: Slot)] = []
      for group in fields {
        guard let definition = schema.field(group[0].name, of: type) else { continue }
        let slot = Slot(isNonNull: definition.type.isNonNull)
        members.append((group[0].responseName, slot))
        serial.append { [self] in
          begin(group, definition, of: .root, type, into: slot, Path(.name(group[0].responseName), nil))
        }
      }
      serial.reverse()
      root.content = .object(members)
    } else {
      select([request.operation.selections], of: event.map { .json($0) } ?? .root, type, into: root, nil)
    }
    drain()
  }

  /// The names of the fields at the root of an operation that its directives leave, those of one name in the answer once.
  public static func rootFields(of request: GraphQLValidRequest) -> [String] {
    guard let type = request.schema.root(of: request.operation.kind) else { return [] }
    let execution = GraphQLExecution(
      request, hasResolver: { _, _ in false }, resolve: { _, done in done(.success(.null)) }, done: { _ in })
    return execution.collect(request.operation.selections, on: type).map { $0[0].name }
  }

  // MARK: - Calls

  private func call(_ call: Call, _ completion: @escaping Completion) {
    calls += 1
    guard calls <= bounds.calls else {
      return completion(.failure(Failure("The request needs more than \(bounds.calls) calls of resolvers.")))
    }
    waiting.append(WaitingCall(call: call, completion: completion))
  }

  /// Begins what may begin. Not recursive, however many resolvers answer at once.
  private func drain() {
    guard !isDraining else { return }
    isDraining = true
    defer { isDraining = false }
    while true {
      if nextWaiting < waiting.count {
        guard running < bounds.simultaneous else { return }
        let next = waiting[nextWaiting]
        nextWaiting += 1
        if nextWaiting == waiting.count { (waiting, nextWaiting) = ([], 0) }
        running += 1
        resolve(next.call) { [self] result in
          running -= 1
          next.completion(result)
          drain()
        }
        continue
      }
      guard running == 0 else { return }
      guard let field = serial.popLast() else { return finish() }
      field()
    }
  }

  private func finish() {
    guard let done else { return }
    self.done = nil
    var answer = JSONObject()
    answer.set("data", json(root) ?? .null)
    if !errors.isEmpty { answer.set("errors", .array(errors.map(\.json))) }
    done(.object(answer))
  }

  /// The value of a place; nil when it must not be null and is, so that what is around it becomes null.
  private func json(_ slot: Slot) -> JSONValue? {
    let value: JSONValue
    switch slot.content {
    case .null: value = .null
    case .leaf(let leaf): value = leaf
    case .object(let members):
      var object = JSONObject()
      var isNull = false
      for member in members {
        guard let value = json(member.slot) else {
          isNull = true
          break
        }
        object.set(member.name, value)
      }
      value = isNull ? .null : .object(object)
    case .list(let slots):
      var elements: [JSONValue] = []
      for slot in slots {
        guard let element = json(slot) else { break }
        elements.append(element)
      }
      value = elements.count < slots.count ? .null : .array(elements)
    }
    if case .null = value, slot.isNonNull { return nil }
    return value
  }

  // MARK: - Selections

  private func fail(_ message: String, _ field: GraphQLField, _ path: Path) {
    if errors.count < GraphQLLimits.errors {
      errors.append(GraphQLError(message, at: [field.position], path: path.steps))
    }
  }

  /// The fields of selection sets for an object type, those of one name together.
  private func collect(_ sets: [GraphQLSelection], on type: GraphQLType) -> [[GraphQLField]] {
    var groups: [[GraphQLField]] = []
    var places: [String: Int] = [:]
    var fragments: Set<String> = []
    collect(sets, on: type, &groups, &places, &fragments)
    return groups
  }

  private func collect(
    _ selections: [GraphQLSelection], on type: GraphQLType, _ groups: inout [[GraphQLField]],
    _ places: inout [String: Int], _ fragments: inout Set<String>
  ) {
    for selection in selections {
      switch selection {
      case .field(let field):
        guard isIncluded(field.directives) else { continue }
        if let place = places[field.responseName] {
          groups[place].append(field)
        } else {
          places[field.responseName] = groups.count
          groups.append([field])
        }
      case .spread(let name, let directives, _):
        guard isIncluded(directives), fragments.insert(name).inserted, let fragment = request.document.fragment(name),
          applies(fragment.typeCondition, to: type)
        else { continue }
        collect(fragment.selections, on: type, &groups, &places, &fragments)
      case .inline(let condition, let directives, let selections, _):
        guard isIncluded(directives), condition.map({ applies($0, to: type) }) ?? true else { continue }
        collect(selections, on: type, &groups, &places, &fragments)
      }
    }
  }

  private func applies(_ condition: String, to type: GraphQLType) -> Bool {
    schema.types[condition].map { schema.isPossible(type.name, of: $0) } ?? false
  }

  private func isIncluded(_ directives: [GraphQLDirective]) -> Bool {
    directives.allSatisfy { directive in
      guard directive.name == "skip" || directive.name == "include",
        let argument = directive.arguments.first(where: { $0.name == "if" })
      else { return true }
      let flag = GraphQLCoercion(schema).literal(argument.value, .named("Boolean"), request.variables)?.flag ?? false
      return flag == (directive.name == "include")
    }
  }

  private func select(
    _ sets: [[GraphQLSelection]], of source: Source, _ type: GraphQLType, into slot: Slot, _ path: Path?
  ) {
    var members: [(name: String, slot: Slot)] = []
    for group in collect(Array(sets.joined()), on: type) {
      guard let field = group.first, let definition = schema.field(field.name, of: type) else { continue }
      let member = Slot(isNonNull: definition.type.isNonNull)
      members.append((field.responseName, member))
      begin(group, definition, of: source, type, into: member, Path(.name(field.responseName), path))
    }
    slot.content = .object(members)
  }

  private func begin(
    _ group: [GraphQLField], _ definition: GraphQLFieldDefinition, of source: Source, _ type: GraphQLType,
    into slot: Slot, _ path: Path
  ) {
    let field = group[0]
    if field.name == "__typename" {
      slot.content = .leaf(.text(type.name))
      return
    }
    let arguments: JSONObject
    do {
      arguments = try GraphQLCoercion(schema).arguments(field.arguments, definition.arguments, request.variables)
    } catch {
      return fail(error.message, field, path)
    }
    let completion = GraphQLCompletion(execution: self, group: group, path: path)
    switch source {
    case .introspection(let node):
      completion.complete(
        GraphQLIntrospection(schema: schema).answer(field.name, of: node, arguments), definition.type, slot)
    case .root where field.name == "__schema": completion.complete(.node(.schema), definition.type, slot)
    case .root where field.name == "__type":
      let name = arguments["name"]?.text ?? ""
      completion.complete(
        .node(schema.types[name] == nil ? nil : .type(.named(name))), definition.type, slot)
    case .root, .json:
      var parent: JSONValue?
      if case .json(let value) = source { parent = value }
      guard hasResolver(type.name, field.name) else {
        guard let parent else { return fail("Field '\(type.name).\(field.name)' has no resolver.", field, path) }
        return completion.complete(parent[field.name] ?? .null, definition.type, slot, path)
      }
      var answersList = false
      if case .list = definition.type.nullable { answersList = true }
      call(
        Call(type: type.name, field: field.name, arguments: arguments, parent: parent, answersList: answersList)
      ) { result in
        switch result {
        case .success(let value): completion.complete(value, definition.type, slot, path)
        case .failure(let failure): completion.fail(failure.message, path)
        }
      }
    }
  }

  // MARK: - For completions

  /// Counts a value; false when there are too many.
  fileprivate func admit(_ field: GraphQLField, _ path: Path) -> Bool {
    values += 1
    if values == bounds.values + 1 { fail("The answer has more than \(bounds.values) values.", field, path) }
    return values <= bounds.values
  }

  /// Counts the text of a value; false when there is too much of it.
  fileprivate func admit(text: String, _ field: GraphQLField, _ path: Path) -> Bool {
    let isFirst = textBytes <= bounds.textBytes
    textBytes += text.utf8.count
    guard textBytes > bounds.textBytes else { return true }
    if isFirst { fail("The answer has more than \(bounds.textBytes) bytes of text.", field, path) }
    return false
  }

  fileprivate func schemaType(_ name: String) -> GraphQLType? { schema.types[name] }

  fileprivate func isPossible(_ name: String, of type: GraphQLType) -> Bool { schema.isPossible(name, of: type) }

  fileprivate func report(_ message: String, _ field: GraphQLField, _ path: Path) { fail(message, field, path) }

  fileprivate func descend(
    _ group: [GraphQLField], _ source: Source, _ type: GraphQLType, into slot: Slot, _ path: Path
  ) {
    select(group.map(\.selections), of: source, type, into: slot, path)
  }
}

/// Makes the value of one field what its type says (section 6.4.3).
private struct GraphQLCompletion {
  let execution: GraphQLExecution
  let group: [GraphQLField]
  let path: GraphQLExecution.Path

  private var field: GraphQLField { group[0] }

  func fail(_ message: String, _ path: GraphQLExecution.Path) { execution.report(message, field, path) }

  func complete(
    _ value: JSONValue, _ type: GraphQLTypeReference, _ slot: GraphQLExecution.Slot, _ path: GraphQLExecution.Path
  ) {
    guard execution.admit(field, path) else { return }
    if case .null = value {
      if type.isNonNull { fail("Cannot return null for non-nullable field '\(field.name)'.", path) }
      return
    }
    switch type {
    case .nonNull(let inner): complete(value, inner, slot, path)
    case .list(let inner):
      guard let elements = value.elements else { return fail("Expected a list for field '\(field.name)'.", path) }
      var slots: [GraphQLExecution.Slot] = []
      for (index, element) in elements.enumerated() {
        let member = GraphQLExecution.Slot(isNonNull: inner.isNonNull)
        slots.append(member)
        complete(element, inner, member, GraphQLExecution.Path(.index(index), path))
      }
      slot.content = .list(slots)
    case .named(let name):
      guard let type = execution.schemaType(name) else { return }
      complete(value, type, slot, path)
    }
  }

  private func complete(
    _ value: JSONValue, _ type: GraphQLType, _ slot: GraphQLExecution.Slot, _ path: GraphQLExecution.Path
  ) {
    switch type.kind {
    case .scalar, .input:
      guard let leaf = Self.output(value, type.name) else {
        return fail("'\(type.name)' cannot represent the value of field '\(field.name)'.", path)
      }
      if let text = leaf.text, !execution.admit(text: text, field, path) { return }
      slot.content = .leaf(leaf)
    case .enumeration:
      guard let text = value.text, type.values.contains(where: { $0.name == text }) else {
        return fail("'\(type.name)' has no such value as field '\(field.name)' got.", path)
      }
      slot.content = .leaf(value)
    case .object:
      guard value.object != nil else { return fail("Expected an object for field '\(field.name)'.", path) }
      execution.descend(group, .json(value), type, into: slot, path)
    case .interface, .union:
      guard let name = value["__typename"]?.text else {
        return fail("The value of field '\(field.name)' has no __typename, and '\(type.name)' is abstract.", path)
      }
      guard let actual = execution.schemaType(name), actual.kind == .object, execution.isPossible(name, of: type) else {
        return fail("'\(name)' is no possible type of '\(type.name)'.", path)
      }
      execution.descend(group, .json(value), actual, into: slot, path)
    }
  }

  /// A scalar as it is answered; nil when the value is none of that type.
  private static func output(_ value: JSONValue, _ type: String) -> JSONValue? {
    switch (type, value) {
    case ("Int", .integer(let number)): return Int32(exactly: number) == nil ? nil : value
    case ("Int", .real(let number)): return Int32(exactly: number).map { .integer(Int64($0)) }
    case ("Int", .bool(let flag)): return .integer(flag ? 1 : 0)
    case ("Int", .text(let text)): return Int32(text).map { .integer(Int64($0)) }
    case ("Float", .integer), ("Float", .real), ("String", .text), ("ID", .text), ("Boolean", .bool): return value
    case ("Float", .text(let text)): return Double(text).flatMap { $0.isFinite ? .real($0) : nil }
    case ("String", .integer), ("String", .real), ("String", .bool), ("ID", .integer):
      return .text(String(decoding: value.bytes, as: UTF8.self))
    case ("Boolean", .integer(let number)): return .bool(number != 0)
    case ("Int", _), ("Float", _), ("String", _), ("ID", _), ("Boolean", _): return nil
    default: return value
    }
  }

  // MARK: - Introspection

  func complete(
    _ answer: GraphQLIntrospection.Answer, _ type: GraphQLTypeReference, _ slot: GraphQLExecution.Slot
  ) {
    guard execution.admit(field, path), let type = execution.schemaType(type.name) else { return }
    switch answer {
    case .leaf(let value): slot.content = .leaf(value)
    case .node(let node):
      if let node { execution.descend(group, .introspection(node), type, into: slot, path) }
    case .nodes(let nodes):
      guard let nodes else { return }
      slot.content = .list(
        nodes.enumerated().map { index, node in
          let member = GraphQLExecution.Slot(isNonNull: true)
          execution.descend(
            group, .introspection(node), type, into: member, GraphQLExecution.Path(.index(index), path))
          return member
        })
    }
  }
}
