import DotNet

/// The `context` variable: expressions.md, section 5.
extension LibraryCatalog {
  static let contextTypes: [LibraryType] =
    [
      LibraryType(
        "interface System.Collections.Generic.IReadOnlyDictionary<TKey, TValue> : IReadOnlyCollection<KeyValuePair<TKey,TValue>>"
      ) { type in
        type.direct("TValue this[TKey key] { get; }") { machine, dictionary, key in
          if let value = try find(dictionary, key, machine) { return value }
          throw Thrown.keyNotFound(try Operation.text(key, machine))
        }
        type.test("bool ContainsKey(TKey key)") { machine, dictionary, key in
          if case .object(let object) = dictionary, let own = object as? ContextDictionary {
            return own.contains(try key.text("key"), machine.context)
          }
          return try find(dictionary, key, machine) != nil
        }
        type.member("bool TryGetValue(TKey key, out TValue value)") { call in
          let found = try find(call.this, call[0], call.machine)
          guard case .object(let object) = call.this else { throw Thrown.nullReference() }
          call.set(1, found ?? Value.defaultValue(of: object.runtimeType.arguments[1]))
          return .bool(found != nil)
        }
        type.member("int Count { get; }") { call in
          if case .object(let object) = call.this, let dictionary = object as? DictionaryObject {
            return .int32(Int32(clamping: dictionary.count))
          }
          return .int32(Int32(clamping: try call.receiver(ContextDictionary.self).names(call.machine.context).count))
        }
        for (name, index) in [("Keys", 0), ("Values", 1)] {
          type.member("IEnumerable<\(index == 0 ? "TKey" : "TValue")> \(name) { get; }") { call in
            guard case .object(let object) = call.this else { throw Thrown.nullReference() }
            let values = try call.this.elements(call.machine).map { pair in
              if case .object(let object) = pair, let tuple = object as? TupleObject { return tuple.values[index] }
              return .null
            }
            return .object(ArrayObject(of: object.runtimeType.arguments[index], values))
          }
        }
      },
      LibraryType("static class Apim.DictionaryExtensions", extensions: true) { type in
        type.direct(
          "static string GetValueOrDefault(this IReadOnlyDictionary<string, string[]> dictionary, string key, string defaultValue = null)"
        ) { machine, dictionary, key, otherwise in
          if case .object(let object) = dictionary, let own = object as? ContextDictionary {
            return own.joined(try key.text("key"), machine.context).map { .string($0) } ?? otherwise
          }
          guard let values = try held(dictionary, key, machine), !values.isNull else { return otherwise }
          return .string(try values.elements(machine).map { try Operation.text($0, machine) }.joined(separator: ","))
        }
        for signature in [
          "static string[] GetValueOrDefault(this IReadOnlyDictionary<string, string[]> dictionary, string key, string[] defaultValue)",
          "static string GetValueOrDefault(this IReadOnlyDictionary<string, string> dictionary, string key, string defaultValue = null)",
          "static object GetValueOrDefault(this IReadOnlyDictionary<string, object> dictionary, string key, object defaultValue = null)",
        ] {
          type.direct(signature) { machine, dictionary, key, otherwise in
            try held(dictionary, key, machine) ?? otherwise
          }
        }
        type.member(
          "static T GetValueOrDefault<T>(this IReadOnlyDictionary<string, object> dictionary, string key, T defaultValue)"
        ) { call in
          try typed(try held(call[0], call[1], call.machine) ?? call[2], call.types[0])
        }
        type.member("static T GetValueOrDefault<T>(this IReadOnlyDictionary<string, object> dictionary, string key)") {
          call in
          try typed(
            try held(call[0], call[1], call.machine) ?? Value.defaultValue(of: call.types[0]), call.types[0])
        }
      },
      part(
        "IContext",
        [
          ("IRequest Request", .request), ("IContextApi Api", []), ("IDeployment Deployment", []),
        ],
        nullable: [
          ("IResponse Response", .response, .response), ("IOperation Operation", .operation, []),
          ("IProduct Product", .product, .caller), ("ISubscription Subscription", .subscription, .caller),
          ("IUser User", .user, .caller), ("ILastError LastError", .lastError, .lastError),
          ("IGraphQLDataContext GraphQL", .graphQL, []), ("IWorkspace Workspace", .workspace, []),
        ]
      ) { type in
        type.direct("Guid RequestId { get; }") { machine, _ in
          .object(GuidObject(machine.context.text(.requestId) ?? "00000000-0000-0000-0000-000000000000"))
        }
        type.direct("DateTime Timestamp { get; }") { machine, _ in
          try utc(machine.context.number(.timestamp) ?? machine.context.now())
        }
        type.member("TimeSpan Elapsed { get; }", usage: .hiddenState) { call in
          value(span: call.machine.context.number(.elapsed) ?? 0)
        }
        type.member("bool Tracing { get; }") { call in .bool(call.machine.context.flag(.tracing)) }
        type.fixed("IReadOnlyDictionary<string, object> Variables { get; }", usage: .variables) {
          .object(ContextDictionary(.variables))
        }
        type.member("void Trace(string message)", usage: .trace) { call in
          call.machine.context.trace(call.stringOrNull(0) ?? "")
          return .null
        }
      },
      part(
        "IRequest", [("IUrl Url", []), ("IUrl OriginalUrl", [])],
        nullable: [("IPrivateEndpointConnection PrivateEndpointConnection", .privateEndpointConnection, [])]
      ) { type in
        type.member("X509Certificate2 Certificate { get; }") { call in
          call.machine.context.clientCertificate().map { .object(CertificateObject($0)) } ?? .null
        }
        type.contextText("Method", .requestMethod)
        type.contextText("IpAddress", .requestIpAddress)
        type.fixed("IReadOnlyDictionary<string, string[]> Headers { get; }") {
          .object(ContextDictionary(.headers(.request)))
        }
        type.fixed("IReadOnlyDictionary<string, string> MatchedParameters { get; }") {
          .object(ContextDictionary(.matchedParameters))
        }
        type.fixed("IMessageBody Body { get; }", part: .requestBody, usage: .requestBody) {
          .object(MessageBodyObject(.context(.request)))
        }
      },
      part("IResponse", []) { type in
        type.member("int StatusCode { get; }") { call in
          let code = message(call)?.statusCode ?? Int(call.machine.context.number(.responseStatusCode) ?? 0)
          return .int32(Int32(clamping: code))
        }
        type.member("string StatusReason { get; }") { call in
          let reason = message(call).map(\.statusReason) ?? call.machine.context.text(.responseStatusReason)
          return reason.map { .string($0) } ?? .null
        }
        type.member("IReadOnlyDictionary<string, string[]> Headers { get; }") { call in
          .object(ContextDictionary(message(call).map { .message($0) } ?? .headers(.response)))
        }
        type.member("IMessageBody Body { get; }", usage: .responseBody) { call in
          if let message = message(call) {
            return message.hasBody ? .object(MessageBodyObject(.message(message))) : .null
          }
          return call.machine.context.isPresent(.responseBody) ? .object(MessageBodyObject(.context(.response))) : .null
        }
      },
      LibraryType("interface Apim.IMessageBody") { type in
        type.member("IDictionary<string, IList<string>> AsFormUrlEncodedContent(bool preserveContent = false)") {
          call in
          let body = try call.receiver(MessageBodyObject.self).bytes(call.machine, preserve: call.bool(0))
          guard let body else { throw Thrown.invalidOperation("The message body was consumed before.") }
          try call.machine.process(bytes: body.count * 2)
          let list = SignatureReader.type("IList<string>", in: [])
          let result = DictionaryObject(TypeSymbol(TypeDefinition.dictionary, [.string, list]))
          for pair in String(decoding: body, as: UTF8.self).split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
              PercentEncoding.decoded(String($0), plusIsBlank: true)
            }
            let value = Value.string(parts.count > 1 ? parts[1] : "")
            if case .object(let object)? = try result.find(.string(parts[0])), let known = object as? ListObject {
              known.elements.append(value)
            } else {
              try result.set(.string(parts[0]), ListObject.list(of: .string, [value]))
            }
          }
          return .object(result)
        }
        type.prepared("T As<T>(bool preserveContent = false)") { use in
          let type = use.types[0]
          return .two { machine, body, preserve in
            let body: MessageBodyObject = try body.instance()
            let preserves = if case .bool(true) = preserve { true } else { false }
            guard let bytes = body.bytes(machine, preserve: preserves) else {
              throw Thrown.invalidOperation("The message body was consumed before.")
            }
            try machine.process(bytes: bytes.count)
            return try MessageBodyObject.convert(bytes, to: type, machine)
          }
        }
      },
      LibraryType("interface Apim.IUrl") { type in
        for (index, name) in ["Scheme", "Host", "Path", "QueryString"].enumerated() {
          type.direct("string \(name) { get; }") { machine, url in
            let url: URLObject = try url.instance()
            return url.part(index, machine.context).map { .string($0) } ?? .null
          }
        }
        type.member("int Port { get; }") { call in
          .int32(Int32(clamping: try call.receiver(URLObject.self).port(call.machine.context)))
        }
        type.member("IReadOnlyDictionary<string, string[]> Query { get; }") { call in
          .object(ContextDictionary(try call.receiver(URLObject.self).query))
        }
      },
    ] + contextEntityTypes

  /// What a dictionary given as an argument has for the key behind it.
  private static func held(_ dictionary: Value, _ key: Value, _ machine: Machine) throws -> Value? {
    if dictionary.isNull { throw Thrown.argumentNull("dictionary") }
    return try find(dictionary, key, machine)
  }

  /// The response that a variable holds; nil for `context.Response`.
  private static func message(_ call: Call) -> ResponseMessage? {
    if case .object(let object) = call.this, let held = object as? ResponseObject { return held.message }
    return nil
  }

  private static func find(_ dictionary: Value, _ key: Value, _ machine: Machine) throws -> Value? {
    guard case .object(let object) = dictionary else { throw Thrown.nullReference() }
    if let own = object as? ContextDictionary { return own.find(try key.text("key"), machine.context) }
    let other: DictionaryObject = try dictionary.instance()
    return try other.find(key)
  }

  /// A part of the context with the parts below it.
  static func part(
    _ name: String, _ children: [(String, ExpressionUsage)],
    nullable: [(String, ContextPart, ExpressionUsage)] = [],
    _ more: @escaping @Sendable (inout LibraryRegistration) -> Void
  ) -> LibraryType {
    LibraryType("interface Apim.\(name)") { type in
      for (signature, usage) in children {
        let names = signature.split(separator: " ").map(String.init)
        type.fixed("\(signature) { get; }", usage: usage) {
          if names[0] == "IUrl" { return .object(URLObject(names[1] == "Url" ? .current : .original)) }
          return .object(ContextPartObject(.named("Apim." + names[0])))
        }
      }
      for (signature, part, usage) in nullable {
        let target = signature.split(separator: " ").map(String.init)[0]
        type.fixed("\(signature) { get; }", part: part, usage: usage) {
          .object(ContextPartObject(.named("Apim." + target)))
        }
      }
      more(&type)
    }
  }

  static func time(_ type: inout LibraryRegistration, _ signature: String, _ member: ContextNumber) {
    type.member("\(signature) { get; }") { call in
      guard let ticks = call.machine.context.number(member) else {
        return signature.contains("?") ? .null : Value.defaultValue(of: .dateTime)
      }
      return try utc(ticks)
    }
  }

  /// A variable as the type that was asked for; another type is an InvalidCastException, as in C#.
  private static func typed(_ value: Value, _ type: TypeSymbol) throws -> Value {
    if value.isNull || value.runtimeType.isReferenceConvertible(to: type.nullableUnderlying ?? type) { return value }
    throw Thrown.invalidCast(value.runtimeType, type)
  }
}

/// A part of the context that has no content of its own: its members ask the context.
final class ContextPartObject: RuntimeObject, Sendable {
  let runtimeType: TypeSymbol

  init(_ type: TypeSymbol) { runtimeType = type }

  /// The `context` variable itself.
  static var contextValue: Value { .object(context) }
  private static let context = ContextPartObject(.context)
}

/// A response held in a variable.
final class ResponseObject: RuntimeObject {
  let message: ResponseMessage

  init(_ message: ResponseMessage) { self.message = message }

  var runtimeType: TypeSymbol { .named("Apim.IResponse") }
}

/// A body that can be read.
final class MessageBodyObject: RuntimeObject {
  enum Source {
    case context(ContextMessage)
    case message(ResponseMessage)
  }

  private let source: Source

  init(_ source: Source) { self.source = source }

  /// nil when the body was consumed before.
  func bytes(_ machine: Machine, preserve: Bool) -> [UInt8]? {
    switch source {
    case .context(let side): machine.context.body(of: side, preserve: preserve)
    case .message(let message): message.body(preserve: preserve)
    }
  }

  var runtimeType: TypeSymbol { .named("Apim.IMessageBody") }

  static func convert(_ bytes: [UInt8], to type: TypeSymbol, _ machine: Machine) throws -> Value {
    if type == .byteArray { return .object(ArrayObject(bytes: bytes)) }
    // A byte order mark is no part of the text.
    let content = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    if type == .string { return .string(String(decoding: content, as: UTF8.self)) }
    if type.definition.namespace == "Newtonsoft.Json.Linq" {
      do {
        let wanted: JsonKind? = type == JsonKind.objectType ? .object : type == JsonKind.arrayType ? .array : nil
        let token = try JsonReader.parse(content, machine, as: wanted)
        if wanted != nil || type == JsonKind.tokenType || Value.object(token).isInstance(of: type) {
          return .object(token)
        }
        throw Thrown.invalidCast(token.runtimeType, type)
      } catch let error as Thrown {
        throw Thrown(
          error.exception.typeName,
          "Expression evaluation failed. The message body is not a valid JSON. " + error.exception.message)
      }
    }
    let text = String(decoding: content, as: UTF8.self)
    switch type {
    case XmlReference.xml("XElement"), XmlReference.xml("XNode"):
      return .object(try LibraryCatalog.xmlElement(text, keepsWhitespace: false, machine))
    case XmlReference.xml("XDocument"):
      return .object(try LibraryCatalog.xmlDocument(text, keepsWhitespace: false, machine))
    default: break
    }
    throw Thrown.notSupported("A body cannot be read as '\(type)' by this version of Postern.")
  }
}

/// The dictionaries of the context; they hold nothing and ask the context.
final class ContextDictionary: RuntimeObject {
  enum Source {
    case headers(ContextMessage)
    case message(ResponseMessage)
    case query(ContextURL)
    /// The parameters of an address that is not the request's.
    case parameters([(name: String, values: [String])])
    case matchedParameters
    case variables
    case certificates
  }

  let source: Source

  init(_ source: Source) { self.source = source }

  var runtimeType: TypeSymbol {
    let value: TypeSymbol =
      switch source {
      case .headers, .message, .query, .parameters: .stringArray
      case .matchedParameters: .string
      case .variables: .object
      case .certificates: .named("System.Security.Cryptography.X509Certificates.X509Certificate2")
      }
    return TypeSymbol(
      LibraryCatalog.shared.required("System.Collections.Generic.IReadOnlyDictionary", arity: 2), [.string, value])
  }

  func makeIterator() throws -> (any ValueIterator)? {
    var names: [String]?
    var index = 0
    let pair = TypeSymbol.keyValuePair(runtimeType.arguments[0], runtimeType.arguments[1])
    return ClosureIterator { [self] machine in
      let all = names ?? self.names(machine.context)
      names = all
      guard index < all.count else { return nil }
      defer { index += 1 }
      return .object(TupleObject(pair, [.string(all[index]), find(all[index], machine.context) ?? .null]))
    }
  }

  func find(_ name: String, _ context: any ContextModel) -> Value? {
    switch source {
    case .headers(let side): context.headerValues(name, of: side).map { .object(ArrayObject(strings: $0)) }
    case .message(let message): message.headerValues(name).map { .object(ArrayObject(strings: $0)) }
    case .query(let url): context.queryValues(name, of: url).map { .object(ArrayObject(strings: $0)) }
    case .parameters: values(name).map { .object(ArrayObject(strings: $0)) }
    case .matchedParameters: context.matchedParameter(name).map { .string($0) }
    case .variables: context.variable(name)
    case .certificates:
      context.deploymentCertificate(name).map { .object(CertificateObject($0)) }
    }
  }

  func contains(_ name: String, _ context: any ContextModel) -> Bool {
    switch source {
    case .headers(let side): context.hasHeader(name, of: side)
    default: find(name, context) != nil
    }
  }

  private func values(_ name: String) -> [String]? {
    guard case .parameters(let list) = source else { return nil }
    return list.first { InvariantCase.lower($0.name) == InvariantCase.lower(name) }?.values
  }

  /// All values of a header or parameter with commas between them.
  func joined(_ name: String, _ context: any ContextModel) -> String? {
    switch source {
    case .headers(let side): context.header(name, of: side)
    case .message(let message): message.headerValues(name)?.joined(separator: ",")
    case .query(let url): context.queryValues(name, of: url)?.joined(separator: ",")
    case .parameters: values(name)?.joined(separator: ",")
    default: nil
    }
  }

  func names(_ context: any ContextModel) -> [String] {
    switch source {
    case .headers(let side): context.headerNames(of: side)
    case .message(let message): message.headers.map(\.name)
    case .query(let url): context.queryNames(of: url)
    case .parameters(let list): list.map(\.name)
    case .matchedParameters: context.matchedParameterNames()
    case .variables: context.variableNames()
    case .certificates: context.deploymentCertificateNames()
    }
  }
}
