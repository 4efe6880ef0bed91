import ArgumentParser
import Gateway

/// The settings reference, from the catalogue that the gateway itself reads.
struct SettingsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "settings",
    abstract: "List every setting of the gateway, with its default, meaning and state.",
    discussion: "Prints Markdown: `docs/settings.md` is this output.")

  func run() { print(SettingsReference.markdown, terminator: "") }
}
