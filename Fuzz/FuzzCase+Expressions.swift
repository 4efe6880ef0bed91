import Expressions
import Foundation
import Workbench

/// Policy expressions: read, bound and, when they compile, evaluated within small limits.
extension FuzzCase {
  static let expression = FuzzCase(name: "expression", dictionary: words) { input in attempt(input, .expression) }
  static let block = FuzzCase(name: "block", dictionary: words) { input in attempt(input, .block) }

  private static let compiler = ExpressionCompiler(
    options: ExpressionOptions(
      strictAllowList: false, limits: EvaluationLimits(steps: 20_000, memory: 4 * 1024 * 1024, recursion: 100)))

  private static var context: [String: Any] {
    [
      "requestId": "0f8fad5b-d9cb-469f-a165-70867728950e", "timestamp": "2024-01-15T10:30:00Z",
      "request": [
        "method": "GET", "ipAddress": "203.0.113.7", "headers": ["Accept": ["a", "b"]],
        "url": [
          "scheme": "https", "host": "h", "port": 443, "path": "/p", "queryString": "?a=1", "query": ["a": ["1"]],
        ],
        "body": "{\"a\":[1,2,{\"b\":\"c\"}]}",
      ],
      "variables": ["n": 1, "s": "text"],
    ]
  }

  private static func attempt(_ input: [UInt8], _ form: ExpressionForm) -> Bool {
    let source = String(decoding: input, as: UTF8.self)
    guard let program = compiler.compile(source, form: form, target: .object).program else { return false }
    _ = try? program.evaluateCanonical(DescribedContext(context, now: 638_409_114_000_000_000))
    return true
  }

  private static let words = [
    "(", ")", "[", "]", "{", "}", "<", ">", "=>", "??", "?.", "?[", "..", "::", "$\"", "$@\"", "\"", "'", "\\u", "@",
    "var ", "int ", "string ", "object ", "new ", "return ", "if (", "else ", "for (;;)", "foreach (var x in ",
    "while (",
    "do {", "switch (", "case ", "default", "default:", "break;", "continue;", "goto case ", "try {",
    "} catch (Exception e) {",
    "} finally {", "throw ", "yield return ", "yield break;", "using (", "lock (", "checked(", "unchecked(", "typeof(",
    "nameof(", "is ", "as ", "when ", "out var ", "ref ", "params ", "const ", "null", "true", "this", "delegate ",
    "from x in ", " where ", " select ", " orderby ", " group ", " by ", " into ", " let ", " join ", " on ",
    " equals ",
    "int.MaxValue", "int.MinValue", "long.MinValue", "9223372036854775808", "1e400", "0x", "1_",
    "79228162514264337593543950335m",
    "1e-9223372036854775808m", "context", ".Request", ".Body", ".As<string>()", ".As<JObject>(true)",
    ".Variables[\"s\"]",
    ".Headers", ".GetValueOrDefault(", ".ToString(\"", ".Substring(", ".PadLeft(2000000000)", ".Replace(", ".Split(",
    ".Select(x => ", ".Where(x => ", ".OrderBy(x => x)", ".ToList()", ".ToArray()", ".Aggregate((a, b) => a + b)",
    "Enumerable.Range(0, 2000000000)", "Enumerable.Repeat(", "new List<int>()", "new Dictionary<string, object>()",
    "new StringBuilder()", "string.Format(\"{0,999999:F99}\", 1)", "DateTime.Parse(\"", "TimeSpan.Parse(\"",
    "Regex.IsMatch(", "JObject.Parse(", "XElement.Parse(", "Convert.ToInt32(", "decimal.Parse(\"",
    "new int[2000000000]",
    "new int[99999, 99999]", "T f<T>(T x) => f(x);", "int f(int x) => f(x + 1);", "(1, 2)", "(int)", "(object)",
    "(byte)",
  ]
}
