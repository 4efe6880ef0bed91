import ArgumentParser
import Foundation
import Hummingbird
import Logging

/// The on-prem API of the demo: tells the time to whoever asks from the same network.
struct TimeAPICommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "time-api", abstract: "The demo's on-prem API alone: GET /now answers with the current time.")

  @Option(help: "The port to listen on, on loopback.")
  var port: Int = 9000

  @Option(help: "The name of the plant, repeated in each answer.")
  var plant: String = "A"

  func run() async throws {
    let plant = plant
    let router = Router()
    router.get("/now") { request, _ in
      let caller = request.headers[.init("X-Caller") ?? .userAgent] ?? "unknown"
      let time = Date.now.formatted(.iso8601)
      return Response(
        status: .ok, headers: [.contentType: "application/json"],
        body: .init(
          byteBuffer: .init(string: #"{"time":"\#(time)","plant":"\#(plant)","caller":"\#(caller)"}"# + "\n")))
    }
    var logger = Logger(label: "time-api")
    logger.logLevel = .warning
    let application = Application(
      router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)), logger: logger)
    try await application.runService()
  }
}
