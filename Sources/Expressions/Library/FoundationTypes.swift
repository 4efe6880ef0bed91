/// The types the language itself needs, and the numbers.
extension LibraryCatalog {
  static let foundationTypes: [LibraryType] = [
    LibraryType("class System.Object") { type in
      type.member("string ToString()") { call in .string(try Operation.text(call.this, call.machine)) }
      type.member("bool Equals(object value)") { call in .bool(Operation.areEqual(call.this, call[0])) }
    },
    LibraryType("abstract class System.ValueType"),
    LibraryType("abstract class System.Enum : ValueType"),
    LibraryType("abstract class System.Delegate"),
    LibraryType("class System.Exception", listed: true) { type in
      type.member("string Message { get; }") { call in .string(try call.receiver(ExceptionObject.self).message) }
    },
    LibraryType("interface System.Collections.IEnumerable"),
    LibraryType("interface System.Collections.Generic.IEnumerable<out T> : IEnumerable"),
    LibraryType("interface System.Collections.Generic.IReadOnlyCollection<out T> : IEnumerable<T>"),
    LibraryType("interface System.Collections.Generic.IReadOnlyList<out T> : IReadOnlyCollection<T>"),
    LibraryType("interface System.Collections.Generic.ICollection<T> : IEnumerable<T>"),
    LibraryType("interface System.Collections.Generic.IList<T> : ICollection<T>"),
    LibraryType("struct System.Nullable<T>"),
    LibraryType("struct System.Boolean") { type in
      type.member("static bool Parse(string value)") { call in
        switch try call.string(0).lowercased() {
        case "true": return .bool(true)
        case "false": return .bool(false)
        default: throw Thrown.format("String was not recognized as a valid Boolean.")
        }
      }
    },
    number("SByte"), number("Byte"), number("Int16"), number("UInt16"), number("Int32", parses: .int32),
    number("UInt32"), number("Int64", parses: .int64), number("UInt64"), number("Single"), number("Double"),
    LibraryType("struct System.Char") { type in
      type.member("static bool IsDigit(char c)") { call in .bool((0x30...0x39).contains(call.char(0))) }
      type.member("static bool IsLetter(char c)") { call in
        .bool(Unicode.Scalar(call.char(0)).map { $0.properties.isAlphabetic } ?? false)
      }
    },
    LibraryType("abstract class System.Array") { type in
      type.member("int Length { get; }") { call in .int32(Int32(clamping: try call.receiver(ArrayObject.self).count)) }
    },
    LibraryType("struct System.Guid") { type in
      type.member("static Guid NewGuid()", usage: .hiddenState) { call in
        let (high, low) = call.machine.context.newGuid()
        func hex(_ value: UInt64) -> String {
          let text = String(value, radix: 16)
          return String(repeating: "0", count: 16 - text.count) + text
        }
        let text = hex(high) + hex(low)
        func part(_ from: Int, _ count: Int) -> Substring { text.dropFirst(from).prefix(count) }
        return .object(GuidObject("\(part(0, 8))-\(part(8, 4))-\(part(12, 4))-\(part(16, 4))-\(part(20, 12))"))
      }
      type.member("string ToString(string format)") { call in
        let text = try call.receiver(GuidObject.self).value
        switch try call.string(0) {
        case "D", "d", "": return .string(text)
        case "N", "n": return .string(text.filter { $0 != "-" })
        case "B", "b": return .string("{\(text)}")
        case "P", "p": return .string("(\(text))")
        default:
          throw Thrown.format(
            "Format string can be only \"D\", \"d\", \"N\", \"n\", \"P\", \"p\", \"B\", \"b\", \"X\" or \"x\".")
        }
      }
      type.member("static bool operator ==(Guid a, Guid b)") { call in .bool(Operation.areEqual(call[0], call[1])) }
      type.member("static bool operator !=(Guid a, Guid b)") { call in .bool(!Operation.areEqual(call[0], call[1])) }
    },
    LibraryType("static class System.Environment") { type in
      type.member("static string NewLine { get; }") { _ in .string("\r\n") }
    },
  ]

  /// One of the numeric structures.
  private static func number(_ name: String, parses type: Parsed? = nil) -> LibraryType {
    LibraryType("struct System.\(name)") { registration in
      guard let type else { return }
      registration.member("static \(type == .int32 ? "int" : "long") Parse(string s)") { call in
        let text = try call.string(0)
        let trimmed = text.trimmingWhiteSpace()
        guard let value = Int64(trimmed), !trimmed.isEmpty else {
          throw Thrown.format("Input string was not in a correct format.")
        }
        if type == .int64 { return .int64(value) }
        guard let small = Int32(exactly: value) else {
          throw Thrown.overflow("Value was either too large or too small for an Int32.")
        }
        return .int32(small)
      }
    }
  }

  private enum Parsed { case int32, int64 }

  static let arrayMembers = LibraryType("class System.ArrayOf<T>") { type in
    type.member("int Length { get; }") { call in .int32(Int32(clamping: try call.receiver(ArrayObject.self).count)) }
  }
}

extension String {
  func trimmingWhiteSpace() -> String {
    var text = Substring(self)
    while let first = text.unicodeScalars.first, first.properties.isWhitespace { text.unicodeScalars.removeFirst() }
    while let last = text.unicodeScalars.last, last.properties.isWhitespace { text.unicodeScalars.removeLast() }
    return String(text)
  }
}

/// A `Guid`, kept as its text in the form `D`.
final class GuidObject: RuntimeObject, Sendable {
  let value: String

  init(_ value: String) { self.value = value }

  var runtimeType: TypeSymbol { .guid }
  func text(_ machine: Machine) throws -> String { value }
  func isEqual(to other: Value) -> Bool {
    if case .object(let object) = other, let guid = object as? GuidObject { return guid.value == value }
    return false
  }
  func hash(into hasher: inout Hasher) { hasher.combine(value) }
}
