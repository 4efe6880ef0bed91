import Crypto

/// The opening handshake of a WebSocket as the server sees it (RFC 6455 §4.2).
public enum WebSocketHandshake {
  /// The only version there is.
  public static let version = "13"

  private static let accepted = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

  /// What `Sec-WebSocket-Accept` answers to a `Sec-WebSocket-Key`; nil when that is not 16 bytes in Base64.
  public static func accept(key: String) -> String? {
    let bytes = Array(key.utf8)
    // 16 bytes are 22 digits with two signs of padding; the last digit holds four bits of the sixteenth byte.
    guard bytes.count == 24, bytes[22] == 0x3d, bytes[23] == 0x3d,
      bytes[..<22].allSatisfy({ digits.contains($0) }), let last = digits.firstIndex(of: bytes[21]), last & 15 == 0
    else { return nil }
    return base64(Array(Insecure.SHA1.hash(data: bytes + Array(accepted.utf8))))
  }

  private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  private static func base64(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let three = bytes[start..<min(start + 3, bytes.count)]
      let bits = three.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - three.count))
      for place in 0..<4 {
        text.append(place > three.count ? 0x3d : digits[bits >> (18 - 6 * place) & 63])
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
