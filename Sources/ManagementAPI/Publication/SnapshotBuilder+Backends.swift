import ControlPlaneStore
import GatewayConfiguration

extension SnapshotBuilder {
  /// Every backend, with the named values in its credentials and its proxy's filled in.
  var backends: [Backend] {
    let values = Dictionary(namedValues.map { ($0.displayName, $0.value) }) { first, _ in first }
    let certificates = all("certificates")
    return all("backends").map { resource in
      let contract = BackendContract(name: resource.name, resource.properties)
      var backend = contract.backend
      backend.credentials = backend.credentials.replacingNamedValues { values[$0] }
      if var proxy = backend.proxy {
        proxy.password = resource.secrets[BackendRules.proxyPassword].flatMap { $0.isEmpty ? nil : $0 }
        backend.proxy = proxy.replacingNamedValues { values[$0] }
      }
      // As the certificates are spelled; a thumbprint stands for the certificate that has it.
      let ids = backend.credentials.certificateIDs.map { $0.lowercased() }
      backend.credentials.certificateIDs = certificates.filter { certificate in
        ids.contains(certificate.name.lowercased())
          || certificate.string("thumbprint").map(contract.thumbprints.contains) == true
      }.map(\.name).sorted()
      return backend
    }.sorted { $0.id < $1.id }
  }

  /// What the certificates say and their keys; those that cannot be read are left out.
  var certificates: [Certificate] {
    all("certificates").compactMap(CertificateRules.certificate).sorted { $0.id < $1.id }
  }

  /// The certificates that a gateway needs: those of backends, authorities and hostnames, and all once a policy may name
  /// any.
  func certificates(
    of backends: [Backend], _ authorities: [CertificateAuthority] = [], _ hostnames: [HostnameConfiguration] = [],
    namedIn texts: [String]
  ) -> [Certificate] {
    // Which one an expression picks is not known, so a mention is enough.
    let mentions = ["Certificates", "certificate-id", "authentication-certificate"]
    let all = certificates
    if texts.contains(where: { text in mentions.contains { text.contains($0) } }) { return all }
    let wanted = Set(
      backends.flatMap(\.credentials.certificateIDs) + authorities.map(\.certificateID)
        + hostnames.map(\.certificateID))
    return all.filter { wanted.contains($0.id) }
  }

  /// Whom a gateway believes when clients show certificates; as the certificates are spelled.
  func certificateAuthorities(of gatewayID: String) -> [CertificateAuthority] {
    all("gateways/certificateAuthorities").compactMap { authority in
      guard authority.path.parent?.name.lowercased() == gatewayID.lowercased(),
        let certificate = all("certificates").first(where: { $0.name.lowercased() == authority.name.lowercased() })
      else { return nil }
      return CertificateAuthority(
        certificateID: certificate.name, isTrusted: authority.bool("isTrusted") ?? false)
    }.sorted { $0.certificateID < $1.certificateID }
  }

  /// What a gateway shows by the hostnames that clients ask for; certificates as they are spelled.
  func hostnameConfigurations(of gatewayID: String) -> [HostnameConfiguration] {
    all("gateways/hostnameConfigurations").compactMap { resource in
      guard resource.path.parent?.name.lowercased() == gatewayID.lowercased(),
        let path = HostnameRules.certificate(resource.string("certificateId") ?? ""),
        let certificate = all("certificates").first(where: { $0.path == path })
      else { return nil }
      return HostnameConfiguration(
        id: resource.name, hostname: resource.string("hostname") ?? "", certificateID: certificate.name,
        negotiateClientCertificate: resource.bool("negotiateClientCertificate") ?? false,
        tls10Enabled: resource.bool("tls10Enabled") ?? false, tls11Enabled: resource.bool("tls11Enabled") ?? false,
        http2Enabled: resource.bool("http2Enabled") ?? true)
    }.sorted { $0.id < $1.id }
  }
}
