/// A field name made ready for comparing and writing: its bytes as written, and in lower case.
///
/// Make it once (when a policy is compiled), use it for every request: looking a name up then costs no `String`.
public struct HeaderName: Sendable, Hashable, CustomStringConvertible {
  /// One reference, so that a name costs no more to hand on than a number.
  private final class Storage: Sendable {
    let text: String
    let bytes: [UInt8]
    let lowercase: [UInt8]
    /// How a line of the field begins: the name, a colon and a space.
    let lineStart: [UInt8]
    let known: KnownHeader

    init(_ text: String, _ bytes: [UInt8]) {
      self.text = text
      self.bytes = bytes
      lowercase = bytes.map(Octet.lowercased)
      lineStart = bytes + [Octet.colon, Octet.space]
      known = KnownHeader.recognise(bytes.span, 0, bytes.count)
    }
  }

  private let storage: Storage

  /// The name as it is written into a message.
  public var text: String { storage.text }
  var bytes: [UInt8] { storage.bytes }
  var lowercase: [UInt8] { storage.lowercase }
  var lineStart: [UInt8] { storage.lineStart }
  var known: KnownHeader { storage.known }

  /// Nil unless the text is a token of RFC 9110 §5.6.2 of 1 to 256 bytes.
  public init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard !bytes.isEmpty, bytes.count <= 256, bytes.allSatisfy(Octet.isToken) else { return nil }
    storage = Storage(text, bytes)
  }

  private init(token text: StaticString) { storage = Storage(text.description, Array(text.description.utf8)) }

  public var description: String { text }

  public static func == (a: HeaderName, b: HeaderName) -> Bool { a.lowercase == b.lowercase }
  public func hash(into hasher: inout Hasher) { hasher.combine(lowercase) }

  public static let host = HeaderName(token: "Host")
  public static let connection = HeaderName(token: "Connection")
  public static let contentLength = HeaderName(token: "Content-Length")
  public static let contentType = HeaderName(token: "Content-Type")
  public static let transferEncoding = HeaderName(token: "Transfer-Encoding")
  public static let authorization = HeaderName(token: "Authorization")
  public static let forwardedFor = HeaderName(token: "X-Forwarded-For")
  public static let forwardedProtocol = HeaderName(token: "X-Forwarded-Proto")
  public static let subscriptionKey = HeaderName(token: "Ocp-Apim-Subscription-Key")
  public static let debugAuthorization = HeaderName(token: "Apim-Debug-Authorization")
  public static let trace = HeaderName(token: "Ocp-Apim-Trace")
  public static let retryAfter = HeaderName(token: "Retry-After")
  public static let expect = HeaderName(token: "Expect")
  public static let upgrade = HeaderName(token: "Upgrade")
  public static let authenticate = HeaderName(token: "WWW-Authenticate")
  public static let origin = HeaderName(token: "Origin")
  public static let traceparent = HeaderName(token: "traceparent")
  public static let tracestate = HeaderName(token: "tracestate")
  public static let cookie = HeaderName(token: "Cookie")
  public static let setCookie = HeaderName(token: "Set-Cookie")
  public static let date = HeaderName(token: "Date")
  static let te = HeaderName(token: "TE")
  static let trailers = HeaderName(token: "trailers")
}

/// The field names that the wire itself must recognise.
enum KnownHeader: UInt8, Sendable {
  case other, host, connection, contentLength, transferEncoding, forwardedFor, keepAlive, te, trailer, upgrade, expect
  case proxyConnection, subscriptionKey, authorization, contentType, origin, forwardedProtocol
  case debugAuthorization, trace, date

  var bit: UInt64 { 1 &<< UInt64(rawValue) }

  /// The field with a name of `n` bytes at an offset. Length and first letter tell the names apart, so one is compared at most.
  @inline(__always)
  static func recognise(_ p: Span<UInt8>, _ o: Int, _ n: Int) -> KnownHeader {
    guard n > 1, n <= 25 else { return .other }
    let first = p[o] | 0x20
    @inline(__always)
    func named(_ letter: UInt8, _ name: StaticString, _ known: KnownHeader) -> KnownHeader {
      first == letter && p.equalsIgnoringCase(at: o, name) ? known : .other
    }
    switch n {
    case 2: return named(0x74, "te", .te)
    case 4: return first == 0x68 ? named(0x68, "host", .host) : named(0x64, "date", .date)
    case 6: return first == 0x65 ? named(0x65, "expect", .expect) : named(0x6f, "origin", .origin)
    case 7: return first == 0x75 ? named(0x75, "upgrade", .upgrade) : named(0x74, "trailer", .trailer)
    case 10: return first == 0x63 ? named(0x63, "connection", .connection) : named(0x6b, "keep-alive", .keepAlive)
    case 12: return named(0x63, "content-type", .contentType)
    case 13: return named(0x61, "authorization", .authorization)
    case 14:
      return first == 0x63
        ? named(0x63, "content-length", .contentLength) : named(0x6f, "ocp-apim-trace", .trace)
    case 15: return named(0x78, "x-forwarded-for", .forwardedFor)
    case 16: return named(0x70, "proxy-connection", .proxyConnection)
    case 17:
      return first == 0x74
        ? named(0x74, "transfer-encoding", .transferEncoding) : named(0x78, "x-forwarded-proto", .forwardedProtocol)
    case 24: return named(0x61, "apim-debug-authorization", .debugAuthorization)
    case 25: return named(0x6f, "ocp-apim-subscription-key", .subscriptionKey)
    default: return .other
    }
  }
}
