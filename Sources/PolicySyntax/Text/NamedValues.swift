/// The named values of a service: what `{{name}}` in a policy stands for.
public struct NamedValues: Sendable {
  private var values: [String: String]
  private var secrets: Set<String>

  /// - Parameter secrets: names whose values no message may show.
  public init(_ values: [String: String] = [:], secrets: Set<String> = []) {
    self.values = values
    self.secrets = secrets
  }

  /// The value of that display name.
  public subscript(name: String) -> String? { values[name] }

  /// All display names.
  public var names: some Collection<String> { values.keys }

  /// The message with every secret value in it replaced by its name in braces.
  public func redacting(_ message: String) -> String {
    var message = message
    for name in secrets.sorted() {
      guard let value = values[name], value.utf8.count >= 3 else { continue }
      message = Spelling.replacing(value, with: "{{\(name)}}", in: message)
    }
    return message
  }
}
