/// `Guid`.
extension LibraryCatalog {
  static let guidType = LibraryType("struct System.Guid : IComparable") { type in
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
    type.member("Guid(byte[] b)") { call in
      let bytes = try call.bytes(0)
      guard bytes.count == 16 else { throw Thrown.argument("Byte array for GUID must be exactly 16 bytes long.") }
      return .object(GuidObject(bytes: bytes))
    }
    for (first, rest) in [("int", "short"), ("uint", "ushort")] {
      let head = "\(first) a, \(rest) b, \(rest) c"
      type.member("Guid(\(head), byte d, byte e, byte f, byte g, byte h, byte i, byte j, byte k)") { call in
        .object(GuidObject(groups(call), tail: (3...10).map { UInt8(truncatingIfNeeded: call.int($0)) }))
      }
      if first == "int" {
        type.member("Guid(\(head), byte[] d)") { call in
          let tail = try call.bytes(3)
          guard tail.count == 8 else { throw Thrown.argument("Byte array for GUID must be exactly 8 bytes long.") }
          return .object(GuidObject(groups(call), tail: tail))
        }
      }
    }
    type.member("static Guid ParseExact(string input, string format)") { call in
      let format = try call.string(1)
      let guid = try GuidObject.parse(try call.string(0))
      guard try guid.text(format: format) == call.string(0).trimmingWhiteSpace().lowercased() else {
        throw Thrown.format("The GUID does not have the form that was asked for.")
      }
      return .object(guid)
    }
    type.member("int CompareTo(Guid value)") { call in .int32(Int32(try Operation.compare(call.this, call[0]))) }
    type.member("bool Equals(Guid g)") { call in .bool(Operation.areEqual(call.this, call[0])) }
    type.member("static Guid Parse(string input)") { call in .object(try GuidObject.parse(try call.string(0))) }
    type.member("static bool TryParse(string input, out Guid result)") { call in
      let guid = call.stringOrNull(0).flatMap { try? GuidObject.parse($0) }
      call.set(1, .object(guid ?? GuidObject("00000000-0000-0000-0000-000000000000")))
      return .bool(guid != nil)
    }
    type.member("static Guid Empty { get; }") { _ in .object(GuidObject("00000000-0000-0000-0000-000000000000")) }
    type.member("byte[] ToByteArray()") { call in
      .object(ArrayObject(bytes: try call.receiver(GuidObject.self).bytes))
    }
    type.member("string ToString(string format)") { call in
      .string(try call.receiver(GuidObject.self).text(format: call.stringOrNull(0) ?? "D"))
    }
    type.member("static bool operator ==(Guid a, Guid b)") { call in .bool(Operation.areEqual(call[0], call[1])) }
    type.member("static bool operator !=(Guid a, Guid b)") { call in .bool(!Operation.areEqual(call[0], call[1])) }
  }
}

extension LibraryCatalog {
  /// The first three groups of a `Guid` that is made of numbers, its bytes in the order of `ToByteArray()`.
  private static func groups(_ call: Call) -> [UInt8] {
    let (a, b, c) = (call.int(0), call.int(1), call.int(2))
    return (0..<4).map { UInt8(truncatingIfNeeded: a >> ($0 * 8)) }
      + [b, c].flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
  }
}

/// A `Guid`, kept as its text in the form `D`.
final class GuidObject: FormattableObject, Sendable {
  let value: String

  init(_ value: String) { self.value = value }

  /// From bytes, of which the first three groups are little-endian.
  init(bytes: [UInt8]) {
    let digits = Self.order.map { place in
      let text = String(bytes[place], radix: 16)
      return text.count < 2 ? "0" + text : text
    }
    func part(_ places: Range<Int>) -> String { digits[places].joined() }
    value = [part(0..<4), part(4..<6), part(6..<8), part(8..<10), part(10..<16)].joined(separator: "-")
  }

  convenience init(_ groups: [UInt8], tail: [UInt8]) { self.init(bytes: groups + tail) }

  private static let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]

  /// `ToByteArray()`.
  var bytes: [UInt8] {
    let digits = Array(value.filter { $0 != "-" })
    let bytes = stride(from: 0, to: 32, by: 2).compactMap { UInt8(String(digits[$0...($0 + 1)]), radix: 16) }
    return Self.order.map { bytes[$0] }
  }

  /// `GetHashCode()`, as .NET computes it.
  var hashCode: Int32 {
    var hash: UInt32 = 0
    for (place, byte) in bytes.enumerated() { hash ^= UInt32(byte) << UInt32(place % 4 * 8) }
    return Int32(bitPattern: hash)
  }

  func text(format: String) throws -> String {
    switch format {
    case "D", "d", "": return value
    case "N", "n": return value.filter { $0 != "-" }
    case "B", "b": return "{\(value)}"
    case "P", "p": return "(\(value))"
    case "X", "x":
      let digits = Array(value.filter { $0 != "-" })
      func part(_ from: Int, _ to: Int) -> String { "0x" + String(digits[from..<to]) }
      let tail = stride(from: 16, to: 32, by: 2).map { part($0, $0 + 2) }
      return "{"
        + [part(0, 8), part(8, 12), part(12, 16), "{" + tail.joined(separator: ",") + "}"].joined(separator: ",")
        + "}"
    default:
      throw Thrown.format(
        "Format string can be only \"D\", \"d\", \"N\", \"n\", \"P\", \"p\", \"B\", \"b\", \"X\" or \"x\".")
    }
  }

  func compare(to other: Value) throws -> Int? {
    guard case .object(let object) = other, let other = object as? GuidObject else { return nil }
    return value == other.value ? 0 : value < other.value ? -1 : 1
  }

  /// The form `X`: `{0x…,0x…,0x…,{0x…,0x…,…}}`; nil when the text has another.
  private static func parseNumbers(_ text: String) -> GuidObject? {
    let bare = text.filter { !$0.isWhitespace }
    guard bare.hasPrefix("{0x"), bare.hasSuffix("}}") else { return nil }
    let parts = bare.dropFirst().dropLast(2).replacing("{", with: "").split(
      separator: ",", omittingEmptySubsequences: false)
    let widths = [8, 4, 4] + Array(repeating: 2, count: 8)
    guard parts.count == widths.count else { return nil }
    var hex = ""
    for (part, width) in zip(parts, widths) {
      guard part.hasPrefix("0x"), (1...width).contains(part.count - 2), part.dropFirst(2).allSatisfy(\.isHexDigit)
      else {
        return nil
      }
      hex += String(repeating: "0", count: width + 2 - part.count) + part.dropFirst(2)
    }
    return try? parse(hex)
  }

  /// The forms `D`, `N`, `B`, `P` and `X`.
  static func parse(_ text: String) throws -> GuidObject {
    var digits = text.trimmingWhiteSpace().lowercased()
    if let guid = parseNumbers(digits) { return guid }
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
