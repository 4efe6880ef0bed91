import Foundation
import GatewayConfiguration
import Testing

@testable import Gateway

/// APIs of OData through a gateway, over real sockets.
struct ODataTests {
  private static let metadata = """
    <edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
    <Schema Namespace="Shop" xmlns="http://docs.oasis-open.org/odata/ns/edm">
    <EntityType Name="Product"><Key><PropertyRef Name="ID"/></Key><Property Name="ID" Type="Edm.Int32"/></EntityType>
    <EntityContainer Name="C"><EntitySet Name="Products" EntityType="Shop.Product"/></EntityContainer>
    </Schema></edmx:DataServices></edmx:Edmx>
    """

  @Test func `an API without operations passes on what its model knows`() async throws {
    let backend = try await ScriptedBackend { _ in "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" }
    let api = API(
      id: "shop", displayName: "Shop", path: "shop", protocols: [.http],
      serviceURL: "http://127.0.0.1:\(backend.port)/odata", subscriptionRequired: false,
      odata: ODataService(metadata: Self.metadata),
      policy: PolicyText(
        rawXML: "<policies><inbound><validate-odata-request/></inbound><backend><base/></backend><outbound/></policies>"
      ))
    try await RunningGateway.serving([api]) { gateway in
      let client = try RawClient(port: gateway.httpPort)
      for (target, status) in [
        ("/shop/Products(1)/ID", 200), ("/shop", 200), ("/shop/", 200), ("/shop/Products?$select=ID", 200),
        ("/shop/Product", 400), ("/shop/Products?$select=Id", 400), ("/shop/Products(Key=1)", 400),
      ] {
        client.send("GET \(target) HTTP/1.1\r\nHost: gateway\r\n\r\n")
        #expect(client.answer()?.status == status, "\(target)")
      }
      client.send("DELETE /shop/Products(1) HTTP/1.1\r\nHost: gateway\r\n\r\n")
      #expect(client.answer()?.status == 200)
    }
    await backend.stop()
  }
}
