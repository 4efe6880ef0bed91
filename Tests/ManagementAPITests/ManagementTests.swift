import ControlPlaneStore
import Foundation
import GatewayConfiguration
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import ManagementAPI
import NIOCore
import Testing

/// The REST API as clients see it, without a network.
struct ManagementTests {
  private static let api = #"{"properties":{"displayName":"Time","path":"/time/","serviceUrl":"http://10.0.0.1"}}"#

  @Test func `resources are created, read, listed, changed and deleted with ETags`() async throws {
    try await withService { client, _ in
      let created = try await client.call(.put, "/apis/time", Self.api)
      #expect(created.status == 201)
      #expect(created.body["properties"]?["path"]?.stringValue == "time")
      #expect(created.body["id"]?.stringValue == ManagementService.resourceID + "/apis/time")
      #expect(try await client.call(.put, "/APIs/TIME", Self.api).status == 200)
      let read = try await client.call(.get, "/apis/time")
      let etag = try #require(read.etag)
      #expect(etag != created.etag)
      let list = try await client.call(.get, "/apis?$filter=displayName%20eq%20'time'")
      #expect(list.body["count"] == 1)
      #expect(try await client.call(.get, "/apis?$filter=displayName%20eq%20'x'").body["count"] == 0)
      let change = #"{"properties":{"displayName":"Clock"}}"#
      #expect(
        try await client.call(.patch, "/apis/time", change, headers: [.ifMatch: created.etag ?? ""]).status == 412)
      let changed = try await client.call(.patch, "/apis/time", change, headers: [.ifMatch: etag])
      #expect(changed.status == 200)
      #expect(changed.body["properties"]?["serviceUrl"] == "http://10.0.0.1")
      #expect(try await client.call(.delete, "/apis/time", headers: [.ifMatch: "*"]).status == 204)
      #expect(try await client.call(.get, "/apis/time").body["error"]?["code"] == "ResourceNotFound")
      #expect(try await client.call(.delete, "/apis/time").status == 204)
    }
  }

  @Test func `an API serves requests or WebSockets, not both`() async throws {
    try await withService { client, _ in
      func status(_ protocols: String) async throws -> Int {
        let properties = #""displayName":"Chat","path":"chat","serviceUrl":"wss://10.0.0.1/room""#
        return try await client.call(.put, "/apis/chat", #"{"properties":{\#(properties),"protocols":\#(protocols)}}"#)
          .status
      }
      let (sockets, mixed, unknown) = (
        try await status(#"["ws","wss"]"#), try await status(#"["wss","https"]"#), try await status(#"["ftp"]"#)
      )
      #expect(sockets == 201 && mixed == 400 && unknown == 400)
      // As Azure writes it.
      let typed = #""displayName":"Chat","path":"typed","serviceUrl":"wss://10.0.0.1","type":"websocket""#
      let made = try await client.call(.put, "/apis/typed", #"{"properties":{\#(typed),"protocols":["wss"]}}"#)
      #expect(made.status == 201 && made.body["properties"]?["type"] == "websocket")
      let other = try await client.call(.put, "/apis/typed", #"{"properties":{\#(typed),"protocols":["https"]}}"#)
      #expect(other.status == 400)
    }
  }

  @Test func `an API of gRPC is made from its definition, and made anew`() async throws {
    try await withService { client, _ in
      func put(_ definition: String, _ more: String = "") async throws -> Int {
        let properties = #""displayName":"Shop","path":"","serviceUrl":"https://10.0.0.1:5001""#
        return try await client.call(
          .put, "/apis/shop",
          #"{"properties":{\#(properties),"apiType":"grpc","format":"grpc","value":"\#(definition)"\#(more)}}"#
        ).status
      }
      func operations() async throws -> [String] {
        let list = try await client.call(.get, "/apis/shop/operations").body["value"]?.arrayValue ?? []
        return list.compactMap { $0["properties"]?["urlTemplate"]?.stringValue }.sorted()
      }
      let made = try await put("package a; service B { rpc C (D) returns (E); rpc F (stream D) returns (E); }")
      #expect(made == 201)
      let first = try await operations()
      #expect(first == ["/a.B/C", "/a.B/F"])
      let api = try await client.call(.get, "/apis/shop").body["properties"]
      #expect(api?["type"] == "grpc" && api?["value"] == nil && api?["format"] == nil && api?["apiType"] == nil)
      let again = try await put("package a; service B { rpc F (D) returns (E); }")
      let second = try await operations()
      #expect(again == 200 && second == ["/a.B/F"])
      let (broken, sockets) = (try await put("service B {"), try await put("", #","protocols":["wss"]"#))
      #expect(broken == 400 && sockets == 400)
    }
  }

  @Test func `bad input is refused with every reason`() async throws {
    try await withService { client, _ in
      let bad = try await client.call(.put, "/apis/x", #"{"properties":{"path":7,"colour":"red"}}"#)
      #expect(bad.status == 400)
      let targets = bad.body["error"]?["details"]?.arrayValue?.compactMap { $0["target"]?.stringValue }
      #expect(targets == ["colour", "displayName", "path"])
      #expect(try await client.call(.put, "/apis/x", "{").body["error"]?["code"] == "InvalidRequestContent")
      #expect(try await client.call(.put, "/products/none/apis/x").status == 404)
      #expect(
        try await client.call(.get, "/apis?$filter=displayName%20like%20'a'").body["error"]?["code"] == "InvalidFilter")
      #expect(try await client.call(.get, "/apis?$top=-1").status == 400)
      let stranger = Client(client: client.client, credential: "nobody")
      #expect(try await stranger.call(.get, "/apis").status == 401)
    }
  }

  @Test func `a policy that cannot run is refused with line and column`() async throws {
    try await withService { client, _ in
      _ = try await client.call(.put, "/apis/time", Self.api)
      let text =
        "<policies>\\n <inbound>\\n  <set-headr name='a' />\\n  <invoke-request />\\n </inbound>\\n</policies>"
      let body = #"{"properties":{"format":"rawxml","value":""# + text + #""}}"#
      let refused = try await client.call(.put, "/apis/time/policies/policy", body)
      #expect(refused.status == 400)
      let messages = refused.body["error"]?["details"]?.arrayValue?.compactMap { $0["message"]?.stringValue } ?? []
      #expect(messages.count == 2)
      #expect(messages.first?.hasPrefix("Line 3, column 4: PL0101") == true, "\(messages)")
      #expect(messages.first?.contains("Did you mean 'set-header'?") == true, "\(messages)")
      #expect(messages.last?.hasPrefix("Line 4, column 4: PL0132") == true, "\(messages)")
      #expect(try await client.call(.get, "/apis/time/policies/policy").status == 404)
    }
  }

  @Test func `a policy is shown in the form that is asked for`() async throws {
    try await withService { client, _ in
      let code = #"@(context.Request.Method == "GET" && 1 < 2 ? "a" : "b")"#
      let text = #"<policies><inbound><set-variable name="x" value="\#(code)" /></inbound></policies>"#
      let body = String(
        decoding: JSON.object(["properties": ["format": "rawxml", "value": .string(text)]]).bytes, as: UTF8.self)
      #expect(try await client.call(.put, "/policies/policy", body).status == 201)
      func shown(_ query: String) async throws -> (format: String?, value: String?) {
        let properties = try await client.call(.get, "/policies/policy\(query)").body["properties"]
        return (properties?["format"]?.stringValue, properties?["value"]?.stringValue)
      }
      let raw = try await shown("?format=rawxml")
      #expect(raw.format == "rawxml" && raw.value == text)
      let encoded = code.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\"", with: "&quot;")
      let xml = try await shown("")
      #expect(xml.format == "xml" && xml.value == text.replacing(code, with: encoded), "\(xml)")
      #expect(try await shown("?format=XML").value == xml.value)
      let list = try await client.call(.get, "/policies?format=rawxml").body["value"]?.arrayValue
      #expect(list?.first?["properties"]?["value"]?.stringValue == text)
      #expect(try await client.call(.get, "/policies/policy?format=json").status == 400)
      let again = JSON.object(["properties": ["format": "xml", "value": .string(xml.value ?? "")]])
      _ = try await client.call(.put, "/policies/policy", String(decoding: again.bytes, as: UTF8.self))
      #expect(try await shown("?format=rawxml").value == text)
    }
  }

  @Test func `secrets are shown by the listing calls alone`() async throws {
    try await withService { client, _ in
      _ = try await client.call(.put, "/products/staff", #"{"properties":{"displayName":"Staff","state":"published"}}"#)
      let body = #"{"properties":{"displayName":"Canteen","scope":"/products/staff"}}"#
      let created = try await client.call(.put, "/subscriptions/canteen", body)
      #expect(created.status == 201)
      #expect(created.body["properties"]?["primaryKey"] == nil)
      let secrets = try await client.call(.post, "/subscriptions/canteen/listSecrets")
      let key = try #require(secrets.body["primaryKey"]?.stringValue)
      #expect(key.count == 32)
      #expect(try await client.call(.post, "/subscriptions/canteen/regeneratePrimaryKey").status == 204)
      #expect(try await client.call(.post, "/subscriptions/canteen/listSecrets").body["primaryKey"]?.stringValue != key)
      _ = try await client.call(
        .put, "/namedValues/pin", #"{"properties":{"displayName":"pin","value":"1234","secret":true}}"#)
      #expect(try await client.call(.get, "/namedValues/pin").body["properties"]?["value"] == nil)
      #expect(try await client.call(.post, "/namedValues/pin/listValue").body["value"] == "1234")
    }
  }

  @Test func `a gateway's snapshot holds what it needs and its version changes only with it`() async throws {
    try await withService { client, service in
      _ = try await client.call(.put, "/apis/time", Self.api)
      _ = try await client.call(.put, "/apis/other", #"{"properties":{"displayName":"Other","path":"other"}}"#)
      #expect(try await client.call(.put, "/gateways/plant", #"{"properties":{}}"#).status == 400)
      _ = try await client.call(.put, "/gateways/plant", #"{"properties":{"locationData":{"name":"Hall 7"}}}"#)
      #expect(try await client.call(.put, "/gateways/plant/apis/time").status == 201)
      let first = try #require(try await service.publisher.current("plant"))
      #expect(first.snapshot.apis.map(\.id) == ["time"])
      let gateway = first.snapshot.gateway
      #expect(gateway.id == "plant" && gateway.location == "Hall 7" && gateway.replicaKey?.count == 32)
      _ = try await client.call(.put, "/apis/other", #"{"properties":{"displayName":"Else","path":"other"}}"#)
      #expect(try await service.publisher.current("plant")?.sealed.version == first.sealed.version)
      let managed = try #require(try await service.publisher.current("managed"))
      #expect(managed.snapshot.apis.count == 2)
      let waiting = Task {
        try await service.publisher.newer(than: first.sealed.version, gatewayID: "plant", waiting: .seconds(10))
      }
      try await Task.sleep(for: .milliseconds(50))
      let clock = ContinuousClock.now
      _ = try await client.call(.patch, "/apis/time", #"{"properties":{"displayName":"Clock"}}"#)
      let newer = try #require(try await waiting.value)
      #expect(newer.snapshot.apis.first?.displayName == "Clock")
      #expect(ContinuousClock.now - clock < .seconds(5))
      #expect(try await service.publisher.current("nowhere") == nil)
    }
  }

  @Test func `schemas and what operations say of their messages reach the gateway`() async throws {
    try await withService { client, service in
      _ = try await client.call(.put, "/apis/time", Self.api)
      let schema =
        #"{"properties":{"contentType":"application/vnd.oai.openapi.components+json","document":{"components":{"schemas":{"Now":{"type":"#
      #expect(try await client.call(.put, "/apis/time/schemas/clock", schema + #""integer"}}}}}}"#).status == 201)
      let broken = try await client.call(.put, "/apis/time/schemas/broken", schema + #""integr"}}}}}}"#)
      #expect(broken.status == 400)
      #expect(
        broken.body["error"]?["details"]?.arrayValue?.first?["message"]
          == "/components/schemas/Now/type: 'type' names no type of JSON.")
      let xml =
        #"{"properties":{"schemaType":"xml","value":"<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'/>"}}"#
      #expect(try await client.call(.put, "/schemas/order", xml).status == 201)
      #expect(try await client.call(.put, "/schemas/order", #"{"properties":{"schemaType":"xml"}}"#).status == 400)
      #expect(try await client.call(.get, "/schemas/order").body["properties"]?["schemaType"] == "xml")
      let operation =
        #"{"properties":{"displayName":"Now","method":"GET","urlTemplate":"/now","responses":[{"statusCode":"#
      #expect(try await client.call(.put, "/apis/time/operations/now", operation + #""ok"}]}}"#).status == 400)
      #expect(try await client.call(.put, "/apis/time/operations/now", operation + "200}]}}").status == 201)
      let snapshot = try #require(try await service.publisher.current("managed")?.snapshot)
      #expect(snapshot.apis.first?.schemas.map(\.id) == ["clock"])
      #expect(snapshot.apis.first?.schemas.first?.text == #"{"components":{"schemas":{"Now":{"type":"integer"}}}}"#)
      #expect(snapshot.schemas.map(\.kind) == [.xml])
      #expect(
        snapshot.apis.first?.operations.first?.contract
          == OperationContract(json: #"{"responses":[{"statusCode":200}]}"#))
      let policy =
        "<policies><inbound><validate-content unspecified-content-type-action='ignore' max-size='1' size-exceeded-action='ignore'><content type='a/b' validate-as='xml' schema-id=\\\"order\\\" action='prevent' /></validate-content></inbound></policies>"
      func put(_ policy: String) async throws -> Int {
        try await client.call(.put, "/policies/policy", #"{"properties":{"format":"rawxml","value":"\#(policy)"}}"#)
          .status
      }
      #expect(try await put(policy.replacing("order", with: "orders")) == 400)
      #expect(try await put(policy) == 201)
      #expect(try await client.call(.delete, "/schemas/order").status == 400)
      #expect(try await client.call(.delete, "/apis/time/schemas/clock").status == 204)
    }
  }

  @Test func `a deployment's token is the gateway's and ends within thirty days`() async throws {
    try await withService { client, service in
      _ = try await client.call(.put, "/gateways/plant", #"{"properties":{"locationData":{"name":"Hall 7"}}}"#)
      func deploy(_ days: Double) async throws -> Answer {
        let expiry = Date.now.addingTimeInterval(days * 86_400).formatted(.iso8601)
        return try await client.call(
          .post, "/gateways/plant/getDeployment", #"{"keyType":"primary","expiry":"\#(expiry)"}"#)
      }
      #expect(try await deploy(31).status == 400)
      #expect(try await deploy(-1).status == 400)
      let file = try #require(try await deploy(29).body["environmentFile"]?.stringValue)
      #expect(file.contains("config.service.endpoint=https://service:9443\n"))
      #expect(file.contains("config.service.endpoint.certificateAuthority=AQID\n"))
      let line = try #require(file.split(separator: "\n").first { $0.hasPrefix("config.service.auth=") })
      let token = try #require(GatewayToken(String(line.dropFirst("config.service.auth=".count))))
      let keys = try await client.call(.post, "/gateways/plant/listKeys")
      #expect(token.isSigned(with: try #require(Data(base64Encoded: keys.body["primary"]?.stringValue ?? ""))))
      #expect(!token.isSigned(with: try #require(Data(base64Encoded: keys.body["secondary"]?.stringValue ?? ""))))
    }
  }
}
