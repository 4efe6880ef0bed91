import Crypto
import Foundation
import GatewayConfiguration
import Synchronization
import Testing

@testable import Gateway

/// Resolvers that ask Cosmos DB, over real sockets: a server that keeps items and lets nobody in whose signature is wrong.
struct CosmosDataSourceTests {
  /// What Cosmos DB's REST API does with the items of one container.
  private final class Container: Sendable {
    private let items = Mutex<[String: String]>([:])
    private let key: SymmetricKey

    init(key: Data) { self.key = SymmetricKey(data: key) }

    var ids: [String] { items.withLock { $0.keys.sorted() } }

    private static func answer(_ status: String, _ body: String, _ headers: String = "") -> String {
      "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    func answer(_ request: String) -> String {
      let parts = request.components(separatedBy: "\r\n\r\n")
      let lines = parts[0].components(separatedBy: "\r\n")
      let words = lines[0].components(separatedBy: " ")
      var headers: [String: String] = [:]
      for line in lines.dropFirst() {
        let pair = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
        headers[pair[0].lowercased()] = pair.count == 2 ? pair[1] : ""
      }
      let path = words[1].removingPercentEncoding ?? ""
      let item = path.hasPrefix("/dbs/staff/colls/people/docs/") ? String(path.dropFirst(29)) : nil
      guard item != nil || path == "/dbs/staff/colls/people/docs" else { return Self.answer("404 Not Found", "{}") }
      let link = item.map { "dbs/staff/colls/people/docs/\($0)" } ?? "dbs/staff/colls/people"
      let date = headers["x-ms-date"] ?? ""
      let signed = "\(words[0].lowercased())\ndocs\n\(link)\n\(date.lowercased())\n\n"
      let code = Data(HMAC<SHA256>.authenticationCode(for: Data(signed.utf8), using: key)).base64EncodedString()
      guard headers["authorization"]?.removingPercentEncoding == "type=master&ver=1.0&sig=\(code)",
        headers["x-ms-version"] == "2018-12-31"
      else { return Self.answer("401 Unauthorized", #"{"code":"Unauthorized"}"#) }
      return answer(words[0], item, headers, parts.dropFirst().joined())
    }

    private func answer(_ method: String, _ item: String?, _ headers: [String: String], _ body: String) -> String {
      items.withLock { items in
        if headers["x-ms-documentdb-isquery"] == "True" {
          // A page for each item.
          let ids = items.keys.sorted()
          let place = Int(headers["x-ms-continuation"] ?? "0") ?? 0
          let found = place < ids.count ? [items[ids[place]] ?? ""] : []
          let more = place + 1 < ids.count ? "x-ms-continuation: \(place + 1)\r\n" : ""
          return Self.answer("200 OK", #"{"_rid":"r","Documents":[\#(found.joined())],"_count":\#(found.count)}"#, more)
        }
        let id =
          item ?? ((try? JSONSerialization.jsonObject(with: Data(body.utf8))) as? [String: Any])?["id"] as? String ?? ""
        guard headers["x-ms-documentdb-partitionkey"] == "[\"\(id)\"]" else {
          return Self.answer("400 Bad Request", #"{"code":"BadRequest"}"#)
        }
        switch method {
        case "POST":
          if items[id] != nil, headers["x-ms-documentdb-is-upsert"] != "True" {
            return Self.answer("409 Conflict", "{}")
          }
          items[id] = body
          return Self.answer("201 Created", body)
        case "DELETE":
          guard items.removeValue(forKey: id) != nil else { return Self.answer("404 Not Found", "{}") }
          return "HTTP/1.1 204 No Content\r\n\r\n"
        default:
          return items[id].map { Self.answer("200 OK", $0) } ?? Self.answer("404 Not Found", #"{"code":"NotFound"}"#)
        }
      }
    }
  }

  private static let schema = """
    type Query { people: [Person!] person(id: ID!): Person }
    type Mutation { add(id: ID!, name: String): Person remove(id: ID!): Boolean }
    type Person { id: ID! name: String }
    """

  private static func api(port: Int, key: String) -> API {
    func resolver(_ path: String, _ request: String) -> GraphQLResolver {
      let text = """
        <cosmosdb-data-source>
          <connection-info>
            <connection-string>AccountEndpoint=http://127.0.0.1:\(port)/;AccountKey=\(key);</connection-string>
            <database-name>staff</database-name>
            <container-name>people</container-name>
          </connection-info>
          \(request)
        </cosmosdb-data-source>
        """
      return GraphQLResolver(id: path.replacing("/", with: "-"), path: path, policy: PolicyText(rawXML: text))
    }
    let id = #"@((string)context.GraphQL.Arguments["id"])"#
    let key = "<partition-key>\(id)</partition-key>"
    let resolvers = [
      resolver("Query/people", "<query-request/>"),
      resolver("Query/person", "<read-request><id>\(id)</id>\(key)</read-request>"),
      resolver("Mutation/add", "<write-request type=\"insert\">\(key)</write-request>"),
      resolver(
        "Mutation/remove",
        "<delete-request><id>\(id)</id>\(key)</delete-request><response><set-body>true</set-body></response>"),
    ]
    return API(
      id: "people", displayName: "People", path: "people", protocols: [.http], serviceURL: nil,
      subscriptionRequired: false, graphQL: GraphQLService(schema: Self.schema, resolvers: resolvers),
      policy: PolicyText(rawXML: "<policies><inbound/><backend><base/></backend><outbound/></policies>"))
  }

  private static func post(_ query: String) -> String {
    let body = #"{"query":"\#(query.replacing("\"", with: "\\\""))"}"#
    return
      "POST /people HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  @Test func `items are written, read, queried and deleted with signed requests`() async throws {
    let key = Data((0..<64).map { UInt8($0 * 3) })
    let container = Container(key: key)
    let backend = try await ScriptedBackend { container.answer($0) }
    try await RunningGateway.serving([Self.api(port: backend.port, key: key.base64EncodedString())]) { gateway in
      let client = try RawClient(port: gateway.httpPort)
      for (query, expected) in [
        (#"mutation { add(id: "b 2", name: "Bob") { id } }"#, #"{"data":{"add":{"id":"b 2"}}}"#),
        (#"mutation { add(id: "a1", name: "Ada") { name } }"#, #"{"data":{"add":{"name":"Ada"}}}"#),
        (#"{ person(id: "b 2") { name } }"#, #"{"data":{"person":{"name":"Bob"}}}"#),
        (#"{ person(id: "c3") { name } }"#, #"{"data":{"person":null}}"#),
        ("{ people { id name } }", #"{"data":{"people":[{"id":"a1","name":"Ada"},{"id":"b 2","name":"Bob"}]}}"#),
        (#"mutation { remove(id: "a1") }"#, #"{"data":{"remove":true}}"#),
        ("{ people { id } }", #"{"data":{"people":[{"id":"b 2"}]}}"#),
      ] {
        client.send(Self.post(query))
        #expect(client.answer()?.body == expected)
      }
      client.send(Self.post(#"mutation { add(id: "b 2", name: "Eve") { id } }"#))
      #expect(client.answer()?.body.contains("The data source answered 409.") == true)
    }
    #expect(container.ids == ["b 2"])
    await backend.stop()
  }

  @Test func `a wrong key is an error of the field, which tells nothing of the key`() async throws {
    let container = Container(key: Data("right".utf8))
    let backend = try await ScriptedBackend { container.answer($0) }
    let key = Data("wrong".utf8).base64EncodedString()
    try await RunningGateway.serving([Self.api(port: backend.port, key: key)]) { gateway in
      let client = try RawClient(port: gateway.httpPort)
      client.send(Self.post(#"{ person(id: "1") { id } }"#))
      let body = try #require(client.answer()?.body)
      #expect(body.contains("The data source answered 401."))
      #expect(!body.contains(key))
    }
    #expect(backend.received.count == 1)
    #expect(backend.received.allSatisfy { !$0.contains(key) })
    await backend.stop()
  }
}
