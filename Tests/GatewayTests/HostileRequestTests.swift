import Foundation
import GatewayConfiguration
import HTTPWire
import NIOCore
import Telemetry
import Testing

@testable import Gateway

/// Requests that mean harm, or might be read by two servers as two things: refused before anybody else sees them.
struct HostileRequestTests {
  private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

  private func serving(
    _ limits: ClientLimits = ClientLimits(), _ timeouts: ClientTimeouts = ClientTimeouts(), policy: String? = nil,
    answer: @escaping @Sendable (String) -> String? = { _ in ok },
    _ body: (RunningGateway, ScriptedBackend) async throws -> Void
  ) async throws {
    let backend = try await ScriptedBackend(answer: answer)
    let operations = ["GET", "POST"].map {
      Operation(id: $0.lowercased(), displayName: $0, method: $0, urlTemplate: "/*")
    }
    let api = API(
      id: "time", displayName: "Time", path: "time", protocols: [.http, .https],
      serviceURL: "http://127.0.0.1:\(backend.port)", subscriptionRequired: false, operations: operations,
      policy: policy.map { PolicyText(rawXML: $0) })
    try await RunningGateway.serving([api], timeouts: timeouts, limits: limits) { gateway in
      try await body(gateway, backend)
    }
    await backend.stop()
  }

  private static let smuggled = "GET /time/smuggled HTTP/1.1\r\nHost: g\r\n\r\n"

  private static let heads = [
    "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "Content-Length: 5, 6\r\n\r\nhello",
    "Content-Length: +5\r\n\r\nhello",
    "Content-Length: 0x5\r\n\r\nhello",
    "Content-Length: -1\r\n\r\n",
    "Content-Length: 99999999999999999999\r\n\r\nhello",
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + smuggled,
    "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + smuggled,
    "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + smuggled,
    "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + smuggled,
    "Transfer-Encoding:\u{0b}chunked\r\n\r\n0\r\n\r\n" + smuggled,
    "X: 1\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
    "X: a\u{0}b\r\n\r\n",
    "X: a\rContent-Length: 5\r\n\r\n",
    "X\u{0}: a\r\n\r\n",
    "X y: a\r\n\r\n",
    ": a\r\n\r\n",
    "no colon\r\n\r\n",
    "Host: other\r\n\r\n",
  ]

  @Test func `a head that two servers might read as two things is refused, and the connection ends`() async throws {
    try await serving { gateway, backend in
      for fields in Self.heads {
        let client = try RawClient(port: gateway.httpPort)
        client.send("POST /time/set HTTP/1.1\r\nHost: g\r\n" + fields)
        let answer = try #require(client.answer(), "\(fields)")
        #expect(answer.status == 400 || answer.status == 501, "\(fields): \(answer.head)")
        #expect(answer.body.contains(answer.status == 400 ? "The request is not valid HTTP: " : "cannot be taken: "))
        #expect(client.isAtEnd, "\(fields)")
      }
      #expect(backend.received.isEmpty)
    }
  }

  @Test func `a Host that others would read as another one is refused, and others are not`() async throws {
    try await serving { gateway, backend in
      for host in ["a b", "a, b", "a/b", "user@a", "long-enough.example/b", "long-enough.example b:80", "a\u{9}b"] {
        let client = try RawClient(port: gateway.httpPort)
        client.send("GET /time/now HTTP/1.1\r\nHost: \(host)\r\n\r\n")
        let answer = try #require(client.answer(), "\(host)")
        #expect(answer.status == 400 && answer.body.contains("one Host header"), "\(host)")
        #expect(client.isAtEnd, "\(host)")
      }
      #expect(backend.received.isEmpty)
      let client = try RawClient(port: gateway.httpPort)
      for host in ["a", "a:80", "[::1]:8080", "a_b.example", "long-enough.example:80", "", "b\u{fc}cher"] {
        client.send("GET /time/now HTTP/1.1\r\nHost: \(host)\r\n\r\n")
        #expect(client.answer()?.status == 200, "\(host)")
      }
    }
  }

  @Test func `trailers of a request that would pass for its framing, its host or its key are refused`() async throws {
    try await serving { gateway, backend in
      let head = "POST /time/set HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"
      for name in ["Content-Length", "transfer-encoding", "Host", "Authorization", "Ocp-Apim-Subscription-Key"] {
        let client = try RawClient(port: gateway.httpPort)
        client.send(head + "X-Sum: 1\r\n\(name): 5\r\n\r\n")
        #expect(client.answer()?.status == 400, "\(name)")
        #expect(client.isAtEnd, "\(name)")
      }
      #expect(backend.received.isEmpty)
      let client = try RawClient(port: gateway.httpPort)
      client.send(head + "X-Sum: 1\r\nX-Other: Content-Length: 5\r\n\r\n")
      #expect(client.answer()?.status == 200)
      #expect(backend.received.last?.hasSuffix("\r\nX-Sum: 1\r\nX-Other: Content-Length: 5\r\n\r\n") == true)
    }
  }

  @Test func `a body that is refused while the backend has the request leaves a true record`() async throws {
    try await serving { gateway, _ in
      let client = try RawClient(port: gateway.httpPort)
      client.send("POST /time/set HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n")
      try await Task.sleep(for: .milliseconds(30))
      client.send("5\r\nhelloX")
      #expect(client.answer()?.status == 400)
      await gateway.server.drain(milliseconds: 0)
      let record = try #require(gateway.records.all.first)
      #expect(record.errors.map(\.reason) == ["InvalidBody"])
      #expect((0...record.totalTime).contains(record.backendTime ?? 0), "\(record)")
    }
  }

  @Test func `a client whose body is refused before it was asked for ends with its answer`() async throws {
    try await serving(
      policy: "<policies><inbound><return-response><set-status code=\"401\" /></return-response></inbound></policies>"
    ) { gateway, _ in
      // What it sends next may be the body, or another request.
      let waiting = try RawClient(port: gateway.httpPort)
      waiting.send("POST /time/set HTTP/1.1\r\nHost: g\r\nContent-Length: 50\r\nExpect: 100-continue\r\n\r\n")
      let refused = try #require(waiting.answer())
      #expect(refused.status == 401 && refused.header("Connection") == "close")
      #expect(waiting.isAtEnd)
      // One that has begun with it means to go on.
      let sending = try RawClient(port: gateway.httpPort)
      sending.send("POST /time/set HTTP/1.1\r\nHost: g\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello")
      #expect(sending.answer()?.status == 401)
      sending.send("GET /time/now HTTP/1.1\r\nHost: g\r\n\r\n")
      #expect(sending.answer()?.status == 401)
    }
  }

  @Test
  func `a client of HTTP/1 in the middle of a long body reads why it is refused, and its connection is not reset`()
    async throws
  {
    var limits = ClientLimits()
    limits.bodyBytes = 1_000
    var timeouts = ClientTimeouts()
    // However busy the machine is.
    timeouts.linger = .minutes(1)
    try await serving(limits, timeouts) { gateway, _ in
      for head in [
        "Content-Length: 100000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n7fffff\r\n", "no head\r\n\r\n",
      ] {
        let client = try RawClient(port: gateway.httpPort)
        client.send("POST /time/set HTTP/1.1\r\nHost: g\r\n" + head)
        // It reads nothing before it has sent so much.
        for _ in 0..<20 {
          let isTaken = client.send([UInt8](repeating: 0x61, count: 100_000))
          #expect(isTaken, "\(head)")
          try await Task.sleep(for: .milliseconds(5))
        }
        var text = ""
        while let more = client.receive(), !more.isEmpty { text += String(decoding: more, as: UTF8.self) }
        #expect(text.hasPrefix(head.hasPrefix("no") ? "HTTP/1.1 400 " : "HTTP/1.1 413 "), "\(head): \(text)")
        #expect(client.receive()?.isEmpty == true, "\(head)")
      }
      await gateway.server.drain(milliseconds: 0)
      // What is no request has no record.
      #expect(gateway.records.all.map(\.responseCode) == [413, 413])
      #expect(gateway.records.all.map(\.apiId) == ["time", "time"])
    }
  }

  private static let lines = [
    "GET /time/now HTTP/1.1\nHost: g\n\n", "GET  /time/now HTTP/1.1\r\nHost: g\r\n\r\n",
    "GET /time/now HTTP/1.1 \r\nHost: g\r\n\r\n", "GET /time/\u{7f} HTTP/1.1\r\nHost: g\r\n\r\n",
    "GET /time/now HTTP/9.1\r\nHost: g\r\n\r\n", "GET time/now HTTP/1.1\r\nHost: g\r\n\r\n",
    "G\u{0}T /time/now HTTP/1.1\r\nHost: g\r\n\r\n", "GET /time/now HTTP/1.1\r\n\r\n",
    "GET /time/now HTTP/1.1\r\nHost: a b\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}\u{3}\u{3}",
  ]

  @Test func `what is no request line is refused, and the connection ends`() async throws {
    try await serving { gateway, backend in
      for text in Self.lines {
        let client = try RawClient(port: gateway.httpPort)
        client.send(text)
        client.finishSending()
        if let answer = client.answer() { #expect((400...505).contains(answer.status), "\(text): \(answer.head)") }
        #expect(client.isAtEnd, "\(text)")
      }
      #expect(backend.received.isEmpty)
    }
  }

  private static let chunks = [
    "5\nhello\r\n0\r\n\r\n", "g\r\nhello\r\n0\r\n\r\n", "-5\r\nhello\r\n0\r\n\r\n", "5 \u{0}\r\nhello\r\n0\r\n\r\n",
    "fffffffffffffffff\r\nhello\r\n0\r\n\r\n", "5\r\nhelloX\r\n0\r\n\r\n", "0\r\nX\u{0}: 1\r\n\r\n",
  ]

  @Test func `chunks that are none end the connection, and the backend gets no whole request`() async throws {
    try await serving { gateway, backend in
      for chunk in Self.chunks {
        let client = try RawClient(port: gateway.httpPort)
        client.send("POST /time/set HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + Self.smuggled)
        if let answer = client.answer() { #expect(answer.status == 400, "\(chunk): \(answer.head)") }
        #expect(client.isAtEnd, "\(chunk)")
      }
      #expect(backend.received.isEmpty)
    }
  }

  @Test func `nobody gets out of an API by dots in the path, however they are written`() async throws {
    try await serving { gateway, backend in
      let client = try RawClient(port: gateway.httpPort)
      for (path, seen) in [
        ("/time/a/../b/./c?q=../x", "/b/c?q=../x"), ("/time/a/%2e%2E/b", "/b"), ("/time/.%2e/time/x", "/x"),
        ("/time/../../../time/y", "/y"), ("/time/z/.", "/z/"), ("/time/z/..", "/"), ("/time/...", "/..."),
        ("/time/.a/b..", "/.a/b.."), ("/time/a%2Fb%2e", "/a%2Fb."), ("/time/%61dmin", "/admin"), ("/time//x", "//x"),
        ("/time/longer-path/of.a/file.txt", "/longer-path/of.a/file.txt"),
      ] {
        client.send("GET \(path) HTTP/1.1\r\nHost: g\r\n\r\n")
        #expect(client.answer()?.status == 200, "\(path)")
        #expect(backend.received.last?.hasPrefix("GET \(seen) HTTP/1.1\r\n") == true, "\(path)")
      }
      let count = backend.received.count
      for path in ["/time/../other", "/time/%2e%2e/other", "/other/../../.."] {
        client.send("GET \(path) HTTP/1.1\r\nHost: g\r\n\r\n")
        #expect(client.answer()?.status == 404, "\(path)")
      }
      // Over HTTP/2, too.
      let frames = try FrameClient(port: gateway.httpPort)
      frames.get("/time/a/../../other", stream: 1)
      #expect(frames.next(FrameClient.headers) != nil)
      client.send("GET /time/x#y HTTP/1.1\r\nHost: g\r\n\r\n")
      #expect(client.answer()?.status == 400)
      #expect(backend.received.count == count)
    }
  }

  @Test func `a percent sign that encodes nothing or a NUL is refused in the path, and is the query's own affair`()
    async throws
  {
    try await serving { gateway, backend in
      for path in [
        "/time/a%zz", "/time/a%2", "/time/%", "/time/a%", "/time/%g0?q", "/time/%0g/b", "/time/.%2?q=%20",
        "/time/a%00b", "/time/%00",
      ] {
        let client = try RawClient(port: gateway.httpPort)
        client.send("GET \(path) HTTP/1.1\r\nHost: g\r\n\r\n")
        let answer = try #require(client.answer(), "\(path)")
        #expect(answer.status == 400 && answer.body.contains("a percent sign that encodes nothing"), "\(path)")
        #expect(client.isAtEnd, "\(path)")
        let frames = try FrameClient(port: gateway.httpPort)
        frames.get(path, stream: 1)
        let head = try #require(frames.next(FrameClient.headers), "\(path)")
        // `:status: 400` of the static table.
        #expect(head.payload.first == 0x8c, "\(path): \(head.payload)")
      }
      #expect(backend.received.isEmpty)
      let client = try RawClient(port: gateway.httpPort)
      for path in ["/time/a%2Fb%c3%A4", "/time/%25zz", "/time/x?a=%zz&b=%", "/time/x?%2", "/time/%01?%00"] {
        client.send("GET \(path) HTTP/1.1\r\nHost: g\r\n\r\n")
        #expect(client.answer()?.status == 200, "\(path)")
        #expect(backend.received.last?.hasPrefix("GET \(path.dropFirst(5)) HTTP/1.1\r\n") == true, "\(path)")
      }
    }
  }

  @Test func `a policy sees the path without dots, and its parameters`() async throws {
    let policy = """
      <policies><inbound><return-response>
        <set-body>@(context.Request.Url.Path + " " + context.Request.OriginalUrl.Path + " " + context.Request.MatchedParameters["*"])</set-body>
      </return-response></inbound></policies>
      """
    try await serving(policy: policy) { gateway, _ in
      let client = try RawClient(port: gateway.httpPort)
      client.send("GET /time/a/../b/c HTTP/1.1\r\nHost: g\r\n\r\n")
      #expect(client.answer()?.body == "/b/c /time/b/c b/c")
    }
  }

  @Test func `empty lines before a request are passed over`() async throws {
    try await serving { gateway, backend in
      let client = try RawClient(port: gateway.httpPort)
      for _ in 0..<2 {
        client.send("\r\n\r\nGET /time/now HTTP/1.1\r\nHost: g\r\n\r\n\r")
        #expect(client.answer()?.status == 200)
        client.send("\n")
      }
      #expect(backend.received.count == 2)
    }
  }

  @Test func `addresses and heads have their bounds, each with its status, and bounds can be set`() async throws {
    var limits = ClientLimits()
    limits.head.targetBytes = 300
    limits.head.headBytes = 4_096
    limits.head.headerCount = 10
    try await serving(limits) { gateway, _ in
      for (request, status) in [
        ("GET /time/\(String(repeating: "a", count: 280)) HTTP/1.1\r\nHost: g\r\n\r\n", 200),
        ("GET /time/\(String(repeating: "a", count: 400)) HTTP/1.1\r\nHost: g\r\n\r\n", 414),
        ("GET /time/now HTTP/1.1\r\nHost: g\r\nX: \(String(repeating: "a", count: 4_000))\r\n\r\n", 200),
        ("GET /time/now HTTP/1.1\r\nHost: g\r\nX: \(String(repeating: "a", count: 5_000))\r\n\r\n", 431),
        ("GET /time/now HTTP/1.1\r\nHost: g\r\n\(String(repeating: "X: 1\r\n", count: 9))\r\n", 200),
        ("GET /time/now HTTP/1.1\r\nHost: g\r\n\(String(repeating: "X: 1\r\n", count: 10))\r\n", 431),
      ] {
        let client = try RawClient(port: gateway.httpPort)
        client.send(request)
        #expect(client.answer()?.status == status, "\(request.prefix(60))")
      }
    }
  }

  @Test func `a body beyond the bound is refused by its length before it is sent, and by its bytes otherwise`()
    async throws
  {
    var limits = ClientLimits()
    limits.bodyBytes = 1_000
    try await serving(limits) { gateway, backend in
      let told = try RawClient(port: gateway.httpPort)
      told.send("POST /time/set HTTP/1.1\r\nHost: g\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n")
      let refused = try #require(told.answer())
      #expect(refused.status == 413)
      #expect(refused.body == "{ \"statusCode\": 413, \"message\": \"The request body is too large.\" }")
      #expect(told.isAtEnd)
      let chunked = try RawClient(port: gateway.httpPort)
      chunked.send("POST /time/set HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n")
      for _ in 0..<3 {
        try await Task.sleep(for: .milliseconds(20))
        chunked.send("1f4\r\n\(String(repeating: "a", count: 500))\r\n")
      }
      #expect(chunked.answer()?.status == 413)
      #expect(chunked.isAtEnd)
      #expect(backend.received.isEmpty)
      let fits = try RawClient(port: gateway.httpPort)
      fits.send("POST /time/set HTTP/1.1\r\nHost: g\r\nContent-Length: 1000\r\n\r\n")
      fits.send(String(repeating: "a", count: 1_000))
      #expect(fits.answer()?.status == 200)
    }
  }

  @Test(.enabled(if: SystemTool.curl.isInstalled, "scripts/install test"))
  func `so it is over HTTP/2, and for a body that policies read`() async throws {
    var limits = ClientLimits()
    // More than comes with a head.
    limits.bodyBytes = 100_000
    let read = """
      <policies><inbound><set-header name="X-Length" exists-action="override">
        <value>@(context.Request.Body.As<string>(true).Length.ToString())</value>
      </set-header></inbound><backend><forward-request /></backend></policies>
      """
    let folder = try TemporaryFolder()
    for policy in [nil, read] {
      try await serving(limits, policy: policy) { gateway, _ in
        let url = "http://127.0.0.1:\(gateway.httpPort)/time/set"
        for version in ["--http2-prior-knowledge", "--http1.1"] {
          for (size, status) in [(100_000, "200"), (100_001, "413"), (900_000, "413")] {
            for framing in [[], ["-H", "Transfer-Encoding: chunked"]] where framing.isEmpty || version == "--http1.1" {
              let file = try folder.file(
                "body", String(repeating: "a", count: size - (framing.isEmpty || size > 100_000 ? 0 : 100)))
              let answer = try await SystemTool.curl.run(
                ["-sS", "-o", "/dev/null", "-w", "%{response_code}", version, "--data-binary", "@\(file)"] + framing + [
                  url
                ])
              #expect(answer == status, "\(version) \(size) \(framing)")
            }
          }
        }
      }
    }
  }

  @Test func `a client that dribbles its head, or its body, is not waited for longer than the settings say`()
    async throws
  {
    var timeouts = ClientTimeouts()
    timeouts.head = .milliseconds(400)
    timeouts.body = .milliseconds(400)
    try await serving(ClientLimits(), timeouts) { gateway, backend in
      // However lively it is: the time is for the whole head.
      let head = try RawClient(port: gateway.httpPort)
      var isTaken = true
      for byte in Array("GET /time/now HTTP/1.1\r\nHost: g\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".utf8)
      where isTaken {
        isTaken = head.send([byte])
        try await Task.sleep(for: .milliseconds(50))
      }
      #expect(!isTaken || head.isAtEnd)
      let body = try RawClient(port: gateway.httpPort)
      body.send("POST /time/set HTTP/1.1\r\nHost: g\r\nContent-Length: 10\r\n\r\nab")
      #expect(body.isAtEnd)
      #expect(backend.received.isEmpty)
    }
  }

  @Test func `an answer that comes before the request's body is passed on, and the rest of the body is not waited for`()
    async throws
  {
    // Answers as soon as it has the head, and reads no more.
    let early = try EarlyBackend(answer: "HTTP/1.1 409 Conflict\r\nContent-Length: 5\r\n\r\nearly")
    let api = API(
      id: "time", displayName: "Time", path: "time", protocols: [.http],
      serviceURL: "http://127.0.0.1:\(early.port)", subscriptionRequired: false,
      operations: [Operation(id: "set", displayName: "Set", method: "POST", urlTemplate: "/*")])
    try await RunningGateway.serving([api]) { gateway in
      let client = try RawClient(port: gateway.httpPort)
      client.send("POST /time/set HTTP/1.1\r\nHost: g\r\nContent-Length: 100000000\r\n\r\n0123456789")
      let answer = try #require(client.answer())
      #expect(answer.status == 409 && answer.body == "early")
      #expect(answer.header("Connection") == "close")
      // The connection cannot go on with another request: it ends, though the body never came whole.
      #expect(client.isAtEnd)
      await gateway.server.drain(milliseconds: 0)
      #expect(gateway.records.all.map(\.responseCode) == [409])
    }
    early.stop()
  }
}

/// A backend that answers when it has a request's head, and reads nothing behind it.
private final class EarlyBackend: Sendable {
  let port: Int
  private let listener: Int32

  init(answer: String) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 16) == 0 && getsockname(listener, $0, &length) == 0
      }
    }
    guard isBound else { throw POSIXError(.EADDRINUSE) }
    self.listener = listener
    port = Int(UInt16(bigEndian: address.sin_port))
    let thread = Thread {
      var open: [Int32] = []
      while true {
        let client = accept(listener, nil, nil)
        if client < 0 { break }
        open.append(client)
        var text = ""
        var bytes = [UInt8](repeating: 0, count: 1_024)
        while !text.contains("\r\n\r\n") {
          let count = recv(client, &bytes, bytes.count, 0)
          if count <= 0 { break }
          text += String(decoding: bytes[..<count], as: UTF8.self)
        }
        let message = Array(answer.utf8)
        _ = send(client, message, message.count, Int32(MSG_NOSIGNAL))
      }
      for client in open { close(client) }
      close(listener)
    }
    thread.start()
  }

  func stop() { shutdown(listener, Int32(SHUT_RDWR)) }
}
