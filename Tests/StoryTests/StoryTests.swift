import ChildProcesses
import Foundation
import Testing

/// The demo is the story that the README promises; it checks itself, and this test plays it.
@Suite(.timeLimit(.minutes(4))) struct StoryTests {
  private static var executable: URL {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return root.appending(path: ".build/debug/postern")
  }

  private static func run(_ arguments: [String]) async throws -> (status: Int32, output: String) {
    try await ChildProcess.run(executable.path(percentEncoded: false), arguments)
  }

  @Test func `the whole story runs, and no secret is in any log`() async throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "demo-" + UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: directory) }
    let (status, output) = try await Self.run(["demo", "--once", "--directory", directory.path()])
    #expect(status == 0, "\(output)")
    #expect(output.contains("Everything was as told."), "\(output)")
    let gatewayLog = try String(contentsOf: directory.appending(path: "gateway.log"), encoding: .utf8)
    let serviceLog = try String(contentsOf: directory.appending(path: "service.log"), encoding: .utf8)
    let environmentFile = try String(contentsOf: directory.appending(path: "env.conf"), encoding: .utf8)
    let token = try #require(environmentFile.split(separator: "&").last?.prefix(40))
    #expect(!gatewayLog.contains(token) && !serviceLog.contains(token))
    #expect(gatewayLog.contains("[GatewayLogs]"))
  }

  @Test func `a wrong command line, a missing file and wrong settings have their own exit codes and say what to do`()
    async throws
  {
    #expect(try await Self.run(["gatewya"]).status == 2)
    let missing = try await Self.run(["gateway", "--env-file", "/nonexistent/env.conf"])
    #expect(missing.status == 2 && missing.output.contains("/nonexistent/env.conf"), "\(missing.output)")
    let file = FileManager.default.temporaryDirectory.appending(path: "env-" + UUID().uuidString)
    try Data("config.service.endpoint=x\nnet.server.http.port=eighty\n".utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let wrong = try await Self.run(["gateway", "--env-file", file.path()])
    #expect(wrong.status == 2, "\(wrong.output)")
    #expect(wrong.output.contains("net.server.http.port: expected a port"), "\(wrong.output)")
    #expect(wrong.output.contains("config.service.auth is missing"), "\(wrong.output)")
  }
}
