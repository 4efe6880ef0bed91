/// A field name made ready for comparing and writing: its bytes as written, and in lower case.
///
/// Make it once (when a policy is compiled), use it for every request: looking a name up then costs no `String`.
public struct HeaderName: Sendable, Hashable, CustomStringConvertible {
  /// One reference, so that a name costs no more to hand on than a number.
  private final class Storage: Sendable {
    let text: String
    let bytes: [UInt8]
    let lowercase: [UInt8]
    let known: KnownHeader

    init(_ text: String, _ bytes: [UInt8]) {
      self.text = text
      self.bytes = bytes
      lowercase = bytes.map(Octet.lowercased)
      known = KnownHeader.recognise(bytes.span, 0, bytes.count)
    }
  }

  private let storage: Storage

  /// The name as it is written into a message.
  public var text: String { storage.text }
  var bytes: [UInt8] { storage.bytes }
  var lowercase: [UInt8] { storage.lowercase }
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

  var bit: UInt64 { 1 &<< UInt64(rawValue) }

  @inline(__always)
  static func recognise(_ p: Span<UInt8>, _ o: Int, _ n: Int) -> KnownHeader {
    switch n {
    case 2: p.equalsIgnoringCase(at: o, "te") ? .te : .other
    case 4: p.equalsIgnoringCase(at: o, "host") ? .host : .other
    case 6:
      p.equalsIgnoringCase(at: o, "expect") ? .expect : p.equalsIgnoringCase(at: o, "origin") ? .origin : .other
    case 7:
      p.equalsIgnoringCase(at: o, "upgrade") ? .upgrade : p.equalsIgnoringCase(at: o, "trailer") ? .trailer : .other
    case 10:
      p.equalsIgnoringCase(at: o, "connection")
        ? .connection : p.equalsIgnoringCase(at: o, "keep-alive") ? .keepAlive : .other
    case 12: p.equalsIgnoringCase(at: o, "content-type") ? .contentType : .other
    case 13: p.equalsIgnoringCase(at: o, "authorization") ? .authorization : .other
    case 14: p.equalsIgnoringCase(at: o, "content-length") ? .contentLength : .other
    case 15: p.equalsIgnoringCase(at: o, "x-forwarded-for") ? .forwardedFor : .other
    case 16: p.equalsIgnoringCase(at: o, "proxy-connection") ? .proxyConnection : .other
    case 17:
      p.equalsIgnoringCase(at: o, "transfer-encoding")
        ? .transferEncoding : p.equalsIgnoringCase(at: o, "x-forwarded-proto") ? .forwardedProtocol : .other
    case 25: p.equalsIgnoringCase(at: o, "ocp-apim-subscription-key") ? .subscriptionKey : .other
    default: .other
    }
  }
}
