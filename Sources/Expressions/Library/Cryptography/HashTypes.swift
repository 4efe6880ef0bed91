import DotNet

/// Hashes, keyed hashes and the source of random bytes of `System.Security.Cryptography`.
extension LibraryCatalog {
  private static let space = "System.Security.Cryptography."

  static let hashTypes: [LibraryType] =
    [
      LibraryType("struct \(space)HashAlgorithmName") { type in
        type.member("HashAlgorithmName(string name)") { call in .object(HashNameObject(call.stringOrNull(0))) }
        for function in HashFunction.allCases {
          type.member("static HashAlgorithmName \(function.rawValue) { get; }") { _ in
            .object(HashNameObject(function.rawValue))
          }
        }
        type.member("string Name { get; }") { call in
          try call.receiver(HashNameObject.self).name.map { .string($0) } ?? .null
        }
        type.member("bool Equals(HashAlgorithmName other)") { call in .bool(Operation.areEqual(call.this, call[0])) }
        equality(&type, "HashAlgorithmName")
      },
      LibraryType("abstract class \(space)HashAlgorithm : IDisposable") { type in hashMembers(&type) },
      LibraryType("abstract class \(space)KeyedHashAlgorithm : HashAlgorithm") { type in
        type.member("static KeyedHashAlgorithm Create()") { call in .object(HashObject.keyed(.sha1, call.machine)) }
        type.member("static KeyedHashAlgorithm Create(string algName)") { call in
          try HashObject.named(call, isKeyed: true)
        }
        type.property("byte[] Key { get; set; }") { call in
          .object(ArrayObject(bytes: try call.receiver(HashObject.self).key ?? []))
        } set: { call in
          try call.receiver(HashObject.self).key = try call.bytes(0)
          return .null
        }
      },
      LibraryType("abstract class \(space)HMAC : KeyedHashAlgorithm") { type in
        type.member("static HMAC Create()") { call in .object(HashObject.keyed(.sha1, call.machine)) }
        type.member("static HMAC Create(string algorithmName)") { call in try HashObject.named(call, isKeyed: true) }
        type.member("string HashName { get; }") { call in
          .string(try call.receiver(HashObject.self).function.rawValue)
        }
      },
      LibraryType("class \(space)IncrementalHash : IDisposable", listed: false) { type in incrementalMembers(&type) },
      LibraryType("abstract class \(space)RandomNumberGenerator : IDisposable", listed: false) { type in
        type.member("static RandomNumberGenerator Create()", listed: false) { _ in .object(RandomBytesObject()) }
      },
      LibraryType("class \(space)RNGCryptoServiceProvider : RandomNumberGenerator") { type in
        type.member("RNGCryptoServiceProvider()") { _ in .object(RandomBytesObject()) }
        type.member("void GetBytes(byte[] data)", usage: .hiddenState) { call in
          let array: ArrayObject = try call.object(0)
          array.bytes = try RandomBytesObject.bytes(array.count, call.machine)
          return .null
        }
        type.member("void GetBytes(byte[] data, int offset, int count)", usage: .hiddenState) { call in
          let array: ArrayObject = try call.object(0)
          let part = try call.part(of: array.count, from: 1, count: 2, "offset", "count")
          array.bytes.replaceSubrange(part, with: try RandomBytesObject.bytes(part.count, call.machine))
          return .null
        }
        type.member("void GetNonZeroBytes(byte[] data)", usage: .hiddenState) { call in
          let array: ArrayObject = try call.object(0)
          var bytes: [UInt8] = []
          while bytes.count < array.count {
            bytes += try RandomBytesObject.bytes(array.count - bytes.count, call.machine).filter { $0 != 0 }
          }
          array.bytes = bytes
          return .null
        }
      },
    ] + HashFunction.allCases.flatMap { function in types(of: function) }

  private static func hashMembers(_ type: inout LibraryRegistration) {
    type.member("static HashAlgorithm Create()") { _ in .object(HashObject(.sha1)) }
    type.member("static HashAlgorithm Create(string hashName)") { call in try HashObject.named(call, isKeyed: false) }
    type.direct("byte[] ComputeHash(byte[] buffer)") { machine, hash, bytes in
      let hash: HashObject = try hash.instance()
      return .object(ArrayObject(bytes: try hash.compute(try bytes.bytes("buffer"), machine)))
    }
    type.member("byte[] ComputeHash(byte[] buffer, int offset, int count)") { call in
      let bytes = try call.bytes(0)
      let part = try call.part(of: bytes.count, from: 1, count: 2, "offset", "count")
      return .object(ArrayObject(bytes: try call.receiver(HashObject.self).compute(Array(bytes[part]), call.machine)))
    }
    type.member("byte[] Hash { get; }") { call in
      let hash = try call.receiver(HashObject.self)
      if hash.isUnfinished {
        throw Thrown(
          "System.Security.Cryptography.CryptographicUnexpectedOperationException",
          "Hash must be finalized before the hash value is retrieved.")
      }
      return hash.result.map { .object(ArrayObject(bytes: $0)) } ?? .null
    }
    type.member("int HashSize { get; }") { call in
      .int32(Int32(try call.receiver(HashObject.self).function.length * 8))
    }
    for name in ["InputBlockSize", "OutputBlockSize"] {
      type.member("int \(name) { get; }") { _ in .int32(1) }
    }
    for name in ["CanReuseTransform", "CanTransformMultipleBlocks"] {
      type.member("bool \(name) { get; }") { _ in .bool(true) }
    }
    type.member(
      "int TransformBlock(byte[] inputBuffer, int inputOffset, int inputCount, byte[] outputBuffer, int outputOffset)"
    ) { call in
      let part = try call.part(of: try call.bytes(0).count, from: 1, count: 2, "inputOffset", "inputCount")
      let bytes = Array(try call.bytes(0)[part])
      try call.receiver(HashObject.self).append(bytes, call.machine)
      if let output: ArrayObject = call.objectOrNull(3) {
        guard call.int(4) >= 0, call.int(4) + bytes.count <= output.count else {
          throw Thrown.argument("The output buffer is too small.")
        }
        output.bytes.replaceSubrange(call.int(4)..<(call.int(4) + bytes.count), with: bytes)
      }
      return .int32(Int32(bytes.count))
    }
    type.member("byte[] TransformFinalBlock(byte[] inputBuffer, int inputOffset, int inputCount)") { call in
      let part = try call.part(of: try call.bytes(0).count, from: 1, count: 2, "inputOffset", "inputCount")
      let bytes = Array(try call.bytes(0)[part])
      let hash = try call.receiver(HashObject.self)
      try hash.append(bytes, call.machine)
      hash.finish()
      return .object(ArrayObject(bytes: bytes))
    }
    type.member("void Initialize()") { call in
      try call.receiver(HashObject.self).start()
      return .null
    }
    type.member("void Clear()") { _ in .null }
  }

  private static func incrementalMembers(_ type: inout LibraryRegistration) {
    type.member("static IncrementalHash CreateHash(HashAlgorithmName hashAlgorithm)", listed: false) { call in
      .object(HashObject(try call.hashFunction(0), "IncrementalHash"))
    }
    type.member("static IncrementalHash CreateHMAC(HashAlgorithmName hashAlgorithm, byte[] key)", listed: false) {
      call in
      .object(HashObject(try call.hashFunction(0), "IncrementalHash", key: try call.bytes(1)))
    }
    type.member("HashAlgorithmName AlgorithmName { get; }", listed: false) { call in
      .object(HashNameObject(try call.receiver(HashObject.self).function.rawValue))
    }
    type.member("void AppendData(byte[] data)", listed: false) { call in
      try call.receiver(HashObject.self).append(try call.bytes(0), call.machine)
      return .null
    }
    type.member("void AppendData(byte[] data, int offset, int count)", listed: false) { call in
      let part = try call.part(of: try call.bytes(0).count, from: 1, count: 2, "offset", "count")
      try call.receiver(HashObject.self).append(Array(try call.bytes(0)[part]), call.machine)
      return .null
    }
    type.member("byte[] GetHashAndReset()", listed: false) { call in
      let hash = try call.receiver(HashObject.self)
      hash.finish()
      return .object(ArrayObject(bytes: hash.result ?? []))
    }
  }

  private static func types(of function: HashFunction) -> [LibraryType] {
    let name = function.rawValue
    var types = [
      LibraryType("abstract class \(space)\(name) : HashAlgorithm") { type in
        type.member("static \(name) Create()") { _ in .object(HashObject(function)) }
        type.member("static \(name) Create(string hashName)") { call in
          let made = try HashObject.named(call, isKeyed: false)
          return made.isInstance(of: .named(space + name)) ? made : .null
        }
      },
      LibraryType("class \(space)HMAC\(name) : HMAC") { type in
        type.member("HMAC\(name)()", usage: .hiddenState) { call in .object(HashObject.keyed(function, call.machine)) }
        let keyed = "HMAC" + name
        type.direct("HMAC\(name)(byte[] key)") { _, key in
          .object(HashObject(function, keyed, key: try key.bytes("key")))
        }
        if function == .sha1 {
          type.member("HMACSHA1(byte[] key, bool useManagedSha1)") { call in
            .object(HashObject(function, "HMAC" + name, key: try call.bytes(0)))
          }
        }
      },
    ]
    if function != .md5 {
      types.append(
        LibraryType("class \(space)\(name)Managed : \(name)") { type in
          type.member("\(name)Managed()") { _ in .object(HashObject(function)) }
        })
    }
    return types
  }

  /// `==` and `!=` over the values of a type.
  static func equality(_ type: inout LibraryRegistration, _ name: String) {
    type.member("static bool operator ==(\(name) left, \(name) right)") { call in
      .bool(Operation.areEqual(call[0], call[1]))
    }
    type.member("static bool operator !=(\(name) left, \(name) right)") { call in
      .bool(!Operation.areEqual(call[0], call[1]))
    }
  }
}

extension Call {
  /// A part of an array of `length` elements: an offset and a count.
  func part(
    of length: Int, from: Int, count: Int, _ fromName: String, _ countName: String
  ) throws -> Range<Int> {
    let (from, count) = (int(from), int(count))
    if from < 0 { throw Thrown.outOfRange(fromName, "Non-negative number required.") }
    guard count >= 0, count <= length else { throw Thrown.argument("Value was invalid. (Parameter '\(countName)')") }
    guard from <= length - count else {
      throw Thrown.argument(
        "Offset and length were out of bounds for the array or count is greater than the number of elements from index "
          + "to the end of the source collection.")
    }
    return from..<(from + count)
  }

  /// The hash function a `HashAlgorithmName` names; CryptographicException for another.
  func hashFunction(_ index: Int) throws -> HashFunction {
    let name = try object(index, as: HashNameObject.self).name ?? ""
    if name.isEmpty {
      throw Thrown.argument("The hash algorithm name cannot be null or empty. (Parameter 'hashAlgorithm')")
    }
    guard let function = HashFunction(rawValue: name) else {
      throw DotNetException.cryptographic("'\(name)' is not a known hash algorithm.")
    }
    return function
  }
}
