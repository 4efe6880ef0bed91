import ControlPlaneStore
import Foundation
import HTTPTypes
import ManagementAPI
import Testing

/// Schemas that refer to each other, as clients of the management API make them.
struct SchemaResourceTests {
  private static func xml(_ content: String) -> String {
    let text = "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>\(content)</xs:schema>"
    return #"{"properties":{"schemaType":"xml","value":"\#(text)"}}"#
  }

  private static func message(_ answer: Answer) -> String? {
    answer.body["error"]?["details"]?.arrayValue?.first?["message"]?.stringValue
      ?? answer.body["error"]?["message"]?.stringValue
  }

  @Test func `an include that leads nowhere is refused, and what others include is neither deleted nor broken`()
    async throws
  {
    try await withService { client, service in
      let order = Self.xml("<xs:include schemaLocation='/schemas/parts'/><xs:element name='order' type='T'/>")
      let early = try await client.call(.put, "/schemas/order", order)
      #expect(early.status == 400)
      #expect(Self.message(early) == "line 1: The include of '/schemas/parts' leads to no schema.")
      let parts = Self.xml("<xs:simpleType name='T'><xs:restriction base='xs:int'/></xs:simpleType>")
      #expect(try await client.call(.put, "/schemas/Parts", parts).status == 201)
      #expect(try await client.call(.put, "/schemas/order", order).status == 201)
      let broken = try await client.call(.put, "/schemas/parts", Self.xml(""))
      #expect(broken.status == 400)
      #expect(
        Self.message(broken)?.hasPrefix("Schema 'order', which refers to this one, could no longer be used: ") == true)
      let deletion = try await client.call(.delete, "/schemas/parts")
      #expect(deletion.status == 400)
      #expect(Self.message(deletion)?.contains("is used by the schema 'order'") == true)
      #expect(try await client.call(.delete, "/schemas/order").status == 204)
      #expect(try await client.call(.delete, "/schemas/parts").status == 204)
      #expect(try await service.list("schemas").isEmpty)
    }
  }

  @Test func `schemas of an API refer to each other and to those of the service`() async throws {
    try await withService { client, _ in
      let api = #"{"properties":{"displayName":"Shop","path":"shop"}}"#
      #expect(try await client.call(.put, "/apis/shop", api).status == 201)
      func schema(_ document: String) -> String {
        #"{"properties":{"contentType":"application/json","document":\#(document)}}"#
      }
      let order = schema(##"{"definitions":{"Order":{"$ref":"line#/definitions/Line"}}}"##)
      let line = schema(##"{"definitions":{"Line":{"$ref":"/schemas/money#/definitions/Amount"}}}"##)
      let money = #"{"properties":{"schemaType":"json","document":{"definitions":{"Amount":{"type":"number"}}}}}"#
      let early = try await client.call(.put, "/apis/shop/schemas/order", order)
      #expect(Self.message(early)?.hasSuffix("The reference 'line#/definitions/Line' leads to no schema.") == true)
      #expect(try await client.call(.put, "/schemas/money", money).status == 201)
      #expect(try await client.call(.put, "/apis/shop/schemas/line", line).status == 201)
      #expect(try await client.call(.put, "/apis/shop/schemas/order", order).status == 201)
      let broken = try await client.call(
        .put, "/schemas/money", money.replacingOccurrences(of: "Amount", with: "Sum"))
      #expect(broken.status == 400)
      #expect(Self.message(broken)?.contains("leads nowhere") == true)
      #expect(try await client.call(.delete, "/schemas/money").status == 400)
      #expect(try await client.call(.delete, "/apis/shop/schemas/line").status == 400)
      #expect(try await client.call(.delete, "/apis/shop/schemas/order").status == 204)
      #expect(try await client.call(.delete, "/apis/shop/schemas/line").status == 204)
      #expect(try await client.call(.delete, "/schemas/money").status == 204)
    }
  }
}
