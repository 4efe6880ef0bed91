import DotNet

/// `X509Certificate2` and its kin.
extension LibraryCatalog {
  private static let space = "System.Security.Cryptography.X509Certificates."

  static let certificateTypes: [LibraryType] = [
    LibraryType(
      enumeration: "\(space)X509ContentType",
      [
        ("Unknown", 0), ("Cert", 1), ("SerializedCert", 2), ("Pfx", 3), ("Pkcs12", 3), ("SerializedStore", 4),
        ("Pkcs7", 5), ("Authenticode", 6),
      ]),
    LibraryType(
      enumeration: "\(space)X509NameType",
      [
        ("SimpleName", 0), ("EmailName", 1), ("UpnName", 2), ("DnsName", 3), ("DnsFromAlternativeName", 4),
        ("UrlName", 5),
      ]),
    LibraryType(
      enumeration: "\(space)X509KeyStorageFlags", listed: false, flags: true,
      [
        ("DefaultKeySet", 0), ("UserKeySet", 1), ("MachineKeySet", 2), ("Exportable", 4), ("UserProtected", 8),
        ("PersistKeySet", 16), ("EphemeralKeySet", 32),
      ]),
    LibraryType("class System.Security.Cryptography.AsnEncodedData", listed: false) { type in
      type.member("Oid Oid { get; }", listed: false) { call in
        .object(OidObject(try call.receiver(EncodedObject.self).identifier))
      }
      type.member("byte[] RawData { get; }", listed: false) { call in
        .object(ArrayObject(bytes: try call.receiver(EncodedObject.self).bytes))
      }
    },
    LibraryType("class \(space)X500DistinguishedName : AsnEncodedData") { type in
      type.member("string Name { get; }") { call in .string(try call.receiver(EncodedObject.self).name) }
    },
    LibraryType("class \(space)X509Extension : AsnEncodedData", listed: false) { type in
      type.member("bool Critical { get; }", listed: false) { call in
        .bool(try call.receiver(EncodedObject.self).isCritical)
      }
    },
    LibraryType("class \(space)PublicKey") { type in
      type.member("Oid Oid { get; }") { call in
        .object(OidObject(try call.receiver(PublicKeyObject.self).certificate.keyAlgorithm))
      }
      type.member("AsymmetricAlgorithm Key { get; }") { call in
        guard let key = try call.receiver(PublicKeyObject.self).certificate.rsaPublicKey else {
          throw Thrown.notSupported("The certificate key algorithm is not supported.")
        }
        return .object(RSAObject(key))
      }
      for name in ["EncodedKeyValue", "EncodedParameters"] {
        type.member("AsnEncodedData \(name) { get; }") { call in
          let certificate = try call.receiver(PublicKeyObject.self).certificate
          return .object(
            EncodedObject(
              "System.Security.Cryptography.AsnEncodedData", certificate.keyAlgorithm,
              name == "EncodedKeyValue" ? certificate.publicKey : certificate.keyParameters))
        }
      }
    },
    LibraryType("class \(space)X509Certificate : IDisposable") { type in
      certificateMaking(&type, "X509Certificate")
      certificateTexts(&type)
      certificateBytes(&type)
    },
    LibraryType("class \(space)X509Certificate2 : X509Certificate") { type in
      certificateMaking(&type, "X509Certificate2")
      certificateParts(&type)
    },
    LibraryType("static class \(space)RSACertificateExtensions", extensions: true) { type in
      type.member("static RSA GetRSAPublicKey(this X509Certificate2 certificate)") { call in
        try call.object(0, as: CertificateObject.self).value.rsaPublicKey.map { .object(RSAObject($0)) } ?? .null
      }
      type.member("static RSA GetRSAPrivateKey(this X509Certificate2 certificate)") { call in
        try call.object(0, as: CertificateObject.self).value.rsaPrivateKey.map { .object(RSAObject($0)) } ?? .null
      }
      type.member("static X509Certificate2 CopyWithPrivateKey(this X509Certificate2 certificate, RSA privateKey)") {
        call in
        let certificate = try call.object(0, as: CertificateObject.self).value
        if certificate.privateKey != nil {
          throw Thrown.invalidOperation("The certificate already has an associated private key.")
        }
        let key = try call.object(1, as: RSAObject.self).key(call.machine)
        return .object(CertificateObject(try certificate.with(key)))
      }
    },
    LibraryType("static class Apim.CertificateExtensions", extensions: true) { type in
      type.member("static bool VerifyNoRevocation(this X509Certificate2 certificate)", usage: .hiddenState) { call in
        try CertificateObject.verify(try call.object(0), call.machine)
      }
    },
  ]

  private static func certificateMaking(_ type: inout LibraryRegistration, _ name: String) {
    type.member("\(name)(byte[] data)") { call in
      .object(CertificateObject(try CertificateValue(try call.bytes(0)), typeName: name))
    }
    type.member("\(name)(byte[] rawData, string password)") { call in
      .object(
        CertificateObject(try CertificateValue(try call.bytes(0), password: call.stringOrNull(1)), typeName: name))
    }
    type.member("\(name)(byte[] rawData, string password, X509KeyStorageFlags keyStorageFlags)", listed: false) {
      call in
      .object(
        CertificateObject(try CertificateValue(try call.bytes(0), password: call.stringOrNull(1)), typeName: name))
    }
    type.member("\(name)(X509Certificate certificate)") { call in
      .object(CertificateObject(try call.object(0, as: CertificateObject.self).value, typeName: name))
    }
  }

  private static func certificateTexts(_ type: inout LibraryRegistration) {
    let texts: [(String, @Sendable (CertificateValue) throws -> String)] = [
      ("Subject { get; }", { $0.subject }), ("Issuer { get; }", { $0.issuer }),
      ("GetName()", { $0.subject }), ("GetIssuerName()", { $0.issuer }), ("GetFormat()", { _ in "X509" }),
      ("GetSerialNumberString()", { HexText.capitals($0.serialNumber) }), ("GetCertHashString()", { $0.thumbprint }),
      ("GetPublicKeyString()", { HexText.capitals($0.publicKey) }), ("GetKeyAlgorithm()", { $0.keyAlgorithm }),
      ("GetKeyAlgorithmParametersString()", { HexText.capitals($0.keyParameters) }),
      ("GetRawCertDataString()", { HexText.capitals($0.rawData) }),
      ("GetEffectiveDateString()", { try DateTimeValue(ticks: $0.notBefore, kind: .local).format(nil) }),
      ("GetExpirationDateString()", { try DateTimeValue(ticks: $0.notAfter, kind: .local).format(nil) }),
    ]
    for (name, text) in texts {
      type.member("string \(name)") { call in .string(try text(try call.receiver(CertificateObject.self).value)) }
    }
    type.member("string GetCertHashString(HashAlgorithmName hashAlgorithm)") { call in
      .string(HexText.capitals(try call.receiver(CertificateObject.self).value.hash(try call.hashFunction(0))))
    }
    type.member("string ToString(bool fVerbose)") { call in
      let certificate = try call.receiver(CertificateObject.self)
      return .string(try call.bool(0) ? certificate.verboseText() : certificate.text(call.machine))
    }
  }

  private static func certificateBytes(_ type: inout LibraryRegistration) {
    let parts: [(String, @Sendable (CertificateValue) -> [UInt8])] = [
      ("GetCertHash()", { $0.hash() }), ("GetPublicKey()", { $0.publicKey }), ("GetRawCertData()", { $0.rawData }),
      ("GetKeyAlgorithmParameters()", { $0.keyParameters }), ("GetSerialNumber()", { $0.serialNumber.reversed() }),
    ]
    for (name, part) in parts {
      type.member("byte[] \(name)") { call in
        .object(ArrayObject(bytes: part(try call.receiver(CertificateObject.self).value)))
      }
    }
    type.member("byte[] GetCertHash(HashAlgorithmName hashAlgorithm)") { call in
      .object(
        ArrayObject(bytes: try call.receiver(CertificateObject.self).value.hash(try call.hashFunction(0))))
    }
    for more in ["", ", string password"] {
      type.member("byte[] Export(X509ContentType contentType\(more))") { call in
        let certificate = try call.receiver(CertificateObject.self).value
        switch call.int(0) {
        case 1: return .object(ArrayObject(bytes: certificate.rawData))
        case 3:
          return .object(ArrayObject(bytes: try certificate.archive(password: call.stringOrNull(1))))
        default: throw DotNetException.cryptographic("Invalid content type.")
        }
      }
    }
    type.member("bool Equals(X509Certificate other)") { call in .bool(Operation.areEqual(call.this, call[0])) }
  }

  private static func certificateParts(_ type: inout LibraryRegistration) {
    for (name, part) in [("SerialNumber", true), ("Thumbprint", false)] {
      type.member("string \(name) { get; }") { call in
        let certificate = try call.receiver(CertificateObject.self).value
        return .string(part ? HexText.capitals(certificate.serialNumber) : certificate.thumbprint)
      }
    }
    type.member("int Version { get; }") { call in
      .int32(Int32(clamping: try call.receiver(CertificateObject.self).value.version))
    }
    for (name, isStart) in [("NotBefore", true), ("NotAfter", false)] {
      type.member("DateTime \(name) { get; }") { call in
        let certificate = try call.receiver(CertificateObject.self).value
        return value(
          try DateTimeValue(ticks: isStart ? certificate.notBefore : certificate.notAfter, kind: .local))
      }
    }
    for (name, isIssuer) in [("SubjectName", false), ("IssuerName", true)] {
      type.member("X500DistinguishedName \(name) { get; }") { call in
        let certificate = try call.receiver(CertificateObject.self).value
        let encoded = EncodedObject(
          space + "X500DistinguishedName", "", isIssuer ? certificate.issuerDER : certificate.subjectDER)
        encoded.name = isIssuer ? certificate.issuer : certificate.subject
        return .object(encoded)
      }
    }
    type.member("Oid SignatureAlgorithm { get; }") { call in
      .object(OidObject(try call.receiver(CertificateObject.self).value.signatureAlgorithm))
    }
    type.member("PublicKey PublicKey { get; }") { call in
      .object(PublicKeyObject(try call.receiver(CertificateObject.self).value))
    }
    type.member("AsymmetricAlgorithm PrivateKey { get; }") { call in
      try call.receiver(CertificateObject.self).value.rsaPrivateKey.map { .object(RSAObject($0)) } ?? .null
    }
    type.member("bool HasPrivateKey { get; }") { call in
      .bool(try call.receiver(CertificateObject.self).value.privateKey != nil)
    }
    type.member("byte[] RawData { get; }") { call in
      .object(ArrayObject(bytes: try call.receiver(CertificateObject.self).value.rawData))
    }
    type.member("bool Archived { get; }") { _ in .bool(false) }
    type.member("string FriendlyName { get; }") { _ in .string("") }
    type.member("IReadOnlyList<X509Extension> Extensions { get; }") { call in
      let extensions = try call.receiver(CertificateObject.self).value.extensions.map { found in
        let encoded = EncodedObject(space + "X509Extension", found.identifier, found.value)
        encoded.isCritical = found.isCritical
        return Value.object(encoded)
      }
      return .object(ArrayObject(of: .named(space + "X509Extension"), extensions))
    }
    type.member("string GetNameInfo(X509NameType nameType, bool forIssuer)") { call in
      guard let kind = CertificateValue.NameKind(rawValue: call.int(0)) else {
        throw Thrown.argument("Invalid name type. (Parameter 'nameType')")
      }
      return .string(try call.receiver(CertificateObject.self).value.name(kind, ofIssuer: call.bool(1)))
    }
    type.member("bool Verify()", usage: .hiddenState) { call in
      try CertificateObject.verify(try call.receiver(CertificateObject.self), call.machine)
    }
    type.member("static X509ContentType GetCertContentType(byte[] rawData)") { call in
      let bytes = try call.bytes(0)
      let isCertificate = (try? CertificateValue(bytes)) != nil
      // What begins as DER and is no certificate is a PKCS#12 file, readable only with its password.
      guard isCertificate || bytes.first == 0x30 else {
        throw DotNetException.cryptographic("Cannot find the requested object.")
      }
      return .enumeration(isCertificate ? 1 : 3, .named(space + "X509ContentType"))
    }
  }
}
