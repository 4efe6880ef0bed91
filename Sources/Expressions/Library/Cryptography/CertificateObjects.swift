import DotNet

/// An `X509Certificate` or `X509Certificate2`.
final class CertificateObject: RuntimeObject, Sendable {
  let value: CertificateValue
  private let typeName: String

  /// What following a chain of certificates costs, in steps.
  private static let verificationSteps = 10_000

  init(_ value: CertificateValue, typeName: String = "X509Certificate2") {
    self.value = value
    self.typeName = typeName
  }

  /// Whether the certificate leads to an authority that is believed here, now.
  static func verify(_ certificate: CertificateObject, _ machine: Machine) throws -> Value {
    try machine.charge(steps: verificationSteps)
    return .bool(machine.context.certificateTrust.leads(from: certificate.value, at: machine.context.now()))
  }

  var runtimeType: TypeSymbol { .named("System.Security.Cryptography.X509Certificates." + typeName) }

  func isEqual(to other: Value) -> Bool {
    if case .object(let object) = other, let other = object as? CertificateObject { return other.value == value }
    return false
  }
  func hash(into hasher: inout Hasher) { hasher.combine(value) }

  func text(_ machine: Machine) throws -> String {
    if typeName == "X509Certificate" { return runtimeType.qualifiedName }
    return try sections().map { "[\($0)]\r\n  \($1)\r\n" }.joined(separator: "\r\n")
  }

  /// `ToString(true)`.
  func verboseText() throws -> String {
    var all = try sections()
    all.insert(("Version", "V\(value.version)"), at: 0)
    for (index, isIssuer) in [(1, false), (2, true)] {
      let kinds: [(String, CertificateValue.NameKind)] = [
        ("Simple", .simple), ("Email", .email), ("UPN", .upn), ("DNS", .dns),
      ]
      for (label, kind) in kinds {
        let name = value.name(kind, ofIssuer: isIssuer)
        if !name.isEmpty { all[index].1 += "\r\n  \(label) Name: \(name)" }
      }
    }
    let algorithm = OidObject.names[value.signatureAlgorithm] ?? value.signatureAlgorithm
    all.append(("Signature Algorithm", "\(algorithm)(\(value.signatureAlgorithm))"))
    var key = "Algorithm: " + (OidObject.names[value.keyAlgorithm] ?? value.keyAlgorithm)
    if let size = value.rsaPublicKey?.keySize { key += "\r\n  Length: \(size)" }
    all.append(("Public Key", key + "\r\n  Key Blob: " + HexText.capitals(value.publicKey)))
    return all.map { "[\($0)]\r\n  \($1)\r\n" }.joined(separator: "\r\n")
  }

  private func sections() throws -> [(String, String)] {
    func date(_ ticks: Int64) throws -> String { try DateTimeValue(ticks: ticks, kind: .local).format(nil) }
    return [
      ("Subject", value.subject), ("Issuer", value.issuer), ("Serial Number", HexText.capitals(value.serialNumber)),
      ("Not Before", try date(value.notBefore)), ("Not After", try date(value.notAfter)),
      ("Thumbprint", value.thumbprint),
    ]
  }
}

/// DER with what it is: a name, an extension, the value of a key.
final class EncodedObject: RuntimeObject {
  let runtimeType: TypeSymbol
  let identifier: String
  let bytes: [UInt8]
  var name = ""
  var isCritical = false

  init(_ typeName: String, _ identifier: String, _ bytes: [UInt8]) {
    runtimeType = .named(typeName)
    self.identifier = identifier
    self.bytes = bytes
  }
}

/// The `PublicKey` of a certificate.
final class PublicKeyObject: RuntimeObject, Sendable {
  let certificate: CertificateValue

  init(_ certificate: CertificateValue) { self.certificate = certificate }

  var runtimeType: TypeSymbol { .named("System.Security.Cryptography.X509Certificates.PublicKey") }
}
