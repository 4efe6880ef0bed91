import DotNet

/// An RSA algorithm; one that was made without a key gets a random one when it first needs it.
final class RSAObject: RuntimeObject {
  private var held: RSAKey?
  private var wantedSize = 2048

  /// What a signature checked, a signature made and a key made cost, in steps.
  static let publicSteps = 1000
  static let privateSteps = 10_000
  private static let generationSteps = 60_000

  init(_ key: RSAKey?) { held = key }

  static func isKnown(_ name: String) -> Bool {
    ["RSA", "RSACng", "RSACryptoServiceProvider"].contains(name.split(separator: ".").last.map(String.init) ?? "")
  }

  var keySize: Int { held?.keySize ?? wantedSize }

  func set(keySize: Int) throws {
    guard (1024...4096).contains(keySize), keySize.isMultiple(of: 64) else {
      throw DotNetException.cryptographic("Specified key is not a valid size for this algorithm.")
    }
    if keySize != self.keySize { held = nil }
    wantedSize = keySize
  }

  func replace(with key: RSAKey) { held = key }

  func key(_ machine: Machine) throws -> RSAKey {
    if let held { return held }
    try machine.charge(steps: Self.generationSteps)
    let made = try RSAKey.generate(bits: wantedSize)
    held = made
    return made
  }

  static func sign(_ call: Call, _ hash: [UInt8], _ function: HashFunction, padding: Int) throws -> Value {
    let padding = try call.object(padding, as: SignaturePaddingObject.self).padding
    let key = try call.receiver(RSAObject.self).key(call.machine)
    try call.machine.charge(steps: privateSteps)
    return .object(ArrayObject(bytes: try key.sign(hash: hash, function, padding)))
  }

  static func verify(
    _ call: Call, _ hash: [UInt8], _ signature: [UInt8], _ function: HashFunction, padding: Int
  ) throws -> Value {
    let padding = try call.object(padding, as: SignaturePaddingObject.self).padding
    let key = try call.receiver(RSAObject.self).key(call.machine)
    try call.machine.charge(steps: publicSteps)
    return .bool(try key.verify(hash: hash, signature, function, padding))
  }

  var runtimeType: TypeSymbol { .named("System.Security.Cryptography.RSACng") }
}

/// An `RSAParameters`.
final class RSAParametersObject: RuntimeObject {
  var parameters: RSAParameters

  init(_ parameters: RSAParameters) { self.parameters = parameters }

  var runtimeType: TypeSymbol { .named("System.Security.Cryptography.RSAParameters") }
}

/// An `RSASignaturePadding`.
final class SignaturePaddingObject: RuntimeObject, Sendable {
  let padding: RSAKey.SignaturePadding

  init(_ name: String) { padding = RSAKey.SignaturePadding(rawValue: name) ?? .pkcs1 }

  var runtimeType: TypeSymbol { .named("System.Security.Cryptography.RSASignaturePadding") }
  func text(_ machine: Machine) throws -> String { padding.rawValue }
  func isEqual(to other: Value) -> Bool {
    if case .object(let object) = other, let other = object as? SignaturePaddingObject {
      return other.padding == padding
    }
    return false
  }
  func hash(into hasher: inout Hasher) { hasher.combine(padding) }
}

/// An `RSAEncryptionPadding`.
final class EncryptionPaddingObject: RuntimeObject, Sendable {
  let padding: RSAKey.EncryptionPadding

  init(_ padding: RSAKey.EncryptionPadding) { self.padding = padding }

  var runtimeType: TypeSymbol { .named("System.Security.Cryptography.RSAEncryptionPadding") }
  func text(_ machine: Machine) throws -> String {
    if case .oaep(let function) = padding { return "Oaep" + function.rawValue }
    return "Pkcs1"
  }
  func isEqual(to other: Value) -> Bool {
    if case .object(let object) = other, let other = object as? EncryptionPaddingObject {
      return other.padding == padding
    }
    return false
  }
  func hash(into hasher: inout Hasher) { hasher.combine(padding) }
}
