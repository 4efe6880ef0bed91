/// `JObject`, `JArray`, `JProperty` and `JConstructor`: building and changing trees.
extension LibraryCatalog {
  static let jsonContainerTypes: [LibraryType] = [
    LibraryType("abstract class Newtonsoft.Json.Linq.JContainer : JToken") { type in containerMembers(&type) },
    LibraryType("class Newtonsoft.Json.Linq.JProperty : JContainer") { type in propertyMembers(&type) },
    LibraryType("class Newtonsoft.Json.Linq.JConstructor : JContainer") { type in
      type.member("JConstructor()") { call in made(JsonToken(.constructor("")), call) }
      type.member("JConstructor(JConstructor other)") { call in
        made(try call.object(0, as: JsonToken.self).copy(call.machine), call)
      }
      type.member("JConstructor(string name)") { call in made(JsonToken(.constructor(try call.string(0))), call) }
      type.member("JConstructor(string name, params object[] content)") { call in
        let token = JsonToken(.constructor(try call.string(0)))
        for item in try call.array(1) { try add(item, to: token, call.machine) }
        return made(token, call)
      }
      type.property("string Name { get; set; }", get: { call in .string(try token(call).name ?? "") }) { call in
        try token(call).content = .constructor(try call.string(0))
        return .null
      }
    },
    LibraryType("class Newtonsoft.Json.Linq.JArray : JContainer, IList<JToken>") { type in arrayMembers(&type) },
    LibraryType("class Newtonsoft.Json.Linq.JObject : JContainer") { type in
      objectMembers(&type)
      objectLookup(&type)
    },
  ]

  // MARK: - Adding

  /// Adds a value, or the elements of a sequence, at the end.
  static func add(_ value: Value, to container: JsonToken, _ machine: Machine) throws {
    try insert(value, at: container.count, in: container, machine)
  }

  /// Puts a value, or the elements of a sequence, before a place.
  static func insert(_ value: Value, at index: Int, in container: JsonToken, _ machine: Machine) throws {
    if let parts = try JsonToken.parts(value, machine) {
      var at = index
      container.reserve(parts.count)
      for part in parts {
        try insert(part, at: at, in: container, machine)
        at = index + (container.count - index)
      }
      return
    }
    try machine.allocate(bytes: JsonToken.size)
    let child = try tokenArgument(value)
    switch container.content {
    case .object:
      guard let name = child.propertyName else {
        throw Thrown.argument(
          "Can not add \(child.runtimeType.qualifiedName) to Newtonsoft.Json.Linq.JObject.")
      }
      guard container.property(name) == nil else {
        throw Thrown.argument(
          "Can not add property \(name) to Newtonsoft.Json.Linq.JObject. Property with the same name already exists on object."
        )
      }
    case .property:
      throw Thrown(
        "Newtonsoft.Json.JsonException", "Newtonsoft.Json.Linq.JProperty cannot have multiple values.")
    case .array, .constructor:
      if child.propertyName != nil {
        throw Thrown.argument(
          "Can not add Newtonsoft.Json.Linq.JProperty to \(container.runtimeType.qualifiedName).")
      }
    case .scalar, .raw, .comment, .undefined: throw Thrown.invalidCast(container.runtimeType, .object)
    }
    if index == container.count {
      try container.append(child, machine)
    } else {
      try container.insert(child, at: index, machine)
    }
  }

  private static func containerMembers(_ type: inout LibraryRegistration) {
    type.number("int Count { get; }") { _, token in try token.token().count }
    type.member("void Add(object content)") { call in
      try add(call[0], to: try token(call), call.machine)
      return .null
    }
    type.member("void AddFirst(object content)") { call in
      try insert(call[0], at: 0, in: try token(call), call.machine)
      return .null
    }
    type.member("void RemoveAll()") { call in
      try token(call).removeAll()
      return .null
    }
    type.member("void ReplaceAll(object content)") { call in
      try token(call).removeAll()
      try add(call[0], to: try token(call), call.machine)
      return .null
    }
    for (name, includesSelf) in [("Descendants", false), ("DescendantsAndSelf", true)] {
      type.member("IEnumerable<JToken> \(name)()") { call in
        tokens(try descendants(of: try token(call), includesSelf, call.machine))
      }
    }
    type.member("void Merge(object content)") { call in
      guard let other: JsonToken = call.objectOrNull(0) else { return .null }
      try merge(other, into: try token(call), call.machine)
      return .null
    }
  }

  static func descendants(
    of token: JsonToken, _ includesSelf: Bool, _ machine: Machine
  ) throws -> [JsonToken] {
    var result: [JsonToken] = []
    try token.visitDescendants(machine) { found in
      try machine.allocate(bytes: 8)
      if includesSelf || found !== token { result.append(found) }
    }
    return result
  }

  /// Objects merge by name, arrays are joined, a null does not overwrite.
  private static func merge(_ source: JsonToken, into target: JsonToken, _ machine: Machine) throws {
    try machine.charge()
    if target.isArray {
      guard source.isArray else { return }
      for element in source.children { try target.append(try element.copy(machine), machine) }
      return
    }
    guard target.isObject, source.isObject else { return }
    for property in source.children {
      guard let name = property.propertyName, let value = property.propertyValue else { continue }
      guard let existing = target.member(name) else {
        try target.set(name, try value.copy(machine), machine)
        continue
      }
      if existing.isContainer, existing.kind == value.kind {
        try merge(value, into: existing, machine)
      } else if value.kind != .null {
        try target.set(name, try value.copy(machine), machine)
      }
    }
  }

  // MARK: - JProperty

  private static func propertyMembers(_ type: inout LibraryRegistration) {
    type.direct("JProperty(string name, object content)") { machine, name, content in
      made(
        try JsonToken(property: try name.text("name"), try JsonToken.content(content, machine), machine), machine)
    }
    type.member("JProperty(string name, params object[] content)") { call in
      let value = call[1].isNull ? JsonToken.null : try JsonToken.content(call[1], call.machine)
      return made(try JsonToken(property: try call.string(0), value, call.machine), call)
    }
    type.member("string Name { get; }") { call in .string(try token(call).propertyName ?? "") }
    type.property("JToken Value { get; set; }", get: { call in optional(try token(call).propertyValue) }) { call in
      try token(call).replace(at: 0, with: try tokenArgument(call[0]), call.machine)
      return .null
    }
  }

  // MARK: - JArray

  private static func arrayMembers(_ type: inout LibraryRegistration) {
    type.member("JArray()") { call in made(JsonToken(.array), call) }
    type.member("JArray(JArray other)") { call in made(try call.object(0, as: JsonToken.self).copy(call.machine), call)
    }
    for content in ["object content", "params object[] content"] {
      type.member("JArray(\(content))") { call in
        let array = JsonToken(.array)
        if call[0].isNull, content.hasPrefix("params") { throw Thrown.argumentNull("content") }
        try add(call[0], to: array, call.machine)
        return made(array, call)
      }
    }
    type.direct("static JArray Parse(string json)") { machine, text in try parsed(text, .array, machine) }
    type.member("static JArray FromObject(object o)") { call in
      let token = try JsonToken.from(call[0], call.machine)
      guard token.isArray else {
        throw Thrown.argument("Object serialized to \(token.kind.name). JArray instance expected.")
      }
      return made(token, call)
    }
    type.property(
      "JToken this[int index] { get; set; }", direct: { _, token, index in optional(try element(token.token(), index)) }
    ) { call in
      let array = try token(call)
      guard array.child(at: call.int(0)) != nil else { throw indexOutOfRange() }
      try array.replace(at: call.int(0), with: try tokenArgument(call[1]), call.machine)
      return .null
    }
    type.member("void Add(JToken item)") { call in
      try call.machine.allocate(bytes: JsonToken.size)
      try token(call).append(try tokenArgument(call[0]), call.machine)
      return .null
    }
    type.member("void Insert(int index, JToken item)") { call in
      let array = try token(call)
      guard (0...array.count).contains(call.int(0)) else {
        throw Thrown.outOfRange("index", "Index must be within the bounds of the List.")
      }
      try call.machine.allocate(bytes: JsonToken.size)
      try array.insert(try tokenArgument(call[1]), at: call.int(0), call.machine)
      return .null
    }
    type.member("void RemoveAt(int index)") { call in
      let array = try token(call)
      guard array.child(at: call.int(0)) != nil else {
        throw Thrown.outOfRange("index", "Index is equal to or greater than Count.")
      }
      array.remove(at: call.int(0))
      return .null
    }
    type.member("bool Remove(JToken item)") { call in
      let array = try token(call)
      guard let item: JsonToken = call.objectOrNull(0), let index = array.index(of: item) else { return .bool(false) }
      array.remove(at: index)
      return .bool(true)
    }
    type.member("int IndexOf(JToken item)") { call in
      let array = try token(call)
      guard let item: JsonToken = call.objectOrNull(0) else { return .int32(-1) }
      return .int32(Int32(clamping: array.index(of: item) ?? -1))
    }
    type.member("void Clear()") { call in
      try token(call).removeAll()
      return .null
    }
    type.member("bool Contains(JToken item)") { call in
      let array = try token(call)
      guard let item: JsonToken = call.objectOrNull(0) else { return .bool(false) }
      return .bool(array.index(of: item) != nil)
    }
  }

  // MARK: - JObject

  private static func objectMembers(_ type: inout LibraryRegistration) {
    type.direct("JObject()") { machine in made(JsonToken(.object), machine) }
    type.member("JObject(JObject other)") { call in
      made(try call.object(0, as: JsonToken.self).copy(call.machine), call)
    }
    for content in ["object content", "params object[] content"] {
      type.direct("JObject(\(content))") { machine, content in
        let object = JsonToken(.object)
        if content.isNull { throw Thrown.argumentNull("content") }
        try add(content, to: object, machine)
        return made(object, machine)
      }
    }
    type.direct("static JObject Parse(string json)") { machine, text in try parsed(text, .object, machine) }
    type.member("static JObject FromObject(object o)") { call in
      if call[0].isNull { throw Thrown.argumentNull("o") }
      let token = try JsonToken.from(call[0], call.machine)
      guard token.isObject else {
        throw Thrown.argument("Object serialized to \(token.kind.name). JObject instance expected.")
      }
      return made(token, call)
    }
    type.property(
      "JToken this[string propertyName] { get; set; }",
      direct: { _, token, name in optional(try token.token().member(try name.text("propertyName"))) }
    ) { call in
      try call.machine.allocate(bytes: JsonToken.size)
      try token(call).set(try call.string(0), try tokenArgument(call[1]), call.machine)
      return .null
    }
    type.member("void Add(string propertyName, JToken value)") { call in
      let property = try JsonToken(property: try call.string(0), try tokenArgument(call[1]), call.machine)
      try add(.object(property), to: try token(call), call.machine)
      return .null
    }
    type.member("bool Remove(string propertyName)") { call in .bool(try token(call).removeMember(try call.string(0))) }
  }

  private static func objectLookup(_ type: inout LibraryRegistration) {
    type.test("bool ContainsKey(string propertyName)") { _, token, name in
      try token.token().property(try name.text("propertyName")) != nil
    }
    type.member("IEnumerable<KeyValuePair<string, JToken>> GetEnumerator()") { call in
      let object = try token(call)
      return .object(LazySequence(of: JsonChildren.pair) { JsonChildren(object, isPairs: true) })
    }
    type.member("JProperty Property(string name)") { call in
      optional(call.stringOrNull(0).flatMap { (try? token(call))?.property($0) })
    }
    type.member("JProperty Property(string name, StringComparison comparison)") { call in
      optional(try token(call).property(try call.string(0), ignoresCase: ignoresCase(call, 1)))
    }
    type.member("IEnumerable<JProperty> Properties()") { call in
      listed(JsonKind.propertyType, try token(call).children.map { .object($0) })
    }
    type.member("IEnumerable<JToken> PropertyValues()") { call in
      tokens(try token(call).children.compactMap(\.propertyValue))
    }
    type.member("bool TryGetValue(string propertyName, out JToken value)") { call in
      let found = call.stringOrNull(0).flatMap { name in (try? token(call))?.member(name) }
      call.set(1, optional(found))
      return .bool(found != nil)
    }
    type.member("bool TryGetValue(string propertyName, StringComparison comparison, out JToken value)") { call in
      let found = try token(call).property(try call.string(0), ignoresCase: ignoresCase(call, 1))?.propertyValue
      call.set(2, optional(found))
      return .bool(found != nil)
    }
    type.member("JToken GetValue(string propertyName)") { call in
      optional(call.stringOrNull(0).flatMap { name in (try? token(call))?.member(name) })
    }
    type.member("JToken GetValue(string propertyName, StringComparison comparison)") { call in
      guard let name = call.stringOrNull(0) else { return .null }
      return optional(try token(call).property(name, ignoresCase: ignoresCase(call, 1))?.propertyValue)
    }
  }

  /// The odd members of `StringComparison` ignore case.
  private static func ignoresCase(_ call: Call, _ index: Int) -> Bool { call.int(index) % 2 == 1 }
}
