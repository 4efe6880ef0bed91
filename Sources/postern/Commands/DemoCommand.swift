import ArgumentParser
import AsyncHTTPClient
import ChildProcesses
import Foundation
import UnixSignals

/// The whole story, played with real processes.
struct DemoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Play the whole story: service, self-hosted gateway, on-prem API, with requests through it.",
    discussion: """
      Starts real processes on this machine, tells each step, and leaves service and gateway running until Ctrl-C.
      Everything it writes is in one folder, which it empties first.
      """,
    subcommands: [DemoPlayCommand.self, TimeAPICommand.self], defaultSubcommand: DemoPlayCommand.self)
}

struct DemoPlayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "play", abstract: "Play the story (what `postern demo` does).", shouldDisplay: false)

  @Option(help: "The folder for data, env.conf and logs. It is emptied first.")
  var directory: String = NSTemporaryDirectory() + "postern-demo"

  @Flag(help: "End by itself after the last chapter: exit code 0 if all was as told, else 1. Uses free ports.")
  var once = false

  @MainActor
  func run() async throws {
    let directory = URL(filePath: directory).path(percentEncoded: false)
    try prepare(directory)
    let client = HTTPClient(eventLoopGroupProvider: .singleton)
    let story = Story(directory: directory, ports: try ports(), http: DemoHTTP(client: client))
    let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
    let playing = Task { @MainActor in try await story.play() }
    let interruption = Task { @MainActor in
      for await _ in signals { break }
      playing.cancel()
    }
    var isTold = false
    do {
      isTold = try await playing.value
      story.tell.conclude(isTold: isTold)
    } catch {
      if interruption.isCancelled || playing.isCancelled {
        story.tell.say("Interrupted.")
      } else {
        story.tell.bad("\(error)")
      }
    }
    if !once, isTold, !playing.isCancelled {
      story.tell.invite(story)
      await interruption.value
    }
    interruption.cancel()
    await story.stopAll()
    try? await client.shutdown()
    if !isTold, !playing.isCancelled { throw ExitCode(1) }
  }

  /// An empty folder that only its owner can read. Refuses to empty a folder that is not the demo's.
  private func prepare(_ directory: String) throws {
    let files = FileManager.default
    let marker = directory + "/.postern-demo"
    if files.fileExists(atPath: directory) {
      let content = try files.contentsOfDirectory(atPath: directory)
      guard content.isEmpty || files.fileExists(atPath: marker) else {
        throw ValidationError("\(directory) holds files that are not the demo's; name another --directory")
      }
      try files.removeItem(atPath: directory)
    }
    try files.createDirectory(
      atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    try Data().write(to: URL(filePath: marker))
  }

  /// The usual ports where they are free, any others where not.
  private func ports() throws -> Story.Ports {
    func port(_ usual: Int) throws -> Int { !once && FreePort.isFree(usual) ? usual : try FreePort.find() }
    return Story.Ports(
      serviceHTTP: try port(9080), serviceHTTPS: try port(9443), managedHTTP: try port(9081),
      managedHTTPS: try port(9444), gatewayHTTP: try port(8080), gatewayHTTPS: try port(8081),
      timeA: try port(9001), timeB: try port(9002))
  }
}
