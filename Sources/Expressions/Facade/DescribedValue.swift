import DotNet

extension Value {
  /// A value of a .NET type given by its C# name and its text: `long`, `decimal`, `Guid`, `JObject` and the like.
  ///
  /// - Returns: nil when the type is not one that can be described, or the text is not one of its values.
  public static func described(_ type: String, _ text: String, in context: any ContextModel) -> Value? {
    let machine = Machine()
    machine.begin(context, EvaluationLimits(), slots: 0, calls: false)
    defer { machine.end() }
    switch type {
    case "JObject", "JArray", "JToken": return (try? JsonReader.parse(text, machine)).map { .object($0) }
    case "XElement":
      return (try? LibraryCatalog.xmlElement(text, keepsWhitespace: false, machine)).map { .object($0) }
    case "XDocument":
      return (try? LibraryCatalog.xmlDocument(text, keepsWhitespace: false, machine)).map { .object($0) }
    case "Guid": return (try? GuidObject.parse(text)).map { .object($0) }
    case "Jwt": return TokenObject(text, machine).map { .object($0) }
    case "BasicAuthCredentials": return BasicCredentials(text).map { .object($0) }
    case "DateTime":
      return (try? DateTimeValue.parse(text)).map {
        .object(DateTimeObject($0.with(text.hasSuffix("Z") ? .utc : $0.kind)))
      }
    case "TimeSpan": return (try? TimeSpanText.parse(text)).map { .object(TimeSpanObject($0)) }
    case "char": return text.utf16.first.map { .char($0) }
    case "bytes": return nil
    default:
      guard let full = SignatureReader.keywordTypes[type],
        let kind = LibraryCatalog.NumberKind(rawValue: String(full.dropFirst("System.".count)))
      else { return nil }
      return try? LibraryCatalog.parse(text, kind)
    }
  }

  /// What `ToString` gives, for people to read; nothing where it fails.
  public func shownText(in context: any ContextModel) -> String {
    let machine = Machine()
    machine.begin(context, EvaluationLimits(), slots: 0, calls: false)
    defer { machine.end() }
    return (try? CompositeFormat.text(self, nil, machine)) ?? ""
  }

  /// A response held in a variable (`IResponse`).
  public static func response(_ message: ResponseMessage) -> Value { .object(ResponseObject(message)) }

  /// The response, if the value is an `IResponse` held in a variable.
  public var response: ResponseMessage? {
    if case .object(let object) = self { return (object as? ResponseObject)?.message }
    return nil
  }

  /// A `byte[]`.
  public static func bytes(_ bytes: [UInt8]) -> Value { .object(ArrayObject(bytes: bytes)) }

  /// A dictionary with texts as keys, in order.
  public static func described(_ entries: [(String, Value)], values: String) -> Value {
    let type = TypeSymbol(TypeDefinition.dictionary, [.string, values == "string" ? .string : .object])
    let result = DictionaryObject(type)
    for (name, value) in entries { try? result.set(.string(name), value) }
    return .object(result)
  }

  /// `string[]`, or `List<string>`.
  public static func described(texts: [String], isList: Bool) -> Value {
    isList ? ListObject.list(of: .string, texts.map { .string($0) }) : .object(ArrayObject(strings: texts))
  }
}
