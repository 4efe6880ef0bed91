/// A node of a JSON tree: `JObject`, `JArray`, `JConstructor`, `JProperty`, `JValue` or `JRaw`.
///
/// A node does not keep its parents alive; `Machine.keep` holds trees until the evaluation that made them ends.
final class JsonToken: RuntimeObject {
  enum Content {
    case scalar(Value)
    /// Text that is written as it stands: `JRaw`.
    case raw(String)
    case comment(String)
    case undefined
    /// A name with one child.
    case property(String)
    case constructor(String)
    case array
    case object
  }

  var content: Content
  /// Elements of an array or constructor, properties of an object.
  private var elements: [JsonToken] = []
  /// The one child of a property.
  private var only: JsonToken?
  /// Places of an object's properties by name; nil until there are enough of them to need it.
  private var places: [String: Int]?
  /// Levels of nodes below this one, or more: nodes that were removed still count.
  private var height = 0
  // A parent holds its children and takes itself out of them before it goes, so the reference never dangles.
  private(set) unowned(unsafe) var parent: JsonToken?

  init(_ content: Content) { self.content = content }

  init(property name: String, _ value: JsonToken, _ machine: Machine) throws {
    content = .property(name)
    only = try attached(value, machine)
  }

  deinit {
    only?.parent = nil
    for index in elements.indices { elements[index].parent = nil }
  }

  static var null: JsonToken { JsonToken(.scalar(.null)) }

  /// Levels a document may have when it is read.
  static let maximumDepth = 128
  /// Levels a tree may have, however it came about: trees are walked by recursion.
  private static let maximumHeight = 500
  /// Properties from which on an object keeps their places by name.
  private static let indexedCount = 12
  /// Bytes a node counts for.
  static let size = 128

  // MARK: - Building

  /// The child, or a copy when it belongs to another parent, or when it would contain itself.
  private func attached(_ child: JsonToken, _ machine: Machine) throws -> JsonToken {
    let own = child.parent == nil && (child.isEmpty || child !== root) ? child : try child.copy(machine)
    own.parent = self
    if own.height >= height { try raise(above: own.height) }
    return own
  }

  private func raise(above level: Int) throws {
    var (node, needed): (JsonToken?, Int) = (self, level + 1)
    while let current = node, current.height < needed {
      guard needed <= Self.maximumHeight else {
        throw Thrown.invalidOperation("The JSON is nested deeper than \(Self.maximumHeight) levels.")
      }
      current.height = needed
      (node, needed) = (current.parent, needed + 1)
    }
  }

  /// Makes room for so many more children.
  func reserve(_ count: Int) { if only == nil { elements.reserveCapacity(elements.count + count) } }

  func append(_ child: JsonToken, _ machine: Machine) throws {
    let own = try attached(child, machine)
    if places != nil { places?[own.propertyName ?? ""] = elements.count }
    elements.append(own)
  }

  func insert(_ child: JsonToken, at index: Int, _ machine: Machine) throws {
    elements.insert(try attached(child, machine), at: index)
    places = nil
  }

  /// A copy of the node and all below it, without a parent.
  func copy(_ machine: Machine) throws -> JsonToken {
    try machine.charge()
    try machine.allocate(bytes: Self.size)
    let result = JsonToken(content)
    if let only { result.only = try result.attached(only.copy(machine), machine) }
    if !elements.isEmpty {
      result.elements.reserveCapacity(elements.count)
      for element in elements { result.elements.append(try result.attached(element.copy(machine), machine)) }
    }
    return result
  }

  func remove(at index: Int) {
    elements[index].parent = nil
    elements.remove(at: index)
    places = nil
  }

  func removeAll() {
    for element in elements { element.parent = nil }
    elements = []
    places = nil
  }

  /// Puts a child in the place of another; a property has the place 0.
  func replace(at index: Int, with child: JsonToken, _ machine: Machine) throws {
    if let only {
      if child === only { return }
      only.parent = nil
      self.only = try attached(child, machine)
      return
    }
    if child === elements[index] { return }
    let own = try attached(child, machine)
    elements[index].parent = nil
    elements[index] = own
    places = nil
  }

  /// The place among the parent's children. InvalidOperationException for a node without a parent.
  func place() throws -> (parent: JsonToken, index: Int) {
    guard let parent, let index = parent.index(of: self) else {
      throw Thrown.invalidOperation("The parent is missing.")
    }
    return (parent, index)
  }

  /// `Remove()` on the token itself: the value of a property cannot go alone, its property goes.
  func detach() throws {
    let (parent, index) = try place()
    if parent.only != nil { return try parent.detach() }
    parent.remove(at: index)
  }

  /// `Replace(value)`.
  func replaced(by token: JsonToken, _ machine: Machine) throws {
    let (parent, index) = try place()
    try parent.replace(at: index, with: token, machine)
  }

  // MARK: - Reading

  var children: [JsonToken] { only.map { [$0] } ?? elements }
  var count: Int { only == nil ? elements.count : 1 }
  private var isEmpty: Bool { only == nil && elements.isEmpty }

  func child(at index: Int) -> JsonToken? {
    if let only { return index == 0 ? only : nil }
    return elements.indices.contains(index) ? elements[index] : nil
  }

  func index(of child: JsonToken) -> Int? {
    if let only { return only === child ? 0 : nil }
    return elements.firstIndex { $0 === child }
  }

  var root: JsonToken {
    var result = self
    while let parent = result.parent { result = parent }
    return result
  }

  var propertyName: String? {
    if case .property(let name) = content { return name }
    return nil
  }

  /// The value of a property; nil for other tokens.
  var propertyValue: JsonToken? { only }

  var isObject: Bool { if case .object = content { true } else { false } }
  var isArray: Bool { if case .array = content { true } else { false } }

  /// Whether the token can have children.
  var isContainer: Bool {
    switch content {
    case .property, .constructor, .array, .object: true
    case .scalar, .raw, .comment, .undefined: false
    }
  }

  private func place(of name: String) -> Int? {
    if elements.count < Self.indexedCount {
      for index in elements.indices {
        if case .property(let known) = elements[index].content, known == name { return index }
      }
      return nil
    }
    if places == nil {
      places = Dictionary(
        elements.enumerated().map { ($1.propertyName ?? "", $0) }, uniquingKeysWith: { first, _ in first })
    }
    return places?[name]
  }

  /// The property of an object.
  func property(_ name: String, ignoresCase: Bool = false) -> JsonToken? {
    if let index = place(of: name) { return elements[index] }
    guard ignoresCase else { return nil }
    let wanted = name.uppercased()
    return elements.first { $0.propertyName?.uppercased() == wanted }
  }

  func member(_ name: String) -> JsonToken? { property(name)?.only }

  func set(_ name: String, _ value: JsonToken, _ machine: Machine) throws {
    if let property = property(name) {
      try property.replace(at: 0, with: value, machine)
    } else {
      try append(try JsonToken(property: name, value, machine), machine)
    }
  }

  func removeMember(_ name: String) -> Bool {
    guard let index = place(of: name) else { return false }
    remove(at: index)
    return true
  }

  /// The node and all nodes below it, in the order of the text.
  func visitDescendants(_ machine: Machine, _ body: (JsonToken) throws -> Void) throws {
    try machine.charge()
    try body(self)
    for child in children { try child.visitDescendants(machine, body) }
  }

  // MARK: - Kinds

  /// The kind of a scalar, as recorded answers name it.
  var kindName: String? {
    kind.runtimeType == JsonKind.valueType ? kind.name : nil
  }

  var kind: JsonKind {
    switch content {
    case .property: .property
    case .constructor: .constructor
    case .array: .array
    case .object: .object
    case .raw: .raw
    case .comment: .comment
    case .undefined: .undefined
    case .scalar(let value): JsonKind(of: value)
    }
  }

  var runtimeType: TypeSymbol { kind.runtimeType }

  /// `JValue.Value`. InvalidCastException for other tokens.
  func scalar() throws -> Value {
    switch content {
    case .scalar(let value): return value
    case .raw(let text), .comment(let text): return .string(text)
    case .undefined: return .null
    case .property, .constructor, .array, .object: throw Thrown.invalidCast(runtimeType, .object)
    }
  }

  func makeIterator() throws -> (any ValueIterator)? { JsonChildren(self) }

  func text(_ machine: Machine) throws -> String {
    switch content {
    case .scalar(let value): return try Operation.text(value, machine)
    case .raw(let text), .comment(let text): return text
    case .undefined: return ""
    case .property, .constructor, .array, .object: return try JsonWriter.text(self, isIndented: true, machine)
    }
  }

  func isEqual(to other: Value) -> Bool {
    guard case .object(let object) = other, let token = object as? JsonToken else { return false }
    return token === self || (!isContainer && Self.deepEquals(self, token))
  }

  func hash(into hasher: inout Hasher) {
    if case .scalar(let value) = content { value.hash(into: &hasher) } else { hasher.combine(ObjectIdentifier(self)) }
  }

  func compare(to other: Value) throws -> Int? {
    guard !isContainer else { return nil }
    if case .object(let object) = other, let token = object as? JsonToken {
      return try JsonComparison.order(self, token)
    }
    return try JsonComparison.order(self, JsonToken(.scalar(other)))
  }

  /// `JToken.DeepEquals`: properties of objects in any order.
  static func deepEquals(_ a: JsonToken, _ b: JsonToken) -> Bool {
    switch (a.content, b.content) {
    case (.object, .object):
      return a.count == b.count
        && a.elements.allSatisfy { child in
          b.property(child.propertyName ?? "").map { deepEquals(child, $0) } ?? false
        }
    case (.array, .array), (.property, .property), (.constructor, .constructor):
      return a.name == b.name && a.count == b.count && zip(a.children, b.children).allSatisfy { deepEquals($0, $1) }
    default:
      guard !a.isContainer, !b.isContainer, a.kind == b.kind, let x = try? a.scalar(), let y = try? b.scalar() else {
        return false
      }
      if Operation.areEqual(x, y) { return true }
      // 1 as an `int` is 1 as a `long`.
      return a.kind != .bytes && (try? JsonComparison.order(a, b)) == 0
    }
  }

  /// The name of a property or a constructor.
  var name: String? {
    switch content {
    case .property(let name), .constructor(let name): name
    default: nil
    }
  }
}

/// An enumerator over a node's children; InvalidOperationException when they change meanwhile.
final class JsonChildren: ValueIterator {
  private let token: JsonToken
  private let count: Int
  private let isPairs: Bool
  private var index = 0

  /// - Parameter isPairs: gives an object's properties as `KeyValuePair<string, JToken>`.
  init(_ token: JsonToken, isPairs: Bool = false) {
    self.token = token
    self.isPairs = isPairs
    count = token.count
  }

  func next(_ machine: Machine) throws -> Value? {
    guard token.count == count else {
      throw Thrown.invalidOperation("Collection was modified; enumeration operation may not execute.")
    }
    guard let child = token.child(at: index) else { return nil }
    index += 1
    guard isPairs, let name = child.propertyName, let value = child.propertyValue else { return .object(child) }
    return .object(TupleObject(Self.pair, [.string(name), .object(value)]))
  }

  static let pair = TypeSymbol.keyValuePair(.string, JsonKind.tokenType)
}
