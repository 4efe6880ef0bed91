import DotNet

/// `System.Uri`.
extension LibraryCatalog {
  static let uriTypes: [LibraryType] = [
    LibraryType(
      enumeration: "System.UriPartial", [("Scheme", 0), ("Authority", 1), ("Path", 2), ("Query", 3)]),
    LibraryType(
      enumeration: "System.UriKind", listed: false, [("RelativeOrAbsolute", 0), ("Absolute", 1), ("Relative", 2)]),
    LibraryType(
      enumeration: "System.UriHostNameType", listed: false,
      [("Unknown", 0), ("Basic", 1), ("Dns", 2), ("IPv4", 3), ("IPv6", 4)]),
    LibraryType("class System.Uri") { type in
      uriMaking(&type)
      uriStatics(&type)
      uriParts(&type)
      uriRelations(&type)
    },
  ]

  private static func uriMaking(_ type: inout LibraryRegistration) {
    type.member("Uri(string uriString)") { call in .object(UriObject(try UriValue(absolute: try call.string(0)))) }
    type.member("Uri(string uriString, UriKind uriKind)", listed: false) { call in
      .object(UriObject(try UriObject.made(try call.string(0), kind: call.int(1))))
    }
    type.member("Uri(string uriString, bool dontEscape)") { call in
      .object(UriObject(try UriValue(absolute: try call.string(0))))
    }
    type.member("static bool IsHexEncoding(string pattern, int index)") { call in
      let bytes = Array(try call.string(0).utf8)
      let at = call.int(1)
      return .bool(
        at >= 0 && at + 2 < bytes.count && bytes[at] == 0x25 && PercentEncoding.digit(bytes[at + 1]) != nil
          && PercentEncoding.digit(bytes[at + 2]) != nil)
    }
    type.member("Uri(Uri baseUri, string relativeUri)") { call in
      .object(UriObject(try UriObject.base(call).resolving(call.stringOrNull(1) ?? "")))
    }
    type.member("Uri(Uri baseUri, Uri relativeUri)") { call in
      .object(UriObject(try UriObject.base(call).resolving(try call.object(1, as: UriObject.self).uri.absoluteText)))
    }
    type.member("static bool TryCreate(string uriString, UriKind uriKind, out Uri result)", listed: false) { call in
      let (text, kind) = (call.stringOrNull(0), call.int(1))
      let made = text.flatMap { try? UriObject.made($0, kind: kind) }
      call.set(2, made.map { .object(UriObject($0)) } ?? .null)
      return .bool(made != nil)
    }
    for kind in ["string", "Uri"] {
      type.member("static bool TryCreate(Uri baseUri, \(kind) relativeUri, out Uri result)") { call in
        let text = call.stringOrNull(1) ?? call.objectOrNull(1, as: UriObject.self)?.uri.absoluteText
        let base = try? UriObject.base(call)
        let made = text.flatMap { text in base.flatMap { try? $0.resolving(text) } }
        call.set(2, made.map { .object(UriObject($0)) } ?? .null)
        return .bool(made != nil)
      }
    }
  }

  private static func uriStatics(_ type: inout LibraryRegistration) {
    type.member("static string EscapeDataString(string stringToEscape)") { call in
      let text = try call.string(0)
      try call.machine.process(bytes: text.utf8.count * 3)
      return .string(PercentEncoding.escaped(text, marks: PercentEncoding.unreservedMarks))
    }
    type.member("static string EscapeUriString(string stringToEscape)") { call in
      let text = try call.string(0)
      try call.machine.process(bytes: text.utf8.count * 3)
      return .string(
        PercentEncoding.escaped(text, marks: PercentEncoding.unreservedMarks + PercentEncoding.reservedMarks))
    }
    type.member("static string UnescapeDataString(string stringToUnescape)") { call in
      let text = try call.string(0)
      try call.machine.process(bytes: text.utf8.count)
      return .string(PercentEncoding.unescaped(text))
    }
    type.member("static bool IsWellFormedUriString(string uriString, UriKind uriKind)", listed: false) { call in
      .bool(call.stringOrNull(0).map { UriValue.isWellFormed($0, kind: call.int(1)) } ?? false)
    }
    type.member("static bool CheckSchemeName(string schemeName)") { call in
      .bool(call.stringOrNull(0).map { UriValue.isScheme($0) } ?? false)
    }
    type.member("static UriHostNameType CheckHostName(string name)") { call in
      .enumeration(
        call.stringOrNull(0).map { UriValue.hostKind($0).rawValue } ?? 0, .named("System.UriHostNameType"))
    }
    type.member("static bool IsHexDigit(char character)") { call in
      .bool(UInt8(exactly: call.char(0)).flatMap { PercentEncoding.digit($0) } != nil)
    }
    type.member("static int FromHex(char digit)") { call in
      guard let value = UInt8(exactly: call.char(0)).flatMap({ PercentEncoding.digit($0) }) else {
        throw Thrown.argument("Invalid hex digit. (Parameter 'digit')")
      }
      return .int32(Int32(value))
    }
    type.member("static string HexEscape(char character)") { call in
      guard let byte = UInt8(exactly: call.char(0)) else { throw Thrown.outOfRange("character") }
      return .string("%" + HexText.capitals([byte]))
    }
    for (name, scheme) in [
      ("Http", "http"), ("Https", "https"), ("Ftp", "ftp"), ("File", "file"), ("Mailto", "mailto"),
      ("Gopher", "gopher"), ("News", "news"), ("Nntp", "nntp"), ("NetTcp", "net.tcp"), ("NetPipe", "net.pipe"),
    ] {
      type.member("static string UriScheme\(name) { get; }") { _ in .string(scheme) }
    }
    type.constant("string SchemeDelimiter", .string("://"))
  }

  private static func uriParts(_ type: inout LibraryRegistration) {
    let texts: [(String, @Sendable (UriValue) -> String)] = [
      ("Scheme", { $0.scheme }), ("Host", { $0.host }), ("AbsolutePath", { $0.path }), ("Query", { $0.query }),
      ("Fragment", { $0.fragment }), ("PathAndQuery", { $0.path + $0.query }), ("Authority", { $0.authority }),
      ("AbsoluteUri", { $0.absoluteText }), ("LocalPath", { PercentEncoding.unescaped($0.path) }),
      ("UserInfo", { $0.userInfo }),
      ("DnsSafeHost", { $0.resolvableHost }), ("IdnHost", { InternationalName.ascii($0.resolvableHost) }),
    ]
    for (name, part) in texts {
      type.member("string \(name) { get; }") { call in .string(part(try UriObject.absolute(call))) }
    }
    let tests: [(String, @Sendable (UriValue) -> Bool)] = [
      ("IsDefaultPort", { $0.isDefaultPort }), ("IsFile", { $0.scheme == "file" }), ("IsLoopback", { $0.isLoopback }),
      ("IsUnc", { $0.scheme == "file" && !$0.host.isEmpty }),
    ]
    for (name, test) in tests {
      type.member("bool \(name) { get; }") { call in .bool(test(try UriObject.absolute(call))) }
    }
    type.member("int Port { get; }") { call in .int32(Int32(try UriObject.absolute(call).port)) }
    type.member("string[] Segments { get; }") { call in
      .object(ArrayObject(strings: try UriObject.absolute(call).segments))
    }
    type.member("UriHostNameType HostNameType { get; }") { call in
      .enumeration(try UriObject.absolute(call).hostKind.rawValue, .named("System.UriHostNameType"))
    }
    type.member("string OriginalString { get; }") { call in .string(try call.receiver(UriObject.self).uri.original) }
    type.member("bool IsAbsoluteUri { get; }") { call in .bool(try call.receiver(UriObject.self).uri.isAbsolute) }
    type.member("bool UserEscaped { get; }") { _ in .bool(false) }
    type.member("string GetLeftPart(UriPartial part)") { call in
      .string(try UriObject.absolute(call).leftPart(call.int(0)))
    }
    type.member("bool IsWellFormedOriginalString()") { call in
      let uri = try call.receiver(UriObject.self).uri
      return .bool(UriValue.isWellFormed(uri.original, kind: uri.isAbsolute ? 1 : 2))
    }
  }

  private static func uriRelations(_ type: inout LibraryRegistration) {
    type.member("Uri MakeRelativeUri(Uri uri)") { call in
      .object(UriObject(try UriObject.absolute(call).relative(to: try call.object(0, as: UriObject.self).uri)))
    }
    type.member("bool IsBaseOf(Uri uri)") { call in
      .bool(try UriObject.absolute(call).isBase(of: try call.object(0, as: UriObject.self).uri))
    }
    equality(&type, "Uri")
  }
}

/// A `Uri`.
final class UriObject: RuntimeObject, Sendable {
  let uri: UriValue

  init(_ uri: UriValue) { self.uri = uri }

  /// `kind`: 0 either, 1 absolute, 2 relative (`UriKind`).
  static func made(_ text: String, kind: Int) throws -> UriValue {
    let absolute = Result { try UriValue(absolute: text) }
    if kind == 1 { return try absolute.get() }
    guard let whole = try? absolute.get() else { return UriValue(relative: text) }
    if kind == 0 { return whole }
    throw Thrown(
      "System.UriFormatException",
      "A relative URI cannot be created because the 'uriString' parameter represents an absolute URI.")
  }

  /// The first argument, which has to be absolute.
  static func base(_ call: Call) throws -> UriValue {
    let base = try call.object(0, as: UriObject.self).uri
    if !base.isAbsolute { throw Thrown.outOfRange("baseUri", "The base URI must be absolute.") }
    return base
  }

  /// The receiver, of which a part is asked that a relative address does not have.
  static func absolute(_ call: Call) throws -> UriValue {
    let uri = try call.receiver(UriObject.self).uri
    if !uri.isAbsolute { throw Thrown.invalidOperation("This operation is not supported for a relative URI.") }
    return uri
  }

  var runtimeType: TypeSymbol { .named("System.Uri") }
  func text(_ machine: Machine) throws -> String { uri.text }
  func isEqual(to other: Value) -> Bool {
    if case .object(let object) = other, let other = object as? UriObject { return other.uri == uri }
    if case .string(let text) = other { return (try? UriValue(absolute: text)) == uri }
    return false
  }
  func hash(into hasher: inout Hasher) { hasher.combine(uri) }
}
