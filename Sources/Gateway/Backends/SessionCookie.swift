import HTTPWire

/// The cookie that keeps a client at one member of a pool.
enum SessionCookie {
  /// The value of a cookie of that name in the request; nil when there is none.
  static func value(_ name: String, in request: borrowing MessageHead) -> [UInt8]? {
    guard request.contains(.cookie) else { return nil }
    let wanted = Array(name.utf8)
    for line in request.values(of: .cookie) {
      for pair in line.utf8.split(separator: 0x3b) {
        let pair = pair.drop { $0 == 0x20 }
        let key = pair.prefix { $0 != 0x3d }
        guard key.elementsEqual(wanted), key.count < pair.count else { continue }
        var value = Array(pair.dropFirst(key.count + 1))
        while value.last == 0x20 { value.removeLast() }
        return value
      }
    }
    return nil
  }

  /// The value of `Set-Cookie`: for the client's session, out of reach of scripts.
  static func text(_ name: String, _ value: [UInt8], isTLS: Bool) -> String {
    "\(name)=\(String(decoding: value, as: UTF8.self)); Path=/; HttpOnly\(isTLS ? "; Secure" : "")"
  }
}
