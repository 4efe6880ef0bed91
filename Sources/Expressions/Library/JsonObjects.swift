import DotNet
import Foundation

/// A node of a JSON tree: `JObject`, `JArray`, `JProperty` or `JValue`.
final class JsonToken: RuntimeObject {
  enum Content {
    case scalar(Value)
    /// A name with one child.
    case property(String)
    case array
    case object
  }

  var content: Content
  /// Elements of an array, properties of an object, the value of a property.
  private(set) var children: [JsonToken] = []
  /// Places of an object's properties by name; nil until there are enough of them to need it.
  private var places: [String: Int]?
  private(set) weak var parent: JsonToken?

  init(_ content: Content, _ children: [JsonToken] = []) {
    self.content = content
    for child in children { append(child) }
  }

  /// Nesting that the tree may have.
  static let maximumDepth = 128

  // MARK: - Building

  private func attached(_ child: JsonToken) -> JsonToken {
    let own = child.parent == nil ? child : child.copy()
    own.parent = self
    return own
  }

  func append(_ child: JsonToken) { children.append(attached(child)) }

  func insert(_ child: JsonToken, at index: Int) { children.insert(attached(child), at: index) }

  func copy() -> JsonToken { JsonToken(content, children.map { $0.copy() }) }

  func remove(at index: Int) {
    children[index].parent = nil
    children.remove(at: index)
    places = nil
  }

  func removeAll() {
    for child in children { child.parent = nil }
    children = []
    places = nil
  }

  func replace(at index: Int, with child: JsonToken) {
    let own = attached(child)
    children[index].parent = nil
    children[index] = own
  }

  /// `Remove()` on the token itself.
  func detach() throws {
    guard let parent else { throw Thrown.invalidOperation("The parent is missing.") }
    if case .property = parent.content { return try parent.detach() }
    if let index = parent.children.firstIndex(where: { $0 === self }) { parent.remove(at: index) }
  }

  /// `Replace(value)`.
  func replaced(by token: JsonToken) throws {
    guard let parent, let index = parent.children.firstIndex(where: { $0 === self }) else {
      throw Thrown.invalidOperation("The parent is missing.")
    }
    parent.replace(at: index, with: token)
  }

  // MARK: - Reading

  var propertyName: String? {
    if case .property(let name) = content { return name }
    return nil
  }

  /// The value of a property; nil for other tokens.
  var propertyValue: JsonToken? {
    if case .property = content { return children.first }
    return nil
  }

  private func place(_ name: String) -> Int? {
    if children.count < 8 { return children.firstIndex { $0.propertyName == name } }
    if places == nil {
      places = Dictionary(
        children.enumerated().map { ($1.propertyName ?? "", $0) }, uniquingKeysWith: { first, _ in first })
    }
    return places?[name]
  }

  /// The property of an object.
  func property(_ name: String, ignoresCase: Bool = false) -> JsonToken? {
    if let index = place(name) { return children[index] }
    if ignoresCase { return children.first { $0.propertyName?.uppercased() == name.uppercased() } }
    return nil
  }

  func member(_ name: String) -> JsonToken? { property(name)?.propertyValue }

  func set(_ name: String, _ value: JsonToken) {
    if let property = property(name) {
      property.replace(at: 0, with: value)
    } else {
      append(JsonToken(.property(name), [value]))
      places = nil
    }
  }

  func removeMember(_ name: String) -> Bool {
    guard let index = place(name) else { return false }
    remove(at: index)
    return true
  }

  var kindName: String? {
    guard case .scalar = content else { return nil }
    return typeName
  }

  /// The name in `JTokenType`.
  var typeName: String {
    switch content {
    case .property: return "Property"
    case .array: return "Array"
    case .object: return "Object"
    case .scalar(let value):
      switch value {
      case .null: return "Null"
      case .bool: return "Boolean"
      case .string, .char: return "String"
      case .double, .float, .decimal: return "Float"
      case .object(let object): return object is GuidObject ? "Guid" : object is ArrayObject ? "Bytes" : "Date"
      default: return "Integer"
      }
    }
  }

  static let typeNames = [
    "None", "Object", "Array", "Constructor", "Property", "Comment", "Integer", "Float", "String", "Boolean", "Null",
    "Undefined", "Date", "Raw", "Bytes", "Guid", "Uri", "TimeSpan",
  ]

  var runtimeType: TypeSymbol {
    let name =
      switch content {
      case .scalar: "JValue"
      case .property: "JProperty"
      case .array: "JArray"
      case .object: "JObject"
      }
    return .named("Newtonsoft.Json.Linq." + name)
  }

  func scalar() throws -> Value {
    if case .scalar(let value) = content { return value }
    throw Thrown.invalidCast(runtimeType, .object)
  }

  func makeIterator() throws -> (any ValueIterator)? {
    if case .scalar = content { return ValuesIterator([]) }
    return ValuesIterator(children.map { .object($0) })
  }

  func isEqual(to other: Value) -> Bool {
    guard case .object(let object) = other, let token = object as? JsonToken else { return false }
    if token === self { return true }
    if case .scalar(let a) = content, case .scalar(let b) = token.content { return Operation.areEqual(a, b) }
    return false
  }

  func hash(into hasher: inout Hasher) {
    if case .scalar(let value) = content { value.hash(into: &hasher) } else { hasher.combine(ObjectIdentifier(self)) }
  }

  func compare(to other: Value) throws -> Int? {
    guard case .scalar(let a) = content else { return nil }
    if case .object(let object) = other, let token = object as? JsonToken {
      return try Operation.compare(a, try token.scalar())
    }
    return try Operation.compare(a, other)
  }

  /// `JToken.DeepEquals`.
  static func deepEquals(_ a: JsonToken, _ b: JsonToken) -> Bool {
    switch (a.content, b.content) {
    case (.scalar(let x), .scalar(let y)): return a.typeName == b.typeName && Operation.areEqual(x, y)
    case (.array, .array), (.property, .property):
      return a.propertyName == b.propertyName && a.children.count == b.children.count
        && zip(a.children, b.children).allSatisfy { deepEquals($0, $1) }
    case (.object, .object):
      return a.children.count == b.children.count
        && a.children.allSatisfy { child in
          b.property(child.propertyName ?? "").map { deepEquals(child, $0) } ?? false
        }
    default: return false
    }
  }

  // MARK: - Values

  /// A value as a token; ArgumentException for what JSON cannot hold.
  static func value(_ value: Value) throws -> JsonToken {
    if case .object(let object) = value {
      switch object {
      case let token as JsonToken: return token
      case let array as ArrayObject where array.runtimeType != .byteArray:
        return JsonToken(.array, try array.elements.map(JsonToken.value))
      case is GuidObject, is ArrayObject, is DateTimeObject, is TimeSpanObject: break
      default:
        throw Thrown.argument("Could not determine JSON object type for type \(object.runtimeType.qualifiedName).")
      }
    }
    return JsonToken(.scalar(value))
  }

  /// `JToken.FromObject` and `JsonConvert.SerializeObject`: collections, dictionaries and anonymous types, too.
  static func from(_ value: Value, _ machine: Machine, depth: Int = 0) throws -> JsonToken {
    guard depth < maximumDepth else { throw Thrown.invalidOperation("The object is nested too deeply for JSON.") }
    try machine.charge()
    guard case .object(let object) = value else { return JsonToken(.scalar(value)) }
    switch object {
    case let token as JsonToken: return token
    case is GuidObject, is DateTimeObject, is TimeSpanObject: return JsonToken(.scalar(value))
    case let dictionary as DictionaryObject:
      let result = JsonToken(.object)
      for entry in dictionary.entries {
        result.set(try Operation.text(entry.key, machine), try from(entry.value, machine, depth: depth + 1))
      }
      return result
    case let tuple as TupleObject:
      let names =
        tuple.runtimeType.kind == .anonymous
        ? tuple.runtimeType.definition.fieldNames
        : tuple.runtimeType.definition.name == "KeyValuePair"
          ? ["Key", "Value"] : tuple.values.indices.map { "Item\($0 + 1)" }
      let result = JsonToken(.object)
      for (name, value) in zip(names, tuple.values) { result.set(name, try from(value, machine, depth: depth + 1)) }
      return result
    default:
      if let array = object as? ArrayObject, array.runtimeType == .byteArray { return JsonToken(.scalar(value)) }
      guard try object.makeIterator() != nil else { return JsonToken(.scalar(.string(try object.text(machine)))) }
      return JsonToken(.array, try value.elements(machine).map { try from($0, machine, depth: depth + 1) })
    }
  }

  // MARK: - Text

  func text(_ machine: Machine) throws -> String {
    if case .scalar(let value) = content { return try Operation.text(value, machine) }
    return try written(isIndented: true, machine)
  }

  func written(isIndented: Bool, _ machine: Machine) throws -> String {
    var text = ""
    try write(into: &text, isIndented, depth: 0, machine)
    try machine.process(bytes: text.utf8.count)
    return text
  }

  private func write(into text: inout String, _ isIndented: Bool, depth: Int, _ machine: Machine) throws {
    try machine.charge()
    guard depth <= Self.maximumDepth else {
      throw Thrown.invalidOperation("The JSON is nested deeper than 128 levels.")
    }
    switch content {
    case .scalar(let value): try Self.write(value, into: &text, machine)
    case .property(let name):
      Self.quote(name, into: &text)
      text += isIndented ? ": " : ":"
      try children.first?.write(into: &text, isIndented, depth: depth, machine)
    case .array, .object:
      let isObject = propertyBraces
      text += isObject ? "{" : "["
      for (index, child) in children.enumerated() {
        if index > 0 { text += "," }
        if isIndented { text += "\r\n" + String(repeating: "  ", count: depth + 1) }
        try child.write(into: &text, isIndented, depth: depth + 1, machine)
      }
      if isIndented, !children.isEmpty { text += "\r\n" + String(repeating: "  ", count: depth) }
      text += isObject ? "}" : "]"
    }
  }

  private var propertyBraces: Bool {
    if case .object = content { return true }
    return false
  }

  private static func write(_ value: Value, into text: inout String, _ machine: Machine) throws {
    switch value {
    case .null: text += "null"
    case .bool(let flag): text += flag ? "true" : "false"
    case .double, .float, .decimal:
      let number = try Operation.text(value, machine)
      if ["NaN", "Infinity", "-Infinity"].contains(number) {
        text += "\"\(number)\""
      } else {
        // A real keeps its point, so that it reads back as one.
        text += number.contains(".") || number.contains("E") ? number : number + ".0"
      }
    case .object(let object):
      if let array = object as? ArrayObject {
        text += "\"" + Data(array.bytes).base64EncodedString() + "\""
      } else if let date = object as? DateTimeObject {
        quote(try date.value.format("yyyy-MM-ddTHH:mm:ss.FFFFFFFK"), into: &text)
      } else {
        quote(try Operation.text(value, machine), into: &text)
      }
    case .string, .char: quote(try Operation.text(value, machine), into: &text)
    default: text += try Operation.text(value, machine)
    }
  }

  static func quote(_ string: String, into text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\u{8}": text += "\\b"
      case "\u{c}": text += "\\f"
      case _ where scalar.value < 0x20 || [0x85, 0x2028, 0x2029].contains(scalar.value):
        let hex = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
