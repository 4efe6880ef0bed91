import ChildProcesses
import Foundation
import Testing

/// A management service and the gateways of one plant, as real processes of the executable, with the API `time`.
final class Plant {
  private static let executable = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: ".build/debug/postern").path(percentEncoded: false)
  private static let resource =
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/postern/providers/Microsoft.ApiManagement/service/postern"

  let folder: URL
  let port: Int
  private let servicePort: Int
  private let securePort: Int
  let gatewaySecurePort: Int
  private let service: ChildProcess
  private let credential: String
  private var number = 0

  /// - Parameters:
  ///   - backendPort: where the API's backend is.
  ///   - policy: of the API.
  init(backendPort: Int, policy: String? = nil) async throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "plant-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    (port, gatewaySecurePort) = (try FreePort.find(), try FreePort.find())
    (servicePort, securePort) = (try FreePort.find(), try FreePort.find())
    service = try ChildProcess(
      Self.executable,
      [
        "serve", "--data-directory", folder.appending(path: "service").path(), "--address", "127.0.0.1", "--http-port",
        "\(servicePort)", "--https-port", "\(securePort)", "--gateway-http-port", "\(try FreePort.find())",
        "--gateway-https-port", "\(try FreePort.find())",
      ], output: .file(folder.appending(path: "service.log").path()))
    let (service, servicePort) = (service, servicePort)
    try await Self.wait("the service starts") {
      service.log.contains("Administrator credential: ")
        && (try? PlainConnection(port: servicePort).ask("GET", "/livez").status) == 200
    }
    let marker = try #require(service.log.range(of: "Administrator credential: "))
    credential = String(service.log[marker.upperBound...].prefix { !$0.isWhitespace })
    try put(
      "/apis/time",
      [
        "displayName": "Time", "path": "time", "serviceUrl": "http://127.0.0.1:\(backendPort)",
        "protocols": ["http", "https"], "subscriptionRequired": false,
      ])
    for (name, method, template) in [("now", "GET", "/now"), ("big", "GET", "/big"), ("sink", "POST", "/sink")] {
      try put("/apis/time/operations/\(name)", ["displayName": name, "method": method, "urlTemplate": template])
    }
    if let policy { try setPolicy(policy) }
    try put("/gateways/plant", ["locationData": ["name": "Hall 7"]])
    try put("/gateways/plant/apis/time", ["provisioningState": "created"])
    let expiry = Date.now.addingTimeInterval(86_400).formatted(.iso8601)
    let deployment = try call(
      "POST", "/gateways/plant/getDeployment", ["keyType": "primary", "expiry": expiry])
    let file: String = try #require(deployment.json("environmentFile"))
    try Data(file.utf8).write(to: folder.appending(path: "env.conf"))
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  @discardableResult
  func call(_ method: String, _ path: String, _ body: [String: Any]? = nil) throws -> PlainConnection.Answer {
    let answer = try PlainConnection(port: servicePort, seconds: 20).ask(
      method, "\(Self.resource)\(path)\(path.contains("?") ? "&" : "?")api-version=2024-05-01",
      headers: ["Authorization: Bearer \(credential)", "Content-Type: application/json"],
      body: try body.map { [UInt8](try JSONSerialization.data(withJSONObject: $0)) })
    guard (200...299).contains(answer.status) else {
      throw PlainConnection.Failure(description: "\(method) \(path): \(answer.status) \(answer.text)")
    }
    return answer
  }

  private static let peers = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: ".build/peers").path()

  /// Whether `scripts/install test` has put a package of Python there.
  static func havePython(_ package: String) -> Bool {
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: "\(peers)/lib")) ?? []
    return versions.contains { FileManager.default.fileExists(atPath: "\(peers)/lib/\($0)/site-packages/\(package)") }
  }

  /// What a script of `Tests/Peers` prints that is told where the service is and how to enter.
  func python(_ script: String, _ arguments: [String]) async throws -> String {
    let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Peers/\(script)").path()
    let result = try await ChildProcess.run(
      "\(Self.peers)/bin/python3", [path, "http://127.0.0.1:\(servicePort)", credential] + arguments,
      errors: ChildProcess.Output.none)
    return result.output
  }

  @discardableResult
  func put(_ path: String, _ properties: [String: Any]) throws -> PlainConnection.Answer {
    try call("PUT", path, ["properties": properties])
  }

  func setPolicy(_ policy: String) throws {
    try put("/apis/time/policies/policy", ["format": "rawxml", "value": policy])
  }

  /// How many requests of the gateway the service has in its log.
  func recordedRequests() throws -> Int {
    try call("GET", "/reports/byRequest?$filter=gatewayId%20eq%20'plant'&$top=1").json("count") ?? -1
  }

  /// Starts a gateway on the plant's ports, and waits until the log says that.
  func startGateway(_ arguments: [String] = [], drainSeconds: Int = 4, awaiting text: String = "is in force")
    async throws
    -> ChildProcess
  {
    number += 1
    let gateway = try ChildProcess(
      Self.executable,
      ["gateway", "--env-file", folder.appending(path: "env.conf").path()] + arguments,
      environment: [
        "NET_SERVER_HTTP_PORT": "\(port)", "NET_SERVER_HTTPS_PORT": "\(gatewaySecurePort)",
        "NET_SERVER_ADDRESS": "127.0.0.1", "NET_SERVER_DRAIN_TIMEOUT": "\(drainSeconds)s",
        "CONFIG_BACKUP_PATH": folder.appending(path: "gateway").path(), "TELEMETRY_LOGS_STD_COLOR": "false",
      ], output: .file(folder.appending(path: "gateway-\(number).log").path()))
    try await Self.wait("the gateway starts: \(text)") { gateway.log.contains(text) || !gateway.isRunning }
    guard gateway.isRunning else { throw PlainConnection.Failure(description: gateway.log) }
    return gateway
  }

  static func wait(_ what: String, seconds: Int = 30, _ question: () throws -> Bool) async throws {
    for _ in 0..<(seconds * 50) {
      if try question() { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw PlainConnection.Failure(description: "waited in vain: \(what)")
  }

  /// Ends the service in its own time.
  func stop() async throws {
    service.terminate()
    _ = await service.end(withinSeconds: 10)
  }
}

extension ChildProcess {
  /// Bytes of memory that are its own or in use by it.
  var residentBytes: Int {
    let status = (try? String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
    return (Int(line.split(separator: " ").dropFirst().first ?? "") ?? 0) << 10
  }
}
