/// Base64 with padding (RFC 4648 §4), for credentials in headers.
enum Base64 {
  private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  static func encode(_ bytes: [UInt8]) -> String {
    var result: [UInt8] = []
    result.reserveCapacity((bytes.count + 2) / 3 * 4)
    var i = 0
    while i < bytes.count {
      let available = min(3, bytes.count - i)
      var group = 0
      for k in 0..<3 { group = group << 8 | (k < available ? Int(bytes[i + k]) : 0) }
      for k in 0..<4 { result.append(k <= available ? digits[group >> (18 - 6 * k) & 63] : 0x3d) }
      i += 3
    }
    return String(decoding: result, as: UTF8.self)
  }
}
