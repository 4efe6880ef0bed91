import Foundation
import GatewayConfiguration
import HTTPWire
import NIOCore
import Telemetry
import Testing

@testable import Gateway

/// The WebSockets of subscribers: who may open one, what is not served on it, and how it ends.
@Suite(.enabled(if: PeerProcess.areInstalled, "scripts/install test puts the peers into .build/peers"))
struct GraphQLSocketTests {
  @Test func `keys and policies decide on the handshake, and nobody else may subscribe`() async throws {
    let inbound =
      "<choose><when condition=\"@(context.Request.Url.Query.GetValueOrDefault(&quot;who&quot;) == &quot;mallory&quot;)\"><return-response><set-status code=\"403\" /></return-response></when></choose>"
    try await People.serving(
      inbound: inbound, outbound: "<set-header name=\"X-Seen\"><value>yes</value></set-header>", requiresKey: true
    ) { gateway in
      for (path, expected) in [
        ("/people", "refused 401"), ("/people?subscription-key=wrong", "refused 401"),
        ("/people?subscription-key=first&who=mallory", "refused 403"),
        ("/people/x?subscription-key=first", "refused 404"),
        ("/people?subscription-key=first", "open graphql-transport-ws"),
      ] {
        var client = try People.Subscriber(gateway, "graphql-ws,graphql-transport-ws", path: path)
        let line = await client.next()
        #expect(line == expected, "\(path)")
      }
      let client = try RawClient(port: gateway.httpPort)
      client.send(People.handshake("/people?subscription-key=first"))
      let head = try #require(client.text(until: "\r\n\r\n"))
      #expect(head.hasPrefix("HTTP/1.1 101 "))
      #expect(head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
      #expect(head.contains("Connection: Upgrade\r\n") && head.contains("Upgrade: websocket\r\n"))
      #expect(head.contains("X-Seen: yes\r\n"))
    }
  }

  @Test func `a handshake that cannot be accepted is told why`() async throws {
    try await People.serving { gateway in
      for (request, status, text) in [
        (People.handshake(version: "8"), 426, "version"),
        (People.handshake(protocols: "chat"), 400, "graphql-transport-ws"),
        (People.handshake().replacing("dGhl", with: "dGh"), 400, "Sec-WebSocket-Key"),
        (People.handshake().replacing("Upgrade: WebSocket", with: "Upgrade: h2c"), 400, "query"),
        (People.handshake().replacing("GET", with: "POST"), 400, "body"),
      ] {
        let client = try RawClient(port: gateway.httpPort)
        client.send(request)
        let answer = try #require(client.answer())
        #expect(answer.status == status && answer.body.contains(text), "\(answer)")
        if status == 426 { #expect(answer.header("Sec-WebSocket-Version") == "13") }
      }
    }
    let schema = "type Query { user: User } type Mutation { createUser(name: String!): User } type User { id: Int! }"
    try await People.serving(schema: schema) { gateway in
      let client = try RawClient(port: gateway.httpPort)
      client.send(People.handshake())
      let answer = try #require(client.answer())
      #expect(answer.status == 400 && answer.body.contains("The API has no subscriptions."))
      // The connection goes on with HTTP.
      client.send("GET /people?query=%7B__typename%7D HTTP/1.1\r\nHost: g\r\n\r\n")
      #expect(client.answer()?.body == #"{"data":{"__typename":"Query"}}"#)
    }
  }

  @Test func `a subscription over HTTP is told where to go`() async throws {
    try await People.serving { gateway in
      let client = try RawClient(port: gateway.httpPort)
      client.send("GET /people?query=subscription%7BonNothing%7D HTTP/1.1\r\nHost: g\r\n\r\n")
      let answer = try #require(client.answer())
      #expect(answer.status == 400 && answer.body.contains("Subscriptions are served over WebSocket."))
    }
  }

  // MARK: - What is not served

  @Test(arguments: [
    (["{"], "closed 4400 A message is an object of JSON with a type."),
    ([#"{"type":"start"}"#], "closed 4400 'start' is no type of a client's message."),
    ([#"{"type":"connection_init"}"#, #"{"type":"subscribe","id":"","payload":{}}"#], "closed 4400 'subscribe' needs"),
    ([#"{"type":"subscribe","id":"1","payload":{"query":"subscription{onNothing}"}}"#], "closed 4401 Unauthorized"),
    (
      [#"{"type":"connection_init"}"#, #"{"type":"connection_init"}"#],
      "closed 4429 Too many initialisation requests"
    ),
    (
      [
        #"{"type":"connection_init"}"#, #"{"type":"subscribe","id":"1","payload":{"query":"subscription{onNothing}"}}"#,
        #"{"type":"subscribe","id":"1","payload":{"query":"subscription{onNothing}"}}"#,
      ], "closed 4409 Subscriber for 1 already exists"
    ),
    (["!binary"], "closed 1003 Messages are texts"), (["!big 1048577"], "closed 1009 A message has 1048576 bytes"),
  ])
  func `whoever breaks the protocol is let go with its code`(lines: [String], end: String) async throws {
    try await People.serving { gateway in
      var client = try People.Subscriber(gateway)
      for line in lines { try client.process.send(line) }
      var last: String?
      while let line = await client.next() { last = line }
      #expect(last?.hasPrefix(end) == true, "\(last ?? "")")
    }
  }

  @Test func `what cannot be subscribed to is an error, and the connection goes on`() async throws {
    try await People.serving { gateway in
      var client = try People.Subscriber(gateway)
      try await client.begin()
      for (query, message) in [
        ("{ user { name } }", "Only subscriptions are served over WebSocket"),
        ("mutation { createUser(name: 1) { id } }", "String"), ("subscription { onUserCreated }", "selection"),
        ("subscription { __typename }", "exactly one field"),
        ("subscription { a: onNothing b: onNothing }", "exactly one"),
        ("subscription { ...f } fragment f on Subscription { a: onNothing b: onNothing }", "exactly one field"),
        ("subscription { onNothing @skip(if: true) }", "exactly one field"), ("subscription {", "Syntax Error"),
      ] {
        let line = try await client.say(#"{"id":"1","type":"subscribe","payload":{"query":"\#(query)"}}"#)
        #expect(line?.hasPrefix(#"{"id":"1","type":"error","payload":[{"message":"#) == true, "\(query): \(line ?? "")")
        #expect(line?.contains(message) == true, "\(query): \(line ?? "")")
      }
      let line = try await client.say(#"{"id":"1","type":"subscribe","payload":{"variables":{}}}"#)
      #expect(line?.contains("The request has no query.") == true)
      for number in 0..<100 {
        try client.process.send(
          #"{"id":"n\#(number)","type":"subscribe","payload":{"query":"subscription{onNothing}"}}"#)
      }
      let last = try await client.say(#"{"id":"x","type":"subscribe","payload":{"query":"subscription{onNothing}"}}"#)
      #expect(last?.contains("A connection has 100 subscriptions at most.") == true)
    }
  }

  @Test func `validate-graphql-request holds for what is subscribed to`() async throws {
    let inbound = """
      <validate-graphql-request max-size="300" max-depth="2"><authorize>
        <rule path="/User/secret" action="remove" /><rule path="/Subscription/onNothing" action="reject" />
      </authorize></validate-graphql-request>
      """
    try await People.serving(inbound: inbound) { gateway in
      var client = try People.Subscriber(gateway)
      try await client.begin()
      for (query, message) in [
        ("subscription { onNothing }", "denied"),
        ("subscription { onUserCreated { friends { name } } }", "deeper than 2"),
        ("subscription { onUserCreated { secret } }", "is not allowed"),
        ("subscription { onUserCreated { name } } #" + String(repeating: "x", count: 300), "exceeds the limit of 300"),
      ] {
        let line = try await client.say(#"{"id":"1","type":"subscribe","payload":{"query":"\#(query)"}}"#)
        #expect(line?.contains(#""type":"error""#) == true && line?.contains(message) == true, "\(line ?? "")")
      }
      try client.subscribe("s", "{ name secret }")
      var line = await client.next()
      #expect(line == "pong")
      try await People.create(gateway, "Ada")
      line = await client.next()
      #expect(
        line?.hasPrefix(
          #"{"id":"s","type":"next","payload":{"data":{"onUserCreated":{"name":"Ada"}},"errors":[{"message":"Access to field"#
        ) == true, "\(line ?? "")")
    }
  }

  // MARK: - Slow, silent and departing

  @Test func `a client that does not introduce itself is let go`() async throws {
    var timeouts = ClientTimeouts()
    timeouts.introduction = .milliseconds(300)
    try await People.serving(timeouts: timeouts) { gateway in
      var client = try People.Subscriber(gateway)
      var last: String?
      while let line = await client.next() { last = line }
      #expect(last == "closed 4408 Connection initialisation timeout")
    }
  }

  @Test func `a client that answers pings stays, one that does not goes`() async throws {
    var timeouts = People.patient
    timeouts.ping = .seconds(4)
    try await People.serving(timeouts: timeouts) { gateway in
      var client = try People.Subscriber(gateway)
      try await client.begin()
      let silent = try RawClient(port: gateway.httpPort)
      silent.send(People.handshake())
      _ = try #require(silent.text(until: "\r\n\r\n"))
      var bytes: [UInt8] = []
      WebSocketFrame.write(.text, Array(#"{"type":"connection_init"}"#.utf8), mask: [1, 2, 3, 4], into: &bytes)
      #expect(silent.send(bytes))
      var received: [UInt8] = []
      while let more = silent.receive(), !more.isEmpty { received += more }
      #expect(received.contains(0x89))
      // Over all that time the other one has answered.
      let pong = try await client.say("!ping")
      #expect(pong == "pong")
    }
  }

  @Test func `a client that takes nothing is let go, and the others get everything`() async throws {
    try await People.serving { gateway in
      var (slow, quick) = (try People.Subscriber(gateway), try People.Subscriber(gateway))
      for client in [slow, quick] {
        var client = client
        try await client.begin()
        try client.subscribe("s", "{ secret }")
        let pong = await client.next()
        #expect(pong == "pong")
      }
      var line = try await slow.say("!stall")
      #expect(line == "stalled")
      for _ in 0..<60 {
        try await People.create(gateway, "x500000")
        line = await quick.next()
        #expect(line?.hasSuffix("characters") == true)
      }
      try slow.process.send("!go")
      var (count, last) = (0, "")
      while let line = await slow.next() {
        if line.hasSuffix("characters") { count += 1 }
        last = line
      }
      #expect(count < 60)
      #expect(last.hasPrefix("closed 1013") || last == "closed 1006", "\(last)")
    }
  }

  @Test func `draining sends subscribers away, and records what they were`() async throws {
    try await People.serving { gateway in
      var client = try People.Subscriber(gateway)
      try await client.begin()
      try client.subscribe("s")
      var line = await client.next()
      #expect(line == "pong")
      let start = ContinuousClock.now
      await gateway.server.drain(milliseconds: 120_000)
      #expect(ContinuousClock.now - start < .seconds(100))
      line = await client.next()
      #expect(line == "closed 1001 The gateway is about to stop")
      let record = try #require(gateway.records.all.first)
      #expect(record.responseCode == 101 && record.isRequestSuccess && record.operationId == "graphql-get")
      #expect(record.apiId == "people" && record.backendUrl == nil && record.errors.isEmpty)
    }
  }

  @Test func `a client that leaves in the middle of an event takes nothing with it`() async throws {
    try await People.serving { gateway in
      var client = try People.Subscriber(gateway)
      try await client.begin()
      try client.subscribe("s")
      let pong = await client.next()
      #expect(pong == "pong")
      for round in 0..<20 {
        let silent = try RawClient(port: gateway.httpPort)
        silent.send(People.handshake(protocols: "graphql-transport-ws"))
        _ = try #require(silent.text(until: "\r\n\r\n"))
        var bytes: [UInt8] = []
        for text in [
          #"{"type":"connection_init"}"#,
          #"{"id":"s","type":"subscribe","payload":{"query":"subscription { onUserCreated { friends { id } } }"}}"#,
        ] {
          WebSocketFrame.write(.text, Array(text.utf8), mask: [1, 2, 3, 4], into: &bytes)
        }
        #expect(silent.send(bytes))
        _ = silent.receive()
        try await People.create(gateway, "Ada\(round)")
      }
      for round in 0..<20 {
        let line = await client.next()
        #expect(line?.contains("Ada\(round)") == true)
      }
    }
  }
}
