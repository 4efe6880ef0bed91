import Foundation
import GatewayConfiguration
import Telemetry
import Testing

@testable import Gateway

/// What is said of a request that no operation takes: to the caller nothing but where the gateway is told to, in its record
/// always.
struct NotFoundTests {
  private static func api(
    _ id: String, path: String, methods: [String] = ["GET"], template: String = "/now",
    _ scheme: VersionSet.Scheme? = nil,
    parameter: String? = nil, version: String? = nil, protocols: Set<API.Scheme> = [.http, .https]
  ) -> API {
    var api = API(
      id: id, displayName: id, path: path, protocols: protocols, subscriptionRequired: false,
      operations: methods.map { Operation(id: $0.lowercased(), displayName: $0, method: $0, urlTemplate: template) })
    api.version = version
    api.versionSet = scheme.map { VersionSet(id: "set", scheme: $0, parameterName: parameter) }
    return api
  }

  private static let apis = [
    api("time", path: "time", methods: ["GET", "HEAD"], template: "/zones/{zone}"),
    api("secret", path: "secure", protocols: [.https]),
    api("one", path: "orders", .header, parameter: "Api-Version", version: "v1"),
    api("two", path: "orders", .header, parameter: "Api-Version", version: "v2"),
    api("three", path: "bills", .query, parameter: "v", version: "2024"),
    api("deep", path: "time/deep/down"),
    api("asks", path: "asks", template: "/now?zone={zone}"),
  ]

  private static let cases: [(line: String, reason: String)] = [
    ("GET /other", "No API has a path with which '/other' begins."),
    ("GET /timely/zones/utc", "No API has a path with which '/timely/zones/utc' begins."),
    ("GET /time/later", "API 'time' has the path, but none of its 2 operations has a template for '/later'."),
    ("DELETE /time/zones/utc", "API 'time' has the path, but '/zones/utc' takes GET, HEAD, not DELETE."),
    ("GET /time/deep/down/under", "API 'deep' has the path, but none of its 1 operations has a template for '/under'."),
    ("GET /asks/now?zones=7", "API 'asks' has the path, but '/now?zone={zone}' asks for another query."),
    ("GET /secure/now", "API 'secret' takes https, and the request came over http."),
    (
      "GET /orders/now",
      "API 'one' (version 'v1') is not the version that the request asks for: its header 'Api-Version' is missing. "
        + "API 'two' (version 'v2') is not the version that the request asks for: its header 'Api-Version' is missing."
    ),
    (
      "GET /bills/now?v=2023",
      "API 'three' (version '2024') is not the version that the request asks for: its parameter 'v' is '2023'."
    ),
  ]

  @Test(arguments: [true, false]) func `the record says which part did not match, and the answer where it may`(
    isShown: Bool
  ) async throws {
    try await RunningGateway.serving(Self.apis, explainsNotFound: isShown) { gateway in
      let client = try RawClient(port: gateway.httpPort)
      for (line, reason) in Self.cases {
        client.send("\(line) HTTP/1.1\r\nHost: g\r\n\r\n")
        let answer = try #require(client.answer())
        #expect(answer.status == 404 && answer.body == "{ \"statusCode\": 404, \"message\": \"Resource not found\" }")
        #expect(answer.header("Postern-Not-Found") == (isShown ? reason : nil))
      }
      await gateway.server.drain(milliseconds: 0)
      #expect(
        gateway.records.all.map { $0.errors.first?.message ?? "" }
          == Self.cases.map { "Unable to match incoming request to an operation. \($0.reason)" })
      #expect(gateway.records.all.allSatisfy { $0.errors.first?.reason == "OperationNotFound" })
    }
  }

  @Test func `a path of any bytes makes no header that is none`() async throws {
    try await RunningGateway.serving(Self.apis, explainsNotFound: true) { gateway in
      let client = try RawClient(port: gateway.httpPort)
      client.send("GET /t\u{e4}g/\(String(repeating: "x", count: 9_000)) HTTP/1.1\r\nHost: g\r\n\r\n")
      let answer = try #require(client.answer())
      #expect([400, 404].contains(answer.status))
      #expect((answer.header("Postern-Not-Found") ?? "").utf8.count < 400)
    }
  }
}
