import HTTPWire
import PolicyLibrary
import Testing
import Workbench

/// Limits and metrics of language models' tokens (semantics-cases O7 and O8).
struct TokenLimitTests {
  private static let answer = "{\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":30,\"total_tokens\":40}}"

  private func bench(_ attributes: String, effects: ScriptedEffects, answer: String = Self.answer) throws -> PolicyBench
  {
    try PolicyBench(
      inbound: """
        <llm-token-limit counter-key="k" \(attributes) remaining-tokens-header-name="X-Left" \
        tokens-consumed-header-name="X-Used" tokens-consumed-variable-name="used" retry-after-variable-name="again"/>
        <set-variable name="before" value="@(context.Variables["used"].ToString())"/>
        """,
      outbound: "<set-variable name=\"after\" value=\"@(context.Variables[&quot;used&quot;].ToString())\"/>",
      effects: effects, answer: { _ in .response(status: 200, body: answer) })
  }

  @Test func `what a call took is counted when its answer is there, and the next is refused until the minute is over`()
    throws
  {
    let effects = ScriptedEffects()
    let bench = try bench("tokens-per-minute=\"70\" estimate-prompt-tokens=\"false\"", effects: effects)
    let first = try bench.run("POST", body: "{}")
    #expect(first.response.value(of: "X-Used") == "40")
    #expect(first.response.value(of: "X-Left") == "30")
    #expect(first.text("before") == "0" && first.text("after") == "40")
    #expect(try bench.run("POST", body: "{}").response.status == 200)
    let refused = try bench.run("POST", body: "{}")
    #expect(refused.response.status == 429)
    #expect(refused.response.value(of: "Retry-After") != nil)
    #expect(refused.variables["again"] != nil)
    effects.pass(milliseconds: 61_000)
    #expect(try bench.run("POST", body: "{}").response.status == 200)
  }

  @Test func `an estimated prompt counts at once`() throws {
    let effects = ScriptedEffects()
    let bench = try bench("tokens-per-minute=\"70\" estimate-prompt-tokens=\"true\"", effects: effects)
    #expect(try bench.run("POST", body: String(repeating: "word", count: 71)).response.status == 429)
    let passed = try bench.run("POST", body: String(repeating: "word", count: 8))
    #expect(passed.text("before") == "8" && passed.text("after") == "40")
    #expect(passed.response.value(of: "X-Left") == "30")
  }

  @Test func `a quota is refused with 403 until its day is over`() throws {
    let effects = ScriptedEffects()
    let bench = try bench(
      "token-quota=\"50\" token-quota-period=\"Daily\" estimate-prompt-tokens=\"false\"", effects: effects)
    #expect(try bench.run("POST", body: "{}").response.status == 200)
    #expect(try bench.run("POST", body: "{}").response.status == 200)
    let refused = try bench.run("POST", body: "{}")
    #expect(refused.response.status == 403)
    #expect(refused.response.value(of: "Retry-After") == "86400")
    effects.pass(milliseconds: 86_400_000)
    #expect(try bench.run("POST", body: "{}").response.status == 200)
  }

  @Test func `a stream that tells no usage is estimated by its events`() throws {
    let effects = ScriptedEffects()
    let stream = "data: {\"choices\":[]}\n\ndata: {\"choices\":[]}\n\ndata: [DONE]\n\n"
    let bench = try bench("tokens-per-minute=\"70\" estimate-prompt-tokens=\"false\"", effects: effects, answer: stream)
    #expect(try bench.run("POST", body: "12345678").response.value(of: "X-Used") == "4")
  }

  @Test func `tokens are metrics with the dimensions of the request`() throws {
    let effects = ScriptedEffects()
    let bench = try PolicyBench(
      inbound: "<llm-emit-token-metric namespace=\"llm\"><dimension name=\"API ID\"/></llm-emit-token-metric>",
      effects: effects, answer: { _ in .response(status: 200, body: Self.answer) })
    _ = try bench.run("POST", body: "{}")
    #expect(
      effects.metrics.map { "\($0.namespace) \($0.name) \($0.value)" } == [
        "llm Total Tokens 40.0", "llm Prompt Tokens 10.0", "llm Completion Tokens 30.0",
      ])
    #expect(effects.metrics.first?.dimensions == [.init(name: "API ID", value: "echo")])
  }

  @Test func `a limit needs a rate or a quota with its period`() {
    #expect(
      PolicyBench.complaints("<llm-token-limit counter-key=\"k\" estimate-prompt-tokens=\"true\"/>") == [
        "1:21 'llm-token-limit' needs tokens-per-minute, or token-quota with its period."
      ])
    #expect(
      PolicyBench.complaints("<get-authorization-context provider-id=\"a\"/>") == [
        "1:21 Policy 'get-authorization-context' cannot run on a self-hosted gateway: its credential manager is a "
          + "service of the cloud. Fetch the token with send-request and keep it with cache-value."
      ])
  }
}
