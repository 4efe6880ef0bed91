import Foundation

/// Tells the demo's story in the terminal.
struct Narrator: Sendable {
  let isColored: Bool

  init() { isColored = isatty(1) == 1 && ProcessInfo.processInfo.environment["NO_COLOR"] == nil }

  func chapter(_ number: Int, _ title: String) { put("\n\(paint("1;36", "\(number). \(title)"))\n") }
  func say(_ text: String) { put("   \(text)\n") }
  func good(_ text: String) { put("   \(paint("32", "✔")) \(text)\n") }
  func bad(_ text: String) { put("   \(paint("31", "✘")) \(text)\n") }

  /// Lines of a file, request or log, set apart from the story.
  func quote(_ text: String, limit: Int = 24) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    for line in lines.prefix(limit) { put("     \(paint("2", "│")) \(line.prefix(240))\n") }
    if lines.count > limit { put("     \(paint("2", "│ … \(lines.count - limit) more lines"))\n") }
  }

  func conclude(isTold: Bool) {
    put("\n")
    if isTold { good("Everything was as told.") } else { bad("Not everything was as told; see above.") }
  }

  /// What can be tried by hand while the processes run.
  @MainActor
  func invite(_ story: Story) {
    put("\n\(paint("1;36", "Service and gateway are running. Try:"))\n")
    quote(
      """
      portal      \(story.serviceURL)/
      credential  \(story.credential)
      gateway     \(story.gatewayURL)/time/now
      key         \(story.key)
      logs        \(story.directory)/gateway.log, service.log

      curl -H "Ocp-Apim-Subscription-Key: \(story.key)" \(story.gatewayURL)/time/now
      """)
    say("Ctrl-C ends everything.")
  }

  private func paint(_ code: String, _ text: String) -> String { isColored ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text }
  private func put(_ text: String) { FileHandle.standardOutput.write(Data(text.utf8)) }
}
