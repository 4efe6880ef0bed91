/// Policy tests: files that hold a case each.
public enum PolicyTests {
  /// What came of one file.
  public struct Result: Sendable {
    public let file: String
    public let title: String
    /// Empty when everything is as expected.
    public let problems: [CaseProblem]

    public var passed: Bool { problems.isEmpty }

    /// The problems as an editor understands them.
    public var text: String {
      problems.map { "\(file):\($0.line): \($0.message)" }.joined(separator: "\n")
    }
  }

  /// The files that arguments stand for: a folder stands for every `.http` file in it and below it.
  public static func list(_ arguments: [String]) throws(FileProblem) -> [String] {
    try PolicyFiles.list(arguments, ending: ".http")
  }

  /// Runs the case in a file.
  public static func run(_ file: String) throws(FileProblem) -> Result {
    run(try PolicyFiles.read(file), file: file)
  }

  /// Runs a case.
  public static func run(_ text: String, file: String) -> Result {
    let policyCase: PolicyCase
    do {
      policyCase = try PolicyCase(text)
    } catch {
      return Result(file: file, title: "", problems: [error])
    }
    let runner = CaseRunner(policyCase)
    var comparison = CaseComparison()
    comparison.compare(policyCase.diagnostics, with: runner.diagnostics())
    var problems = comparison.problems
    if problems.isEmpty, policyCase.diagnostics.isEmpty {
      do {
        for (step, outcome) in zip(policyCase.steps, try runner.run()) { comparison.compare(step, with: outcome) }
        problems = comparison.problems
      } catch {
        problems = [error]
      }
    }
    return Result(file: file, title: policyCase.title, problems: problems.sorted { $0.line < $1.line })
  }
}
