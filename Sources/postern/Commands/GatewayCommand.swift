import ArgumentParser
import AsyncHTTPClient
import Foundation
import Gateway
import GatewayConfiguration
import Logging
import Telemetry
import UnixSignals

/// A self-hosted gateway.
struct GatewayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gateway",
    abstract: "Run a self-hosted gateway.",
    discussion: """
      Needs nothing but the env.conf file from the gateway's Deployment page, or the same settings in the environment.
      Connects out to the management service only; listens on 8080 (HTTP) and 8081 (HTTPS) unless told otherwise.
      SIGTERM drains and ends with exit code 0; SIGHUP reads the file and certificates again. With --take-over a second
      process, of another version perhaps, goes on in place of the first, which finishes what it had begun and ends.
      `postern settings` lists every setting.
      """)

  @Option(help: "The file with the settings, one name=value a line.")
  var envFile: String?

  @Flag(
    help:
      "Take over from the gateway that serves from the same folder (config.backup.path) now, if one does."
  )
  var takeOver = false

  func run() async throws {
    let settings = try readSettings()
    if takeOver, settings.statePath == nil {
      throw ConfigurationExit(
        "--take-over needs the folder of the gateway that serves now; config.backup.path names none")
    }
    let format = ConsoleLogHandler.Format(rawValue: settings.logFormat.rawValue) ?? .text
    ConsoleLog.start(format: format, level: settings.logLevel, isColored: settings.logColor)
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
    do {
      try await GatewayProcess(settings: settings, format: format, takesOver: takeOver, reread: readSettings)
        .run(signals)
    } catch let error as ConfigurationExit {
      throw error
    } catch {
      Logger(label: "gateway").critical("The gateway ends: \(error)")
      LineWriter.standardOutput.flush()
      throw ExitCode.failure
    }
    LineWriter.standardOutput.flush()
  }

  private func readSettings() throws -> GatewaySettings {
    var file: EnvironmentFile?
    if let envFile {
      guard let data = FileManager.default.contents(atPath: envFile) else {
        throw ConfigurationExit(
          "cannot read \(envFile): \(String(cString: strerror(errno))). "
            + "Download env.conf from the gateway's Deployment page in the portal.")
      }
      guard data.count <= EnvironmentFile.maximumBytes else {
        throw ConfigurationExit(
          "\(envFile) has \(data.count) bytes; a settings file has at most \(EnvironmentFile.maximumBytes)")
      }
      do {
        file = try EnvironmentFile(String(decoding: data, as: UTF8.self))
      } catch {
        throw ConfigurationExit("\(envFile), \(error)")
      }
    }
    do {
      return try GatewaySettings(
        file: file, environment: ProcessInfo.processInfo.environment,
        directoryExists: { path in
          var isDirectory: ObjCBool = false
          return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
        })
    } catch {
      let source = envFile ?? "the environment"
      throw ConfigurationExit(
        "the settings in \(source) are not usable:\n" + error.problems.map { "  \($0)" }.joined(separator: "\n"))
    }
  }
}
