import Foundation

/// Random secrets and their comparison.
enum Secret {
  /// 48 characters of the alphabet that needs no quoting anywhere: 285 bits.
  static func text() -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
    var generator = SystemRandomNumberGenerator()
    let bytes = (0..<48).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A subscription key as the product makes them: 32 hexadecimal digits.
  static func subscriptionKey() -> String {
    var generator = SystemRandomNumberGenerator()
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: (0..<32).map { _ in digits[Int.random(in: 0..<16, using: &generator)] }, as: UTF8.self)
  }

  /// A gateway's key: base64 of 64 random bytes.
  static func gatewayKey() -> String {
    var generator = SystemRandomNumberGenerator()
    return Data((0..<64).map { _ in UInt8.random(in: 0...255, using: &generator) }).base64EncodedString()
  }

  /// Equality in a time that does not depend on where the bytes differ.
  static func areEqual(_ a: Data, _ b: Data) -> Bool {
    guard a.count == b.count else { return false }
    return zip(a, b).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}
