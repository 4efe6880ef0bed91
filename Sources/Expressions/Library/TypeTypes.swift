/// `System.Type`: what `typeof` and `GetType()` give. Types can be compared; nothing more of reflection exists.
extension LibraryCatalog {
  static let typeType = LibraryType("class System.Type") { type in
    for (sign, wanted) in [("==", true), ("!=", false)] {
      type.member("static bool operator \(sign)(Type left, Type right)") { call in
        .bool(Operation.areEqual(call[0], call[1]) == wanted)
      }
    }
    type.member("bool Equals(Type o)") { call in .bool(Operation.areEqual(call.this, call[0])) }
    type.member("string Name { get; }", listed: false) { call in
      .string(TypeObject.name(try call.receiver(TypeObject.self).type))
    }
    type.member("string FullName { get; }", listed: false) { call in
      .string(try call.receiver(TypeObject.self).text(call.machine))
    }
  }
}

/// A type as a value.
final class TypeObject: RuntimeObject, Sendable {
  let type: TypeSymbol

  init(_ type: TypeSymbol) { self.type = type }

  var runtimeType: TypeSymbol { .type }

  static func name(_ type: TypeSymbol) -> String {
    if let element = type.elementType {
      return name(element) + "[" + String(repeating: ",", count: type.definition.rank - 1) + "]"
    }
    return type.definition.name + (type.arguments.isEmpty ? "" : "`\(type.arguments.count)")
  }

  func text(_ machine: Machine) throws -> String {
    if type.isArray { return type.definition.namespace + "." + Self.name(type) }
    guard !type.arguments.isEmpty else { return type.definition.fullName }
    let arguments = try type.arguments.map { try TypeObject($0).text(machine) }
    return type.definition.fullName + "`\(type.arguments.count)[" + arguments.joined(separator: ",") + "]"
  }

  func isEqual(to other: Value) -> Bool {
    if case .object(let object) = other, let other = object as? TypeObject { return other.type == type }
    return false
  }

  func hash(into hasher: inout Hasher) { hasher.combine(type) }
}
