import DotNet

/// `SymmetricAlgorithm` with its AES, and the `Encrypt` and `Decrypt` that policies call on bytes.
extension LibraryCatalog {
  private static let space = "System.Security.Cryptography."

  static let cipherTypes: [LibraryType] =
    [
      LibraryType(
        enumeration: "\(space)CipherMode", [("CBC", 1), ("ECB", 2), ("OFB", 3), ("CFB", 4), ("CTS", 5)]),
      LibraryType(
        enumeration: "\(space)PaddingMode",
        [("None", 1), ("PKCS7", 2), ("Zeros", 3), ("ANSIX923", 4), ("ISO10126", 5)]),
      LibraryType("interface \(space)ICryptoTransform : IDisposable", listed: false) { type in transform(&type) },
      LibraryType("abstract class \(space)SymmetricAlgorithm : IDisposable") { type in
        type.member("static SymmetricAlgorithm Create()", usage: .hiddenState) { call in
          .object(CipherObject(call.machine))
        }
        type.member("static SymmetricAlgorithm Create(string algName)", usage: .hiddenState) { call in
          CipherObject.isKnown(try call.string(0)) ? .object(CipherObject(call.machine)) : .null
        }
        cipherProperties(&type)
        cipherActions(&type)
      },
      LibraryType("abstract class \(space)Aes : SymmetricAlgorithm", listed: false) { type in
        type.member("static Aes Create()", listed: false, usage: .hiddenState) { call in
          .object(CipherObject(call.machine))
        }
      },
      LibraryType("static class Apim.ByteExtensions", extensions: true) { type in
        for name in ["Encrypt", "Decrypt"] {
          type.member("static byte[] \(name)(this byte[] input, string alg, byte[] key, byte[] iv)") { call in
            guard CipherObject.isKnown(try call.string(1)) else {
              throw Thrown.argument("The algorithm '\(try call.string(1))' is not known. (Parameter 'alg')")
            }
            return try CipherObject.apply(
              name, try BlockCipher(key: try call.bytes(2), vector: try call.bytes(3)), try call.bytes(0), call.machine)
          }
          type.member("static byte[] \(name)(this byte[] input, SymmetricAlgorithm alg)") { call in
            let cipher: CipherObject = try call.object(1)
            return try CipherObject.apply(
              name, try cipher.cipher(key: cipher.key, vector: cipher.vector), try call.bytes(0), call.machine)
          }
          type.member(
            "static byte[] \(name)(this byte[] input, SymmetricAlgorithm alg, byte[] key, byte[] iv)"
          ) { call in
            let cipher: CipherObject = try call.object(1)
            return try CipherObject.apply(
              name, try cipher.cipher(key: try call.bytes(2), vector: try call.bytes(3)), try call.bytes(0),
              call.machine)
          }
        }
      },
    ]
    + ["AesManaged", "AesCryptoServiceProvider"].map { name in
      LibraryType("class \(space)\(name) : Aes", listed: false) { type in
        type.member("\(name)()", listed: false, usage: .hiddenState) { call in
          .object(CipherObject(call.machine, typeName: name))
        }
      }
    }

  private static func cipherProperties(_ type: inout LibraryRegistration) {
    type.property("byte[] Key { get; set; }") { call in
      .object(ArrayObject(bytes: try call.receiver(CipherObject.self).key))
    } set: { call in
      guard [16, 24, 32].contains(try call.bytes(0).count) else {
        throw DotNetException.cryptographic("Specified key is not a valid size for this algorithm.")
      }
      try call.receiver(CipherObject.self).key = try call.bytes(0)
      return .null
    }
    type.property("byte[] IV { get; set; }") { call in
      .object(ArrayObject(bytes: try call.receiver(CipherObject.self).vector))
    } set: { call in
      guard try call.bytes(0).count == BlockCipher.blockLength else {
        throw DotNetException.cryptographic(
          "Specified initialization vector (IV) does not match the block size for this algorithm.")
      }
      try call.receiver(CipherObject.self).vector = try call.bytes(0)
      return .null
    }
    type.property("CipherMode Mode { get; set; }") { call in
      .enumeration(
        Int32(try call.receiver(CipherObject.self).mode.rawValue), .named("System.Security.Cryptography.CipherMode"))
    } set: { call in
      guard let mode = BlockCipher.Mode(rawValue: call.int(0)), mode != .ofb, mode != .cts else {
        throw DotNetException.cryptographic("Specified cipher mode is not valid for this algorithm.")
      }
      try call.receiver(CipherObject.self).mode = mode
      return .null
    }
    type.property("PaddingMode Padding { get; set; }") { call in
      .enumeration(
        Int32(try call.receiver(CipherObject.self).padding.rawValue),
        .named("System.Security.Cryptography.PaddingMode"))
    } set: { call in
      guard let padding = BlockCipher.Padding(rawValue: call.int(0)) else {
        throw DotNetException.cryptographic("Specified padding mode is not valid for this algorithm.")
      }
      try call.receiver(CipherObject.self).padding = padding
      return .null
    }
    type.property("int KeySize { get; set; }") { call in
      .int32(Int32(try call.receiver(CipherObject.self).key.count * 8))
    } set: { call in
      guard [128, 192, 256].contains(call.int(0)) else {
        throw DotNetException.cryptographic("Specified key is not a valid size for this algorithm.")
      }
      try call.receiver(CipherObject.self).key = try RandomBytesObject.bytes(call.int(0) / 8, call.machine)
      return .null
    }
    type.property("int BlockSize { get; set; }") { _ in
      .int32(128)
    } set: { call in
      guard call.int(0) == 128 else {
        throw DotNetException.cryptographic("Specified block size is not valid for this algorithm.")
      }
      return .null
    }
    type.property("int FeedbackSize { get; set; }") { call in
      .int32(Int32(try call.receiver(CipherObject.self).feedback * 8))
    } set: { call in
      guard call.int(0) == 8 || call.int(0) == 128 else {
        throw DotNetException.cryptographic("Specified feedback size is not valid for this algorithm.")
      }
      try call.receiver(CipherObject.self).feedback = call.int(0) / 8
      return .null
    }
  }

  private static func cipherActions(_ type: inout LibraryRegistration) {
    type.member("void GenerateKey()", usage: .hiddenState) { call in
      let cipher = try call.receiver(CipherObject.self)
      cipher.key = try RandomBytesObject.bytes(cipher.key.count, call.machine)
      return .null
    }
    type.member("void GenerateIV()", usage: .hiddenState) { call in
      try call.receiver(CipherObject.self).vector = try RandomBytesObject.bytes(
        BlockCipher.blockLength, call.machine)
      return .null
    }
    type.member("bool ValidKeySize(int bitLength)") { call in .bool([128, 192, 256].contains(call.int(0))) }
    type.member("void Clear()") { _ in .null }
    for name in ["Encrypt", "Decrypt"] {
      type.member("ICryptoTransform Create\(name)or()") { call in
        let own = try call.receiver(CipherObject.self)
        return .object(CipherTransform(try own.cipher(key: own.key, vector: own.vector), name))
      }
      type.member("ICryptoTransform Create\(name)or(byte[] rgbKey, byte[] rgbIV)") { call in
        let own = try call.receiver(CipherObject.self)
        let vector = call.objectOrNull(1, as: ArrayObject.self)?.bytes ?? own.vector
        return .object(CipherTransform(try own.cipher(key: try call.bytes(0), vector: vector), name))
      }
    }
  }

  private static func transform(_ type: inout LibraryRegistration) {
    type.member("byte[] TransformFinalBlock(byte[] inputBuffer, int inputOffset, int inputCount)", listed: false) {
      call in
      let part = try call.part(of: try call.bytes(0).count, from: 1, count: 2, "inputOffset", "inputCount")
      return try call.receiver(CipherTransform.self).finish(try call.bytes(0)[part], call.machine)
    }
    for name in ["InputBlockSize", "OutputBlockSize"] {
      type.member("int \(name) { get; }", listed: false) { _ in .int32(16) }
    }
  }
}

/// An AES algorithm with its settings; key and vector are random until they are set.
final class CipherObject: RuntimeObject {
  private let typeName: String
  var key: [UInt8]
  var vector: [UInt8]
  var mode = BlockCipher.Mode.cbc
  var padding = BlockCipher.Padding.pkcs7
  /// Bytes that CFB feeds back at a time.
  var feedback = 1

  init(_ machine: Machine, typeName: String = "AesManaged") {
    self.typeName = typeName
    key = (try? RandomBytesObject.bytes(32, machine)) ?? []
    vector = (try? RandomBytesObject.bytes(BlockCipher.blockLength, machine)) ?? []
  }

  /// The names `SymmetricAlgorithm.Create` and `Encrypt` know AES by.
  static func isKnown(_ name: String) -> Bool {
    let last = name.split(separator: ".").last.map { $0.lowercased() } ?? ""
    return ["aes", "aesmanaged", "aescryptoserviceprovider", "aescng", "rijndael", "rijndaelmanaged"].contains(last)
  }

  func cipher(key: [UInt8], vector: [UInt8]) throws -> BlockCipher {
    try BlockCipher(key: key, vector: vector, mode: mode, padding: padding, feedback: feedback)
  }

  static func apply(_ name: String, _ cipher: BlockCipher, _ bytes: [UInt8], _ machine: Machine) throws -> Value {
    try machine.process(bytes: bytes.count * 2)
    return .object(ArrayObject(bytes: name == "Encrypt" ? try cipher.encrypt(bytes) : try cipher.decrypt(bytes)))
  }

  var runtimeType: TypeSymbol { .named("System.Security.Cryptography." + typeName) }
}

/// What `CreateEncryptor` and `CreateDecryptor` give.
final class CipherTransform: RuntimeObject {
  private let cipher: BlockCipher
  private let name: String

  init(_ cipher: BlockCipher, _ name: String) {
    self.cipher = cipher
    self.name = name
  }

  func finish(_ bytes: ArraySlice<UInt8>, _ machine: Machine) throws -> Value {
    try CipherObject.apply(name, cipher, Array(bytes), machine)
  }

  var runtimeType: TypeSymbol { .named("System.Security.Cryptography.ICryptoTransform") }
}
