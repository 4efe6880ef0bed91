import Foundation
import GatewayConfiguration
import NIOCore
import Testing

@testable import Gateway

/// Clients that do not speak TLS on the port for it, with hostname configurations and without.
@Suite(.enabled(if: SystemTool.curl.isInstalled, "scripts/install test"))
struct PlainRequestTests {
  private static let api = API(
    id: "time", displayName: "Time", path: "time", protocols: [.https], subscriptionRequired: false,
    operations: [.init(id: "any", displayName: "Any", method: "GET", urlTemplate: "/*")],
    policy: PolicyText(
      rawXML: "<policies><inbound><return-response><set-body>noon</set-body></return-response></inbound></policies>"))

  private func serving(
    _ timeouts: ClientTimeouts = ClientTimeouts(), _ body: (RunningGateway) async throws -> Void
  ) async throws {
    let authority = try TestAuthority()
    let entity = try authority.issue("all").entity("all")
    let hostname = HostnameConfiguration(id: "1", hostname: "api.contoso.com", certificateID: "all")
    for hostnames in [[], [hostname]] {
      try await RunningGateway.serving(
        [Self.api], certificates: [entity], hostnames: hostnames, timeouts: timeouts
      ) { gateway in
        try await body(gateway)
        // Whatever was tried before: those who speak TLS are served.
        let answer = try await SystemTool.curl.run([
          "-sk", "--max-time", "30", "https://127.0.0.1:\(gateway.httpsPort)/time/now",
        ])
        #expect(answer == "noon")
      }
    }
  }

  private static let refusal =
    "{ \"statusCode\": 400, \"message\": \"The plain HTTP request was sent to the HTTPS port.\" }"

  @Test func `a request in the clear is told that the port is for HTTPS, and the connection ends`() async throws {
    try await serving { gateway in
      for method in ["GET", "POST", "DELETE", "PATCH", "OPTIONS", "M-SEARCH"] {
        let client = try RawClient(port: gateway.httpsPort)
        client.send("\(method) /time/now HTTP/1.1\r\nHost: g\r\nContent-Length: 5\r\n\r\nhello")
        let answer = try #require(client.answer(), "\(method)")
        #expect(answer.status == 400 && answer.body == Self.refusal, "\(method): \(answer)")
        #expect(answer.header("Connection") == "close" && answer.header("Content-Type") == "application/json")
        #expect(client.isAtEnd, "\(method)")
      }
      let client = try RawClient(port: gateway.httpsPort)
      client.send("HEAD /time/now HTTP/1.1\r\nHost: g\r\n\r\n")
      #expect(client.answer(toHead: true)?.status == 400)
      #expect(client.isAtEnd)
    }
  }

  @Test func `the request may come one byte at a time`() async throws {
    try await serving { gateway in
      let client = try RawClient(port: gateway.httpsPort)
      for byte in "GET /time/now HTTP/1.1\r\nHost: g\r\n\r\n" {
        client.send(String(byte))
        try await Task.sleep(for: .milliseconds(1))
      }
      #expect(client.answer()?.body == Self.refusal)
      #expect(client.isAtEnd)
    }
  }

  @Test func `a long body behind it does not take the answer away`() async throws {
    try await serving { gateway in
      let client = try RawClient(port: gateway.httpsPort)
      client.send("POST /time/set HTTP/1.1\r\nHost: g\r\nContent-Length: 500000\r\n\r\n")
      _ = client.send([UInt8](repeating: 0x61, count: 500_000))
      #expect(client.answer()?.body == Self.refusal)
      #expect(client.isAtEnd)
    }
  }

  @Test func `who goes on sending is shut out, and so is who stays silent behind the answer`() async throws {
    var timeouts = ClientTimeouts()
    timeouts.linger = .milliseconds(200)
    try await serving(timeouts) { gateway in
      let client = try RawClient(port: gateway.httpsPort)
      client.send("GET / HTTP/1.1\r\n\r\n")
      #expect(client.answer()?.status == 400)
      let piece = [UInt8](repeating: 0x61, count: 65_536)
      var taken = 0
      while taken < 10_000, client.send(piece) { taken += 1 }
      #expect(taken < 10_000)
      let silent = try RawClient(port: gateway.httpsPort)
      silent.send("GET / HTTP/1.1\r\n\r\n")
      #expect(silent.answer()?.status == 400)
      while try await Self.clients(gateway) > 0 { try await Task.sleep(for: .milliseconds(10)) }
    }
  }

  @Test func `what is neither TLS nor a request is closed without words of HTTP`() async throws {
    try await serving { gateway in
      for text in [
        "EHLO contoso.com\r\n", "SSH-2.0-OpenSSH_9.6\r\n", "get / http/1.1\r\n\r\n", "\u{0}\u{1}\u{2}\u{3}\u{4}\u{5}",
      ] {
        let client = try RawClient(port: gateway.httpsPort)
        client.send(text)
        var received: [UInt8] = []
        while let more = client.receive(), !more.isEmpty { received += more }
        // At most an alert of TLS.
        #expect(received.isEmpty || received[0] == 21, "\(text): \(received)")
      }
    }
  }

  @Test func `a client that says nothing, or not enough to tell, has the time of a head`() async throws {
    var timeouts = ClientTimeouts()
    timeouts.head = .milliseconds(300)
    try await serving(timeouts) { gateway in
      for beginning in ["", "GE", "GET ", "\u{16}", "\u{16}\u{3}"] {
        let client = try RawClient(port: gateway.httpsPort)
        client.send(beginning)
        #expect(client.isAtEnd, "\(beginning)")
      }
      while try await Self.clients(gateway) > 0 { try await Task.sleep(for: .milliseconds(10)) }
    }
  }

  private static func clients(_ gateway: RunningGateway) async throws -> Int {
    var count = 0
    for loop in gateway.server.loops { count += try await loop.eventLoop.submit { loop.value.clients.count }.get() }
    return count
  }
}
