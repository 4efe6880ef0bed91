import DotNet

/// `RSA` and what belongs to it.
extension LibraryCatalog {
  private static let space = "System.Security.Cryptography."

  static let rsaTypes: [LibraryType] = [
    LibraryType("struct \(space)RSAParameters", listed: false) { type in
      type.member("RSAParameters()") { _ in .object(RSAParametersObject(RSAParameters())) }
      let parts: [(String, any WritableKeyPath<RSAParameters, [UInt8]?> & Sendable)] = [
        ("Modulus", \.modulus), ("Exponent", \.exponent), ("D", \.d), ("P", \.p), ("Q", \.q), ("DP", \.dp),
        ("DQ", \.dq), ("InverseQ", \.inverseQ),
      ]
      for (name, part) in parts {
        type.property("byte[] \(name) { get; set; }", listed: false) { call in
          try call.receiver(RSAParametersObject.self).parameters[keyPath: part]
            .map { .object(ArrayObject(bytes: $0)) } ?? .null
        } set: { call in
          let bytes = call.objectOrNull(0, as: ArrayObject.self)?.bytes
          try call.receiver(RSAParametersObject.self).parameters[keyPath: part] = bytes
          return .null
        }
      }
    },
    LibraryType("class \(space)RSASignaturePadding") { type in
      for padding in ["Pkcs1", "Pss"] {
        type.member("static RSASignaturePadding \(padding) { get; }") { _ in .object(SignaturePaddingObject(padding)) }
      }
      equality(&type, "RSASignaturePadding")
    },
    LibraryType("class \(space)RSAEncryptionPadding") { type in
      type.member("static RSAEncryptionPadding Pkcs1 { get; }") { _ in .object(EncryptionPaddingObject(.pkcs1)) }
      for function in HashFunction.allCases where function != .md5 {
        type.member("static RSAEncryptionPadding Oaep\(function.rawValue) { get; }") { _ in
          .object(EncryptionPaddingObject(.oaep(function)))
        }
      }
      type.member("static RSAEncryptionPadding CreateOaep(HashAlgorithmName hashAlgorithm)") { call in
        .object(EncryptionPaddingObject(.oaep(try call.hashFunction(0))))
      }
      type.member("HashAlgorithmName OaepHashAlgorithm { get; }") { call in
        guard case .oaep(let function) = try call.receiver(EncryptionPaddingObject.self).padding else {
          return .object(HashNameObject(nil))
        }
        return .object(HashNameObject(function.rawValue))
      }
      equality(&type, "RSAEncryptionPadding")
    },
    LibraryType("abstract class \(space)AsymmetricAlgorithm : IDisposable") { type in
      type.member("static AsymmetricAlgorithm Create()", usage: .hiddenState) { _ in .object(RSAObject(nil)) }
      type.member("static AsymmetricAlgorithm Create(string algName)", usage: .hiddenState) { call in
        RSAObject.isKnown(try call.string(0)) ? .object(RSAObject(nil)) : .null
      }
      type.property("int KeySize { get; set; }") { call in
        .int32(Int32(try call.receiver(RSAObject.self).keySize))
      } set: { call in
        try call.receiver(RSAObject.self).set(keySize: call.int(0))
        return .null
      }
      type.member("string SignatureAlgorithm { get; }") { _ in .string("RSA") }
      type.member("string KeyExchangeAlgorithm { get; }") { _ in .string("RSA") }
      type.member("string ToXmlString(bool includePrivateParameters)") { call in
        .string(try call.receiver(RSAObject.self).key(call.machine).xml(includesPrivate: call.bool(0)))
      }
      type.member("void FromXmlString(string xmlString)") { call in
        try call.receiver(RSAObject.self).replace(with: try RSAKey(xml: try call.string(0)))
        return .null
      }
      type.member("void Clear()") { _ in .null }
    },
    LibraryType("abstract class \(space)RSA : AsymmetricAlgorithm") { type in
      rsaMaking(&type)
      rsaSigning(&type)
      rsaEncryption(&type)
    },
    // The documented list leaves it out, yet published policies cast the keys of certificates to it.
    LibraryType("class \(space)RSACng : RSA") { type in
      type.member("RSACng()", listed: false, usage: .hiddenState) { _ in .object(RSAObject(nil)) }
    },
  ]

  private static func rsaMaking(_ type: inout LibraryRegistration) {
    type.member("static RSA Create()", usage: .hiddenState) { _ in .object(RSAObject(nil)) }
    type.member("static RSA Create(string algName)", usage: .hiddenState) { call in
      RSAObject.isKnown(try call.string(0)) ? .object(RSAObject(nil)) : .null
    }
    type.member("static RSA Create(int keySizeInBits)", usage: .hiddenState) { call in
      let made = RSAObject(nil)
      try made.set(keySize: call.int(0))
      return .object(made)
    }
    type.member("static RSA Create(RSAParameters parameters)") { call in
      .object(RSAObject(try RSAKey(try call.object(0, as: RSAParametersObject.self).parameters)))
    }
    type.member("void ImportParameters(RSAParameters parameters)") { call in
      let key = try RSAKey(try call.object(0, as: RSAParametersObject.self).parameters)
      try call.receiver(RSAObject.self).replace(with: key)
      return .null
    }
    type.member("RSAParameters ExportParameters(bool includePrivateParameters)") { call in
      let key = try call.receiver(RSAObject.self).key(call.machine)
      return .object(RSAParametersObject(try key.parameters(includesPrivate: call.bool(0))))
    }
  }

  private static func rsaSigning(_ type: inout LibraryRegistration) {
    type.member("byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)") { call in
      let function = try call.hashFunction(1)
      let hash = try HashObject(function).compute(try call.bytes(0), call.machine)
      return try RSAObject.sign(call, hash, function, padding: 2)
    }
    type.member(
      "byte[] SignData(byte[] data, int offset, int count, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)"
    ) { call in
      let function = try call.hashFunction(3)
      let part = try call.part(of: try call.bytes(0).count, from: 1, count: 2, "offset", "count")
      let hash = try HashObject(function).compute(Array(try call.bytes(0)[part]), call.machine)
      return try RSAObject.sign(call, hash, function, padding: 4)
    }
    type.member("byte[] SignHash(byte[] hash, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)") { call in
      try RSAObject.sign(call, try call.bytes(0), try call.hashFunction(1), padding: 2)
    }
    type.member(
      "bool VerifyData(byte[] data, byte[] signature, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)"
    ) { call in
      let function = try call.hashFunction(2)
      let hash = try HashObject(function).compute(try call.bytes(0), call.machine)
      return try RSAObject.verify(call, hash, try call.bytes(1), function, padding: 3)
    }
    type.member(
      "bool VerifyData(byte[] data, int offset, int count, byte[] signature, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)"
    ) { call in
      let function = try call.hashFunction(4)
      let part = try call.part(of: try call.bytes(0).count, from: 1, count: 2, "offset", "count")
      let hash = try HashObject(function).compute(Array(try call.bytes(0)[part]), call.machine)
      return try RSAObject.verify(call, hash, try call.bytes(3), function, padding: 5)
    }
    type.member(
      "bool VerifyHash(byte[] hash, byte[] signature, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)"
    ) { call in
      try RSAObject.verify(call, try call.bytes(0), try call.bytes(1), try call.hashFunction(2), padding: 3)
    }
  }

  private static func rsaEncryption(_ type: inout LibraryRegistration) {
    type.member("byte[] Encrypt(byte[] data, RSAEncryptionPadding padding)") { call in
      let padding = try call.object(1, as: EncryptionPaddingObject.self).padding
      let key = try call.receiver(RSAObject.self).key(call.machine)
      try call.machine.charge(steps: RSAObject.publicSteps)
      return .object(ArrayObject(bytes: try key.encrypt(try call.bytes(0), padding)))
    }
    type.member("byte[] Decrypt(byte[] data, RSAEncryptionPadding padding)") { call in
      let padding = try call.object(1, as: EncryptionPaddingObject.self).padding
      let key = try call.receiver(RSAObject.self).key(call.machine)
      try call.machine.charge(steps: RSAObject.privateSteps)
      return .object(ArrayObject(bytes: try key.decrypt(try call.bytes(0), padding)))
    }
    for name in ["EncryptValue", "DecryptValue"] {
      type.member("byte[] \(name)(byte[] rgb)") { _ in throw Thrown.notSupported() }
    }
  }
}
