import HTTPWire
import PolicyLibrary
import Testing
import Workbench

/// `retry` on a clock that stands still unless somebody waits (semantics-cases, section F).
struct RetryTests {
  private static func always(_ attributes: String) -> String {
    "<retry condition=\"@(true)\" \(attributes)><forward-request/></retry>"
  }

  @Test(arguments: [
    ("count=\"3\" interval=\"2\"", [2_000, 2_000, 2_000]),
    ("count=\"3\" interval=\"2\" first-fast-retry=\"true\"", [2_000, 2_000]),
    ("count=\"3\" interval=\"2\" delta=\"3\"", [2_000, 5_000, 8_000]),
    ("count=\"2\" interval=\"0\"", []),
    ("count=\"2\" interval=\"9\" max-interval=\"4\"", [4_000, 4_000]),
  ])
  func `a body runs once and then as often as counted, with the documented waits`(
    attributes: String, waits: [Int]
  ) throws {
    var attempts = 0
    let bench = try PolicyBench(
      backend: Self.always(attributes),
      answer: { _ in
        attempts += 1
        return .response(status: 500)
      })
    let exchange = try bench.run()
    #expect(bench.effects.sleeps == waits)
    #expect(attempts == (attributes.hasPrefix("count=\"3\"") ? 4 : 3))
    #expect(exchange.response.status == 500)
  }

  @Test func `exponential waits double within a fifth, up to the bound`() throws {
    let bench = try PolicyBench(
      backend: Self.always("count=\"6\" interval=\"10\" delta=\"10\" max-interval=\"100\""),
      answer: { _ in .response(status: 500) })
    _ = try bench.run()
    let waits = bench.effects.sleeps.map { Double($0) / 1_000 }
    #expect(waits.count == 6)
    for (wait, power) in zip(waits, [0.0, 1, 3, 7, 15, 31]) {
      #expect(wait >= min(100, 10 + power * 8) - 0.001 && wait <= min(100, 10 + power * 12) + 0.001)
    }
  }

  @Test func `the condition is asked again after each run, with the new response`() throws {
    var statuses = [429, 429, 200]
    let bench = try PolicyBench(
      backend: """
        <retry condition="@(context.Response.StatusCode == 429)" count="5" interval="1"><forward-request/></retry>
        """,
      answer: { _ in .response(status: statuses.removeFirst()) })
    let exchange = try bench.run()
    #expect(exchange.response.status == 200)
    #expect(bench.effects.sleeps == [1_000, 1_000])
    #expect(exchange.request.path == "/api/resource")
  }

  @Test func `a failed body is tried again, and the failure is kept for the record`() throws {
    var attempts = 0
    let bench = try PolicyBench(
      backend: """
        <retry condition="@(context.LastError != null)" count="2" interval="1"><forward-request/></retry>
        """,
      answer: { _ in
        attempts += 1
        return attempts == 1
          ? .failure(reason: "BackendConnectionFailure", message: "refused") : .response(status: 200, body: "late")
      })
    let exchange = try bench.run()
    #expect(attempts == 2)
    #expect(exchange.response.status == 200)
    #expect(exchange.answer == "late")
    #expect(exchange.lastError == nil)
    #expect(exchange.errors.map(\.error.reason) == ["BackendConnectionFailure"])
  }

  @Test func `a failure that the condition does not want again goes to on-error with its own place`() throws {
    let bench = try PolicyBench(
      backend: """
        <retry condition="@(context.Response.StatusCode == 500)" count="2" interval="1"><forward-request/></retry>
        """, onError: "<set-header name=\"X-Path\"><value>@(context.LastError.Path)</value></set-header>",
      answer: { _ in .failure(reason: "Timeout", message: "late") })
    let exchange = try bench.run()
    #expect(exchange.response.status == 500)
    #expect(exchange.response.value(of: "X-Path") == "retry[1]/forward-request[1]")
    #expect(exchange.lastError?.reason == "Timeout")
    #expect(bench.effects.sleeps.isEmpty)
  }

  @Test func `return-response in a body ends everything`() throws {
    let bench = try PolicyBench(
      inbound: """
        <retry condition="@(true)" count="3" interval="1"><return-response><set-status code="202"/></return-response></retry>
        """)
    #expect(try bench.run().response.status == 202)
    #expect(bench.effects.sleeps.isEmpty)
  }

  @Test func `another backend on another attempt gets its own base path`() throws {
    var paths: [String] = []
    let bench = try PolicyBench(
      backend: """
        <retry condition="@(context.Response.StatusCode == 500)" count="1" interval="0">
          <choose><when condition="@(context.Response != null)">
            <set-backend-service base-url="http://other/v2/base"/></when></choose>
          <forward-request/></retry>
        """,
      answer: { exchange in
        paths.append(exchange.request.target)
        return .response(status: 500)
      })
    _ = try bench.run()
    #expect(paths == ["/api/resource?a=1", "/v2/base/resource?a=1"])
  }

  @Test func `a retry inside a retry runs its body for each outer attempt`() throws {
    var attempts = 0
    let bench = try PolicyBench(
      backend: """
        <retry condition="@(true)" count="1" interval="5">
          <retry condition="@(true)" count="2" interval="1"><forward-request/></retry></retry>
        """,
      answer: { _ in
        attempts += 1
        return .response(status: 200)
      })
    _ = try bench.run()
    #expect(attempts == 6)
    #expect(bench.effects.sleeps == [1_000, 1_000, 5_000, 1_000, 1_000])
  }

  @Test func `counts out of bounds are refused where they stand`() {
    let complaints = PolicyBench.complaints(
      "<retry condition=\"@(true)\" count=\"51\" interval=\"1\"><trace source=\"a\">b</trace></retry>")
    #expect(complaints == ["1:54 '51' is no value of 'count'; expected a whole number, 1 to 50."])
  }
}
