import Expressions
import PolicyLibrary

extension HotPathCase {
  /// Policy expressions, with the speed of the same C# under a JIT.
  static let expressions: [HotPathCase] = SampleExpression.all.map { sample in
    HotPathCase(name: "expression-" + sample.name, recorded: sample.recorded) {
      let (program, exchange) = (sample.compiled(), SampleExchange.make())
      return { count in
        for _ in 0..<count {
          do {
            if try sample.evaluate(program, exchange) == false { return -1 }
          } catch {
            HotPath.fail("\(sample.name): \(error)")
          }
        }
        return 0
      }
    }
  }

  /// Compiling one expression.
  static let compilations: [HotPathCase] = ["condition", "backend-select"].compactMap { name in
    guard let sample = SampleExpression.all.first(where: { $0.name == name }) else { return nil }
    return HotPathCase(name: "compile-" + name) {
      { count in
        for _ in 0..<count { _ = sample.compiled() }
        return 0
      }
    }
  }
}

/// An expression with the value it must give.
struct SampleExpression: Sendable {
  var name: String
  var form = ExpressionForm.expression
  var target = ExpressionTarget.string
  var source: String
  var expected: String
  /// Nanoseconds under CoreCLR 3.1.
  var recorded: Double

  func compiled() -> CompiledExpression {
    let compilation = ExpressionCompiler().compile(source, form: form, target: target)
    guard let program = compilation.program else { HotPath.fail("\(name): \(compilation.diagnostics)") }
    return program
  }

  /// Evaluates as the site of a policy does; false when the value is another.
  func evaluate(_ program: CompiledExpression, _ exchange: Exchange) throws -> Bool {
    switch target {
    case .bool: try program.evaluateBool(exchange, on: exchange.effects.machine)
    case .int: try program.evaluateInt(exchange, on: exchange.effects.machine) == Int(expected)
    default: try program.evaluateString(exchange, on: exchange.effects.machine) == expected
    }
  }

  static let all = [
    SampleExpression(
      name: "condition", target: .bool,
      source: #"context.Request.Method == "POST" && context.Request.Headers.ContainsKey("Authorization")"#,
      expected: "true", recorded: 41.7),
    SampleExpression(
      name: "header-prefix", target: .bool,
      source: """
        context.Request.Headers.GetValueOrDefault("Authorization", "").StartsWith("Bearer ", StringComparison.Ordinal)
        """, expected: "true", recorded: 47.3),
    SampleExpression(
      name: "variable-cast", source: #"(string)context.Variables["str"] + "-" + (int)context.Variables["num"]"#,
      expected: "text-41", recorded: 70.7),
    SampleExpression(
      name: "interpolation",
      source:
        #"$"{context.Request.Method} {context.Request.Url.Path} by {context.User.FirstName} {context.User.LastName}""#,
      expected: "POST /v1/orders/42 by Ann Lee", recorded: 77),
    SampleExpression(
      name: "split-linq",
      source: """
        context.Request.Headers.GetValueOrDefault("Accept", "").Split(',').Select(x => x.Split(';')[0].Trim())
          .FirstOrDefault(x => x.EndsWith("json", StringComparison.Ordinal))
        """, expected: "application/json", recorded: 307.7),
    SampleExpression(
      name: "regex-static",
      source: #"Regex.Match("public, max-age=300", @"max-age=(?<maxAge>\d+)").Groups["maxAge"].Value"#,
      expected: "300", recorded: 371.1),
    SampleExpression(
      name: "jwt-claims", target: .bool,
      source: """
        ((Jwt)context.Variables["jwt"]).Claims["roles"].Contains("admin")
          && ((Jwt)context.Variables["jwt"]).ExpirationTime > context.Timestamp
        """, expected: "true", recorded: 249.6),
    SampleExpression(
      name: "json-parse", source: #"(string)context.Request.Body.As<JObject>(true)["items"][0]["sku"]"#,
      expected: "A1", recorded: 6759.7),
    SampleExpression(
      name: "json-build",
      source: """
        new JObject(new JProperty("error", new JObject(new JProperty("code", 401), new JProperty("message", "denied"),
          new JProperty("id", context.RequestId.ToString())))).ToString(Newtonsoft.Json.Formatting.None)
        """, expected: #"{"error":{"code":401,"message":"denied","id":"0f8fad5b-d9cb-469f-a165-70867728950e"}}"#,
      recorded: 1657.6),
    SampleExpression(
      name: "hmac-sha256", form: .block,
      source: #"""
        using (var h = new HMACSHA256(Encoding.UTF8.GetBytes("secret"))) { return Convert.ToBase64String(
          h.ComputeHash(Encoding.UTF8.GetBytes(context.Request.Method + "\n" + context.Request.Url.Path))); }
        """#, expected: "NatkIGUafFPdpMb3YrOFAPpe36Wxz9LReEQCjpQzWRk=", recorded: 876.4),
    SampleExpression(
      name: "backend-select", form: .block, target: .int,
      source: """
        JArray backends = (JArray)context.Variables["listBackends"];
        int selectedPriority = Int32.MaxValue;
        List<int> available = new List<int>();
        for (int i = 0; i < backends.Count; i++) {
          JObject backend = (JObject)backends[i];
          if (!backend.Value<bool>("isThrottling")) {
            int p = backend.Value<int>("priority");
            if (p < selectedPriority) { selectedPriority = p; available.Clear(); available.Add(i); }
            else if (p == selectedPriority) { available.Add(i); }
          }
        }
        return available.Count > 0 ? available[0] : 0;
        """, expected: "1", recorded: 323),
    SampleExpression(
      name: "loop-100", form: .block, target: .int,
      source: "int s = 0; for (int i = 0; i < 100; i++) { if (i % 3 == 0) s += i; else s -= 1; } return s;",
      expected: "1617", recorded: 91.8),
    SampleExpression(
      name: "fib-15", form: .block, target: .int,
      source: "int F(int n) => n < 2 ? n : F(n - 1) + F(n - 2); return F(15);", expected: "610", recorded: 3014),
  ]
}
