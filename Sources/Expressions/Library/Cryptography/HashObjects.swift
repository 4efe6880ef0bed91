import DotNet

/// A `HashAlgorithmName`.
final class HashNameObject: RuntimeObject, Sendable {
  let name: String?

  init(_ name: String?) { self.name = name }

  var runtimeType: TypeSymbol { .named("System.Security.Cryptography.HashAlgorithmName") }
  func text(_ machine: Machine) throws -> String { name ?? "" }
  func isEqual(to other: Value) -> Bool {
    if case .object(let object) = other, let other = object as? HashNameObject { return other.name == name }
    return false
  }
  func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// A hash algorithm, with a key when it is an HMAC. Bytes given in pieces are kept until the last.
final class HashObject: RuntimeObject {
  let function: HashFunction
  private let typeName: String
  var key: [UInt8]?
  private var pending: [UInt8] = []
  /// Pieces were given, and the last one not yet.
  var isUnfinished: Bool { !pending.isEmpty && result == nil }
  /// The last hash made.
  private(set) var result: [UInt8]?

  /// - Parameter typeName: the class below `System.Security.Cryptography`; that of the hash itself when nil.
  init(_ function: HashFunction, _ typeName: String? = nil, key: [UInt8]? = nil) {
    self.function = function
    self.typeName = typeName ?? function.rawValue + (function == .md5 ? "" : "Managed")
    self.key = key
  }

  /// An HMAC with a random key of one block.
  static func keyed(_ function: HashFunction, _ machine: Machine) -> HashObject {
    HashObject(
      function, "HMAC" + function.rawValue, key: RandomBytesObject.drawn(function.blockLength, machine))
  }

  /// `Create(name)`: null for a name that no algorithm has.
  static func named(_ call: Call, isKeyed: Bool) throws -> Value {
    var name = try call.string(0)
    if let dot = name.lastIndex(of: ".") { name = String(name[name.index(after: dot)...]) }
    name = name.uppercased().replacing("SHA-", with: "SHA")
    for ending in ["MANAGED", "CRYPTOSERVICEPROVIDER", "CNG"] where name.hasSuffix(ending) {
      name.removeLast(ending.count)
    }
    if name.hasPrefix("HMAC") {
      guard let function = HashFunction(rawValue: String(name.dropFirst(4))) else { return .null }
      return .object(keyed(function, call.machine))
    }
    if isKeyed { return .null }
    return HashFunction(rawValue: name == "SHA" ? "SHA1" : name).map { .object(HashObject($0)) } ?? .null
  }

  var runtimeType: TypeSymbol { .named("System.Security.Cryptography." + typeName) }

  func compute(_ bytes: [UInt8], _ machine: Machine) throws -> [UInt8] {
    try append(bytes, machine)
    finish()
    return result ?? []
  }

  func append(_ bytes: [UInt8], _ machine: Machine) throws {
    try machine.process(bytes: bytes.count)
    if pending.isEmpty { pending = bytes } else { pending += bytes }
  }

  /// Makes the hash of what was given and begins anew.
  func finish() {
    result = key.map { function.code(pending, key: $0) } ?? function.digest(pending)
    pending = []
  }

  func start() {
    pending = []
    result = nil
  }
}

/// `RNGCryptoServiceProvider`: bytes from the context's source of randomness.
final class RandomBytesObject: RuntimeObject {
  var runtimeType: TypeSymbol { .named("System.Security.Cryptography.RNGCryptoServiceProvider") }

  static func bytes(_ count: Int, _ machine: Machine) throws -> [UInt8] {
    try machine.process(bytes: count)
    return drawn(count, machine)
  }

  fileprivate static func drawn(_ count: Int, _ machine: Machine) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(count + 8)
    while result.count < count {
      let bits = machine.context.random()
      result += (0..<8).map { UInt8(truncatingIfNeeded: bits >> UInt64(8 * $0)) }
    }
    return Array(result.prefix(count))
  }
}
