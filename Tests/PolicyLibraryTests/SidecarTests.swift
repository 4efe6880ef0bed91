import Expressions
import HTTPWire
import PolicyLibrary
import Testing
import Workbench

/// The Dapr policies and custom metrics.
struct SidecarTests {
  @Test func `a message goes to the topic of its component`() throws {
    let effects = ScriptedEffects.answering(204)
    let bench = try PolicyBench(
      inbound: """
        <publish-to-dapr pubsub-name="orders" topic="new">@("{\\"m\\":\\"" + context.Request.Method + "\\"}")</publish-to-dapr>
        <publish-to-dapr topic="orders/old" timeout="2" response-variable-name="r">plain</publish-to-dapr>
        """, effects: effects)
    #expect(try bench.run().variables["r"]?.response?.statusCode == 204)
    #expect(
      effects.requests.map { "\($0.method) \($0.host)\($0.target)" } == [
        "POST localhost:3500/v1.0/publish/orders/new", "POST localhost:3500/v1.0/publish/orders/old",
      ])
    #expect(effects.requests[0].body == Array("{\"m\":\"GET\"}".utf8))
    #expect(effects.requests.map(\.timeoutMilliseconds) == [5_000, 2_000])
  }

  @Test func `a sidecar that refuses is an error, unless it shall be ignored`() throws {
    let policy = { (attributes: String) in
      "<publish-to-dapr pubsub-name=\"a\" topic=\"b\" \(attributes)>x</publish-to-dapr>"
    }
    #expect(
      try PolicyBench(inbound: policy(""), effects: ScriptedEffects.answering(500)).run().lastError?.source
        == "publish-to-dapr")
    #expect(
      try PolicyBench(inbound: policy("ignore-error=\"true\""), effects: ScriptedEffects.answering(500)).run().lastError
        == nil)
    #expect(try PolicyBench(inbound: policy("ignore-error=\"true\"")).run().lastError == nil)
    #expect(try PolicyBench(inbound: policy("")).run().lastError?.reason == "BackendConnectionFailure")
  }

  @Test func `a binding gets operation, metadata and data as JSON`() throws {
    let effects = ScriptedEffects.answering(200)
    let bench = try PolicyBench(
      inbound: """
        <invoke-dapr-binding name="my queue" operation="create"><metadata><item key="a">"b"</item></metadata>
        <data>@("{\\"x\\":1}")</data></invoke-dapr-binding>
        <invoke-dapr-binding name="q"><data>not json</data></invoke-dapr-binding>
        """, effects: effects)
    _ = try bench.run()
    #expect(effects.requests.map(\.target) == ["/v1.0/bindings/my%20queue", "/v1.0/bindings/q"])
    #expect(
      effects.requests.map { String(decoding: $0.body ?? [], as: UTF8.self) } == [
        "{\"operation\":\"create\",\"metadata\":{\"a\":\"\\\"b\\\"\"},\"data\":{\"x\":1}}", "{\"data\":\"not json\"}",
      ])
  }

  @Test func `set-backend-service names a method of a Dapr application`() throws {
    var target = ""
    let bench = try PolicyBench(
      inbound: """
        <set-backend-service backend-id="dapr" dapr-app-id="echo" dapr-method="back" dapr-namespace="echo-app"/>
        """,
      answer: { exchange in
        target = (exchange.backend?.url ?? "") + exchange.request.path
        return .response(status: 200)
      })
    _ = try bench.run()
    #expect(target == "http://localhost:3500/v1.0/invoke/echo.echo-app/method/back")
  }

  @Test func `a metric has the dimensions that the policy names, and knows some itself`() throws {
    let effects = ScriptedEffects()
    let bench = try PolicyBench(
      inbound: """
        <emit-metric name="Calls" value="@(2.5)"><dimension name="API ID"/>
        <dimension name="Caller" value="@(context.Request.Method)"/></emit-metric>
        """, effects: effects)
    _ = try bench.run()
    #expect(
      effects.metrics == [
        EmittedMetric(
          name: "Calls", namespace: "API Management", value: 2.5,
          dimensions: [.init(name: "API ID", value: "echo"), .init(name: "Caller", value: "GET")])
      ])
    #expect(
      PolicyBench.complaints("<emit-metric name=\"a\"><dimension name=\"Zone\"/></emit-metric>") == [
        "1:43 The dimension 'Zone' needs a value; only API ID, Operation ID, Product ID, User ID, Subscription ID, "
          + "Location, Gateway ID have one of their own."
      ])
  }
}
