/// `Newtonsoft.Json.Linq.Extensions`: what sequences of tokens can do.
extension LibraryCatalog {
  static let jsonExtensions = LibraryType("static class Newtonsoft.Json.Linq.Extensions", extensions: true) { type in
    type.member("static U Value<U>(this IEnumerable<JToken> value)") { call in
      if call[0].isNull { throw Thrown.argumentNull("value") }
      guard let token: JsonToken = call.objectOrNull(0) else {
        throw Thrown.argument("Source value must be a JToken.")
      }
      return try JsonConversion.value(token, as: call.types[0], call.machine)
    }
    type.member("static IEnumerable<JToken> Values(this IEnumerable<JToken> source)") { call in
      tokens(try elements(call).flatMap { $0.isContainer ? $0.children : [$0] })
    }
    type.member("static IEnumerable<JToken> Values(this IEnumerable<JToken> source, object key)") { call in
      let key = call[1]
      return tokens(try elements(call).compactMap { try element($0, key) })
    }
    type.member("static IEnumerable<U> Values<U>(this IEnumerable<JToken> source)") { call in
      try converted(try elements(call).flatMap { $0.isContainer ? $0.children : [$0] }, call)
    }
    type.member("static IEnumerable<U> Values<U>(this IEnumerable<JToken> source, object key)") { call in
      let key = call[1]
      return try converted(try elements(call).compactMap { try element($0, key) }, call)
    }
    type.member("static IEnumerable<JToken> Children(this IEnumerable<JToken> source)") { call in
      tokens(try elements(call).flatMap(\.children))
    }
    type.member("static IEnumerable<JProperty> Properties(this IEnumerable<JObject> source)") { call in
      listed(JsonKind.propertyType, try elements(call).flatMap(\.children).map { .object($0) })
    }
    for (name, includesSelf) in [("Ancestors", false), ("AncestorsAndSelf", true)] {
      type.member("static IEnumerable<JToken> \(name)(this IEnumerable<JToken> source)") { call in
        tokens(try elements(call).flatMap { ancestors(of: $0, includesSelf) })
      }
    }
    for (name, includesSelf) in [("Descendants", false), ("DescendantsAndSelf", true)] {
      type.member("static IEnumerable<JToken> \(name)(this IEnumerable<JToken> source)") { call in
        let machine = call.machine
        return tokens(try elements(call).flatMap { try descendants(of: $0, includesSelf, machine) })
      }
    }
  }

  private static func elements(_ call: Call) throws -> [JsonToken] {
    try call.elements(0).compactMap { value in
      guard case .object(let object) = value else { return nil }
      return object as? JsonToken
    }
  }

  private static func converted(_ tokens: [JsonToken], _ call: Call) throws -> Value {
    let (type, machine) = (call.types[0], call.machine)
    return listed(type, try tokens.map { try JsonConversion.value($0, as: type, machine) })
  }
}
