import ChildProcesses
import Foundation

/// The demo's story: what the README promises, played with real processes over real sockets, and checked as it goes.
@MainActor
final class Story {
  /// Where everything listens; all on this machine.
  struct Ports {
    var serviceHTTP: Int
    var serviceHTTPS: Int
    var managedHTTP: Int
    var managedHTTPS: Int
    var gatewayHTTP: Int
    var gatewayHTTPS: Int
    var timeA: Int
    var timeB: Int
  }

  let tell = Narrator()
  let directory: String
  let ports: Ports
  let http: DemoHTTP
  private(set) var failures = 0

  var service: ChildProcess?
  var gateway: ChildProcess?
  var timeA: ChildProcess?
  var timeB: ChildProcess?
  var bystander: ChildProcess?
  var credential = ""
  var key = ""
  var environmentFile: String { directory + "/env.conf" }
  var gatewayURL: String { "http://127.0.0.1:\(ports.gatewayHTTP)" }
  var serviceURL: String { "http://127.0.0.1:\(ports.serviceHTTP)" }
  static let resource =
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/postern/providers/Microsoft.ApiManagement/service/postern"
  var management: DemoManagement {
    DemoManagement(http: http, endpoint: serviceURL, credential: credential, service: Self.resource)
  }

  init(directory: String, ports: Ports, http: DemoHTTP) {
    self.directory = directory
    self.ports = ports
    self.http = http
  }

  /// Plays every chapter; false if anything was not as told.
  func play() async throws -> Bool {
    try await startService()
    try await registerAPI()
    try await createGateway()
    try await startGateway()
    try await callAPI()
    try await lookAtLogs()
    try await survive()
    return failures == 0
  }

  /// Starts this same executable with other arguments and its output in a file of the story's folder: a new one, or
  /// behind what is there.
  func start(
    _ arguments: [String], environment: [String: String] = [:], log: String, append: Bool = false
  ) throws -> ChildProcess {
    let path = directory + "/" + log
    if !append { try Data().write(to: URL(filePath: path)) }
    return try ChildProcess(
      URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().path(percentEncoded: false), arguments,
      environment: environment, output: .file(path))
  }

  /// Ends every process of the story.
  func stopAll() async {
    for process in [bystander, gateway, service, timeA, timeB] { await process?.stop() }
  }

  // MARK: - Checks

  func expect(_ condition: Bool, _ text: String) {
    if condition {
      tell.good(text)
    } else {
      failures += 1
      tell.bad(text)
    }
  }

  /// Asks until the answer is yes; the seconds it took, or nil after the limit.
  func wait(seconds: Double, _ question: () async -> Bool) async -> Double? {
    let start = ContinuousClock.now
    let end = start + .milliseconds(Int64(seconds * 1_000))
    while ContinuousClock.now < end {
      if await question() {
        let elapsed = ContinuousClock.now - start
        return Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
      }
      try? await Task.sleep(for: .milliseconds(20))
    }
    return nil
  }

  func status(_ url: String) async -> Int? { try? await http.send("GET", url).status }

  // MARK: - Chapters

  private func startService() async throws {
    tell.chapter(1, "A platform engineer starts the management service")
    tell.quote("postern serve --data-directory \(directory)/service")
    let service = try startServiceProcess(append: false)
    let url = serviceURL
    guard await wait(seconds: 30, { await self.status("\(url)/livez") == 200 || !service.isRunning }) != nil,
      service.isRunning
    else { throw ChildProcess.Failure("the service did not start:\n\(service.log.suffix(2_000))") }
    let marker = "Administrator credential: "
    guard
      let line = service.log.split(separator: "\n").first(where: { $0.contains(marker) }),
      let range = line.range(of: marker)
    else { throw ChildProcess.Failure("the service printed no credential:\n\(service.log)") }
    credential = String(line[range.upperBound...].prefix { !$0.isWhitespace })
    let created = try await management.call("GET", "")
    expect(created.status == 200, "it created the service, its keys and certificate, and an administrator credential")
    tell.quote("portal      \(serviceURL)/\nREST        \(serviceURL)\(Self.resource)\ncredential  \(credential)")
  }

  func startServiceProcess(append: Bool) throws -> ChildProcess {
    let process = try start(
      [
        "serve", "--data-directory", directory + "/service", "--address", "127.0.0.1",
        "--http-port", "\(ports.serviceHTTP)", "--https-port", "\(ports.serviceHTTPS)",
        "--gateway-http-port", "\(ports.managedHTTP)", "--gateway-https-port", "\(ports.managedHTTPS)",
      ], log: "service.log", append: append)
    service = process
    return process
  }

  private func registerAPI() async throws {
    tell.chapter(2, "They register the on-prem time API, a product, a subscription and a policy")
    timeA = try start(["demo", "time-api", "--port", "\(ports.timeA)"], log: "time-a.log")
    timeB = try start(["demo", "time-api", "--port", "\(ports.timeB)", "--plant", "B"], log: "time-b.log")
    let management = management
    try await management.call(
      "PUT", "/apis/time",
      [
        "displayName": "Time", "path": "time", "serviceUrl": "http://127.0.0.1:\(ports.timeA)",
        "protocols": ["http", "https"], "subscriptionRequired": true,
      ])
    try await management.call(
      "PUT", "/apis/time/operations/now",
      ["displayName": "Now", "method": "GET", "urlTemplate": "/now", "templateParameters": [Any]()])
    try await management.call(
      "PUT", "/products/staff",
      ["displayName": "Staff", "subscriptionRequired": true, "approvalRequired": false, "state": "published"])
    try await management.call("PUT", "/products/staff/apis/time")
    try await management.call(
      "PUT", "/subscriptions/canteen", ["displayName": "Canteen", "scope": "\(Self.resource)/products/staff"])
    let secrets = try await management.call("POST", "/subscriptions/canteen/listSecrets")
    key = secrets.json("primaryKey") as? String ?? ""
    expect(key.count >= 16, "API, operation, product and a subscription with two keys are stored")

    let wrong = DemoPolicy.document(otherPlant: "http://127.0.0.1:\(ports.timeB)")
      .replacingOccurrences(of: "GetValueOrDefault(\"X-Plant\"", with: "GetValueOrDefualt(\"X-Plant\"")
    let refused = try await http.send(
      "PUT", management.url("/apis/time/policies/policy"), headers: [("Authorization", "Bearer \(credential)")],
      json: ["properties": ["format": "rawxml", "value": wrong]])
    expect(refused.status == 400, "a policy with a typo in its C# is refused, with line, column and reason:")
    let details = (refused.json("error", "details") as? [[String: Any]] ?? []).compactMap { $0["message"] as? String }
    tell.quote(details.isEmpty ? refused.text : details.joined(separator: "\n"))

    let policy = DemoPolicy.document(otherPlant: "http://127.0.0.1:\(ports.timeB)")
    try await management.call("PUT", "/apis/time/policies/policy", ["format": "rawxml", "value": policy])
    tell.good("the right one is accepted; it would also run in Azure as it stands:")
    tell.quote(policy, limit: 60)
  }

  private func createGateway() async throws {
    tell.chapter(3, "They create a self-hosted gateway and take its env.conf from the Deployment page")
    try await management.call(
      "PUT", "/gateways/plant",
      ["description": "The plant's own gateway", "locationData": ["name": "Hall 7"]])
    try await management.call("PUT", "/gateways/plant/apis/time", ["provisioningState": "created"])
    let expiry = Date.now.addingTimeInterval(29 * 86_400).formatted(.iso8601)
    let deployment = try await management.call(
      "POST", "/gateways/plant/getDeployment", body: ["keyType": "primary", "expiry": expiry])
    guard let file = deployment.json("environmentFile") as? String else {
      throw ChildProcess.Failure("the deployment has no environmentFile: \(deployment.text)")
    }
    try Data(file.utf8).write(to: URL(filePath: environmentFile))
    expect(
      file.contains("config.service.auth=GatewayKey plant&"), "env.conf holds the endpoint and a token for 29 days")
    tell.quote(
      file.split(separator: "\n").map { $0.count > 96 ? $0.prefix(92) + " …" : $0 }.joined(separator: "\n"))
  }

  private func startGateway() async throws {
    tell.chapter(4, "On-prem, the gateway starts with nothing but that file")
    tell.quote("postern gateway --env-file env.conf")
    let gateway = try startGatewayProcess(append: false)
    let url = gatewayURL
    let seconds = await wait(seconds: 20) { await self.status("\(url)/readyz") == 200 || !gateway.isRunning }
    guard let seconds, gateway.isRunning else {
      throw ChildProcess.Failure("the gateway did not start:\n\(gateway.log.suffix(2_000))")
    }
    tell.good("ready after \(Int(seconds * 1_000)) ms, over one outgoing connection to one host and port")
  }

  func startGatewayProcess(append: Bool) throws -> ChildProcess {
    let process = try start(
      ["gateway", "--env-file", environmentFile],
      environment: [
        "NET_SERVER_HTTP_PORT": "\(ports.gatewayHTTP)", "NET_SERVER_HTTPS_PORT": "\(ports.gatewayHTTPS)",
        "NET_SERVER_ADDRESS": "127.0.0.1", "CONFIG_BACKUP_PATH": directory + "/gateway",
        "TELEMETRY_LOGS_STD_COLOR": "false",
      ], log: "gateway.log", append: append)
    gateway = process
    return process
  }
}
