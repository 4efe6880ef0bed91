import ChildProcesses
import Foundation
import Testing

/// A hostname configuration from the management API to the handshakes of a self-hosted gateway, with real processes.
@Suite(
  .timeLimit(.minutes(4)),
  .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl"), "scripts/install test"))
struct HostnameStoryTests {
  /// Base64 of a PKCS#12 file with a new key.
  private static func archive(_ subject: String, in folder: URL) async throws -> String {
    let path = folder.appending(path: subject).path(percentEncoded: false)
    let commands = [
      [
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "\(path).key", "-out", "\(path).pem", "-days", "9",
        "-subj", "/CN=\(subject)",
      ],
      [
        "pkcs12", "-export", "-inkey", "\(path).key", "-in", "\(path).pem", "-out", "\(path).p12", "-passout",
        "pass:open",
      ],
    ]
    for arguments in commands {
      let (status, output) = try await ChildProcess.run("/usr/bin/openssl", arguments)
      try #require(status == 0, "\(output)")
    }
    return try Data(contentsOf: URL(filePath: "\(path).p12")).base64EncodedString()
  }

  /// The common name that a gateway shows for a hostname.
  private static func shown(_ plant: Plant, _ hostname: String) async throws -> String {
    let (_, output) = try await ChildProcess.run(
      "/bin/sh",
      [
        "-c",
        "openssl s_client -connect 127.0.0.1:\(plant.gatewaySecurePort) -servername \(hostname) </dev/null 2>/dev/null"
          + " | openssl x509 -noout -subject -nameopt multiline",
      ])
    return output.split(separator: "= ").last.map { $0.trimmingCharacters(in: .whitespacesAndNewlines) } ?? ""
  }

  private static func hasShown(_ name: String, _ plant: Plant, _ hostname: String) async throws {
    for _ in 0..<300 {
      if try await shown(plant, hostname) == name { return }
      try await Task.sleep(for: .milliseconds(100))
    }
    throw PlainConnection.Failure(description: "\(hostname) is not shown \(name)")
  }

  @Test
  func `a certificate of the service is shown for its hostname, is renewed while serving, and outlives the service`()
    async throws
  {
    let backend = try EchoBackend()
    let plant = try await Plant(backendPort: backend.port)
    let (first, second) = (
      try await Self.archive("first", in: plant.folder), try await Self.archive("second", in: plant.folder)
    )
    try plant.put("/certificates/web", ["data": first, "password": "open"])
    var gateway = try await plant.startGateway()
    let own = try await Self.shown(plant, "api.contoso.com")
    #expect(own != "first")
    try plant.put(
      "/gateways/plant/hostnameConfigurations/api",
      ["hostname": "api.contoso.com", "certificateId": "/certificates/web"])
    try await Self.hasShown("first", plant, "api.contoso.com")
    #expect(try await Self.shown(plant, "example.org") == own)
    try plant.put("/certificates/web", ["data": second, "password": "open"])
    try await Self.hasShown("second", plant, "api.contoso.com")
    try await plant.stop()
    gateway.terminate()
    _ = await gateway.end(withinSeconds: 10)
    gateway = try await plant.startGateway(awaiting: "from the backup")
    try await Self.hasShown("second", plant, "api.contoso.com")
    let files = try FileManager.default.subpathsOfDirectory(atPath: plant.folder.appending(path: "gateway").path())
    for file in files {
      let bytes = FileManager.default.contents(atPath: plant.folder.appending(path: "gateway/\(file)").path()) ?? Data()
      #expect(bytes.range(of: Data("PRIVATE KEY".utf8)) == nil, "\(file)")
    }
    gateway.terminate()
    _ = await gateway.end(withinSeconds: 10)
    backend.die()
  }
}
