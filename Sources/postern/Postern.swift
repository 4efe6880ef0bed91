import ArgumentParser
import CMemory
import Expressions
import Foundation
import Workbench

/// The one executable.
@main
struct Postern: AsyncParsableCommand {
  static func main() async {
    StackRoom.reserve(steps: EvaluationLimits().steps)
    // Configurations come and go as a few large blocks.
    postern_return_blocks(1 << 20)
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch let error as ConfigurationExit {
      FileHandle.standardError.write(Data("postern: \(error.description)\n".utf8))
      Foundation.exit(2)
    } catch let error as FileProblem {
      FileHandle.standardError.write(Data("postern: \(error.description)\n".utf8))
      Foundation.exit(2)
    } catch  where exitCode(for: error) == .validationFailure {
      FileHandle.standardError.write(Data((fullMessage(for: error) + "\n").utf8))
      Foundation.exit(2)
    } catch {
      exit(withError: error)
    }
  }

  static let configuration = CommandConfiguration(
    commandName: "postern",
    abstract: "API management on your own ground: management service, gateways, portal, policies.",
    discussion: """
      Start here:
        postern demo                          the whole story, played with real processes
        postern serve                         the management service with its portal
        postern gateway --env-file env.conf   a self-hosted gateway, with the file from its Deployment page

      Exit codes: 0 done or drained after SIGTERM, 1 the command failed, 2 the command line, settings or files are wrong.
      """,
    version: Version.text,
    subcommands: [
      ServeCommand.self, GatewayCommand.self, DemoCommand.self, PolicyCommand.self, ExpressionCommand.self,
      SettingsCommand.self, VersionCommand.self,
    ])
}

/// The software's version.
enum Version {
  static let number = "0.1.0"
  static let text = "postern \(number)"
}

struct VersionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

  func run() { print(Version.text) }
}

/// Wrong settings or files: the message, then exit code 2.
struct ConfigurationExit: Error, CustomStringConvertible {
  var description: String

  init(_ description: String) { self.description = description }
}
