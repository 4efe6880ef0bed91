import Foundation
import GatewayConfiguration
import NIOCore
import Testing

@testable import Gateway

/// An API of people whose `createUser` is told to those who subscribe to `onUserCreated`.
enum People {
  static let schema = """
    type Query { user: User }
    type Mutation { createUser(name: String!): User }
    type Subscription { onUserCreated: User! onNothing: Int }
    type User { id: Int! name: String! secret: String friends: [User!] }
    """

  static func resolver(_ path: String, _ url: String, _ response: String = "") -> GraphQLResolver {
    let text = """
      <http-data-source>
        <http-request><set-method>POST</set-method><set-url>\(url)</set-url></http-request>
        \(response.isEmpty ? "" : "<http-response>\(response)</http-response>")
      </http-data-source>
      """
    return GraphQLResolver(id: path.replacing("/", with: "-"), path: path, policy: PolicyText(rawXML: text))
  }

  static let publishing =
    "<publish-event><targets><graphql-subscription id=\"onUserCreated\" /></targets></publish-event>"

  static func api(
    _ port: Int, inbound: String = "", outbound: String = "", requiresKey: Bool = false, schema: String = People.schema
  ) -> API {
    API(
      id: "people", displayName: "People", path: "people", protocols: [.http], subscriptionRequired: requiresKey,
      graphQL: GraphQLService(
        schema: schema,
        resolvers: [
          resolver("Mutation/createUser", "http://127.0.0.1:\(port)/create", publishing),
          resolver("User/friends", "http://127.0.0.1:\(port)/friends", publishing),
        ]),
      policy: PolicyText(
        rawXML:
          "<policies><inbound>\(inbound)</inbound><backend><base/></backend><outbound>\(outbound)</outbound></policies>"
      ))
  }

  /// What the service behind the resolvers answers: a user as it is told to make one.
  static func answer(_ request: String) -> String {
    func made(_ body: String, _ status: String = "200 OK") -> String {
      "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }
    if request.contains("/friends") { return made(#"[{"id":8,"name":"Friend"}]"#) }
    if request.contains("broken") { return made("{}", "500 Oops") }
    guard let name = request.firstMatch(of: /"name":"([^"]*)"/)?.1 else { return made("{}", "400 Bad Request") }
    let size = Int(name.split(separator: "x").last ?? "") ?? 0
    return made(#"{"id":7,"name":"\#(name)","secret":"\#(String(repeating: "s", count: size))"}"#)
  }

  /// A busy machine may take its time between a client that opens its connection and the test that lets it speak.
  static var patient: ClientTimeouts {
    var timeouts = ClientTimeouts()
    timeouts.introduction = .minutes(2)
    return timeouts
  }

  static func serving(
    inbound: String = "", outbound: String = "", requiresKey: Bool = false, schema: String = People.schema,
    threads: Int = 1,
    timeouts: ClientTimeouts = patient, _ body: (RunningGateway) async throws -> Void
  ) async throws {
    let backend = try await ScriptedBackend { Self.answer($0) }
    let api = Self.api(backend.port, inbound: inbound, outbound: outbound, requiresKey: requiresKey, schema: schema)
    try await RunningGateway.serving([api], timeouts: timeouts, threads: threads, body)
    await backend.stop()
  }

  static func create(_ gateway: RunningGateway, _ names: String..., key: String = "") async throws {
    let client = try RawClient(port: gateway.httpPort)
    for name in names {
      let body = #"{"query":"mutation { createUser(name: \"\#(name)\") { id } }"}"#
      client.send(
        "POST /people HTTP/1.1\r\nHost: g\r\n\(key)Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
      )
      let answer = try #require(client.answer())
      #expect(answer.status == 200)
      #expect(answer.body.contains(name == "broken" ? "errors" : #"{"data":{"createUser":{"id":7}}}"#))
    }
  }

  /// A client that speaks the protocol as it is told.
  struct Subscriber {
    let process: PeerProcess
    var lines: AsyncStream<String>.AsyncIterator

    init(_ gateway: RunningGateway, _ protocols: String = "graphql-transport-ws", path: String = "/people") throws {
      try self.init(url: "ws://127.0.0.1:\(gateway.httpPort)\(path)", protocols)
    }

    init(url: String, _ protocols: String = "graphql-transport-ws") throws {
      process = try PeerProcess("graphql_socket.py", ["raw", url, protocols])
      lines = process.lines.makeAsyncIterator()
    }

    mutating func next() async -> String? { await lines.next() }

    mutating func say(_ line: String) async throws -> String? {
      try process.send(line)
      return await next()
    }

    /// Opens the connection and introduces itself.
    mutating func begin() async throws {
      let open = await next()
      #expect(open?.hasPrefix("open graphql-") == true, "\(open ?? "")")
      let answer = try await say(#"{"type":"connection_init","payload":{"token":"x"}}"#)
      #expect(answer == #"{"type":"connection_ack"}"#)
    }

    func subscribe(_ id: String, _ selection: String = "{ name }", type: String = "subscribe") throws {
      try process.send(
        #"{"id":"\#(id)","type":"\#(type)","payload":{"query":"subscription { onUserCreated \#(selection) }"}}"#)
      // Whatever follows is behind it.
      try process.send("!ping")
    }
  }

  static func handshake(_ path: String = "/people", version: String = "13", protocols: String = "graphql-ws")
    -> String
  {
    "GET \(path) HTTP/1.1\r\nHost: g\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: \(version)\r\nSec-WebSocket-Protocol: \(protocols)\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
  }
}
