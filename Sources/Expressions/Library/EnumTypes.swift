/// `System.Enum`.
extension LibraryCatalog {
  static let enumType = LibraryType("abstract class System.Enum : ValueType") { type in
    for more in ["", ", bool ignoreCase"] {
      type.member("static object Parse(Type enumType, string value\(more))") { call in
        let type = try enumeration(call, 0)
        return try parsed(try call.string(1), type, ignoresCase: call.bool(2))
      }
      type.member("static bool TryParse<TEnum>(string value\(more), out TEnum result)") { call in
        let value = call.stringOrNull(0).flatMap { text in
          try? parsed(text, call.types[0], ignoresCase: !more.isEmpty && call.bool(1))
        }
        call.set(more.isEmpty ? 1 : 2, value ?? Value.defaultValue(of: call.types[0]))
        return .bool(value != nil)
      }
    }
    type.member("static string GetName(Type enumType, object value)", listed: false) { call in
      let (type, value) = (try enumeration(call, 0), Operation.integer(call[1]))
      return type.definition.enumerators.first { $0.value == value }.map { .string($0.name) } ?? .null
    }
    type.member("static string[] GetNames(Type enumType)", listed: false) { call in
      .object(ArrayObject(strings: try enumeration(call, 0).definition.enumerators.map(\.name)))
    }
    type.member("static bool IsDefined(Type enumType, object value)", listed: false) { call in
      let all = try enumeration(call, 0).definition.enumerators
      if let name = call.stringOrNull(1) { return .bool(all.contains { $0.name == name }) }
      let value = Operation.integer(call[1])
      return .bool(all.contains { $0.value == value })
    }
    type.member("bool HasFlag(Enum flag)", listed: false) { call in
      let (own, flag) = (Operation.integer(call.this) ?? 0, Operation.integer(call[0]) ?? 0)
      return .bool(own & flag == flag)
    }
    type.member("int CompareTo(object target)", listed: false) { call in try compared(call) }
    type.member("string ToString(string format)") { call in
      .string(try CompositeFormat.text(call.this, call.stringOrNull(0), call.machine))
    }
  }

  private static func enumeration(_ call: Call, _ index: Int) throws -> TypeSymbol {
    let type = (try call.object(index) as TypeObject).type
    guard type.isEnum else { throw Thrown.argument("Type provided must be an Enum. (Parameter 'enumType')") }
    return type
  }

  /// Names with commas between, or a number.
  private static func parsed(_ text: String, _ type: TypeSymbol, ignoresCase: Bool) throws -> Value {
    let trimmed = text.trimmingWhiteSpace()
    guard !trimmed.isEmpty else {
      throw Thrown.argument("Must specify valid information for parsing in the string. (Parameter 'value')")
    }
    if let number = Int32(trimmed) { return .enumeration(number, type) }
    var result: Int64 = 0
    for part in trimmed.split(separator: ",", omittingEmptySubsequences: false) {
      let name = String(part).trimmingWhiteSpace()
      let found = type.definition.enumerators.first {
        $0.name == name || (ignoresCase && $0.name.lowercased() == name.lowercased())
      }
      guard let found else {
        throw Thrown.argument("Requested value '\(name)' was not found. (Parameter 'value')")
      }
      result |= found.value
    }
    return .enumeration(Int32(truncatingIfNeeded: result), type)
  }
}
