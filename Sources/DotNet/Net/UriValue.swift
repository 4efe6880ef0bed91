/// An address as `System.Uri` takes it apart: absolute, or relative and then nothing but its text.
public struct UriValue: Sendable {
  public let original: String
  public let isAbsolute: Bool
  public let scheme: String
  /// Whether `//` stands after the scheme.
  public let hasAuthority: Bool
  public let userInfo: String
  /// Lower case; an IPv6 address stands in brackets.
  public let host: String
  /// -1 when neither the text nor the scheme has one.
  public let port: Int
  /// Escaped; begins with `/` when there is an authority.
  public let path: String
  /// With its `?`, or empty.
  public let query: String
  /// With its `#`, or empty.
  public let fragment: String

  private static let defaultPorts = [
    "http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21, "gopher": 70, "nntp": 119, "telnet": 23, "ldap": 389,
    "mailto": 25, "net.tcp": 808,
  ]
  private static let pathMarks = "/:@!$&'()*+,;=[]"

  static func failure(_ message: String) -> DotNetException {
    DotNetException("System.UriFormatException", "Invalid URI: " + message)
  }

  /// A relative address: any text.
  public init(relative text: String) {
    original = text
    (isAbsolute, hasAuthority) = (false, false)
    (scheme, userInfo, host, path, query, fragment) = ("", "", "", text, "", "")
    port = -1
  }

  /// UriFormatException for what is no absolute address.
  public init(absolute text: String) throws {
    let trimmed = Self.trimmed(text)
    guard !trimmed.isEmpty else { throw Self.failure("The URI is empty.") }
    guard let colon = trimmed.firstIndex(of: ":"), Self.isScheme(trimmed[..<colon]) else {
      throw Self.failure("The format of the URI could not be determined.")
    }
    let scheme = trimmed[..<colon].lowercased()
    var rest = trimmed[trimmed.index(after: colon)...]
    let isWeb = ["http", "https", "ws", "wss", "ftp", "file"].contains(scheme)
    let mark = rest.firstIndex(of: "#") ?? rest.endIndex
    let question = rest[..<mark].firstIndex(of: "?") ?? mark
    let fragment = rest[mark...]
    let query = rest[question..<mark]
    rest = rest[..<question]
    if isWeb { rest = Substring(rest.replacing("\\", with: "/")) }
    guard rest.hasPrefix("//") || !isWeb else {
      throw Self.failure("The Authority/Host could not be parsed.")
    }
    var authority = ("", "", Self.defaultPorts[scheme] ?? -1)
    if rest.hasPrefix("//") {
      rest = rest.dropFirst(2)
      let end = rest.firstIndex(of: "/") ?? rest.endIndex
      authority = try Self.authority(rest[..<end], scheme)
      rest = rest[end...]
      if rest.isEmpty { rest = "/" }
      hasAuthority = true
    } else if scheme == "mailto", rest.contains("@") {
      // The mailbox is the user of a host; no path is left.
      authority = try Self.authority(rest, scheme)
      rest = ""
      hasAuthority = false
    } else {
      hasAuthority = false
    }
    original = text
    isAbsolute = true
    self.scheme = scheme
    (userInfo, host, port) = authority
    let escaped = PercentEncoding.canonical(rest, allowing: Self.pathMarks)
    path = isWeb ? Self.withoutDots(escaped) : escaped
    self.query = PercentEncoding.canonical(query, allowing: Self.pathMarks + "?")
    self.fragment = PercentEncoding.canonical(fragment, allowing: Self.pathMarks + "?#")
  }

  /// Without white space at both ends.
  private static func trimmed(_ text: String) -> Substring {
    let start = text.firstIndex { !$0.isWhitespace } ?? text.endIndex
    let end = text.lastIndex { !$0.isWhitespace }.map { text.index(after: $0) } ?? start
    return text[start..<end]
  }

  /// A letter, then letters, digits, `+`, `-` and `.`.
  public static func isScheme(_ text: some StringProtocol) -> Bool {
    guard let first = text.utf8.first, (0x41...0x5A).contains(first & 0xDF) else { return false }
    return text.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF) || [0x2B, 0x2D, 0x2E].contains(byte)
    }
  }

  private static func authority(_ text: Substring, _ scheme: String) throws -> (String, String, Int) {
    var host = text
    var user = ""
    if let at = text.lastIndex(of: "@") {
      user = PercentEncoding.canonical(text[..<at], allowing: ":!$&'()*+,;=")
      host = text[text.index(after: at)...]
    }
    var port = defaultPorts[scheme] ?? -1
    if let colon = host.lastIndex(of: ":"), !host.hasSuffix("]") {
      let digits = host[host.index(after: colon)...]
      if !digits.isEmpty {
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(digits), number <= 65_535 else {
          throw failure("Invalid port specified.")
        }
        port = number
      }
      host = host[..<colon]
    }
    if host.isEmpty, scheme == "file" { return (user, "", -1) }
    guard hostKind(String(host)) != .unknown else { throw failure("The hostname could not be parsed.") }
    if host.hasPrefix("["), let address = InternetAddress(String(host)) { return (user, "[\(address)]", port) }
    if let address = numericHost(host) { return (user, address, port) }
    return (user, host.lowercased(), port)
  }

  /// An IPv4 address in one of its short forms, `1.2.3` for 1.2.0.3; nil for another host.
  private static func numericHost(_ host: Substring) -> String? {
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    guard (2...4).contains(parts.count),
      parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } })
    else { return nil }
    var value: UInt64 = 0
    for (place, part) in parts.enumerated() {
      let isLast = place == parts.count - 1
      guard let number = UInt64(part), number < 1 << UInt64(isLast ? 8 * (5 - parts.count) : 8) else { return nil }
      value = isLast ? value << UInt64(8 * (5 - parts.count)) | number : value << 8 | number
    }
    return stride(from: 24, through: 0, by: -8).map { String(value >> UInt64($0) & 0xFF) }.joined(separator: ".")
  }

  /// `UriHostNameType`, with .NET's numbers.
  public enum HostKind: Int32, Sendable {
    case unknown
    case basic
    case dns
    case ipv4
    case ipv6
  }

  /// `CheckHostName`: what a name can be.
  public static func hostKind(_ name: String) -> HostKind {
    if name.hasPrefix("["), name.hasSuffix("]") { return InternetAddress(name) == nil ? .unknown : .ipv6 }
    if name.contains(":") { return InternetAddress(name) == nil ? .unknown : .ipv6 }
    if name.split(separator: ".").count == 4, name.allSatisfy({ $0.isNumber || $0 == "." }),
      InternetAddress(name) != nil
    {
      return .ipv4
    }
    let labels = name.split(separator: ".", omittingEmptySubsequences: false)
    let inner = labels.last?.isEmpty == true ? labels.dropLast() : labels[...]
    let isName =
      !inner.isEmpty
      && inner.allSatisfy { label in
        (1...63).contains(label.utf16.count) && label.first != "-"
          && label.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
      }
    return isName ? .dns : .unknown
  }

  /// Without `.` and `..` as parts (RFC 3986, 5.2.4).
  private static func withoutDots(_ path: String) -> String {
    guard path.contains("/.") else { return path }
    var kept: [Substring] = []
    let parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() {
      let isLast = index == parts.count - 1
      if part == ".." {
        _ = kept.popLast()
        if isLast { kept.append("") }
      } else if part == "." {
        if isLast { kept.append("") }
      } else {
        kept.append(part)
      }
    }
    return "/" + kept.joined(separator: "/")
  }
}

extension UriValue {
  public var isDefaultPort: Bool { port == Self.defaultPorts[scheme] ?? -1 }
  public var authority: String { isDefaultPort ? host : "\(host):\(port)" }
  /// `AbsoluteUri`; the text of a relative address.
  public var absoluteText: String { isAbsolute ? leftPart(3) + fragment : original }
  /// `ToString()`: escapes decoded but those of `%` and of the marks that divide an address.
  public var text: String {
    isAbsolute ? PercentEncoding.unescaped(absoluteText, keeping: "%" + PercentEncoding.reservedMarks) : original
  }
  /// The host as a resolver takes it: without brackets, other scripts in their ASCII form.
  public var resolvableHost: String { host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host }

  /// The first `count` of path, authority and so on: 0 scheme, 1 authority, 2 path, 3 query (`UriPartial`).
  public func leftPart(_ count: Int) -> String {
    if scheme == "mailto", !host.isEmpty {
      return count == 0 ? "mailto:" : "mailto:" + userInfo + "@" + host + (count >= 3 ? query : "")
    }
    if !hasAuthority {
      return count == 1 ? "" : scheme + ":" + (count >= 2 ? path : "") + (count >= 3 ? query : "")
    }
    let user = userInfo.isEmpty ? "" : userInfo + "@"
    return [scheme + "://", user + authority, path, query].prefix(count + 1).joined()
  }

  public var segments: [String] {
    var result: [String] = []
    var part = ""
    for character in path {
      part.append(character)
      if character == "/" {
        result.append(part)
        part = ""
      }
    }
    return part.isEmpty ? result : result + [part]
  }

  public var hostKind: HostKind {
    if host.isEmpty { return hasAuthority || scheme == "file" ? .basic : .unknown }
    return Self.hostKind(host)
  }

  public var isLoopback: Bool {
    host == "localhost" || host == "loopback" || (host.isEmpty && scheme == "file")
      || InternetAddress(host)?.isLoopback == true
  }

  /// A relative address against this one (RFC 3986, 5.2). UriFormatException when the result is none.
  public func resolving(_ relative: String) throws -> UriValue {
    if let whole = try? UriValue(absolute: relative) { return whole }
    let text = Self.trimmed(relative)
    let given = text.firstIndex { "?#".contains($0) }
    let path = given.map { text[..<$0] } ?? text[...]
    let tail = given.map { text[$0...] } ?? ""
    let base: String
    if text.hasPrefix("//") {
      return try UriValue(absolute: scheme + ":" + text)
    } else if path.isEmpty {
      base = leftPart(2) + (tail.hasPrefix("?") ? "" : query)
    } else if path.hasPrefix("/") {
      base = leftPart(1) + path
    } else {
      base = leftPart(1) + self.path[..<(self.path.lastIndex(of: "/") ?? self.path.startIndex)] + "/" + path
    }
    return try UriValue(absolute: base + tail)
  }

  /// `MakeRelativeUri`: how another address is reached from this one; itself when it lies elsewhere.
  public func relative(to other: UriValue) -> UriValue {
    guard scheme == other.scheme, host == other.host, port == other.port else { return other }
    let (own, wanted) = (Array(path), Array(other.path))
    var (index, slash) = (0, -1)
    while index < own.count, index < wanted.count, own[index] == wanted[index] {
      if own[index] == "/" { slash = index }
      index += 1
    }
    var text = ""
    if index < own.count || index < wanted.count {
      text = own[index...].filter { $0 == "/" }.map { _ in "../" }.joined()
      text += text.isEmpty && wanted.count - 1 == slash ? "./" : String(wanted[(slash + 1)...])
    }
    return UriValue(relative: text + other.query + other.fragment)
  }

  /// `IsBaseOf`: whether another address lies in the folder of this one.
  public func isBase(of other: UriValue) -> Bool {
    guard isAbsolute, other.isAbsolute, scheme == other.scheme, host == other.host, port == other.port else {
      return false
    }
    let folder = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
    return other.path.hasPrefix(folder + "/") || other.path == folder
  }

  /// `IsWellFormedUriString`: whether a text needs no escaping. `kind`: 0 either, 1 absolute, 2 relative.
  public static func isWellFormed(_ text: String, kind: Int) -> Bool {
    let bytes = Array(text.utf8)
    let isClean = bytes.indices.allSatisfy { index in
      let byte = bytes[index]
      if byte == 0x25 {
        return index + 2 < bytes.count && PercentEncoding.digit(bytes[index + 1]) != nil
          && PercentEncoding.digit(bytes[index + 2]) != nil
      }
      return byte > 0x20 && byte != 0x7F && !"\"<>\\^`{|}".utf8.contains(byte)
    }
    let isAbsolute = (try? UriValue(absolute: text)) != nil
    return isClean && (kind == 0 || (kind == 1) == isAbsolute)
  }
}

extension UriValue: Hashable {
  /// Equal addresses differ in fragments and user at most, as in .NET.
  public static func == (a: UriValue, b: UriValue) -> Bool {
    guard a.isAbsolute, b.isAbsolute else { return a.isAbsolute == b.isAbsolute && a.original == b.original }
    return a.scheme == b.scheme && a.host == b.host && a.port == b.port && a.path == b.path && a.query == b.query
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(host)
    hasher.combine(path)
  }
}
