/// A request in the clear where TLS is expected: somebody has taken `http` for `https`, and is told so.
public enum PlainRequest {
  /// What bytes at the beginning of a connection are.
  public enum Outcome: Sendable, Equatable {
    /// More is needed to tell.
    case incomplete
    /// The beginning of a request (RFC 9112 §3); one of HEAD is to be answered without a body.
    case request(isHead: Bool)
    /// TLS, or anything else.
    case other
  }

  /// Letters of a method that are looked at.
  private static let methodBound = 32
  private static let head = Array("HEAD".utf8)
  private static let connect = Array("CONNECT".utf8)

  /// A request begins with a method in capitals, a blank, and what a target begins with. Nothing of TLS does.
  public static func look(at bytes: Span<UInt8>) -> Outcome {
    var i = 0
    while i < bytes.count, isMethod(bytes[i]) {
      i += 1
      if i > methodBound { return .other }
    }
    if i == bytes.count { return .incomplete }
    guard i > 0, bytes[i] == Octet.space else { return .other }
    guard i + 1 < bytes.count else { return .incomplete }
    switch bytes[i + 1] {
    // A path, the asterisk, or an address with its scheme.
    case Octet.slash, 0x2a, 0x68, 0x48: return .request(isHead: begins(bytes, with: head, i))
    default: return begins(bytes, with: connect, i) ? .request(isHead: false) : .other
    }
  }

  private static func isMethod(_ byte: UInt8) -> Bool { byte &- 0x41 < 26 || byte == 0x2d || byte == 0x5f }

  private static func begins(_ bytes: Span<UInt8>, with method: [UInt8], _ length: Int) -> Bool {
    guard method.count == length else { return false }
    for i in method.indices where bytes[i] != method[i] { return false }
    return true
  }

  /// What is wrong, in words.
  public static let explanation = "The plain HTTP request was sent to the HTTPS port."

  /// The answer 400 with this JSON text, behind which the connection ends.
  public static func refusal(_ json: String, isHead: Bool) -> [UInt8] {
    let head =
      "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: \(json.utf8.count)\r\n"
      + "Connection: close\r\n\r\n"
    return Array((isHead ? head : head + json).utf8)
  }
}
