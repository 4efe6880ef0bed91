import ControlPlaneStore
import Foundation
import GatewayConfiguration
import HTTPTypes
import ManagementAPI
import Testing

/// `listDebugCredentials`, `listTrace`, and what gateways deliver for them.
struct TraceResourceTests {
  private static let api = "\(ManagementService.resourceID)/apis/time"

  private static func body(_ api: String = api, _ more: String = "") -> String {
    #"{"apiId":"\#(api)","purposes":["tracing"]\#(more)}"#
  }

  private func withAPI(_ body: @escaping @Sendable (Client, ManagementService) async throws -> Void) async throws {
    try await withService { client, service in
      _ = try await client.call(
        .put, "/apis/time", #"{"properties":{"displayName":"T","path":"time","protocols":["http"]}}"#)
      try await body(client, service)
    }
  }

  @Test func `a credential is for one API of one gateway, for an hour at most`() async throws {
    try await withAPI { client, service in
      let answer = try await client.call(.post, "/gateways/managed/listDebugCredentials", Self.body())
      let text = try #require(answer.body["token"]?.stringValue)
      let credential = try #require(DebugCredential(text))
      let now = Int64(Date.now.timeIntervalSince1970)
      #expect(answer.status == 200 && credential.apiID == "time" && credential.workspaceID == nil)
      #expect((3_540...3_600).contains(credential.expirySeconds - now))
      let snapshot = try #require(try await service.publisher.current("managed")?.snapshot)
      let key = try #require(snapshot.gateway.debugKey)
      #expect(key.count == 32 && credential.isSigned(with: key))
      // Another gateway has another key.
      _ = try await client.call(.put, "/gateways/plant", #"{"properties":{"locationData":{"name":"x"}}}"#)
      let other = try await service.publisher.current("plant")?.snapshot.gateway.debugKey
      #expect(other != key && credential.isSigned(with: other ?? Data()) == false)
      let short = try await client.call(
        .post, "/gateways/plant/listDebugCredentials", Self.body(Self.api, #","credentialsExpireAfter":"PT10M""#))
      let seconds = try #require(short.body["token"]?.stringValue.flatMap { DebugCredential($0) }).expirySeconds - now
      #expect((540...610).contains(seconds))
    }
  }

  @Test(arguments: [
    "{}", body("/apis/nope/operations/x"), body("time"), body(api, #","credentialsExpireAfter":"PT2H""#),
    body(api, #","credentialsExpireAfter":"an hour""#), #"{"apiId":"\#(api)","purposes":["spying"]}"#,
    #"{"apiId":"\#(api)"}"#,
  ]) func `what a credential cannot be made of is refused`(_ text: String) async throws {
    try await withAPI { client, _ in
      let answer = try await client.call(.post, "/gateways/managed/listDebugCredentials", text)
      #expect(answer.status == 400 && answer.body["error"]?["code"] == "ValidationError")
    }
  }

  @Test func `the API and the gateway must exist, and the caller be the administrator`() async throws {
    try await withAPI { client, _ in
      let missing = Self.body("\(ManagementService.resourceID)/apis/never")
      for (path, body, status) in [
        ("managed/listDebugCredentials", missing, 404), ("never/listDebugCredentials", Self.body(), 404),
        ("never/listTrace", #"{"traceId":"a"}"#, 404), ("managed/listTrace", "{}", 400),
      ] {
        let answer = try await client.call(.post, "/gateways/\(path)", body)
        #expect(answer.status == status)
        let other = Client(client: client.client, credential: "nobody")
        let refused = try await other.call(.post, "/gateways/\(path)", body)
        #expect(refused.status == 401)
      }
    }
  }

  @Test func `the last hundred traces of a gateway are kept, and one on its way is waited for`() async throws {
    try await withAPI { client, service in
      for number in 0...100 {
        service.traces.add(Array(#"{"traceId":"t\#(number)"}"#.utf8), id: "t\(number)", gatewayID: "Managed")
      }
      func list(_ id: String) async throws -> (status: Int, body: JSON) {
        let answer = try await client.call(.post, "/gateways/managed/listTrace", #"{"traceId":"\#(id)"}"#)
        return (answer.status, answer.body)
      }
      #expect(try await list("t1").body == ["traceId": "t1"])
      #expect(try await list("t100").status == 200)
      #expect(try await list("t0").status == 404)
      async let late = list("late")
      try await Task.sleep(for: .milliseconds(200))
      service.traces.add(Array(#"{"traceId":"late"}"#.utf8), id: "late", gatewayID: "managed")
      #expect(try await late.status == 200)
    }
  }
}
