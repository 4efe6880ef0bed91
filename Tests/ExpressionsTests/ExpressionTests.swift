import Expressions
import Testing

struct ExpressionTests {
  private func value(
    _ source: String, _ target: ExpressionTarget = .object, form: ExpressionForm = .expression,
    in context: BareContext = BareContext()
  ) throws -> String {
    let compilation = ExpressionCompiler().compile(source, form: form, target: target)
    let program = try #require(compilation.program, "\(source): \(compilation.diagnostics)")
    return try program.evaluateString(context)
  }

  private func complaint(
    _ source: String, _ target: ExpressionTarget = .object, form: ExpressionForm = .expression
  ) -> String {
    let compilation = ExpressionCompiler().compile(source, form: form, target: target)
    return compilation.diagnostics.first?.description ?? "compiled"
  }

  @Test(arguments: [
    ("1 + 2 * 3", "7"), ("7 / 2", "3"), ("-7 % 3", "-1"), ("7 / 2.0", "3.5"), ("(1 + 2) * 3", "9"),
    ("unchecked(2147483647 + 1) == -2147483648", "True"), ("1L + 2147483647", "2147483648"), ("'a' + 1", "98"),
    ("\"a\" + 1 + 2", "a12"), ("1 + 2 + \"a\"", "3a"), ("\"x\" + null", "x"), ("1e20 + \"\"", "1E+20"),
    ("0x1F", "31"), ("0b101", "5"), ("1_000", "1000"), ("true || false && false", "True"), ("!(1 > 2)", "True"),
    ("1 < 2 ? \"yes\" : \"no\"", "yes"), ("(string)null ?? \"none\"", "none"), ("(int)3.99", "3"), ("(long)5", "5"),
    ("@\"a\\b\"\"c\"", "a\\b\"c"), ("\"\\u00e9\\t|\"", "\u{e9}\t|"), ("$\"{1 + 1}/{\"a\"}{{}}\"", "2/a{}"),
    ("\"abc\".Length", "3"), ("\"abc\".Substring(1)", "bc"), ("\"abc\".Substring(1, 1)", "b"),
    ("\"a,b,c\".Split(',')[1]", "b"), ("\"a,b,c\".Split(',').Length", "3"), ("\"Hello\".ToLower()", "hello"),
    ("\"abc\".Contains(\"bc\")", "True"), ("\"abc\".StartsWith(\"AB\", StringComparison.OrdinalIgnoreCase)", "True"),
    ("\"a-b\".Replace(\"-\", \"+\")", "a+b"), ("string.IsNullOrEmpty(\"\")", "True"),
    ("String.Concat(\"a\", 1, true)", "a1True"), ("string.Join(\"-\", \"a\", 2)", "a-2"),
    ("int.Parse(\" 42 \") + 1", "43"),
    ("new [] { 1, 2, 3 }[2]", "3"), ("Guid.NewGuid().ToString(\"N\")", "0f8fad5bd9cb469fa16570867728950e"),
    (
      "new JObject(new JProperty(\"a\", 1), new JProperty(\"b\", new JArray(1, \"x\"))).ToString(Newtonsoft.Json.Formatting.None)",
      "{\"a\":1,\"b\":[1,\"x\"]}"
    ),
    ("new JObject(new JProperty(\"a\", null)).ToString()", "{\r\n  \"a\": null\r\n}"),
  ])
  func `expressions have the values C# gives them`(source: String, expected: String) throws {
    #expect(try value(source) == expected)
  }

  @Test func `a whole expression that is a text of the context is at hand, and only while the context has it`() throws {
    let context = BareContext()
    func program(_ source: String) throws -> CompiledExpression {
      try #require(ExpressionCompiler().compile(source, form: .expression, target: .string).program)
    }
    let id = try program("context.Subscription.Id")
    #expect(id.textAtHand(context) == nil)
    #expect(throws: EvaluationError.self) { try id.evaluateString(context) }
    context.present = [.subscription]
    #expect(id.textAtHand(context) == nil)
    #expect(try id.evaluateString(context) == "")
    context.texts[.subscriptionId] = "sub"
    #expect(id.textAtHand(context) == "sub")
    #expect(try id.evaluateString(context) == "sub")
    for other in ["context.Subscription.Id.ToUpper()", "context.Subscription.Id + 1", "\"sub\""] {
      #expect(try program(other).textAtHand(context) == nil)
    }
  }

  @Test func `the context is read: headers, query, subscription and variables`() throws {
    let context = BareContext()
    context.headers = ["X-Plant": ["B", "C"]]
    context.query = ["zone": ["moon"]]
    context.variables = ["count": .int32(3), "name": .string("canteen")]
    #expect(try value("context.Request.Headers.GetValueOrDefault(\"x-plant\", \"A\")", in: context) == "B,C")
    #expect(try value("context.Request.Headers.GetValueOrDefault(\"none\", \"A\")", in: context) == "A")
    #expect(try value("context.Request.Headers[\"X-Plant\"][1]", in: context) == "C")
    #expect(try value("context.Request.Headers.ContainsKey(\"None\")", in: context) == "False")
    #expect(
      try value("context.Request.Url.Query.GetValueOrDefault(\"zone\", \"\") == \"moon\"", .bool, in: context) == "True"
    )
    #expect(try value("context.Subscription?.Id ?? \"nobody\"", in: context) == "nobody")
    context.present = [.subscription]
    context.texts[.subscriptionId] = "sub"
    #expect(try value("context.Subscription?.Id ?? \"nobody\"", in: context) == "sub")
    #expect(try value("context.Variables.GetValueOrDefault<int>(\"count\") + 1", in: context) == "4")
    #expect(try value("(string)context.Variables[\"name\"] + \"!\"", in: context) == "canteen!")
    #expect(try value("context.Variables.GetValueOrDefault(\"missing\", \"x\")", in: context) == "x")
  }

  @Test(
    "the statements, lambdas and queries of C# 7",
    arguments: [
      ("int s = 0; for (int i = 0; i < 100; i++) { if (i % 3 == 0) s += i; else s -= 1; } return s;", "1617"),
      ("int F(int n) => n < 2 ? n : F(n - 1) + F(n - 2); return F(15);", "610"),
      ("var q = Enumerable.Range(1, 3); int m = 2; var r = q.Select(n => n * m); m = 10; return r.Sum();", "60"),
      (
        "var fs = new List<Func<int>>(); foreach (var x in new[] {1, 2}) fs.Add(() => x); return fs.Sum(f => f());", "3"
      ),
      ("var fs = new List<Func<int>>(); for (int i = 0; i < 2; i++) fs.Add(() => i); return fs.Sum(f => f());", "4"),
      ("bool T(string s, out int v) { v = s.Length; return v > 2; } return T(\"abc\", out var n) ? n : -n;", "3"),
      (
        "object o = 5; switch (o) { case string s: return s; case int i when i > 4: return \"big\"; default: return 0; }",
        "big"
      ),
      (
        "try { int z = 0; return 1 / z; } catch (Exception e) { return e.Message; } finally { context.Trace(\"f\"); }",
        "Attempted to divide by zero."
      ),
      (
        "var d = new Dictionary<string, int> { [\"a\"] = 1, [\"b\"] = 2 }; d.Remove(\"a\"); d[\"c\"] = 3; "
          + "return string.Join(\",\", d.Select(p => p.Key + p.Value));", "c3,b2"
      ),
      (
        "return string.Join(\",\", from x in new[] {3, 1, 2} where x > 1 let y = x * x orderby y select $\"{x}:{y}\");",
        "2:4,3:9"
      ),
      ("(int a, string b) t = (1, \"x\"); var (c, d) = t; (c, _) = (c + 1, 0); return c + d + t.b;", "2xx"),
      ("var l = new[] {\"b\", \"a\", \"c\"}.OrderByDescending(s => s).ToList(); return l[0] + l[2];", "ca"),
      (
        "decimal m = 1.50m * 1.10m; return m + \"|\" + (0.1m + 0.2m) + \"|\" + 1m / 3;",
        "1.6500|0.3|0.3333333333333333333333333333"
      ),
      ("byte b = 250; b += 10; return b;", "4"), ("string s = null; return s?.Length ?? -1;", "-1"),
      (
        "return $\"{3.14159:F2}|{42,6}|{42,-6}|{255:X4}|{1234.5:N1}\";",
        "3.14|    42|42    |00FF|1,234.5"
      ),
      ("int i = 0; do { i++; if (i == 3) continue; } while (i < 5); return i;", "5"),
      (
        "var g = new[] {\"aa\", \"b\", \"cc\"}.GroupBy(x => x.Length); return g.First().Count() + \"/\" + g.Count();",
        "2/2"
      ),
    ])
  func blockValues(source: String, expected: String) throws {
    let compilation = ExpressionCompiler().compile(source, form: .block, target: .object)
    let program = try #require(compilation.program, "\(source): \(compilation.diagnostics)")
    #expect(try program.evaluateString(BareContext()) == expected)
  }

  @Test func `blocks run statements and return`() throws {
    let source = """
      var name = context.Request.Headers.GetValueOrDefault("X-Name", "");
      string greeting = "Hello";
      if (name == "") { greeting = "Nobody"; } else { return greeting + " " + name; }
      return greeting;
      """
    let context = BareContext()
    #expect(try value(source, .string, form: .block, in: context) == "Nobody")
    context.headers["X-Name"] = ["Ada"]
    #expect(try value(source, .string, form: .block, in: context) == "Hello Ada")
  }

  @Test(arguments: [
    ("context.Request.Headers.GetValueOrDefualt(\"a\")", "1:25: error CS1061", "did you mean 'GetValueOrDefault'?"),
    ("nothing", "1:1: error CS0103", "'nothing' does not exist"),
    ("\"a\".Lenght", "1:5: error CS1061", "did you mean 'Length'?"), ("1 +", "1:4: error CS1525", "end of expression"),
    ("\"a", "1:1: error CS1010", "Newline"), ("1 / 0", "1:3: error CS0020", "zero"),
    ("\"a\" - 1", "1:5: error CS0019", "'-'"), ("new Strng(1)", "1:5: error CS0246", "did you mean 'String'?"),
    ("x => x", "1:1: error CS1660", "lambda"), ("true ? 1 : \"a\"", "1:6: error CS0173", "no implicit conversion"),
    ("\"abc\".Substring(\"x\")", "1:17: error CS1503", "cannot convert from 'string' to 'int'"),
  ])
  func `what C# refuses is refused with place and reason`(source: String, start: String, part: String) {
    let text = complaint(source)
    #expect(text.hasPrefix(start), "\(text)")
    #expect(text.contains(part), "\(text)")
  }

  @Test func `a site's type is demanded`() {
    #expect(complaint("1", .bool).contains("CS0029"))
    #expect(complaint("1", .string).contains("Cannot implicitly convert type 'int' to 'string'"))
    #expect(complaint("return;", .string, form: .block).contains("CS0126"))
    #expect(complaint("if (context == null) { return \"a\"; }", .string, form: .block).contains("CS0161"))
  }

  @Test func `exceptions carry their .NET names and places`() throws {
    let program = try #require(
      ExpressionCompiler().compile("\"abc\".Substring(5)", form: .expression, target: .string).program)
    #expect(throws: EvaluationError.self) { try program.evaluateString(BareContext()) }
    do throws(EvaluationError) {
      _ = try program.evaluateString(BareContext())
    } catch {
      #expect(error.exceptionType == "System.ArgumentOutOfRangeException")
      #expect(error.position == SourcePosition(line: 1, column: 7))
    }
  }

  @Test func `nesting and length are bounded`() {
    let deep = String(repeating: "(", count: 5_000) + "1" + String(repeating: ")", count: 5_000)
    #expect(complaint(deep).contains("CS8078"))
    #expect(complaint("\"" + String(repeating: "a", count: 600_000) + "\"").contains("PL0202"))
  }
}
