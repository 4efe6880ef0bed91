import ControlPlaneStore
import GatewayConfiguration

extension SnapshotBuilder {
  /// Every backend, with the named values in its credentials filled in.
  var backends: [Backend] {
    let values = Dictionary(namedValues.map { ($0.displayName, $0.value) }) { first, _ in first }
    let certificates = all("certificates")
    return all("backends").map { resource in
      let contract = BackendContract(name: resource.name, resource.properties)
      var backend = contract.backend
      backend.credentials = backend.credentials.replacingNamedValues { values[$0] }
      // As the certificates are spelled; a thumbprint stands for the certificate that has it.
      let ids = backend.credentials.certificateIDs.map { $0.lowercased() }
      backend.credentials.certificateIDs = certificates.filter { certificate in
        ids.contains(certificate.name.lowercased())
          || certificate.string("thumbprint").map(contract.thumbprints.contains) == true
      }.map(\.name).sorted()
      return backend
    }.sorted { $0.id < $1.id }
  }

  /// The certificates that backends show.
  func certificates(of backends: [Backend]) -> [Certificate] {
    let wanted = Set(backends.flatMap(\.credentials.certificateIDs))
    return all("certificates").filter { wanted.contains($0.name) }.compactMap(CertificateRules.certificate)
      .sorted { $0.id < $1.id }
  }
}
