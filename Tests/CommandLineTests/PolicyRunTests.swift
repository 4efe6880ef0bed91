import Foundation
import Testing

/// `postern policy run` and `postern policy test` as their user reads them.
struct PolicyRunTests {
  @Test func `one exchange is told: what the backend received, the response, the log and the trace`() async throws {
    try await withCommandLine { line in
      try line.write(
        """
        <policies>
          <inbound>
            <set-header name="X"><value>{{greeting}}</value></set-header>
            <trace source="me"><message>seen</message></trace>
          </inbound>
          <backend><forward-request /></backend>
          <outbound><set-status code="201" reason="Made" /></outbound>
        </policies>
        """, to: "api.xml")
      try line.write("POST /echo/orders?a=1\nY: 2\n\nfirst order\n", to: "request.http")
      try line.write("200 OK\nContent-Type: text/plain\n\nthanks\n", to: "backend.http")
      try line.write(#"{"greeting": "hello"}"#, to: "values.json")
      let outcome = try await line.run(
        "policy", "run", "api.xml", "--request", "request.http", "--backend", "backend.http", "--named-values",
        "values.json", "--now", "2026-02-03T04:05:06Z")
      #expect(outcome.status == 0, "\(outcome)")
      let received = "### received\nPOST http://be/api/orders?a=1\nY: 2\nX: hello\n\nfirst order\n"
      #expect(outcome.output.hasPrefix(received), "\(outcome.output)")
      #expect(outcome.output.contains("### response\n201 Made\nContent-Type: text/plain\n\nthanks\n"))
      #expect(outcome.output.contains("### log\nverbose me: seen\n"), "\(outcome.output)")
      let json = try #require(outcome.output.components(separatedBy: "### trace\n").last)
      let trace = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
      let entries = try #require(trace["traceEntries"] as? [String: [[String: Any]]])
      #expect(entries["inbound"]?.compactMap { $0["source"] as? String } == ["set-header", "trace", "me"])
      #expect(entries["backend"]?.count == 1 && entries["outbound"]?.count == 1 && entries["on-error"]?.isEmpty == true)
      let first = try #require(entries["inbound"]?.first)
      #expect((first["timestamp"] as? String)?.hasPrefix("2026-02-03T04:05:06") == true)
      #expect(first["elapsed"] as? String == "00:00:00.0000000")
      let data = try #require(first["data"] as? [String: Any])
      #expect(data["scope"] as? String == "api" && data["line"] as? Int == 3)
      #expect(data["output"] as? [String: String] == ["request.headers.X": "hello"])
      let last = try #require(entries["outbound"]?.first?["data"] as? [String: Any])
      #expect(last["input"] as? [String: String] == ["response.status": "200"])
      #expect(last["output"] as? [String: String] == ["response.status": "201"])
    }
  }

  @Test func `backends of a file have their circuit breakers, and only those are known`() async throws {
    try await withCommandLine { line in
      try line.write(
        """
        <policies>
          <inbound><set-backend-service backend-id="orders" /></inbound>
          <backend>
            <retry condition="@(context.Response.StatusCode >= 500)" count="2" interval="1">
              <forward-request />
            </retry>
          </backend>
        </policies>
        """, to: "api.xml")
      try line.write("GET /echo/orders\n", to: "request.http")
      try line.write("502 Bad Gateway\n", to: "backend.http")
      let breaker = "count=2\ninterval=PT10S\ntripDuration=PT30S\nstatusCodeRanges=500-599\n"
      try line.write("### backends\norders=http://orders\n### circuit-breaker orders\n\(breaker)", to: "backends.txt")
      let arguments = ["policy", "run", "api.xml", "--request", "request.http", "--backend", "backend.http"]
      let outcome = try await line.run(arguments + ["--backends", "backends.txt"])
      #expect(outcome.status == 0, "\(outcome)")
      #expect(outcome.output.components(separatedBy: "### received\nGET http://orders/orders").count == 3)
      #expect(outcome.output.contains("### response\n503"), "\(outcome.output)")
      #expect(outcome.output.contains("CircuitBreakerOpen"), "\(outcome.output)")
      try line.write("### backends\nothers=http://orders\n", to: "others.txt")
      let unknown = try await line.run(arguments + ["--backends", "others.txt"])
      #expect(unknown.status == 1 && unknown.errors.contains("There is no backend 'orders'."), "\(unknown)")
      for (text, complaint) in [
        ("### backends\na=http://a\n### circuit-breaker a\ncount=x", "bad.txt:3: 'count' must be a number from 1"),
        ("### circuit-breaker a\n\(breaker)", "bad.txt:1: There is no backend 'a' for the circuit breaker."),
        ("### request\nGET /", "bad.txt:1: Expected '### backends' or '### circuit-breaker ID'."),
      ] {
        try line.write(text, to: "bad.txt")
        let outcome = try await line.run(arguments + ["--backends", "bad.txt"])
        #expect(outcome.status == 2 && outcome.errors.contains(complaint), "\(outcome)")
      }
    }
  }

  @Test func `certificates of the service and of the caller are there`() async throws {
    try await withCommandLine { line in
      try line.write(Self.certificate, to: "certificates/device.pem")
      try line.write(Self.certificate, to: "client.pem")
      try line.write("GET /echo/orders\n", to: "request.http")
      try line.write(
        """
        <set-header name="Own"><value>@(context.Request.Certificate?.Thumbprint ?? "none")</value></set-header>
        <set-header name="Known"><value>@(context.Deployment.Certificates["device"].Thumbprint)</value></set-header>
        <validate-client-certificate validate-trust="false" />
        """, to: "inbound.xml")
      let arguments = ["policy", "run", "inbound.xml", "--request", "request.http", "--certificates", "certificates"]
      let known = try await line.run(arguments + ["--client-certificate", "client.pem"])
      #expect(known.status == 0, "\(known)")
      #expect(
        known.output.contains(
          "Own: D045046242A5971255BB63A5B5A97B5483D06E2D\nKnown: D045046242A5971255BB63A5B5A97B5483D06E2D\n"),
        "\(known.output)")
      let unknown = try await line.run(arguments)
      #expect(unknown.output.contains("### response\n403"), "\(unknown.output)")
    }
  }

  /// Of an elliptic curve, valid until 2125.
  private static let certificate = """
    -----BEGIN CERTIFICATE-----
    MIIBmzCCAUGgAwIBAgIEEjSrzTAKBggqhkjOPQQDAjA/MQswCQYDVQQGEwJERTEW
    MBQGA1UECgwNQ29udG9zbywgSW5jLjEYMBYGA1UEAwwPQ29udG9zbyBJc3N1aW5n
    MCAXDTI1MDEwMTAwMDAwMFoYDzIxMjUwMTAxMDAwMDAwWjA4MQswCQYDVQQGEwJE
    RTEWMBQGA1UECgwNQ29udG9zbywgSW5jLjERMA8GA1UEAwwIZGV2aWNlIDcwWTAT
    BgcqhkjOPQIBBggqhkjOPQMBBwNCAAQ0LebjYLS6ODBigZXLBXVZ5U3aGL/V3ycX
    CXa6GxosEeGC9Lh8Vui63PFK6DRW9Fz2mf7BQWAUDU0IDaW4Ki6BozAwLjAMBgNV
    HRMBAf8EAjAAMB4GA1UdEQQXMBWCE2RldmljZTcuY29udG9zby5jb20wCgYIKoZI
    zj0EAwIDSAAwRQIhAOaJ/iIjI3SGNGqAt56agJjo/9SGGA8cy5C8z9BZSnFeAiAv
    MKkbIoIt0Owex+0oPKVi09PhklK8+/EdbS/ribW0nw==
    -----END CERTIFICATE-----
    """

  @Test func `what fails is told with line, policy and reason`() async throws {
    try await withCommandLine { line in
      let policy = #"<set-header name="X"><value>@(context.Request.Headers["None"][0])</value></set-header>"#
      try line.write("<policies><inbound>\n\(policy)\n</inbound></policies>", to: "api.xml")
      try line.write("GET /echo/orders", to: "request.http")
      let outcome = try await line.run("policy", "run", "api.xml", "--request", "request.http")
      #expect(outcome.status == 0 && outcome.output.contains("### response\n500 "), "\(outcome)")
      #expect(
        outcome.output.contains("### errors\nline 2: set-header: ExpressionValueEvaluationFailure: "), "\(outcome)")
    }
  }

  @Test func `a policy that cannot run ends with 1, a missing file with 2`() async throws {
    try await withCommandLine { line in
      try line.write("<policies><inbound><set-headr /></inbound></policies>", to: "api.xml")
      try line.write("GET /echo/orders", to: "request.http")
      let refused = try await line.run("policy", "run", "api.xml", "--request", "request.http")
      #expect(refused.status == 1 && refused.errors.contains("did you mean 'set-header'?"), "\(refused)")
      #expect(try await line.run("policy", "run", "api.xml", "--request", "nowhere.http").status == 2)
      #expect(try await line.run("policy", "run", "api.xml").status == 2)
    }
  }

  @Test func `tests that hold end with 0, others with 1 and the place`() async throws {
    try await withCommandLine { line in
      let good =
        "Good.\n### policy\n<set-method>PUT</set-method>\n### request\nGET /echo/a\n### received\nPUT http://be/api/a\n"
      try line.write(good, to: "cases/good.http")
      let passed = try await line.run("policy", "test", "cases")
      #expect(passed.status == 0 && passed.output.isEmpty && passed.errors == "1 tests, 0 failed\n", "\(passed)")
      try line.write(good.replacingOccurrences(of: "PUT http", with: "GET http"), to: "cases/deep/bad.http")
      let failed = try await line.run("policy", "test", "cases")
      #expect(failed.status == 1 && failed.errors == "2 tests, 1 failed\n", "\(failed)")
      #expect(failed.output == "cases/deep/bad.http:7: The backend received: PUT http://be/api/a\n", "\(failed)")
      #expect(try await line.run("policy", "test", "nowhere").status == 2)
    }
  }
}
