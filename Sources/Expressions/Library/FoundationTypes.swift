import DotNet

/// The types the language itself needs, and the numbers.
extension LibraryCatalog {
  static let foundationTypes: [LibraryType] = [
    LibraryType("class System.Object") { type in
      type.direct("string ToString()") { machine, value in .string(try Operation.text(value, machine)) }
      type.member("int GetHashCode()") { call in
        .int32(Hashing.code(call.this, try Operation.text(call.this, call.machine)))
      }
      type.member("bool Equals(object obj)") { call in .bool(Operation.areEqual(call.this, call[0])) }
      type.member("static bool Equals(object objA, object objB)") { call in
        .bool(Operation.areEqual(call[0], call[1]))
      }
      type.member("static bool ReferenceEquals(object objA, object objB)") { call in
        switch (call[0], call[1]) {
        case (.null, .null): .bool(true)
        case (.object(let a), .object(let b)): .bool(a === b)
        // Texts are interned here; a boxed value is never the same as another.
        case (.string(let a), .string(let b)): .bool(a == b)
        default: .bool(false)
        }
      }
      type.member("Type GetType()") { call in
        if call.this.isNull { throw Thrown.nullReference() }
        return .object(TypeObject(call.this.runtimeType))
      }
      type.member("Object()") { _ in .object(PlainObject()) }
    },
    typeType,
    LibraryType("abstract class System.ValueType"),
    enumType,
    LibraryType("abstract class System.Delegate"),
    LibraryType("interface System.IDisposable") { type in
      type.member("void Dispose()") { _ in .null }
    },
    LibraryType("interface System.Collections.IEnumerable"),
    LibraryType("struct System.Nullable<T>"),
    LibraryType("static class System.Nullable") { type in
      type.member("static int Compare<T>(T? n1, T? n2)") { call in
        .int32(Int32(clamping: try Operation.compare(call[0], call[1])))
      }
      type.member("static bool Equals<T>(T? n1, T? n2)") { call in .bool(Operation.areEqual(call[0], call[1])) }
    },
    LibraryType("struct System.Boolean : IComparable") { type in
      type.member("static string TrueString { get; }") { _ in .string("True") }
      type.member("static string FalseString { get; }") { _ in .string("False") }
      type.member("int CompareTo(bool value)") { call in .int32(Int32(try Operation.compare(call.this, call[0]))) }
      type.member("bool Equals(bool obj)") { call in .bool(Operation.areEqual(call.this, call[0])) }
      type.member("static bool Parse(string value)") { call in try parseBool(try call.string(0)) }
      type.member("static bool TryParse(string value, out bool result)") { call in
        let value = call.stringOrNull(0).flatMap { try? parseBool($0) }
        call.set(1, value ?? .bool(false))
        return .bool(value != nil)
      }
    },
    arrayType,
    guidType,
    LibraryType("static class System.Environment") { type in
      type.member("static string NewLine { get; }") { _ in .string("\r\n") }
    },
  ]
}

extension String {
  func trimmingWhiteSpace() -> String {
    var text = Substring(self)
    while let first = text.unicodeScalars.first, first.properties.isWhitespace { text.unicodeScalars.removeFirst() }
    while let last = text.unicodeScalars.last, last.properties.isWhitespace { text.unicodeScalars.removeLast() }
    return String(text)
  }
}

/// `new object()`.
final class PlainObject: RuntimeObject, Sendable {
  var runtimeType: TypeSymbol { .object }
}

/// `GetHashCode()`: equal for equal values, the same in every process.
enum Hashing {
  static func code(_ value: Value, _ text: String) -> Int32 {
    switch value {
    case .int32(let number): return number
    case .bool(let flag): return flag ? 1 : 0
    case .char(let unit): return Int32(bitPattern: UInt32(unit) | UInt32(unit) << 16)
    case .int64(let number): return folded(UInt64(bitPattern: number))
    case .uint64(let number): return folded(number)
    case .double(let number): return folded(number == 0 ? 0 : number.bitPattern)
    case .object(let object):
      switch object {
      case let guid as GuidObject: return guid.hashCode
      case let date as DateTimeObject: return folded(UInt64(bitPattern: date.value.ticks))
      case let span as TimeSpanObject: return folded(UInt64(bitPattern: span.ticks))
      default: break
      }
    default: break
    }
    if let number = Operation.integer(value) { return Int32(truncatingIfNeeded: number) }
    // FNV-1a; .NET promises no particular value either.
    var hash: UInt32 = 2_166_136_261
    for byte in text.utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    return Int32(bitPattern: hash)
  }

  /// Both halves of 64 bits.
  private static func folded(_ bits: UInt64) -> Int32 { Int32(truncatingIfNeeded: bits ^ (bits >> 32)) }
}
