import SwiftASN1

/// The numbers of an RSA key, big-endian, as `RSAParameters` holds them: private ones are nil in a public key.
public struct RSAParameters: Sendable, Hashable {
  public var modulus: [UInt8]?
  public var exponent: [UInt8]?
  public var d: [UInt8]?
  public var p: [UInt8]?
  public var q: [UInt8]?
  public var dp: [UInt8]?
  public var dq: [UInt8]?
  public var inverseQ: [UInt8]?

  public init() {}

  /// The elements of `<RSAKeyValue>` and the numbers in them.
  static let elements: [(name: String, part: any WritableKeyPath<RSAParameters, [UInt8]?> & Sendable)] = [
    ("Modulus", \.modulus), ("Exponent", \.exponent), ("P", \.p), ("Q", \.q), ("DP", \.dp), ("DQ", \.dq),
    ("InverseQ", \.inverseQ), ("D", \.d),
  ]

  /// An `RSAPrivateKey` of PKCS#1; numbers get the width .NET gives them.
  init(privateKey der: [UInt8]) throws {
    let numbers = try DER.sequence(try DER.parse(der), identifier: .sequence) { nodes in
      var numbers: [[UInt8]] = []
      while let node = nodes.next() {
        numbers.append(Array(try ArraySlice<UInt8>(derEncoded: node).drop { $0 == 0 }))
      }
      return numbers
    }
    guard numbers.count >= 9 else { throw ASN1Error.invalidASN1Object(reason: "not an RSA private key") }
    let width = numbers[1].count
    func wide(_ index: Int, _ width: Int) -> [UInt8] {
      Array(repeating: 0, count: max(0, width - numbers[index].count)) + numbers[index]
    }
    let half = (width + 1) / 2
    (modulus, exponent, d) = (numbers[1], numbers[2], wide(3, width))
    (p, q) = (wide(4, half), wide(5, half))
    (dp, dq, inverseQ) = (wide(6, half), wide(7, half), wide(8, half))
  }
}
