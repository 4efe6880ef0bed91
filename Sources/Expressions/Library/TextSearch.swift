import DotNet

/// Finding one text in another by a `StringComparison`: unit by unit, or as the culture sees them.
struct TextSearch {
  private let ignoresCase: Bool
  private let isOrdinal: Bool

  /// - Parameter comparison: the number of a `StringComparison`.
  init(_ comparison: Int) {
    ignoresCase = comparison % 2 == 1
    isOrdinal = comparison >= 4
  }

  /// Texts of plain ASCII are alike in every culture exactly when their units are.
  private func comparesUnits(_ a: String, _ b: String) -> Bool {
    func isPlain(_ text: String) -> Bool {
      text.utf8.allSatisfy { ($0 >= 0x20 && $0 < 0x7F) || (0x09...0x0D).contains($0) }
    }
    return isOrdinal || (isPlain(a) && isPlain(b))
  }

  private func units(_ text: String) -> [UInt16] { Array((ignoresCase ? InvariantCase.upper(text) : text).utf16) }

  func isEdge(_ part: String, of text: String, atEnd: Bool) -> Bool {
    guard comparesUnits(part, text) else {
      return Collation.isEdge(part, of: text, ignoresCase: ignoresCase, atEnd: atEnd)
    }
    return atEnd
      ? Ordinal.hasSuffix(text, part, ignoringCase: ignoresCase)
      : Ordinal.hasPrefix(text, part, ignoringCase: ignoresCase)
  }

  /// The part of a text that a search with `startIndex` and `count` looks at.
  static func window(_ length: Int, _ start: Int?, _ count: Int?, isLast: Bool) throws -> Range<Int> {
    if !isLast {
      let start = start ?? 0
      guard (0...length).contains(start) else { throw Thrown.outOfRange("startIndex") }
      guard let count else { return start..<length }
      guard count >= 0, count <= length - start else { throw Thrown.outOfRange("count") }
      return start..<(start + count)
    }
    if length == 0 { return 0..<0 }
    let start = start ?? length - 1
    guard start >= -1, start <= length else { throw Thrown.outOfRange("startIndex") }
    let end = min(start + 1, length)
    guard let count else { return 0..<end }
    guard count >= 0, count <= end else { throw Thrown.outOfRange("count") }
    return (end - count)..<end
  }

  func place(of wanted: String, in text: String, start: Int?, count: Int?, isLast: Bool) throws -> Int {
    let window = try Self.window(text.utf16.count, start, count, isLast: isLast)
    if wanted.isEmpty { return isLast ? max(0, window.upperBound - 1) : window.lowerBound }
    guard comparesUnits(wanted, text) else {
      let part = String(decoding: Array(text.utf16)[window], as: UTF16.self)
      let place = Collation.place(of: wanted, in: part, ignoresCase: ignoresCase, isLast: isLast)
      return place < 0 ? -1 : place + window.lowerBound
    }
    return Self.place(of: units(wanted), in: units(text)[window], isLast: isLast)
  }

  private static func place(of wanted: [UInt16], in units: ArraySlice<UInt16>, isLast: Bool) -> Int {
    guard units.count >= wanted.count else { return -1 }
    let places = units.startIndex...(units.endIndex - wanted.count)
    func holds(_ at: Int) -> Bool {
      units[at] == wanted[0] && units[at..<(at + wanted.count)].elementsEqual(wanted)
    }
    return (isLast ? places.last(where: holds) : places.first(where: holds)) ?? -1
  }
}

/// `StringComparer`.
final class ComparerObject: RuntimeObject, Sendable {
  let ignoresCase: Bool
  let isOrdinal: Bool

  init(ignoresCase: Bool, isOrdinal: Bool) {
    self.ignoresCase = ignoresCase
    self.isOrdinal = isOrdinal
  }

  /// - Parameter comparison: the number of a `StringComparison`.
  convenience init(_ comparison: Int) { self.init(ignoresCase: comparison % 2 == 1, isOrdinal: comparison >= 4) }

  var runtimeType: TypeSymbol { .named("System.StringComparer") }

  static func ignoresCase(_ value: Value) -> Bool {
    if case .object(let object) = value, let comparer = object as? ComparerObject { return comparer.ignoresCase }
    return false
  }

  /// Whatever is no text has its own order.
  func order(_ a: Value, _ b: Value) throws -> Int {
    guard case .string(let x) = a, case .string(let y) = b else { return try Operation.compare(a, b) }
    if !isOrdinal { return Collation.compare(x, y, ignoresCase: ignoresCase) }
    return ignoresCase
      ? Operation.compareOrdinal(InvariantCase.upper(x), InvariantCase.upper(y)) : Operation.compareOrdinal(x, y)
  }
}

extension LibraryCatalog {
  static let comparerType = LibraryType("class System.StringComparer") { type in
    for (place, name) in [
      "CurrentCulture", "CurrentCultureIgnoreCase", "InvariantCulture", "InvariantCultureIgnoreCase", "Ordinal",
      "OrdinalIgnoreCase",
    ].enumerated() {
      type.member("static StringComparer \(name) { get; }") { _ in .object(ComparerObject(place)) }
    }
    type.member("bool Equals(string x, string y)") { call in
      .bool(try call.receiver(ComparerObject.self).order(call[0], call[1]) == 0)
    }
    type.member("int Compare(string x, string y)") { call in
      .int32(Int32(clamping: try call.receiver(ComparerObject.self).order(call[0], call[1])))
    }
    type.member("bool Equals(object x, object y)") { call in
      if case .string = call[0], case .string = call[1] {
        return .bool(try call.receiver(ComparerObject.self).order(call[0], call[1]) == 0)
      }
      return .bool(Operation.areEqual(call[0], call[1]))
    }
    type.member("int Compare(object x, object y)") { call in
      if case .string = call[0], case .string = call[1] {
        return .int32(Int32(clamping: try call.receiver(ComparerObject.self).order(call[0], call[1])))
      }
      if Operation.areEqual(call[0], call[1]) { return .int32(0) }
      if call[0].isNull || call[1].isNull { return .int32(call[0].isNull ? -1 : 1) }
      return .int32(Int32(clamping: try Operation.compare(call[0], call[1])))
    }
    type.member("int GetHashCode(string obj)") { call in
      let ignoresCase = try call.receiver(ComparerObject.self).ignoresCase
      let key = ValueKey(.string(try call.string(0)), ignoresCase: ignoresCase).value
      return .int32(Hashing.code(key, try Operation.text(key, call.machine)))
    }
  }
}
