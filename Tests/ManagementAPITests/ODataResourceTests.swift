import ControlPlaneStore
import Foundation
import GatewayConfiguration
import HTTPTypes
import ManagementAPI
import Testing

/// APIs of OData as clients of the management API make them.
struct ODataResourceTests {
  private static let api =
    #"{"properties":{"displayName":"Shop","path":"shop","type":"odata","subscriptionRequired":false}}"#

  private static func metadata(base: String = "") -> String {
    """
    <edmx:Edmx Version='4.0' xmlns:edmx='http://docs.oasis-open.org/odata/ns/edmx'><edmx:DataServices>\
    <Schema Namespace='Shop' xmlns='http://docs.oasis-open.org/odata/ns/edm'>\
    <EntityType Name='Product'\(base)><Key><PropertyRef Name='ID'/></Key><Property Name='ID' Type='Edm.Int32'/></EntityType>\
    <EntityContainer Name='C'><EntitySet Name='Products' EntityType='Shop.Product'/></EntityContainer>\
    </Schema></edmx:DataServices></edmx:Edmx>
    """
  }

  private static func schema(_ text: String) -> String {
    #"{"properties":{"contentType":"application/vnd.ms-azure-apim.odata.schema","document":{"value":"\#(text)"}}}"#
  }

  @Test func `the metadata of an API of OData reaches the gateway`() async throws {
    try await withService { client, service in
      #expect(try await client.call(.put, "/apis/shop", Self.api).status == 201)
      let before = try #require(try await service.publisher.current("managed")).snapshot
      #expect(before.apis.first?.odata == ODataService())
      let answer = try await client.call(.put, "/apis/shop/schemas/metadata", Self.schema(Self.metadata()))
      #expect(answer.status == 201)
      let snapshot = try #require(try await service.publisher.current("managed")).snapshot
      #expect(snapshot.apis.first?.odata?.metadata == Self.metadata())
      #expect(snapshot.apis.first?.schemas.isEmpty == true)
      #expect(try await client.call(.delete, "/apis/shop/schemas/metadata").status == 204)
    }
  }

  @Test func `an API is made from its metadata, which takes the place of what was there`() async throws {
    try await withService { client, service in
      func api(_ metadata: String) -> String {
        let text = #""displayName":"Shop","path":"shop","format":"odata""#
        return #"{"properties":{\#(text),"value":"\#(metadata)"}}"#
      }
      #expect(try await client.call(.put, "/apis/shop", api(Self.metadata())).status == 201)
      let made = try await client.call(.get, "/apis/shop").body["properties"]
      #expect(made?["type"] == "odata" && made?["value"] == nil && made?["format"] == nil)
      let schema = try await client.call(.get, "/apis/shop/schemas/metadata").body["properties"]
      #expect(schema?["contentType"] == "application/vnd.ms-azure-apim.odata.schema")
      #expect(schema?["document"]?["value"]?.stringValue == Self.metadata())
      // One of another name would be the first.
      #expect(try await client.call(.put, "/apis/shop/schemas/a", Self.schema(Self.metadata())).status == 201)
      let other = Self.metadata(base: " OpenType='true'")
      #expect(try await client.call(.put, "/apis/shop", api(other)).status == 200)
      #expect(try await client.call(.get, "/apis/shop/schemas/a").status == 404)
      let snapshot = try #require(try await service.publisher.current("managed")).snapshot
      #expect(snapshot.apis.first?.odata?.metadata == other)
      let refused = try await client.call(.put, "/apis/shop", api(Self.metadata(base: " BaseType='Shop.X'")))
      let detail = refused.body["error"]?["details"]?.arrayValue?.first
      #expect(refused.status == 400 && detail?["target"] == "value")
      #expect(detail?["message"] == "The BaseType 'Shop.X' of 'Shop.Product' is not known.")
    }
  }

  @Test func `metadata that cannot be used is refused with its reason`() async throws {
    try await withService { client, _ in
      _ = try await client.call(.put, "/apis/shop", Self.api)
      func message(_ text: String) async throws -> String? {
        let answer = try await client.call(.put, "/apis/shop/schemas/metadata", Self.schema(text))
        #expect(answer.status == 400)
        return answer.body["error"]?["details"]?.arrayValue?.first?["message"]?.stringValue
      }
      let circle = try await message(Self.metadata(base: " BaseType='Shop.Product'"))
      #expect(circle == "The base types of 'Shop.Product' lead in a circle.")
      #expect(try await message("") == "Root element is missing.")
      let json = try await message("{}")
      #expect(json?.contains("Data at the root level is invalid.") == true)
    }
  }
}
