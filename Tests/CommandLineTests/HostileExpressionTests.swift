import Testing

/// Values that hold each other in a long chain: making and dropping them must not end the process.
struct HostileExpressionTests {
  @Test(arguments: [
    "IEnumerable<int> q = new[] {1}; for (int i = 0; i < 20000; i++) q = q.Select(x => x + 1); return q.First();",
    "IEnumerable<int> q = new[] {1}; for (int i = 0; i < 20000; i++) q = q.Concat(new[] {1}); return q.Count();",
    "object o = null; for (int i = 0; i < 25000; i++) o = new object[] {o}; return 1;",
    "var l = new List<object>(); for (int i = 0; i < 10000; i++) { var n = new List<object>(); n.Add(l); l = n; } return 1;",
    "Func<int, int> f = x => x; for (int i = 0; i < 15000; i++) { var g = f; f = x => g(x) + 1; } return f(1);",
    "object e = 1; for (int i = 0; i < 20000; i++) e = (e, 1); return e.ToString();",
    "object e = 1; for (int i = 0; i < 20000; i++) e = new { e }; return e.GetHashCode();",
    "object o = 1; for (int i = 0; i < 40; i++) o = new object[] {o, o}; return JsonConvert.SerializeObject(o);",
    "Exception e = new Exception(\"a\"); for (int i = 0; i < 20000; i++) e = new Exception(\"b\", e); return 1;",
  ])
  func `it ends with a value or an error`(block: String) async throws {
    try await withCommandLine { line in
      let outcome = try await line.run("expression", "eval", "@{ \(block) }")
      // 1 is an exception that the evaluation ends with; a process that a signal ended has another status.
      #expect([0, 1].contains(outcome.status), "\(outcome)")
      #expect(!outcome.errors.contains("crashed"), "\(outcome.errors)")
    }
  }
}
