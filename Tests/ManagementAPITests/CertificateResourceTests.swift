import ControlPlaneStore
import Foundation
import GatewayConfiguration
import HTTPTypes
import ManagementAPI
import Testing

/// Certificates that policies and gateways name: which gateways get them, and what keeps them.
struct CertificateResourceTests {
  private static let reading =
    "<set-variable name=\"c\" value=\"@(context.Deployment.Certificates[&quot;one&quot;])\" />"

  private static func document(_ inbound: String) -> String {
    JSON.object([
      "properties": .object([
        "format": "rawxml", "value": .string("<policies><inbound>\(inbound)</inbound></policies>"),
      ])
    ]).text
  }

  /// A service with the certificates `one` and `two` of PKCS#12 files.
  private func withCertificates(
    _ body:
      @escaping @Sendable (Client, ManagementService, _ thumbprint: String, _ files: [String]) async throws -> Void
  ) async throws {
    let files = [try await PKCS12.make(password: "open"), try await PKCS12.make(password: "open")]
    try await withService { client, service in
      var thumbprint = ""
      for (name, file) in zip(["one", "two"], files) {
        let made = try await client.call(
          .put, "/certificates/\(name)", #"{"properties":{"data":"\#(file)","password":"open"}}"#)
        #expect(made.status == 201, "\(made.body.text)")
        if name == "one" { thumbprint = made.body["properties"]?["thumbprint"]?.stringValue ?? "" }
      }
      try await body(client, service, thumbprint, files)
    }
  }

  private func snapshot(_ service: ManagementService) async throws -> Snapshot {
    try #require(try await service.publisher.current("managed")).snapshot
  }

  @Test func `a gateway gets keys only when something it serves may use them`() async throws {
    try await withCertificates { client, service, _, _ in
      let before = try await snapshot(service)
      #expect(before.certificates.isEmpty)
      let policy = Self.document(Self.reading)
      #expect(try await client.call(.put, "/policies/policy", policy).status == 201)
      let after = try await snapshot(service)
      #expect(after.certificates.map(\.id) == ["one", "two"])
      #expect(after.certificates.allSatisfy { $0.privateKeyPEM != nil })
    }
  }

  @Test func `a certificate that a policy names exists, and stays`() async throws {
    try await withCertificates { client, _, thumbprint, _ in
      let missing = try await client.call(
        .put, "/policies/policy", Self.document("<authentication-certificate certificate-id=\"onne\" />"))
      #expect(missing.status == 400 && missing.body.text.contains("Did you mean 'one'?"))
      let policies = [
        "<authentication-certificate certificate-id='ONE' />",
        "<authentication-certificate thumbprint=\"\(thumbprint.lowercased())\" />",
        Self.reading,
        """
        <validate-client-certificate><identities>
        <identity issuer-certificate-id="one" /></identities></validate-client-certificate>
        """,
      ]
      for policy in policies {
        let saved = try await client.call(.put, "/policies/policy", Self.document(policy))
        #expect([200, 201].contains(saved.status), "\(saved.body.text)")
        let refused = try await client.call(.delete, "/certificates/one", headers: [.ifMatch: "*"])
        let text = "used by the policy at /policies/policy"
        #expect(refused.status == 400 && refused.body.text.contains(text), "\(policy)")
      }
      #expect(try await client.call(.delete, "/certificates/two", headers: [.ifMatch: "*"]).status == 204)
      #expect(try await client.call(.delete, "/policies/policy", headers: [.ifMatch: "*"]).status == 204)
      #expect(try await client.call(.delete, "/certificates/one", headers: [.ifMatch: "*"]).status == 204)
    }
  }

  @Test func `a certificate is renewed under its id, not away from a policy that names its thumbprint`() async throws {
    try await withCertificates { client, _, thumbprint, files in
      let renewed = #"{"properties":{"data":"\#(files[1])","password":"open"}}"#
      let byID = Self.document("<authentication-certificate certificate-id=\"one\" />")
      #expect(try await client.call(.put, "/policies/policy", byID).status == 201)
      #expect(try await client.call(.put, "/certificates/one", renewed).status == 200)
      let again = #"{"properties":{"data":"\#(files[0])","password":"open"}}"#
      #expect(try await client.call(.put, "/certificates/one", again).status == 200)
      let byThumbprint = Self.document("<authentication-certificate thumbprint=\"\(thumbprint)\" />")
      #expect(try await client.call(.put, "/policies/policy", byThumbprint).status == 200)
      let refused = try await client.call(.put, "/certificates/one", renewed)
      #expect(refused.status == 400 && refused.body.text.contains("used by the policy at /policies/policy"))
      #expect(try await client.call(.put, "/certificates/one", again).status == 200)
    }
  }

  @Test func `a certificate without its key cannot take the place of one that is shown`() async throws {
    try await withCertificates { client, _, _, _ in
      let bare = try await PKCS12.bare()
      #expect(
        try await client.call(
          .put, "/policies/policy", Self.document("<authentication-certificate certificate-id=\"one\" />")
        ).status == 201)
      let refused = try await client.call(.put, "/certificates/one", #"{"properties":{"data":"\#(bare)"}}"#)
      #expect(refused.status == 400 && refused.body.text.contains("private key"))
      #expect(try await client.call(.put, "/certificates/bare", #"{"properties":{"data":"\#(bare)"}}"#).status == 201)
      let useless = try await client.call(
        .put, "/policies/policy", Self.document("<authentication-certificate certificate-id=\"bare\" />"))
      #expect(useless.status == 400 && useless.body.text.contains("has no private key"))
    }
  }

  @Test func `a gateway believes the authorities that it is given`() async throws {
    try await withCertificates { client, service, _, _ in
      let trusted = #"{"properties":{"isTrusted":true}}"#
      #expect(try await client.call(.put, "/gateways/managed/certificateAuthorities/none", trusted).status == 404)
      let made = try await client.call(.put, "/gateways/managed/certificateAuthorities/One", trusted)
      #expect(made.status == 201, "\(made.body.text)")
      let second = try await client.call(.put, "/gateways/managed/certificateAuthorities/two", #"{"properties":{}}"#)
      #expect(second.status == 201)
      let snapshot = try await snapshot(service)
      #expect(
        snapshot.gateway.certificateAuthorities
          == [.init(certificateID: "one", isTrusted: true), .init(certificateID: "two", isTrusted: false)])
      #expect(snapshot.certificates.map(\.id) == ["one", "two"])
      let listed = try await client.call(.get, "/gateways/managed/certificateAuthorities")
      #expect(listed.body["value"]?.arrayValue?.count == 2)
      #expect(try await client.call(.delete, "/certificates/one", headers: [.ifMatch: "*"]).status == 400)
      let path = "/gateways/managed/certificateAuthorities/one"
      #expect(try await client.call(.delete, path, headers: [.ifMatch: "*"]).status == 204)
      #expect(try await client.call(.delete, "/certificates/one", headers: [.ifMatch: "*"]).status == 204)
    }
  }
}
