/// A request method, by the names that routing meets often.
public enum Method: UInt8, Sendable, Hashable {
  case get, head, post, put, delete, options, patch, trace, connect, other

  /// Whether a request may be sent twice without harm (RFC 9110 §9.2.2).
  public var isIdempotent: Bool {
    switch self {
    case .get, .head, .put, .delete, .options, .trace: true
    case .post, .patch, .connect, .other: false
    }
  }

  /// Methods are case-sensitive: "get" is `.other`.
  public init(_ name: String) {
    let bytes = Array(name.utf8)
    self = Method.recognise(bytes.span, 0, bytes.count)
  }

  @inline(__always)
  static func recognise(_ p: Span<UInt8>, _ o: Int, _ n: Int) -> Method {
    func equals(_ text: StaticString) -> Bool {
      for i in 0..<n where p[o &+ i] != text.utf8Start[i] { return false }
      return true
    }
    switch n {
    case 3: return equals("GET") ? .get : equals("PUT") ? .put : .other
    case 4: return equals("POST") ? .post : equals("HEAD") ? .head : .other
    case 5: return equals("PATCH") ? .patch : equals("TRACE") ? .trace : .other
    case 6: return equals("DELETE") ? .delete : .other
    case 7: return equals("OPTIONS") ? .options : equals("CONNECT") ? .connect : .other
    default: return .other
    }
  }
}
