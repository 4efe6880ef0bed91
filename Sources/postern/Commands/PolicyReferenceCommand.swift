import ArgumentParser
import Workbench

/// The policy reference, from the definitions that check and run policies.
struct PolicyReferenceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reference",
    abstract: "List every policy with its sections, scopes, attributes, children and state.",
    discussion: "Prints Markdown: `docs/policy-reference.md` is this output.")

  func run() { print(PolicyReferenceText.markdown, terminator: "") }
}
