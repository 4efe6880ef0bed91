import ChildProcesses
import Foundation
import Testing

/// A self-hosted gateway whose settings name servers for its metrics and records: each is told of a request, in its protocol.
@Suite(.timeLimit(.minutes(4))) struct TelemetryStoryTests {
  /// A server that takes datagrams and says nothing.
  private final class DatagramServer {
    let port: Int
    private let descriptor: Int32

    init() throws {
      let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = inet_addr("127.0.0.1")
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let isBound = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
        }
      }
      var patience = timeval(tv_sec: 0, tv_usec: 50_000)
      setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
      self.descriptor = descriptor
      port = Int(UInt16(bigEndian: address.sin_port))
      try #require(isBound)
    }

    deinit { close(descriptor) }

    /// The next datagram, if one comes at once.
    func next() -> String? {
      var room = [UInt8](repeating: 0, count: 70_000)
      let count = recv(descriptor, &room, room.count, 0)
      return count < 0 ? nil : String(decoding: room[..<count], as: UTF8.self)
    }
  }

  @Test func `StatsD, syslog and Prometheus are told of a request, each in its protocol`() async throws {
    let backend = try EchoBackend()
    let plant = try await Plant(backendPort: backend.port)
    let (statsD, syslog, prometheus) = (try DatagramServer(), try DatagramServer(), try FreePort.find())
    let file = plant.folder.appending(path: "env.conf")
    let settings = try String(contentsOf: file, encoding: .utf8)
    try Data(
      (settings + """

        telemetry.metrics.local=statsd
        telemetry.metrics.local.statsd.endpoint=127.0.0.1:\(statsD.port)
        telemetry.logs.local=rfc5424
        telemetry.logs.local.rfc5424.endpoint=127.0.0.1:\(syslog.port)
        telemetry.logs.local.rfc5424.facility=16
        observability.prometheus.endpoint=127.0.0.1:\(prometheus)
        net.server.http.explain-not-found=true
        net.server.limits.url-bytes=300
        """).utf8
    ).write(to: file)
    let gateway = try await plant.startGateway()
    // What comes before names are looked up is dropped: a request may have to be repeated.
    var (metrics, log) = ("", "")
    try await Plant.wait("both servers are told") {
      _ = try PlainConnection(port: plant.port).ask("GET", "/time/now")
      while let datagram = statsD.next() { metrics += datagram + "\n" }
      while let datagram = syslog.next() { log += datagram + "\n" }
      return !metrics.isEmpty && !log.isEmpty
    }
    #expect(
      metrics.contains("Requests:1|c|#GatewayId:plant,Location:Hall_7,Hostname:gateway,ResponseCode:200,"), "\(metrics)"
    )
    #expect(metrics.contains(#/DurationInMS:\d+\|ms\|#Hostname:gateway/#))
    // RFC 5424: facility 16 and severity 6, version, time, host, application, process, kind, no structured data.
    let line = #/^<134>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z \S+ postern \d+ GatewayLogs - .*GatewayLogs/#
    #expect(log.contains(line), "\(log)")
    #expect(log.contains("apiId: \"time\"") && log.contains("responseCode: 200"))
    let scraped = try PlainConnection(port: prometheus).ask("GET", "/metrics").text
    #expect(scraped.contains(#/postern_requests_total\{[^}]*response_code="200"[^}]*api_id="time"[^}]*\} \d+/#))
    #expect(scraped.contains("postern_duration_seconds_bucket"))
    let missing = try PlainConnection(port: plant.port).ask("GET", "/time/later")
    #expect(
      missing.status == 404
        && missing.headers["postern-not-found"]?.hasPrefix("API 'time' has the path, but none") == true)
    let long = try PlainConnection(port: plant.port).ask("GET", "/time/" + String(repeating: "a", count: 300))
    #expect(long.status == 414)
    gateway.terminate()
    #expect(await gateway.end(withinSeconds: 20) == 0)
    try await plant.stop()
  }
}
