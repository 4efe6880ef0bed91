/// The types the language itself needs, and the numbers.
extension LibraryCatalog {
  static let foundationTypes: [LibraryType] = [
    LibraryType("class System.Object") { type in
      type.member("string ToString()") { call in .string(try Operation.text(call.this, call.machine)) }
      type.member("int GetHashCode()") { call in
        .int32(Hashing.code(call.this, try Operation.text(call.this, call.machine)))
      }
      type.member("bool Equals(object value)") { call in .bool(Operation.areEqual(call.this, call[0])) }
    },
    LibraryType("abstract class System.ValueType"),
    LibraryType("abstract class System.Enum : ValueType"),
    LibraryType("abstract class System.Delegate"),
    LibraryType("class System.Exception", listed: true) { type in
      type.member("Exception()") { _ in
        .object(
          ExceptionObject(
            typeName: "System.Exception", message: "Exception of type 'System.Exception' was thrown."))
      }
      type.member("Exception(string message)") { call in
        .object(ExceptionObject(typeName: "System.Exception", message: call.stringOrNull(0) ?? ""))
      }
      type.member("Exception(string message, Exception innerException)") { call in
        .object(
          ExceptionObject(
            typeName: "System.Exception", message: call.stringOrNull(0) ?? "", inner: call.objectOrNull(1)))
      }
      type.member("Exception InnerException { get; }") { call in
        try call.receiver(ExceptionObject.self).inner.map { .object($0) } ?? .null
      }
      type.member("string Message { get; }") { call in .string(try call.receiver(ExceptionObject.self).message) }
    },
    LibraryType("interface System.IDisposable") { type in
      type.member("void Dispose()") { _ in .null }
    },
    LibraryType("interface System.Collections.IEnumerable"),
    LibraryType("struct System.Nullable<T>"),
    LibraryType("struct System.Boolean") { type in
      type.member("static bool Parse(string value)") { call in try parseBool(try call.string(0)) }
      type.member("static bool TryParse(string value, out bool result)") { call in
        let value = call.stringOrNull(0).flatMap { try? parseBool($0) }
        call.set(1, value ?? .bool(false))
        return .bool(value != nil)
      }
    },
    LibraryType("abstract class System.Array") { type in
      type.member("static bool Exists<T>(T[] array, Predicate<T> match)") { call in
        let match = try call.delegate(1)
        return .bool(try call.elements(0).contains { try match.test(call.machine, $0) })
      }
      type.member("static int IndexOf<T>(T[] array, T value)") { call in
        let place = try call.elements(0).firstIndex { Operation.areEqual($0, call[1]) }
        return .int32(Int32(clamping: place ?? -1))
      }
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
      type.member("Guid(string g)") { call in .object(try GuidObject.parse(try call.string(0))) }
      type.member("static Guid Parse(string input)") { call in .object(try GuidObject.parse(try call.string(0))) }
      type.member("static bool TryParse(string input, out Guid result)") { call in
        let guid = call.stringOrNull(0).flatMap { try? GuidObject.parse($0) }
        call.set(1, .object(guid ?? GuidObject("00000000-0000-0000-0000-000000000000")))
        return .bool(guid != nil)
      }
      type.member("static Guid Empty { get; }") { _ in .object(GuidObject("00000000-0000-0000-0000-000000000000")) }
      type.member("byte[] ToByteArray()") { call in
        let digits = Array(try call.receiver(GuidObject.self).value.filter { $0 != "-" })
        let bytes = stride(from: 0, to: 32, by: 2).compactMap { UInt8(String(digits[$0...($0 + 1)]), radix: 16) }
        // The first three groups are little-endian.
        return .object(ArrayObject(bytes: [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map { bytes[$0] }))
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

  /// The forms `D`, `N`, `B` and `P`.
  static func parse(_ text: String) throws -> GuidObject {
    var digits = text.trimmingWhiteSpace().lowercased()
    if (digits.hasPrefix("{") && digits.hasSuffix("}")) || (digits.hasPrefix("(") && digits.hasSuffix(")")) {
      digits = String(digits.dropFirst().dropLast())
    }
    let hex = Array(digits.filter { $0 != "-" })
    let groups = digits.split(separator: "-", omittingEmptySubsequences: false).map(\.count)
    guard hex.count == 32, hex.allSatisfy({ $0.isHexDigit && $0.isASCII }),
      groups == [32] || groups == [8, 4, 4, 4, 12]
    else { throw Thrown.format("Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx).") }
    func part(_ from: Int, _ to: Int) -> String { String(hex[from..<to]) }
    return GuidObject([part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].joined(separator: "-"))
  }

  var runtimeType: TypeSymbol { .guid }
  func text(_ machine: Machine) throws -> String { value }
  func isEqual(to other: Value) -> Bool {
    if case .object(let object) = other, let guid = object as? GuidObject { return guid.value == value }
    return false
  }
  func hash(into hasher: inout Hasher) { hasher.combine(value) }
}

/// `GetHashCode()`: equal for equal values, the same in every process.
enum Hashing {
  static func code(_ value: Value, _ text: String) -> Int32 {
    if case .int32(let number) = value { return number }
    // FNV-1a; .NET promises no particular value either.
    var hash: UInt32 = 2_166_136_261
    for byte in text.utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    return Int32(bitPattern: hash)
  }
}
