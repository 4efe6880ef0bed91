import DotNet

/// `Oid`: object identifiers with the names people know them by.
extension LibraryCatalog {
  static let oidTypes: [LibraryType] = [
    LibraryType("class System.Security.Cryptography.Oid") { type in
      type.member("Oid()") { _ in .object(OidObject(nil, nil)) }
      type.member("Oid(string oid)") { call in
        guard let text = call.stringOrNull(0) else { return .object(OidObject(nil, nil)) }
        let number = OidObject.number(text) ?? text
        return .object(OidObject(number, OidObject.names[number]))
      }
      type.member("Oid(string value, string friendlyName)") { call in
        .object(OidObject(call.stringOrNull(0), call.stringOrNull(1)))
      }
      type.member("Oid(Oid oid)") { call in
        let other: OidObject = try call.object(0)
        return .object(OidObject(other.value, other.friendlyName))
      }
      type.property("string Value { get; set; }") { call in
        try call.receiver(OidObject.self).value.map { .string($0) } ?? .null
      } set: { call in
        try call.receiver(OidObject.self).value = call.stringOrNull(0)
        return .null
      }
      type.property("string FriendlyName { get; set; }") { call in
        let oid = try call.receiver(OidObject.self)
        return (oid.friendlyName ?? oid.value.flatMap { OidObject.names[$0] }).map { .string($0) } ?? .null
      } set: { call in
        let oid = try call.receiver(OidObject.self)
        oid.friendlyName = call.stringOrNull(0)
        if let number = call.stringOrNull(0).flatMap({ OidObject.number($0) }) { oid.value = number }
        return .null
      }
    }
  ]
}

/// An `Oid`.
final class OidObject: RuntimeObject {
  var value: String?
  var friendlyName: String?

  init(_ value: String?, _ friendlyName: String?) {
    self.value = value
    self.friendlyName = friendlyName
  }

  /// An identifier with the name Windows has for it.
  convenience init(_ value: String) { self.init(value, Self.names[value]) }

  var runtimeType: TypeSymbol { .named("System.Security.Cryptography.Oid") }

  /// The number of a name; names compare without case.
  static func number(_ name: String) -> String? {
    names.first { $0.value.lowercased() == name.lowercased() }?.key
  }

  static let names: [String: String] = [
    "1.2.840.113549.1.1.1": "RSA", "1.2.840.113549.1.1.4": "md5RSA", "1.2.840.113549.1.1.5": "sha1RSA",
    "1.2.840.113549.1.1.10": "RSASSA-PSS", "1.2.840.113549.1.1.11": "sha256RSA", "1.2.840.113549.1.1.12": "sha384RSA",
    "1.2.840.113549.1.1.13": "sha512RSA", "1.2.840.113549.1.9.1": "E", "1.2.840.113549.2.5": "md5",
    "1.3.14.3.2.26": "sha1", "2.16.840.1.101.3.4.2.1": "sha256", "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512", "1.2.840.10045.2.1": "ECC", "1.2.840.10045.3.1.7": "nistP256",
    "1.3.132.0.34": "nistP384", "1.3.132.0.35": "nistP521", "1.2.840.10045.4.1": "sha1ECDSA",
    "1.2.840.10045.4.3.2": "sha256ECDSA", "1.2.840.10045.4.3.3": "sha384ECDSA", "1.2.840.10045.4.3.4": "sha512ECDSA",
    "2.16.840.1.101.3.4.1.2": "aes128", "2.16.840.1.101.3.4.1.22": "aes192", "2.16.840.1.101.3.4.1.42": "aes256",
    "1.2.840.113549.3.7": "3des", "2.5.4.3": "CN", "2.5.4.5": "SERIALNUMBER", "2.5.4.6": "C", "2.5.4.7": "L",
    "2.5.4.8": "S", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.29.14": "Subject Key Identifier",
    "2.5.29.15": "Key Usage", "2.5.29.17": "Subject Alternative Name", "2.5.29.19": "Basic Constraints",
    "2.5.29.31": "CRL Distribution Points", "2.5.29.32": "Certificate Policies",
    "2.5.29.35": "Authority Key Identifier", "2.5.29.37": "Enhanced Key Usage",
    "1.3.6.1.5.5.7.1.1": "Authority Information Access", "1.3.6.1.5.5.7.3.1": "Server Authentication",
    "1.3.6.1.5.5.7.3.2": "Client Authentication",
  ]
}
