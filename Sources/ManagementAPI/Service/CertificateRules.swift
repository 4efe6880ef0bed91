import ControlPlaneStore
import DotNet
import Foundation
import GatewayConfiguration

/// What a certificate demands: a PKCS#12 file with its password, or a certificate alone. The file and the password are
/// secrets; what they say is shown.
enum CertificateRules {
  static func apply(
    _ properties: inout JSONObject, _ secrets: inout [String: String]
  ) throws(ManagementError) -> CertificateValue {
    let data = properties.string("data") ?? ""
    let password = properties.string("password")
    properties["data"] = nil
    properties["password"] = nil
    guard let bytes = Data(base64Encoded: data, options: .ignoreUnknownCharacters), !bytes.isEmpty else {
      throw .validation("data", "'data' is required: a certificate or a PKCS#12 file in base64.")
    }
    let certificate: CertificateValue
    do {
      certificate = try CertificateValue(Array(bytes), password: password)
    } catch {
      throw .validation("data", "The certificate cannot be read, or the password is not its own.")
    }
    secrets["data"] = data
    if let password { secrets["password"] = password }
    properties["subject"] = .string(certificate.subject)
    properties["thumbprint"] = .string(certificate.thumbprint)
    let end = Double(certificate.notAfter - DateTimeValue.unixEpochTicks) / Double(DateTimeValue.ticksPerSecond)
    properties["expirationDate"] = .string(Date(timeIntervalSince1970: end).formatted(.iso8601))
    return certificate
  }

  /// What gateways get of a stored certificate; nil when it cannot be read any more.
  static func certificate(_ resource: StoredResource) -> GatewayConfiguration.Certificate? {
    guard let data = resource.secrets["data"],
      let bytes = Data(base64Encoded: data, options: .ignoreUnknownCharacters),
      let value = try? CertificateValue(Array(bytes), password: resource.secrets["password"])
    else { return nil }
    let chain = ([value] + value.companions).map { pem("CERTIFICATE", $0.rawData) }.joined()
    return GatewayConfiguration.Certificate(
      id: resource.name, thumbprint: value.thumbprint, certificatePEM: chain,
      privateKeyPEM: value.privateKey.map { pem(kind($0), $0) })
  }

  private static func pem(_ kind: String, _ bytes: [UInt8]) -> String {
    let text = Data(bytes).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
    return "-----BEGIN \(kind)-----\n\(text)\n-----END \(kind)-----\n"
  }

  /// PKCS#8 has a sequence behind its version, the older form of RSA keys a number, that of elliptic curves bytes.
  private static func kind(_ key: [UInt8]) -> String {
    guard key.count > 8, key[0] == 0x30 else { return "PRIVATE KEY" }
    let header = key[1] < 0x80 ? 2 : 2 + Int(key[1] & 0x7f)
    let second = header + 3
    switch second < key.count ? key[second] : 0 {
    case 0x02: return "RSA PRIVATE KEY"
    case 0x04: return "EC PRIVATE KEY"
    default: return "PRIVATE KEY"
    }
  }
}
