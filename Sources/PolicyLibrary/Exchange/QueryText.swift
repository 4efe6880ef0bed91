/// A query string taken apart, with names and values decoded; order is kept.
struct QueryText {
  /// `hasValue`: an equals sign stood behind the name.
  var pairs: [(name: String, value: String, hasValue: Bool)]

  init(_ text: String) {
    pairs = text.split(separator: "&", omittingEmptySubsequences: true).map { part in
      guard let equals = part.firstIndex(of: "=") else { return (Self.decode(part), "", false) }
      return (Self.decode(part[..<equals]), Self.decode(part[part.index(after: equals)...]), true)
    }
  }

  /// The values of a parameter; names compare without case.
  func values(_ name: String) -> [String] { pairs.filter { Self.equal($0.name, name) }.map(\.value) }

  /// The string again, encoded; nil when there is nothing in it.
  var text: String? {
    if pairs.isEmpty { return nil }
    return pairs.map { Self.encode($0.name) + ($0.hasValue ? "=" + Self.encode($0.value) : "") }.joined(separator: "&")
  }

  static func equal(_ a: String, _ b: String) -> Bool { a == b || a.lowercased() == b.lowercased() }

  /// The names in the query part of an operation's template, in lower case.
  static func names(ofTemplate template: String) -> Set<String> {
    guard let question = template.firstIndex(of: "?") else { return [] }
    return Set(QueryText(String(template[template.index(after: question)...])).pairs.map { $0.name.lowercased() })
  }

  static func decode(_ text: some StringProtocol) -> String {
    var bytes: [UInt8] = []
    let source = Array(text.utf8)
    var i = 0
    while i < source.count {
      if source[i] == 0x25, i + 2 < source.count, let high = hex(source[i + 1]), let low = hex(source[i + 2]) {
        bytes.append(high << 4 | low)
        i += 3
      } else {
        bytes.append(source[i] == 0x2b ? 0x20 : source[i])
        i += 1
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Everything but RFC 3986's unreserved characters as `%XX`.
  static func encode(_ text: String, keepsSlashes: Bool = false) -> String {
    escape(text) { isUnreserved($0) || (keepsSlashes && $0 == 0x2f) }
  }

  /// Only what cannot stand in a path: control characters, spaces, and bytes beyond ASCII; or in a query, where a question
  /// mark may stand.
  static func escapeUnsafe(_ text: String, keepsQuestion: Bool = false) -> String {
    escape(text) { $0 > 0x20 && $0 < 0x7f && ($0 != 0x3f || keepsQuestion) && $0 != 0x23 }
  }

  private static func escape(_ text: String, keeping isKept: (UInt8) -> Bool) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      if isKept(byte) { bytes.append(byte) } else { bytes += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e: true
    default: false
    }
  }

  private static func hex(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x37
    case 0x61...0x66: byte - 0x57
    default: nil
    }
  }
}
