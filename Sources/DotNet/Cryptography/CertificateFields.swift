import SwiftASN1

/// The parts of a certificate's DER that are shown as they stand in it.
struct CertificateFields: Sendable {
  var version = 1
  /// Big-endian, with the zero before a high first bit.
  var serialNumber: [UInt8] = []
  var signatureAlgorithm = ""
  var issuer: [UInt8] = []
  var subject: [UInt8] = []
  var keyAlgorithm = ""
  var keyParameters: [UInt8] = []
  var publicKey: [UInt8] = []

  init(_ der: [UInt8]) throws {
    let root = try DER.parse(der)
    self = try DER.sequence(root, identifier: .sequence) { nodes in
      var fields = CertificateFields()
      try fields.readBody(try Self.next(&nodes))
      let (algorithm, _) = try Self.algorithm(try Self.next(&nodes))
      fields.signatureAlgorithm = algorithm
      while nodes.next() != nil {}
      return fields
    }
  }

  private init() {}

  private mutating func readBody(_ body: ASN1Node) throws {
    var fields = self
    try DER.sequence(body, identifier: .sequence) { nodes in
      var node = try Self.next(&nodes)
      if node.identifier == ASN1Identifier(tagWithNumber: 0, tagClass: .contextSpecific) {
        guard case .constructed(let inner) = node.content, let number = inner.first(where: { _ in true }) else {
          throw ASN1Error.invalidASN1Object(reason: "certificate version")
        }
        fields.version = try Int(derEncoded: number) + 1
        node = try Self.next(&nodes)
      }
      guard case .primitive(let serial) = node.content else {
        throw ASN1Error.invalidASN1Object(reason: "certificate serial number")
      }
      fields.serialNumber = Array(serial)
      _ = try Self.next(&nodes)
      fields.issuer = Array(try Self.next(&nodes).encodedBytes)
      _ = try Self.next(&nodes)
      fields.subject = Array(try Self.next(&nodes).encodedBytes)
      try fields.readKey(try Self.next(&nodes))
      while nodes.next() != nil {}
    }
    self = fields
  }

  private mutating func readKey(_ info: ASN1Node) throws {
    var fields = self
    try DER.sequence(info, identifier: .sequence) { nodes in
      (fields.keyAlgorithm, fields.keyParameters) = try Self.algorithm(try Self.next(&nodes))
      fields.publicKey = Array(try ASN1BitString(derEncoded: &nodes).bytes)
    }
    self = fields
  }

  private static func algorithm(_ node: ASN1Node) throws -> (String, [UInt8]) {
    try DER.sequence(node, identifier: .sequence) { nodes in
      let identifier = try ASN1ObjectIdentifier(derEncoded: &nodes)
      var parameters: [UInt8] = []
      while let node = nodes.next() { parameters = Array(node.encodedBytes) }
      return ("\(identifier)", parameters)
    }
  }

  private static func next(_ nodes: inout ASN1NodeCollection.Iterator) throws -> ASN1Node {
    guard let node = nodes.next() else { throw ASN1Error.invalidASN1Object(reason: "certificate ends early") }
    return node
  }
}
