import DotNet
import Foundation
import GatewayConfiguration

extension Certificate {
  /// A certificate of a PEM text, with its key if that stands there too; nil when it cannot be read.
  init?(id: String, pem: String) {
    guard let value = try? CertificateValue(pem: pem) else { return nil }
    let pattern = "-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*-----END [A-Z ]*-----"
    let key = pem.range(of: pattern, options: .regularExpression)
    self.init(
      id: id, thumbprint: value.thumbprint,
      certificatePEM: key.map { pem.replacingCharacters(in: $0, with: "") } ?? pem,
      privateKeyPEM: key.map { String(pem[$0]) })
  }

  /// The certificates of a folder: `ID.pem`, each with its key if it has one.
  static func all(in folder: String) throws(FileProblem) -> [Certificate] {
    var certificates: [Certificate] = []
    for path in try PolicyFiles.below(folder, ending: ".pem") {
      let id = String((path.split(separator: "/").last ?? "").dropLast(4))
      guard let certificate = Certificate(id: id, pem: try PolicyFiles.read(path)) else {
        throw FileProblem("\(path) holds no certificate in PEM")
      }
      certificates.append(certificate)
    }
    return certificates
  }
}
