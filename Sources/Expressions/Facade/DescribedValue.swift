extension Value {
  /// A value of a .NET type given by its C# name and its text: `long`, `decimal`, `Guid`, `JObject` and the like.
  ///
  /// - Returns: nil when the type is not one that can be described, or the text is not one of its values.
  public static func described(_ type: String, _ text: String, in context: any ContextModel) -> Value? {
    let machine = Machine(context, limits: EvaluationLimits(), slots: 0, calls: false)
    switch type {
    case "JObject", "JArray", "JToken": return (try? JsonReader.parse(text, machine)).map { .object($0) }
    case "Guid": return (try? GuidObject.parse(text)).map { .object($0) }
    case "char": return text.utf16.first.map { .char($0) }
    case "bytes": return nil
    default:
      guard let full = SignatureReader.keywordTypes[type],
        let kind = LibraryCatalog.NumberKind(rawValue: String(full.dropFirst("System.".count)))
      else { return nil }
      return try? LibraryCatalog.parse(text, kind)
    }
  }

  /// `string[]`, or `List<string>`.
  public static func described(texts: [String], isList: Bool) -> Value {
    isList ? ListObject.list(of: .string, texts.map { .string($0) }) : .object(ArrayObject(strings: texts))
  }
}
