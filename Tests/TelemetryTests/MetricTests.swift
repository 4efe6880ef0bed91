import Testing

@testable import Telemetry

@Suite struct MetricTests {
  private func record(
    _ code: Int = 200, host: String = "api.example", total: Int = 12, backend: Int? = 8, reason: String? = nil
  ) -> RequestRecord {
    var record = RequestRecord(
      timeGenerated: 1_740_467_764_050_000, correlationId: "6ba7b810-9dad-11d1-80b4-00c04fd430c8", gatewayId: "plant",
      region: "hall", isRequestSuccess: code < 400, totalTime: total, callerIpAddress: "10.1.2.3", method: "GET",
      url: "http://\(host):8080/time", clientProtocol: "HTTP/1.1", responseCode: code, responseSize: 210,
      requestSize: 99)
    record.apiId = "time"
    record.backendTime = backend
    record.backendResponseCode = backend == nil ? nil : code
    if let reason { record.errors = [.init(elapsed: 1, source: "x", reason: reason, message: "m")] }
    return record
  }

  @Test func `requests are counted by what became of them, and their times by bucket`() {
    var metrics = RequestMetrics(gatewayID: "plant", buckets: [5, 10])
    for total in [5, 6, 200] { metrics.add(record(total: total)) }
    metrics.add(record(429, backend: nil, reason: "RateLimitExceeded"))
    let text = PrometheusText.write(metrics.snapshot())
    #expect(
      text.contains(
        #"postern_requests_total{gateway_id="plant",location="hall",hostname="api.example",response_code="200",response_code_category="2xx",status="Successful",cache="none",api_id="time",backend_response_code="200",backend_response_code_category="2xx"} 3"#
      ))
    #expect(text.contains(#"response_code="429""#) && text.contains(#"last_error_reason="RateLimitExceeded"} 1"#))
    #expect(
      text.contains(
        """
        # TYPE postern_duration_seconds histogram
        postern_duration_seconds_bucket{hostname="api.example",le="0.005"} 1
        postern_duration_seconds_bucket{hostname="api.example",le="0.01"} 2
        postern_duration_seconds_bucket{hostname="api.example",le="+Inf"} 4
        postern_duration_seconds_sum{hostname="api.example"} 0.223
        postern_duration_seconds_count{hostname="api.example"} 4
        """), "\(text)")
    #expect(text.contains(#"postern_backend_duration_seconds_count{hostname="api.example"} 3"#))
  }

  @Test func `clients that invent host names make no series without end`() {
    var bounds = RequestMetrics.Bounds()
    (bounds.hosts, bounds.series) = (3, 5)
    var metrics = RequestMetrics(gatewayID: "plant", bounds: bounds)
    for number in 0..<100 { metrics.add(record(200 + number % 10, host: "h\(number)")) }
    let requests = metrics.snapshot()[0]
    #expect(requests.points.count == 6)
    let total = requests.points.reduce(0.0) { sum, point in
      if case .number(let count) = point.value { return sum + count }
      return sum
    }
    #expect(total == 100)
    #expect(requests.points.contains { $0.attributes == [.init("otel.metric.overflow", "true")] })
    #expect(metrics.snapshot()[1].points.count == 4)
  }

  @Test func `ten thousand operations, whoever calls them and whatever becomes of it, are below two thousand series`() {
    var metrics = RequestMetrics(gatewayID: "plant")
    for number in 0..<10_000 {
      var record = record(200 + number % 300, host: "h\(number % 400)")
      record.apiId = "api\(number % 500)"
      record.operationId = "operation\(number)"
      metrics.add(record)
    }
    let lines = PrometheusText.write(metrics.snapshot()).split(separator: "\n").filter { !$0.hasPrefix("#") }
    #expect(lines.count > 1_000 && lines.count < 1_950, "\(lines.count)")
  }

  @Test func `label values cannot break out of their quotes`() {
    let metric = Metric("Odd-Name", "a\nb", .gauge, points: [.init([.init("A", "x\"\\\ny")], .number(1.5))])
    #expect(
      PrometheusText.write([metric])
        == "# HELP postern_odd_name a\\nb\n# TYPE postern_odd_name gauge\npostern_odd_name{a=\"x\\\"\\\\\\ny\"} 1.5\n")
  }

  @Test func `names that policies choose leave the page one that Prometheus reads`() {
    func custom(_ name: String, _ attributes: [Metric.Attribute], _ sum: Double) -> Metric {
      Metric(
        name, "Emitted.", .histogram(bounds: []), points: [.init(attributes, .distribution(counts: [1], sum: sum))])
    }
    let text = PrometheusText.write([
      Metric("BackendHealthy", "Health.", .gauge, points: [.init([], .number(1))]),
      custom("Backend Healthy", [.init("le", "x"), .init("API ID", "a"), .init("api_id", "b"), .init("", "c")], 2),
      custom("backend-healthy", [.init("Le", "x"), .init("api id", "a"), .init("API-ID", "b"), .init("_", "c")], 5),
    ])
    let labels = "le_=\"x\",api_id=\"a\",api_id_=\"b\",_=\"c\""
    #expect(
      text == """
        # HELP postern_backend_healthy Health.
        # TYPE postern_backend_healthy gauge
        postern_backend_healthy 1
        # HELP postern_backend_healthy_values Emitted.
        # TYPE postern_backend_healthy_values histogram
        postern_backend_healthy_values_bucket{\(labels),le="+Inf"} 2
        postern_backend_healthy_values_sum{\(labels)} 7
        postern_backend_healthy_values_count{\(labels)} 2

        """)
  }

  @Test func `StatsD lines carry dimensions as each server reads them`() {
    func first(_ format: StatsD.TagFormat, _ host: String = "a") -> String {
      var writer = StatsD(gatewayID: "g", tagFormat: format, sampling: 1)
      let text = String(decoding: writer.datagrams(for: [record(host: host)])[0], as: UTF8.self)
      return String(text.split(separator: "\n")[1])
    }
    #expect(first(.none) == "DurationInMS:12|ms")
    #expect(first(.librato) == "DurationInMS#Hostname=a:12|ms")
    #expect(first(.dogStatsD) == "DurationInMS:12|ms|#Hostname:a")
    #expect(first(.influxDB) == "DurationInMS,Hostname=a:12|ms")
    #expect(first(.dogStatsD, "a|b#c,d") == "DurationInMS:12|ms|#Hostname:a_b_c_d")
    // A tag without a value is left out: servers refuse it, and some the whole line.
    for format in StatsD.TagFormat.allCases { #expect(first(format, "") == "DurationInMS:12|ms") }
  }

  @Test func `StatsD sampling tells exactly the share, and datagrams stay below the size that crosses any network`() {
    var writer = StatsD(gatewayID: "g", tagFormat: .dogStatsD, sampling: 0.25)
    let datagrams = writer.datagrams(for: Array(repeating: record(), count: 400))
    let lines = datagrams.flatMap { String(decoding: $0, as: UTF8.self).split(separator: "\n") }
    #expect(lines.filter { $0.hasPrefix("Requests:1|c|@0.25|#") }.count == 100)
    #expect(datagrams.count > 1 && datagrams.allSatisfy { $0.count <= StatsD.maximumDatagram })
  }

  @Test func `syslog and journal records have their protocols' form`() {
    func text(_ format: LocalLog.Format, _ code: Int = 200) -> String {
      let log = LocalLog(format: format, facility: 7, hostName: "node")
      return String(decoding: log.datagram(for: record(code)), as: UTF8.self)
    }
    #expect(text(.rfc5424).hasPrefix("<62>1 2025-02-25T07:16:04.050Z node postern "))
    #expect(text(.rfc5424).contains(" GatewayLogs - [Info] 2025-02-25T07:16:04.050 [GatewayLogs], correlationId: "))
    #expect(text(.localSyslog, 500).hasPrefix("<60>postern["))
    #expect(text(.journal).hasPrefix("PRIORITY=6\nSYSLOG_FACILITY=7\nSYSLOG_IDENTIFIER=postern\nCORRELATION_ID="))
    #expect(text(.json).hasPrefix("{\"level\"") && text(.json).hasSuffix("}"))
    for format in [LocalLog.Format.rfc5424, .localSyslog, .json] { #expect(!text(format).contains("\n")) }
  }

  @Test func `trace contexts are read as the specification says, and malformed ones begin anew`() throws {
    let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    func read(_ text: String) -> TraceContext? {
      let bytes = Array(text.utf8)
      return TraceContext(traceparent: bytes.span, spanID: 0x0102_0304_0506_0708)
    }
    let trace = try #require(read(header))
    #expect(trace.isSampled)
    #expect(read(header.dropLast(2) + "02")?.isSampled == false)
    let written = trace.traceparent
    #expect(
      String(decoding: written.indices.map { written[$0] }, as: UTF8.self)
        == "00-4bf92f3577b34da6a3ce929d0e0e4736-0102030405060708-01")
    // A later version may have more; version 00 may not.
    #expect(read("01" + header.dropFirst(2) + "-what") != nil)
    for wrong in [
      header + "-what", "ff" + header.dropFirst(2), header.uppercased(), String(header.dropLast()),
      "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
      "", "00-x", "01" + header.dropFirst(2) + "what",
    ] {
      #expect(read(wrong) == nil, "\(wrong)")
    }
  }

  @Test func `records for a collector that is away are bounded, and what was dropped is not taken for sent`() {
    var pending = PendingRecords(bound: 10)
    pending.add(Array(repeating: record(), count: 6))
    let batch = pending.oldest(4)
    pending.add(Array(repeating: record(500), count: 7))
    #expect(pending.dropped == 3)
    pending.remove(batch)
    #expect(pending.oldest(100).records.map(\.responseCode) == [200, 200] + Array(repeating: 500, count: 7))
  }
}
