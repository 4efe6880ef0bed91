import ChildProcesses
import ControlPlaneStore
import Foundation
import GatewayConfiguration
import HTTPTypes
import ManagementAPI
import Testing

/// Backends and certificates as ARM clients write them, and what gateways get of them.
struct BackendResourceTests {
  private static func single(_ more: String = "") -> String {
    #"{"properties":{"url":"http://10.0.0.1"\#(more)}}"#
  }

  private static func pool(_ services: String, _ more: String = "") -> String {
    #"{"properties":{"type":"Pool","pool":{"services":[\#(services)]\#(more)}}}"#
  }

  private static let breaker = """
    ,"circuitBreaker":{"rules":[{"name":"r","failureCondition":{"count":3,"interval":"PT5M",
    "statusCodeRanges":[{"min":500,"max":599}],"errorReasons":["Timeout"]},"tripDuration":"PT1M","acceptRetryAfter":true}]}
    """

  @Test func `backends with all they can have reach the gateway`() async throws {
    try await withService { client, service in
      _ = try await client.call(
        .put, "/namedValues/pin", #"{"properties":{"displayName":"pin","value":"1234","secret":true}}"#)
      let full = Self.single(
        Self.breaker + #"""
          ,"tls":{"validateCertificateChain":false},
          "credentials":{"header":{"X-Key":["{{pin}}!"]},"query":{"code":["7"]},
          "authorization":{"scheme":"Basic","parameter":"{{pin}}"}},
          "healthCheck":{"path":"/well","interval":"PT2S","unhealthyThreshold":5}
          """#)
      let created = try await client.call(.put, "/backends/One", full)
      #expect(created.status == 201, "\(created.body.text)")
      #expect(try await client.call(.put, "/backends/two", Self.single()).status == 201)
      let pool = try await client.call(
        .put, "/backends/all",
        Self.pool(
          #"{"id":"/backends/one","weight":3,"priority":1},{"id":"\#(ManagementService.resourceID)/backends/two"}"#,
          #","sessionAffinity":{"sessionId":{"source":"Cookie","name":"SessionId"}}"#))
      #expect(pool.status == 201, "\(pool.body.text)")
      let snapshot = try #require(try await service.publisher.current("managed")).snapshot
      #expect(snapshot.backends.map(\.id) == ["One", "all", "two"])
      let one = snapshot.backends[0]
      #expect(!one.validateCertificateChain && one.validateCertificateName)
      #expect(
        one.circuitBreaker
          == CircuitBreakerRule(
            name: "r", threshold: .count(3), intervalMilliseconds: 300_000,
            statusCodeRanges: [StatusCodeRange(min: 500, max: 599)], errorReasons: ["Timeout"],
            tripMilliseconds: 60_000, acceptsRetryAfter: true))
      #expect(
        one.credentials
          == .init(
            headers: ["X-Key": ["1234!"]], query: ["code": ["7"]], authorizationScheme: "Basic",
            authorizationParameter: "1234"))
      #expect(one.healthCheck == HealthCheck(path: "/well", intervalMilliseconds: 2_000, unhealthyThreshold: 5))
      #expect(
        snapshot.backends[1].pool
          == [.init(backendID: "One", priority: 1, weight: 3), .init(backendID: "two", priority: 0, weight: 0)])
      #expect(snapshot.backends[1].sessionCookie == "SessionId")
    }
  }

  @Test func `the password of a proxy is a secret, which stays for the same proxy alone`() async throws {
    try await withService { client, service in
      _ = try await client.call(.put, "/namedValues/pin", #"{"properties":{"displayName":"pin","value":"12"}}"#)
      func put(_ proxy: String) async throws -> Answer {
        try await client.call(.put, "/backends/one", Self.single(#","proxy":\#(proxy)"#))
      }
      func proxy() async throws -> Backend.Proxy? {
        try await service.publisher.current("managed")?.snapshot.backends.first?.proxy
      }
      let created = try await put(#"{"url":"http://p:3128","username":"u","password":"{{pin}}34"}"#)
      #expect(created.status == 201)
      let shown = try await client.call(.get, "/backends/one").body["properties"]?["proxy"]
      #expect(shown?["username"] == "u")
      #expect(shown?["password"] == nil)
      let expected = Backend.Proxy(url: "http://p:3128", username: "u", password: "1234")
      #expect(try await proxy() == expected)
      #expect(try await client.call(.delete, "/namedValues/pin").status == 400)
      #expect(try await put(#"{"url":"http://p:3128","username":"u"}"#).status == 200)
      #expect(try await proxy() == expected)
      #expect(try await put(#"{"url":"http://other:3128","username":"u"}"#).status == 200)
      #expect(try await proxy() == Backend.Proxy(url: "http://other:3128", username: "u"))
      #expect(try await client.call(.delete, "/namedValues/pin").status == 204)
    }
  }

  /// Bodies with the members that the complaints are about.
  private static let refused: [(body: String, targets: [String])] = [
    (#"{"properties":{}}"#, ["url"]), (#"{"properties":{"url":"ftp://x"}}"#, ["url"]),
    (single(#","pool":{"services":[]}"#), ["pool"]), (pool(""), ["pool.services"]),
    (pool(#"{"id":"/backends/nobody"}"#), ["pool.services[0].id"]),
    (pool(#"{"id":"/apis/nobody"}"#), ["pool.services[0].id"]),
    (pool(#"{"id":"/backends/other"},{"id":"/backends/OTHER"}"#), ["pool.services[1].id"]),
    (pool(#"{"id":"/backends/x"}"#), ["pool.services[0].id"]),
    (pool(#"{"id":"/backends/many"}"#), ["pool.services[0].id"]),
    (
      pool(#"{"id":"/backends/other","weight":101,"priority":-1}"#),
      ["pool.services[0].priority", "pool.services[0].weight"]
    ), (pool(#"{"id":"/backends/other","wait":1}"#), ["pool.services[0].wait"]),
    (
      pool(#"{"id":"/backends/other"}"#, #","sessionAffinity":{"sessionId":{"source":"Header","name":"a b"}}"#),
      ["pool.sessionAffinity.sessionId.source", "pool.sessionAffinity.sessionId.name"]
    ), (single(#","circuitBreaker":{"rules":[{},{}]}"#), ["circuitBreaker.rules"]),
    (
      single(
        #"""
        ,"circuitBreaker":{"rules":[{"name":"r","failureCondition":{"count":1,"percentage":5,"interval":"5 minutes",
        "statusCodeRanges":[{"min":600,"max":500}]}}]}
        """#),
      [
        "circuitBreaker.rules[0].failureCondition", "circuitBreaker.rules[0].failureCondition.statusCodeRanges[0].min",
        "circuitBreaker.rules[0].failureCondition", "circuitBreaker.rules[0].failureCondition.interval",
        "circuitBreaker.rules[0].tripDuration",
      ]
    ), (single(#","tls":{"validateCertificateName":1}"#), ["tls.validateCertificateName"]),
    (
      single(
        #","credentials":{"header":{"Host":["x"]},"certificateIds":["/certificates/none"],"query":{"a":["{{b}}"]}}"#),
      ["credentials.header", "credentials.certificateIds", "credentials"]
    ), (single(#","healthCheck":{"path":"well"}"#), ["healthCheck.path"]),
    (single(#","proxy":{"username":"u"}"#), ["proxy.url"]),
    (single(#","proxy":{"url":"https://p:1","password":"x"}"#), ["proxy.url", "proxy.username"]),
    (single(#","proxy":{"url":"http://p:1","username":"u","password":"{{none}}"}"#), ["proxy"]),
    (pool(#"{"id":"/backends/other"}"#, #"},"proxy":{"url":"http://p:1""#), ["proxy"]),
  ]

  @Test(arguments: refused.indices)
  func `a backend that cannot be is refused with every reason`(_ index: Int) async throws {
    let (body, targets) = Self.refused[index]
    try await withService { client, _ in
      _ = try await client.call(.put, "/backends/other", Self.single())
      _ = try await client.call(.put, "/backends/many", Self.pool(#"{"id":"/backends/other"}"#))
      let answer = try await client.call(.put, "/backends/x", body)
      #expect(answer.status == 400)
      let details = answer.body["error"]?["details"]?.arrayValue ?? []
      #expect(details.compactMap { $0["target"]?.stringValue } == targets, "\(answer.body.text)")
    }
  }

  @Test func `a member can neither be deleted nor become a pool while its pool names it`() async throws {
    try await withService { client, _ in
      _ = try await client.call(.put, "/backends/other", Self.single())
      _ = try await client.call(.put, "/backends/more", Self.single())
      _ = try await client.call(.put, "/backends/many", Self.pool(#"{"id":"/backends/other"}"#))
      #expect(try await client.call(.delete, "/backends/other", headers: [.ifMatch: "*"]).status == 400)
      let cycle = try await client.call(.put, "/backends/other", Self.pool(#"{"id":"/backends/more"}"#))
      #expect(cycle.body["error"]?["details"]?.arrayValue?.first?["target"] == "type")
      #expect(try await client.call(.delete, "/backends/many", headers: [.ifMatch: "*"]).status == 204)
      #expect(try await client.call(.delete, "/backends/other", headers: [.ifMatch: "*"]).status == 204)
    }
  }

  @Test func `a certificate shows what it is, keeps its key secret, and goes to gateways whose backends show it`()
    async throws
  {
    let archive = try await PKCS12.make(password: "open")
    try await withService { client, service in
      #expect(
        try await client.call(.put, "/certificates/c", #"{"properties":{"data":"AAAA"}}"#).status == 400)
      #expect(
        try await client.call(
          .put, "/certificates/c", #"{"properties":{"data":"\#(archive)","password":"wrong"}}"#
        ).status == 400)
      let created = try await client.call(
        .put, "/certificates/c", #"{"properties":{"data":"\#(archive)","password":"open"}}"#)
      #expect(created.status == 201, "\(created.body.text)")
      let properties = try #require(created.body["properties"])
      #expect(properties["subject"] == "CN=plant")
      let thumbprint = try #require(properties["thumbprint"]?.stringValue)
      #expect(thumbprint.count == 40)
      #expect(properties["data"] == nil && properties["password"] == nil)
      #expect(
        try await client.call(
          .put, "/backends/b", Self.single(#","credentials":{"certificateIds":["/certificates/C"]}"#)
        ).status == 201)
      let other = try await client.call(
        .put, "/backends/d", Self.single(#","credentials":{"certificate":["\#(thumbprint.lowercased())"]}"#))
      #expect(other.status == 201, "\(other.body.text)")
      let snapshot = try #require(try await service.publisher.current("managed")).snapshot
      #expect(snapshot.backends.map(\.credentials.certificateIDs) == [["c"], ["c"]])
      let certificate = try #require(snapshot.certificates.first)
      #expect(certificate.id == "c" && certificate.thumbprint == thumbprint)
      #expect(certificate.certificatePEM.hasPrefix("-----BEGIN CERTIFICATE-----\n"))
      #expect(certificate.privateKeyPEM?.contains("PRIVATE KEY-----\n") == true)
      #expect(try await client.call(.delete, "/certificates/c", headers: [.ifMatch: "*"]).status == 400)
    }
  }

  @Test func `a named value in the credentials of a backend or a logger cannot be deleted`() async throws {
    try await withService { client, _ in
      for name in ["pin", "free"] {
        _ = try await client.call(
          .put, "/namedValues/\(name)", #"{"properties":{"displayName":"\#(name)","value":"1","secret":true}}"#)
      }
      _ = try await client.call(
        .put, "/backends/b", Self.single(#","credentials":{"header":{"X-Key":["{{pin}}"]}}"#))
      let refused = try await client.call(.delete, "/namedValues/pin", headers: [.ifMatch: "*"])
      #expect(refused.status == 400 && refused.body.text.contains("used by the backend 'b'"))
      #expect(try await client.call(.delete, "/namedValues/free", headers: [.ifMatch: "*"]).status == 204)
      #expect(try await client.call(.delete, "/backends/b", headers: [.ifMatch: "*"]).status == 204)
      let logger =
        #"{"properties":{"loggerType":"azureEventHub","credentials":{"name":"h","connectionString":"{{pin}}"}}}"#
      let made = try await client.call(.put, "/loggers/l", logger)
      #expect(made.status == 201, "\(made.body.text)")
      #expect(try await client.call(.delete, "/namedValues/pin", headers: [.ifMatch: "*"]).status == 400)
      #expect(try await client.call(.delete, "/loggers/l", headers: [.ifMatch: "*"]).status == 204)
      #expect(try await client.call(.delete, "/namedValues/pin", headers: [.ifMatch: "*"]).status == 204)
    }
  }
}

/// A PKCS#12 file with a new key, made by OpenSSL.
enum PKCS12 {
  static func make(password: String) async throws -> String {
    try await openssl("p12") { path in
      [
        "pkcs12", "-export", "-inkey", "\(path)key", "-in", "\(path)cert", "-out", "\(path)p12", "-passout",
        "pass:\(password)",
      ]
    }
  }

  /// A certificate alone.
  static func bare() async throws -> String {
    try await openssl("der") { path in ["x509", "-in", "\(path)cert", "-outform", "DER", "-out", "\(path)der"] }
  }

  /// Base64 of a file that a command makes of a new key and its certificate.
  private static func openssl(_ file: String, _ arguments: (_ path: String) -> [String]) async throws -> String {
    let folder = FileManager.default.temporaryDirectory.appending(path: "pkcs12-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path(percentEncoded: false) + "/"
    let key = [
      "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "\(path)key", "-out", "\(path)cert", "-days", "9",
      "-subj", "/CN=plant",
    ]
    for arguments in [key, arguments(path)] {
      let (status, output) = try await ChildProcess.run("/usr/bin/openssl", arguments)
      try #require(status == 0, "\(output)")
    }
    return try Data(contentsOf: URL(filePath: "\(path)\(file)")).base64EncodedString()
  }
}
