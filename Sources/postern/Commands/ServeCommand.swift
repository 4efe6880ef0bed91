import ArgumentParser
import Foundation
import Logging
import UnixSignals

/// The management service.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Run the management service: REST API, and the managed gateway.",
    discussion: """
      Everything is kept in the data directory. The first start creates the service, its keys and certificate, and
      prints the administrator credential once. SIGTERM drains and ends with exit code 0.
      """)

  @Option(help: "The folder for everything the service keeps.")
  var dataDirectory: String = "postern-data"

  @Option(help: "The address to listen on.")
  var address: String = "0.0.0.0"

  @Option(help: "The port of the REST API over HTTP; 0 for any free one.")
  var httpPort: Int = 9080

  @Option(help: "The port of the REST API over HTTPS, which gateways use.")
  var httpsPort: Int = 9443

  @Option(help: "The managed gateway's HTTP port.")
  var gatewayHttpPort: Int = 9081

  @Option(help: "The managed gateway's HTTPS port.")
  var gatewayHttpsPort: Int = 9444

  @Flag(help: "The managed gateway asks clients for a certificate; those without one are let in.")
  var negotiateClientCertificate = false

  @Option(help: "The name or address under which gateways reach this machine; by default its host name.")
  var publicName: String?

  @Option(help: "How the log is written: text or json.")
  var logFormat: ConsoleLogHandler.Format = .text

  @Option(help: "The least urgent messages shown: trace, debug, info, notice, warning, error.")
  var logLevel: String = "info"

  func validate() throws {
    for port in [httpPort, httpsPort, gatewayHttpPort, gatewayHttpsPort] where !(0...65_535).contains(port) {
      throw ValidationError("\(port) is no port; expected 0 to 65535")
    }
    guard httpsPort != 0 else { throw ValidationError("--https-port must be a number gateways can be told") }
  }

  func run() async throws {
    ConsoleLog.start(format: logFormat, level: logLevel, isColored: true)
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
    let logger = Logger(label: "service")
    do {
      try await ServiceProcess(command: self, logger: logger).run(signals)
    } catch {
      logger.critical("The service ends: \(error)")
      LineWriter.standardOutput.flush()
      throw ExitCode.failure
    }
    LineWriter.standardOutput.flush()
  }
}

extension ConsoleLogHandler.Format: ExpressibleByArgument {}
