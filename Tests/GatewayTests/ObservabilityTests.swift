import AsyncHTTPClient
import ChildProcesses
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import Synchronization
import Telemetry
import Testing

@testable import Gateway

/// Exporters against peers that others wrote: OpenTelemetry's own decoder, and a plain HTTP client for the metrics.
@Suite struct ObservabilityTests {
  private var records: [RequestRecord] {
    (0..<3).map { number in
      var record = RequestRecord(
        timeGenerated: 1_740_467_764_050_000, correlationId: "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        gatewayId: "plant", region: "hall", isRequestSuccess: number < 2, totalTime: 12, callerIpAddress: "10.1.2.3",
        method: "GET", url: "http://api.example/time", clientProtocol: "HTTP/1.1", responseCode: number < 2 ? 200 : 502,
        responseSize: 210, requestSize: 0)
      record.apiId = "time"
      record.operationId = "now"
      if number == 2 { record.errors = [.init(elapsed: 3, source: "forward-request", reason: "Timeout", message: "m")] }
      return record
    }
  }

  private func export(_ configure: (inout ObservabilitySettings) -> Void) -> TelemetryExport {
    var settings = ObservabilitySettings()
    configure(&settings)
    var logger = Logger(label: "export")
    logger.logLevel = .critical
    return TelemetryExport(
      settings, gatewayID: "plant", instanceID: "i-1", hostName: "node", version: "1", logger: logger)
  }

  @Test(
    .enabled(if: PeerProcess.areInstalled, "scripts/install test puts the peers into .build/peers"),
    arguments: [ObservabilitySettings.Collector.TransferProtocol.grpc, .http])
  func `a collector decodes metrics, logs and traces`(
    _ transfer: ObservabilitySettings.Collector.TransferProtocol
  ) async throws {
    let collector = try PeerProcess("collector.py")
    var lines = collector.lines.makeAsyncIterator()
    let ports = try #require(await lines.next())
    let object = try #require(try JSONSerialization.jsonObject(with: Data(ports.utf8)) as? [String: Int])
    let port = try #require(object[transfer == .grpc ? "grpc" : "http"])
    let export = export { settings in
      settings.collector = .init(
        url: "http://127.0.0.1:\(port)", transfer: transfer, signals: [.metrics, .logs, .traces],
        intervalMilliseconds: 1_000, hasSystemMetrics: true)
    }
    export.add(records)
    let running = Task { await export.run() }
    var seen: [String: [String: Any]] = [:]
    while seen.count < 3, let line = await lines.next() {
      let message = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      seen[try #require(message["signal"] as? String)] = message["message"] as? [String: Any]
    }
    running.cancel()
    await running.value

    let metrics = String(describing: seen["metrics"])
    for expected in ["Requests", "GatewayDurationInMs", "process.memory.usage", "AGGREGATION_TEMPORALITY_CUMULATIVE"] {
      #expect(metrics.contains(expected), "\(expected)")
    }
    let spans = try #require(Self.first("spans", in: seen["traces"]) as? [[String: Any]])
    #expect(spans.count == 3 && spans[0]["name"] as? String == "GET time/now")
    #expect((spans[2]["status"] as? [String: Any])?["code"] as? String == "STATUS_CODE_ERROR")
    #expect((spans[2]["events"] as? [Any])?.count == 1)
    let logs = try #require(Self.first("logRecords", in: seen["logs"]) as? [[String: Any]])
    #expect(logs.map { $0["severityText"] as? String } == ["Info", "Info", "Warn"])
    #expect(logs[0]["timeUnixNano"] as? String == "1740467764050000000")
  }

  /// The first value of a key, wherever it is in a tree of JSON.
  private static func first(_ key: String, in value: Any?) -> Any? {
    if let object = value as? [String: Any] {
      if let found = object[key] { return found }
      return object.values.lazy.compactMap { first(key, in: $0) }.first
    }
    return (value as? [Any])?.lazy.compactMap { first(key, in: $0) }.first
  }

  @Test func `a collector that is away costs nothing but a count of failures`() async throws {
    let export = export { settings in
      settings.collector = .init(
        url: "http://127.0.0.1:1", transfer: .grpc, signals: [.logs], intervalMilliseconds: 1_000,
        hasSystemMetrics: false)
    }
    export.add(records)
    let running = Task { await export.run() }
    running.cancel()
    await running.value
    let failures = export.metrics().first { $0.name == "TelemetryExportFailures" }
    #expect(failures?.points.first?.value == .number(1))
  }

  @Test func `metrics are served on a port of their own`() async throws {
    let export = export { _ in }
    export.add(records)
    let listener = try await MetricsListener(.init(host: "127.0.0.1", port: 0)) { export.metrics() }
    let base = "http://127.0.0.1:\(listener.port)"
    let client = HTTPClient.shared
    let answer = try await client.execute(HTTPClientRequest(url: "\(base)/metrics"), timeout: .seconds(5))
    #expect(answer.status == .ok)
    #expect(String(buffer: try await answer.body.collect(upTo: 1 << 20)).contains(#"response_code="502""#))
    #expect(try await client.execute(HTTPClientRequest(url: base), timeout: .seconds(5)).status == .notFound)
    await listener.stop()
  }

  private static let promtool = "/usr/bin/promtool"

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: promtool), "scripts/install test brings promtool"))
  func `Prometheus' own checker finds nothing to complain about`() throws {
    let export = export { _ in }
    export.add(records)
    let checker = try ChildProcess(Self.promtool, ["check", "metrics"], input: .pipe, output: .pipe)
    let text = PrometheusText.write(export.metrics() + (ProcessFigures()?.metrics() ?? []))
    try checker.input?.write(contentsOf: Data(text.utf8))
    try checker.input?.close()
    let complaints = String(decoding: checker.output?.readDataToEndOfFile() ?? Data(), as: UTF8.self)
    #expect(complaints.isEmpty, "\(complaints)")
  }

  @Test func `datagrams reach a UDP server and a Unix socket`() throws {
    let server = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    defer { close(server) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { plain in
        bind(server, plain, length) == 0 && getsockname(server, plain, &length) == 0
      }
    }
    #expect(bound)
    let port = UInt16(bigEndian: address.sin_port)
    let destination = DatagramDestination(try #require(.init(hostAndPort: "127.0.0.1:\(port)")))
    destination.send([1])
    #expect(destination.dropped == 1)
    #expect(destination.resolve() == nil)
    destination.send(Array("hello".utf8))
    var room = [UInt8](repeating: 0, count: 100)
    #expect(recv(server, &room, room.count, 0) == 5)
    let missing = DatagramDestination(.unixSocket("/nowhere/log"))
    #expect(missing.resolve()?.contains("/nowhere/log") == true)
  }
}
