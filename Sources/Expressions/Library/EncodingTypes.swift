/// `Encoding`: texts as bytes.
extension LibraryCatalog {
  static let encodingType = LibraryType("abstract class System.Text.Encoding") { type in
    for (name, encoding) in EncodingObject.standard {
      type.fixed("static Encoding \(name) { get; }") { .object(encoding) }
    }
    type.member("static Encoding GetEncoding(string name)") { call in
      let name = try call.string(0).lowercased()
      guard let found = EncodingObject.named(name) else {
        throw Thrown.argument("'\(name)' is not a supported encoding name. (Parameter 'name')")
      }
      return .object(found)
    }
    type.member("static Encoding GetEncoding(int codepage)") { call in
      guard let found = EncodingObject.all.first(where: { $0.codePage == call.int(0) }) else {
        throw Thrown.notSupported("No data is available for encoding \(call.int(0)).")
      }
      return .object(found)
    }
    type.member("static byte[] Convert(Encoding srcEncoding, Encoding dstEncoding, byte[] bytes)") { call in
      let (from, to): (EncodingObject, EncodingObject) = (try call.object(0), try call.object(1))
      let bytes = try call.bytes(2)
      try call.machine.process(bytes: bytes.count * 4)
      return .object(ArrayObject(bytes: to.bytes(from.text(bytes))))
    }
    encodingNames(&type)
    encodingWork(&type)
  }

  private static func encoding(_ call: Call) throws -> EncodingObject { try call.receiver(EncodingObject.self) }

  private static func encodingNames(_ type: inout LibraryRegistration) {
    for name in ["WebName", "HeaderName", "BodyName"] {
      type.member("string \(name) { get; }") { call in .string(try encoding(call).webName) }
    }
    type.member("string EncodingName { get; }") { call in .string(try encoding(call).title) }
    type.member("int CodePage { get; }") { call in .int32(Int32(try encoding(call).codePage)) }
    type.member("bool IsSingleByte { get; }") { call in
      let form = try encoding(call).form
      return .bool(form == .ascii || form == .latin1)
    }
    type.member("byte[] GetPreamble()") { call in .object(ArrayObject(bytes: try encoding(call).preamble)) }
  }

  /// Writes values into the array that a caller gave (arguments 3 and 4), which must have room for them.
  private static func store(_ values: [Value], _ call: Call) throws -> Value {
    let (target, at): (ArrayObject, Int) = (try call.object(3), call.int(4))
    guard (0...target.count).contains(at) else { throw Thrown.outOfRange("index") }
    guard values.count <= target.count - at else {
      throw Thrown.argument("The output buffer is too small to contain what was to be written.")
    }
    for (offset, value) in values.enumerated() { target[at + offset] = value }
    return .int32(Int32(clamping: values.count))
  }

  private static func encodingWork(_ type: inout LibraryRegistration) {
    @Sendable func source(_ call: Call, _ kind: String) throws -> String {
      if kind == "string" { return try call.string(0) }
      if call[0].isNull { throw Thrown.argumentNull("chars") }
      return String(decoding: try units(call, 0), as: UTF16.self)
    }
    type.direct("byte[] GetBytes(string s)") { machine, encoding, text in
      let (encoding, text): (EncodingObject, String) = (try encoding.instance(), try text.text("s"))
      try machine.process(bytes: text.utf8.count)
      return .object(ArrayObject(bytes: encoding.bytes(text)))
    }
    type.member("byte[] GetBytes(char[] chars)") { call in
      let text = try source(call, "char")
      try call.machine.process(bytes: text.utf8.count)
      return .object(ArrayObject(bytes: try encoding(call).bytes(text)))
    }
    /// A part of an array of characters.
    @Sendable func text(_ call: Call) throws -> String {
      let all = try units(call, 0)
      let (start, count) = try textPart(all.count, call.int(1), call.int(2))
      try call.machine.process(bytes: count)
      return String(decoding: all[start..<(start + count)], as: UTF16.self)
    }
    type.member("byte[] GetBytes(char[] chars, int index, int count)") { call in
      .object(ArrayObject(bytes: try encoding(call).bytes(try text(call))))
    }
    type.member("int GetByteCount(char[] chars, int index, int count)") { call in
      .int32(Int32(clamping: try encoding(call).bytes(try text(call)).count))
    }
    for kind in ["string s", "char[] chars"] {
      type.member(
        "int GetBytes(\(kind), int charIndex, int charCount, byte[] bytes, int byteIndex)"
      ) { call in
        let all = kind.hasPrefix("string") ? Array(try call.string(0).utf16) : try units(call, 0)
        let (start, count) = try textPart(all.count, call.int(1), call.int(2))
        let made = try encoding(call).bytes(String(decoding: all[start..<(start + count)], as: UTF16.self))
        return try store(made.map { .uint8($0) }, call)
      }
    }
    type.member("int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex)") { call in
      let bytes = try call.bytes(0)
      let (start, count) = try textPart(bytes.count, call.int(1), call.int(2))
      return try store(try encoding(call).text(Array(bytes[start..<(start + count)])).utf16.map { .char($0) }, call)
    }
    for kind in ["string s", "char[] chars"] {
      let word = kind.hasPrefix("string") ? "string" : "char"
      type.member("int GetByteCount(\(kind))") { call in
        let text = try source(call, word)
        try call.machine.process(bytes: text.utf8.count)
        return .int32(Int32(clamping: try encoding(call).bytes(text).count))
      }
    }
    for (more, hasPart) in [("", false), (", int index, int count", true)] {
      @Sendable func decoded(_ call: Call) throws -> String {
        var bytes = try call.bytes(0)
        if hasPart {
          let (start, count) = try textPart(bytes.count, call.int(1), call.int(2))
          bytes = Array(bytes[start..<(start + count)])
        }
        try call.machine.process(bytes: bytes.count)
        return try encoding(call).text(bytes)
      }
      if hasPart {
        type.member("string GetString(byte[] bytes\(more))") { call in .string(try decoded(call)) }
      } else {
        type.direct("string GetString(byte[] bytes)") { machine, encoding, bytes in
          let (encoding, bytes): (EncodingObject, [UInt8]) = (try encoding.instance(), try bytes.bytes("bytes"))
          try machine.process(bytes: bytes.count)
          return .string(encoding.text(bytes))
        }
      }
      type.member("char[] GetChars(byte[] bytes\(more))") { call in
        .object(ArrayObject(of: .char, try decoded(call).utf16.map { .char($0) }))
      }
      type.member("int GetCharCount(byte[] bytes\(more))") { call in
        .int32(Int32(clamping: try decoded(call).utf16.count))
      }
    }
    type.member("int GetMaxCharCount(int byteCount)") { call in
      if call.int(0) < 0 { throw Thrown.outOfRange("byteCount", "Non-negative number required.") }
      let (form, bytes) = (try encoding(call).form, call.int(0))
      let most =
        switch form {
        case .utf8: bytes + 1
        case .utf16, .bigEndian: bytes / 2 + bytes % 2 + 1
        case .utf32: bytes / 2 + 2
        case .ascii, .latin1: bytes
        }
      return .int32(Int32(clamping: most))
    }
    for name in ["IsBrowserDisplay", "IsBrowserSave", "IsMailNewsDisplay", "IsMailNewsSave"] {
      type.member("bool \(name) { get; }") { call in
        let form = try encoding(call).form
        return .bool(form == .utf8 || form == .latin1 || (form == .ascii && name.hasPrefix("IsMail")))
      }
    }
    type.member("bool IsReadOnly { get; }") { _ in .bool(true) }
    type.member("bool IsAlwaysNormalized()") { _ in .bool(false) }
    type.member("int WindowsCodePage { get; }") { call in
      let encoding = try encoding(call)
      return .int32(encoding.form == .ascii || encoding.form == .latin1 ? 1252 : 1200)
    }
    type.member("int GetMaxByteCount(int charCount)") { call in
      if call.int(0) < 0 { throw Thrown.outOfRange("charCount", "Non-negative number required.") }
      let form = try encoding(call).form
      let factor = form == .utf8 ? 3 : form == .utf32 ? 4 : form == .ascii || form == .latin1 ? 1 : 2
      return .int32(Int32(clamping: (call.int(0) + 1) * factor))
    }
  }
}

/// `Encoding`.
final class EncodingObject: RuntimeObject, Sendable {
  enum Form {
    case utf8
    case utf16
    case bigEndian
    case utf32
    case ascii
    case latin1
  }

  let form: Form
  let webName: String
  let title: String
  let codePage: Int
  let preamble: [UInt8]

  private init(_ form: Form, _ webName: String, _ title: String, _ codePage: Int, _ preamble: [UInt8]) {
    self.form = form
    self.webName = webName
    self.title = title
    self.codePage = codePage
    self.preamble = preamble
  }

  private static let utf8 = EncodingObject(.utf8, "utf-8", "Unicode (UTF-8)", 65001, [0xEF, 0xBB, 0xBF])
  private static let ascii = EncodingObject(.ascii, "us-ascii", "US-ASCII", 20127, [])
  private static let unicode = EncodingObject(.utf16, "utf-16", "Unicode", 1200, [0xFF, 0xFE])
  private static let bigEndian = EncodingObject(.bigEndian, "utf-16BE", "Unicode (Big-Endian)", 1201, [0xFE, 0xFF])
  private static let utf32 = EncodingObject(.utf32, "utf-32", "Unicode (UTF-32)", 12000, [0xFF, 0xFE, 0, 0])
  private static let latin1 = EncodingObject(.latin1, "iso-8859-1", "Western European (ISO)", 28591, [])

  static let all = [utf8, ascii, unicode, bigEndian, utf32, latin1]

  /// Those that `Encoding` has properties for.
  static let standard = [
    ("UTF8", utf8), ("ASCII", ascii), ("Unicode", unicode), ("BigEndianUnicode", bigEndian), ("UTF32", utf32),
    ("Default", utf8),
  ]

  static func named(_ name: String) -> EncodingObject? {
    let aliases = [
      "utf8": "utf-8", "ascii": "us-ascii", "latin1": "iso-8859-1", "iso_8859-1": "iso-8859-1", "unicode": "utf-16",
      "utf-16le": "utf-16", "ucs-2": "utf-16", "utf-32le": "utf-32", "unicodefffe": "utf-16be",
    ]
    let wanted = aliases[name] ?? name
    return all.first { $0.webName.lowercased() == wanted }
  }

  var runtimeType: TypeSymbol { .named("System.Text.Encoding") }

  /// What the encoding cannot write becomes "?".
  func bytes(_ text: String) -> [UInt8] {
    switch form {
    case .utf8: Array(text.utf8)
    case .ascii: text.utf16.map { $0 < 0x80 ? UInt8($0) : 0x3F }
    case .latin1: text.utf16.map { $0 < 0x100 ? UInt8($0) : 0x3F }
    case .utf16: text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    case .bigEndian: text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)] }
    case .utf32:
      text.unicodeScalars.flatMap { scalar in (0..<4).map { UInt8(truncatingIfNeeded: scalar.value >> ($0 * 8)) } }
    }
  }

  /// What is no text in the encoding becomes U+FFFD; in ASCII "?".
  func text(_ bytes: [UInt8]) -> String {
    switch form {
    case .utf8: return String(decoding: bytes, as: UTF8.self)
    case .ascii: return String(decoding: bytes.map { $0 < 0x80 ? $0 : 0x3F }, as: UTF8.self)
    case .latin1: return String(decoding: bytes.map { UInt16($0) }, as: UTF16.self)
    case .utf16, .bigEndian:
      let (low, high) = form == .utf16 ? (0, 1) : (1, 0)
      let whole = bytes.count & ~1
      let units = stride(from: 0, to: whole, by: 2).map { UInt16(bytes[$0 + low]) | UInt16(bytes[$0 + high]) << 8 }
      return String(decoding: units, as: UTF16.self) + (whole < bytes.count ? "\u{FFFD}" : "")
    case .utf32:
      var result = String.UnicodeScalarView()
      for start in stride(from: 0, to: bytes.count, by: 4) {
        guard start + 4 <= bytes.count else {
          result.append("\u{FFFD}")
          break
        }
        let value = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << UInt32($1 * 8) }
        result.append(Unicode.Scalar(value) ?? "\u{FFFD}")
      }
      return String(result)
    }
  }
}
