import Expressions
import Testing

/// Long chains and deep values: they work, or are refused; none ends the process.
struct DepthTests {
  private func compile(_ source: String, form: ExpressionForm = .expression) -> ExpressionCompilation {
    ExpressionCompiler().compile(source, form: form, target: .object)
  }

  private func chain(_ first: String, _ link: String, _ count: Int) -> String {
    first + String(repeating: link, count: count)
  }

  private static let chains = [
    ("\"a\"", ".Trim()"), ("new StringBuilder()", ".Append(1)"), ("\"a\"", " + \"b\" + context.Request.Method"),
    ("1", " + context.Request.Body.As<string>().Length"), ("true", " && context.Request.Method == \"GET\""),
    ("false", " || context.Request.Method == \"GET\""), ("true", " == true"), ("(object)1", " as object"),
    ("\"a\"", "?.Trim()"), ("new[] {1, 2}", ".Select(x => x)"), ("1", " - context.Request.Method.Length"),
    ("\"a\"", " ?? \"b\""),
  ]

  @Test(arguments: chains)
  func `a chain of a hundred links works`(first: String, link: String) throws {
    let context = BareContext()
    context.requestBody = []
    let result = compile(chain(first, link, 90))
    let program = try #require(result.program, "\(result.diagnostics)")
    _ = try? program.evaluate(context)
  }

  @Test(arguments: chains)
  func `a chain without end is refused`(first: String, link: String) {
    let result = compile(chain(first, link, 10_000))
    #expect(result.diagnostics.first?.code == "CS8078")
  }

  @Test func `a text of a thousand parts is put together`() throws {
    let result = compile(chain("\"\"", " + \"b\" + context.Request.Method", 500))
    let program = try #require(result.program, "\(result.diagnostics)")
    let context = BareContext()
    context.texts[.requestMethod] = "GET"
    #expect(try program.evaluateString(context) == String(repeating: "bGET", count: 500))
  }

  @Test func `chains in chains share one bound`() {
    var source = "\"a\""
    for _ in 0..<20 { source = chain("\"a\".Insert(0, " + source + ")", ".Trim()", 60) }
    #expect(compile(source).diagnostics.first?.code == "CS8078")
  }

  @Test func `nested calls of a long body end with the limit, not with the stack`() throws {
    let tail = String(repeating: ".Trim()", count: 90)
    let result = compile("string f(int n) => n == 0 ? \"\" : f(n - 1)\(tail); return f(100000);", form: .block)
    let program = try #require(result.program, "\(result.diagnostics)")
    do throws(EvaluationError) {
      _ = try program.evaluate(BareContext())
      Issue.record("It ended.")
    } catch {
      #expect(error.exceptionType == EvaluationError.limitExceeded)
      #expect(error.message.contains("nested calls"))
    }
  }

  @Test func `tuples that double are stopped`() throws {
    let result = compile(
      "object e = 1; for (int i = 0; i < 40; i++) e = (e, e); return e.ToString();", form: .block)
    let program = try #require(result.program, "\(result.diagnostics)")
    do throws(EvaluationError) {
      _ = try program.evaluate(BareContext())
      Issue.record("It ended.")
    } catch {
      #expect(error.message.contains("10000 values"))
    }
  }
}
