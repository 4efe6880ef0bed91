import Foundation
import GatewayConfiguration
import HTTPWire
import NIOCore
import Telemetry
import Testing

@testable import Gateway

/// Subscriptions of GraphQL over WebSocket, with clients that others wrote.
@Suite(.enabled(if: PeerProcess.areInstalled, "scripts/install test puts the peers into .build/peers"))
struct GraphQLSubscriptionTests {
  @Test func `a subscriber gets its selection of what is published, until it has enough`() async throws {
    try await People.serving { gateway in
      var client = try People.Subscriber(gateway)
      try await client.begin()
      try client.subscribe("one", "{ __typename who: name }")
      let pong = await client.next()
      #expect(pong == "pong")
      try await People.create(gateway, "broken", "Ada", "Grace")
      let first = await client.next()
      #expect(
        first == #"{"id":"one","type":"next","payload":{"data":{"onUserCreated":{"__typename":"User","who":"Ada"}}}}"#)
      let second = await client.next()
      #expect(
        second
          == #"{"id":"one","type":"next","payload":{"data":{"onUserCreated":{"__typename":"User","who":"Grace"}}}}"#)
      try client.process.send(#"{"id":"one","type":"complete"}"#)
      let again = try await client.say("!ping")
      #expect(again == "pong")
      try await People.create(gateway, "Nobody")
      let answer = try await client.say(#"{"type":"ping","payload":{"a":1}}"#)
      #expect(answer == #"{"type":"pong","payload":{"a":1}}"#)
      let end = try await client.say("!close")
      #expect(end == "closed 1000")
    }
  }

  @Test func `the older protocol is spoken where it is all that a client offers`() async throws {
    try await People.serving { gateway in
      var client = try People.Subscriber(gateway, "graphql-ws")
      try await client.begin()
      try client.subscribe("1", type: "start")
      var line = await client.next()
      #expect(line == "pong")
      try await People.create(gateway, "Ada")
      line = await client.next()
      #expect(line == #"{"id":"1","type":"data","payload":{"data":{"onUserCreated":{"name":"Ada"}}}}"#)
      // An identifier that is taken begins anew.
      try client.subscribe("1", "{ id }", type: "start")
      line = await client.next()
      #expect(line == "pong")
      try await People.create(gateway, "Ada")
      line = await client.next()
      #expect(line == #"{"id":"1","type":"data","payload":{"data":{"onUserCreated":{"id":7}}}}"#)
      line = try await client.say(#"{"id":"1","type":"stop"}"#)
      #expect(line == #"{"id":"1","type":"complete"}"#)
      line = try await client.say(#"{"id":"2","type":"start","payload":{"query":"subscription { nobody }"}}"#)
      #expect(line?.hasPrefix(#"{"id":"2","type":"error","payload":{"message":"Cannot query field 'nobody'"#) == true)
      line = try await client.say(#"{"type":"connection_terminate"}"#)
      #expect(line == "closed 1000")
    }
  }

  @Test(
    .enabled(if: PeerProcess.have("gql"), "scripts/install test puts gql into .build/peers"),
    arguments: ["graphql-transport-ws", "graphql-ws"])
  func `the library gql subscribes`(name: String) async throws {
    try await People.serving { gateway in
      let url = "ws://127.0.0.1:\(gateway.httpPort)/people"
      let client = try PeerProcess(
        "graphql_socket.py", ["gql", url, name, "subscription { onUserCreated { id name } }"])
      var lines = client.lines.makeAsyncIterator()
      let open = await lines.next()
      #expect(open == "open")
      // The library does not say when it has subscribed: events come until one is seen.
      let events = Task {
        while !Task.isCancelled {
          try await People.create(gateway, "Ada")
          try await Task.sleep(for: .milliseconds(50))
        }
      }
      let line = await lines.next()
      events.cancel()
      _ = await events.result
      #expect(line == #"{"onUserCreated": {"id": 7, "name": "Ada"}}"#)
      let refused = try PeerProcess("graphql_socket.py", ["gql", url, name, "subscription { onUserDeleted { id } }"])
      var last: String?
      for await line in refused.lines { last = line }
      #expect(last?.hasPrefix("failed TransportQueryError") == true && last?.contains("onUserDeleted") == true)
    }
  }

  @Test func `subscribers on every loop get an event, whichever loop it comes from`() async throws {
    try await People.serving(threads: 3) { gateway in
      var clients: [People.Subscriber] = []
      for _ in 0..<8 {
        var client = try People.Subscriber(gateway)
        try await client.begin()
        try client.subscribe("s")
        let pong = await client.next()
        #expect(pong == "pong")
        clients.append(client)
      }
      for name in ["a", "b", "c", "d"] { try await People.create(gateway, name) }
      for var client in clients {
        var seen: [String] = []
        for _ in 0..<4 { seen.append(await client.next() ?? "") }
        // Each came over a connection of its own, so any order may be right.
        let names = seen.compactMap { $0.firstMatch(of: /"name":"(.)"/)?.1 }.sorted()
        #expect(names == ["a", "b", "c", "d"])
      }
    }
  }

  @Test func `resolvers answer below an event, and publish nothing there`() async throws {
    try await People.serving { gateway in
      var client = try People.Subscriber(gateway)
      try await client.begin()
      try client.subscribe("s", "{ name friends { name } }")
      var line = await client.next()
      #expect(line == "pong")
      try await People.create(gateway, "Ada", "Grace")
      for name in ["Ada", "Grace"] {
        line = await client.next()
        #expect(
          line
            == #"{"id":"s","type":"next","payload":{"data":{"onUserCreated":{"name":"\#(name)","friends":[{"name":"Friend"}]}}}}"#
        )
      }
      line = try await client.say("!ping")
      #expect(line == "pong")
    }
  }

  @Test func `an event that is not of its type is an error of the subscription, which goes on`() async throws {
    let schema = People.schema.replacing("name: String! secret", with: "name: Int! secret")
    try await People.serving(schema: schema) { gateway in
      var client = try People.Subscriber(gateway)
      try await client.begin()
      try client.subscribe("s")
      var line = await client.next()
      #expect(line == "pong")
      try await People.create(gateway, "Ada", "12")
      line = await client.next()
      #expect(
        line?.hasPrefix(#"{"id":"s","type":"next","payload":{"data":null,"errors":[{"message":"'Int' cannot"#) == true)
      line = await client.next()
      #expect(line == #"{"id":"s","type":"next","payload":{"data":{"onUserCreated":{"name":12}}}}"#)
    }
  }

  @Test func `a new configuration leaves subscriptions as they are`() async throws {
    try await People.serving { gateway in
      var client = try People.Subscriber(gateway)
      try await client.begin()
      try client.subscribe("s")
      var line = await client.next()
      #expect(line == "pong")
      let backend = try await ScriptedBackend { People.answer($0) }
      try await gateway.server.apply(RunningGateway.snapshot([People.api(backend.port)], version: 2))
      try await People.create(gateway, "Ada")
      line = await client.next()
      #expect(line == #"{"id":"s","type":"next","payload":{"data":{"onUserCreated":{"name":"Ada"}}}}"#)
      await backend.stop()
    }
  }
}
