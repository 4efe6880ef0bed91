import ArgumentParser
import Workbench

/// Policies at a terminal.
struct PolicyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy", abstract: "Check, lay out, run and test policy documents before they are saved.",
    subcommands: [
      PolicyCheckCommand.self, PolicyFormatCommand.self, PolicyRunCommand.self, PolicyTestCommand.self,
      PolicyReferenceCommand.self,
    ])
}

/// What a policy document may refer to, as options.
struct PolicySurroundingsOptions: ParsableArguments {
  @Option(help: "A JSON file of named values: {\"name\": \"value\"} or {\"name\": {\"value\": …, \"secret\": true}}.")
  var namedValues: String?

  @Option(help: "A folder of fragments: ID.xml or ID/policy.xml.")
  var fragments: String?

  @Option(
    help: "A file of backends: '### backends' with lines id=url, and '### circuit-breaker ID', as in policy tests.")
  var backends: String?

  @Option(help: "A folder of the service's certificates: ID.pem, with the private key if there is one.")
  var certificates: String?

  func load() throws(FileProblem) -> PolicySurroundings {
    try PolicySurroundings(
      namedValues: namedValues, fragments: fragments, backends: backends, certificates: certificates)
  }
}
