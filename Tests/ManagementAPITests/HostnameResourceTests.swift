import ControlPlaneStore
import Foundation
import GatewayConfiguration
import HTTPTypes
import ManagementAPI
import Testing

/// Hostname configurations of gateways: what they demand, what they keep, and what the gateway gets of them.
struct HostnameResourceTests {
  private static let path = "/gateways/plant/hostnameConfigurations"

  private static func document(_ hostname: String, _ certificate: String = "/certificates/web", _ more: String = "")
    -> String
  {
    #"{"properties":{"hostname":"\#(hostname)","certificateId":"\#(certificate)"\#(more)}}"#
  }

  /// A service with the gateway `plant` and the certificate `web`, and a further PKCS#12 file.
  private func withCertificate(
    _ body: @escaping @Sendable (Client, ManagementService, _ another: String) async throws -> Void
  ) async throws {
    let files = [try await PKCS12.make(password: "open"), try await PKCS12.make(password: "open")]
    try await withService { client, service in
      let made = try await client.call(
        .put, "/certificates/web", #"{"properties":{"data":"\#(files[0])","password":"open"}}"#)
      #expect(made.status == 201, "\(made.body.text)")
      let gateway = #"{"properties":{"locationData":{"name":"Hall 7"}}}"#
      #expect(try await client.call(.put, "/gateways/plant", gateway).status == 201)
      try await body(client, service, files[1])
    }
  }

  private func snapshot(_ service: ManagementService, _ gateway: String = "plant") async throws -> Snapshot {
    try #require(try await service.publisher.current(gateway)).snapshot
  }

  @Test func `a hostname configuration is made, read, listed, changed and deleted with ETags`() async throws {
    try await withCertificate { client, _, _ in
      let path = "\(Self.path)/web"
      let full = ManagementService.resourceID + "/certificates/web"
      let created = try await client.call(.put, path, Self.document("API.Contoso.com", full))
      #expect(created.status == 201, "\(created.body.text)")
      #expect(created.body["id"]?.stringValue == ManagementService.resourceID + path)
      #expect(
        created.body["type"] == "Microsoft.ApiManagement/service/gateways/hostnameConfigurations",
        "\(created.body.text)")
      #expect(
        created.body["properties"]
          == [
            "hostname": "api.contoso.com", "certificateId": .string(full), "negotiateClientCertificate": false,
            "tls10Enabled": false, "tls11Enabled": false, "http2Enabled": true,
          ])
      let head = try await client.call(.head, path)
      #expect(head.status == 200 && head.etag == created.etag)
      let listed = try await client.call(.get, Self.path)
      #expect(listed.body["value"]?.arrayValue?.count == 1)
      let change = Self.document("*.contoso.com", "/certificates/WEB", #","tls11Enabled":true,"http2Enabled":false"#)
      let late = try await client.call(.put, path, change, headers: [.ifMatch: "\"0\""])
      #expect(late.status == 412)
      let changed = try await client.call(.put, path, change, headers: [.ifMatch: created.etag ?? ""])
      #expect(changed.status == 200, "\(changed.body.text)")
      let read = try await client.call(.get, path)
      #expect(read.body["properties"]?["hostname"] == "*.contoso.com")
      #expect(read.body["properties"]?["certificateId"]?.stringValue == full)
      #expect(try await client.call(.delete, path, headers: [.ifMatch: "*"]).status == 204)
      #expect(try await client.call(.get, path).status == 404)
    }
  }

  @Test func `what cannot be served is refused with its reason`() async throws {
    try await withCertificate { client, _, _ in
      let bare = try await PKCS12.bare()
      #expect(try await client.call(.put, "/certificates/bare", #"{"properties":{"data":"\#(bare)"}}"#).status == 201)
      for (document, target, text) in [
        (Self.document("api*.contoso.com"), "hostname", "is no hostname"),
        (Self.document("münchen.de"), "hostname", "is no hostname"),
        (Self.document("https://contoso.com"), "hostname", "is no hostname"),
        (Self.document("a", "/certificates/none"), "certificateId", "is no certificate"),
        (Self.document("a", "/apis/web"), "certificateId", "is no certificate"),
        (Self.document("a", "/workspaces/w/certificates/web"), "certificateId", "is no certificate"),
        (Self.document("a", "web"), "certificateId", "is no certificate"),
        (Self.document("a", "/certificates/bare"), "certificateId", "has no private key"),
        (#"{"properties":{"hostname":"a"}}"#, "certificateId", "is required"),
        (#"{"properties":{"certificateId":"/certificates/web"}}"#, "hostname", "is required"),
        (Self.document("a", "/certificates/web", #","tls10Enabled":"yes""#), "tls10Enabled", "must be true or false"),
        (Self.document("a", "/certificates/web", #","tls12Enabled":true"#), "tls12Enabled", "no property"),
      ] {
        let refused = try await client.call(.put, "\(Self.path)/x", document)
        let detail = refused.body["error"]?["details"]?.arrayValue?.first
        #expect(refused.status == 400 && detail?["target"]?.stringValue == target, "\(refused.body.text)")
        #expect(detail?["message"]?.stringValue?.contains(text) == true, "\(refused.body.text)")
      }
      #expect(try await client.call(.put, "\(Self.path)/one", Self.document("contoso.com")).status == 201)
      let twice = try await client.call(.put, "\(Self.path)/two", Self.document("Contoso.com"))
      #expect(twice.status == 400 && twice.body.text.contains("'one' is for 'contoso.com' already"))
      #expect(try await client.call(.put, "\(Self.path)/one", Self.document("contoso.com")).status == 200)
      let elsewhere = "/gateways/managed/hostnameConfigurations/one"
      #expect(try await client.call(.put, elsewhere, Self.document("contoso.com")).status == 201)
      let nowhere = "/gateways/none/hostnameConfigurations/one"
      #expect(try await client.call(.put, nowhere, Self.document("contoso.com")).status == 404)
    }
  }

  @Test func `a certificate that is shown stays, and is renewed with its key`() async throws {
    try await withCertificate { client, _, another in
      let path = "\(Self.path)/site"
      #expect(try await client.call(.put, path, Self.document("*")).status == 201)
      let refused = try await client.call(.delete, "/certificates/web", headers: [.ifMatch: "*"])
      #expect(refused.status == 400)
      #expect(
        refused.body.text.contains("used by the hostname configuration 'site' of the gateway 'plant'"),
        "\(refused.body.text)")
      let bare = try await PKCS12.bare()
      let keyless = try await client.call(.put, "/certificates/web", #"{"properties":{"data":"\#(bare)"}}"#)
      #expect(keyless.status == 400 && keyless.body.text.contains("hostname configuration 'site'"))
      let renewed = #"{"properties":{"data":"\#(another)","password":"open"}}"#
      #expect(try await client.call(.put, "/certificates/web", renewed).status == 200)
      #expect(try await client.call(.delete, path, headers: [.ifMatch: "*"]).status == 204)
      #expect(try await client.call(.delete, "/certificates/web", headers: [.ifMatch: "*"]).status == 204)
    }
  }

  @Test func `the gateway gets the configuration with the key, and no other gateway does`() async throws {
    try await withCertificate { client, service, another in
      #expect(try await snapshot(service).certificates.isEmpty)
      let document = Self.document(
        "*.contoso.com", "/certificates/WEB", #","negotiateClientCertificate":true,"tls10Enabled":true"#)
      #expect(try await client.call(.put, "\(Self.path)/site", document).status == 201)
      let first = try await snapshot(service)
      #expect(
        first.gateway.hostnameConfigurations
          == [
            HostnameConfiguration(
              id: "site", hostname: "*.contoso.com", certificateID: "web", negotiateClientCertificate: true,
              tls10Enabled: true)
          ])
      #expect(first.certificates.map(\.id) == ["web"] && first.certificates.first?.privateKeyPEM != nil)
      let managed = try await snapshot(service, "managed")
      #expect(managed.certificates.isEmpty && managed.gateway.hostnameConfigurations.isEmpty)
      let renewed = #"{"properties":{"data":"\#(another)","password":"open"}}"#
      #expect(try await client.call(.put, "/certificates/web", renewed).status == 200)
      let second = try await snapshot(service)
      #expect(second.version > first.version && second.certificates != first.certificates)
      #expect(try await client.call(.delete, "/gateways/plant", headers: [.ifMatch: "*"]).status == 204)
      #expect(try await client.call(.delete, "/certificates/web", headers: [.ifMatch: "*"]).status == 204)
    }
  }
}
