import Foundation
import HTTPWire
import Telemetry
import Testing

@testable import Gateway

@Suite struct GatewaySettingsTests {
  private static let token =
    "plant&203001010000&" + Data(repeating: 1, count: 64).base64EncodedString()

  private func settings(_ file: String, _ environment: [String: String] = [:]) throws -> GatewaySettings {
    try GatewaySettings(file: try EnvironmentFile(file), environment: environment)
  }

  private func problems(_ file: String) -> [String] {
    do {
      _ = try settings(file)
      return []
    } catch {
      return (error as? GatewaySettings.Failure)?.problems ?? ["\(error)"]
    }
  }

  @Test func `the official file is enough, in both spellings of the token`() throws {
    let first = try settings(
      "config.service.endpoint=acme.configuration.azure-api.net\nconfig.service.auth=GatewayKey \(Self.token)\n")
    #expect(first.endpoint == "https://acme.configuration.azure-api.net" && first.gatewayID == "plant")
    #expect(first.httpPort == 8080 && first.httpsPort == 8081 && first.warnings.isEmpty)
    let second = try settings(
      """
      # by hand
      gateway.name=plant
      config.service.endpoint=http://10.0.0.1:9080/
      config.service.auth=key
      config.service.auth.key=\(Self.token)
      """)
    #expect(second.endpoint == "http://10.0.0.1:9080" && second.token == first.token)
  }

  @Test func `every setting also works as an upper-case environment variable, which wins over the file`() throws {
    let settings = try settings(
      "config.service.endpoint=a\nnet.server.http.port=1",
      ["CONFIG_SERVICE_AUTH": "GatewayKey \(Self.token)", "NET_SERVER_HTTP_PORT": "2", "telemetry.logs.std": "json"])
    #expect(settings.httpPort == 2 && settings.logFormat == .json)
  }

  @Test func `every documented setting is accepted, and those without effect say so`() throws {
    let samples: [String: String] = [
      "k8s.ingress.enabled": "true", "observability.prometheus.endpoint": "127.0.0.1:9464",
      "observability.opentelemetry.collector.protocol": "grpc",
      "net.client.tls.ciphers.allowed-suites": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    ]
    for setting in Setting.catalogue where !["config.service.auth", "gateway.name"].contains(setting.name) {
      let value = samples[setting.name] ?? setting.defaultValue ?? (setting.kind == .fraction ? "0.5" : "none")
      if setting.name.hasSuffix("certificateAuthority") || setting.name.hasPrefix("net.server.tls.") { continue }
      #expect(
        problems("config.service.endpoint=a\nconfig.service.auth=\(Self.token)\n\(setting.name)=\(value)") == [],
        "\(setting.name)")
    }
    let ingress = try settings(
      "config.service.endpoint=a\nconfig.service.auth=\(Self.token)\nk8s.ingress.enabled=true")
    #expect(ingress.warnings == ["k8s.ingress.enabled has no effect: the ingress controller is not built yet"])
  }

  @Test func `destinations of telemetry are read, and wrong ones named`() throws {
    let start = "config.service.endpoint=a\nconfig.service.auth=\(Self.token)\n"
    let observability = try settings(
      start + """
        telemetry.metrics.local=statsd
        telemetry.metrics.local.statsd.endpoint=10.0.41.179:8125
        telemetry.metrics.local.statsd.tag-format=influxdb
        telemetry.logs.local=rfc5424
        telemetry.logs.local.rfc5424.endpoint=[::1]:514
        telemetry.logs.local.rfc5424.facility=7
        observability.opentelemetry.enabled=true
        observability.opentelemetry.collector.uri=http://otel:4318/
        observability.opentelemetry.signals=metrics, traces
        observability.opentelemetry.histogram.buckets=1, 2.5
        observability.prometheus.endpoint=127.0.0.1:9464
        """
    ).observability
    #expect(observability.statsD?.address == .host("10.0.41.179", port: 8_125))
    #expect(observability.statsD?.tagFormat == .influxDB && observability.statsD?.sampling == 1)
    #expect(observability.secondLog?.address == .host("::1", port: 514) && observability.secondLog?.facility == 7)
    #expect(observability.collector?.transfer == .http && observability.collector?.url == "http://otel:4318")
    #expect(observability.collector?.signals == [.metrics, .traces] && observability.buckets == [1, 2.5])
    #expect(observability.metricsEndpoint == .init(host: "127.0.0.1", port: 9_464))
    #expect(
      problems(
        start + """
          telemetry.metrics.local=statsd
          telemetry.logs.local=rfc5424
          observability.opentelemetry.enabled=true
          observability.opentelemetry.histogram.buckets=5,1
          observability.prometheus.endpoint=here
          """
      ) == [
        "observability.opentelemetry.histogram.buckets: expected up to 100 ascending numbers separated by commas, found \"5,1\"",
        "telemetry.metrics.local.statsd.endpoint is missing: the StatsD server, host:port",
        "telemetry.logs.local.rfc5424.endpoint: expected host:port, found nothing",
        "observability.opentelemetry.collector.uri is missing: the collector, such as http://otel:4317",
        "observability.prometheus.endpoint: expected host:port, found \"here\"",
      ])
  }

  @Test func `bounds, waits and suites are read, and what cannot be is named`() throws {
    let start = "config.service.endpoint=a\nconfig.service.auth=\(Self.token)\n"
    let usual = try settings(start)
    #expect(usual.limits == ClientLimits() && usual.tls == TLSChoice() && usual.warnings.isEmpty)
    let given = try settings(
      start + """
        net.server.limits.url-bytes=2048
        net.server.limits.head-kilobytes=16
        net.server.limits.header-count=50
        net.server.limits.body-megabytes=10
        net.server.limits.held-body-megabytes=8
        net.server.timeouts.head=5s
        net.client.timeouts.connect=00:00:03
        net.server.tls.ciphers.allowed-suites=TLS_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
        Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Backend.Protocols.Tls13=false
        """)
    #expect(given.limits.head == HeadLimits(headBytes: 16_384, headerCount: 50, targetBytes: 2_048))
    #expect(given.limits.bodyBytes == 10 << 20 && given.limits.heldBytes == 8 << 20)
    #expect(
      given.warnings == [
        "net.server.tls.ciphers.allowed-suites: the three suites of TLS 1.3 come together; those that are not named are "
          + "offered, too"
      ])
    let problems = problems(
      start + """
        net.server.limits.header-count=5
        net.server.timeouts.body=0
        net.client.tls.ciphers.allowed-suites=RC4
        Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Backend.Protocols.Tls12=false
        Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Backend.Protocols.Tls11=true
        """)
    #expect(problems.count == 4)
    #expect(problems.contains("net.server.limits.header-count: expected a whole number, 10 to 1000, found \"5\""))
    #expect(problems.contains("net.server.timeouts.body: expected a second at least, found \"0\""))
    #expect(problems.contains { $0.hasPrefix("net.client.tls.ciphers.allowed-suites: 'RC4' is not among the suites") })
    #expect(problems.contains { $0.contains("Protocols.Tls13 and its kin: expected at least one version of TLS") })
  }

  @Test func `an unknown name is named, with the one that was meant`() throws {
    let settings = try settings(
      "config.service.endpoint=a\nconfig.service.auth=\(Self.token)\ntelemetry.logs.sdt=json\nfoo.bar=1")
    #expect(
      settings.warnings == [
        "unknown setting foo.bar", "unknown setting telemetry.logs.sdt; did you mean telemetry.logs.std?",
      ])
  }

  @Test func `what is wrong is said all at once, without showing secrets`() {
    let found = problems(
      "config.service.auth=GatewayKey secret-text\nnet.server.http.port=eighty\ntelemetry.logs.std=xml")
    #expect(found.count == 4 && found[0].hasPrefix("config.service.endpoint is missing"))
    #expect(found.contains("net.server.http.port: expected a port, 0 to 65535, found \"eighty\""))
    #expect(found.contains("telemetry.logs.std: expected one of none, text, json, found \"xml\""))
    #expect(!found.joined().contains("secret-text"))
    #expect(problems("no equals sign").first == "line 1: expected name=value, found \"no equals sign\"")
  }

  @Test func `the reference in docs is what the gateway reads`() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(contentsOf: root.appending(path: "docs/settings.md"), encoding: .utf8)
    #expect(text == SettingsReference.markdown, "run: .build/debug/postern settings > docs/settings.md")
  }

  @Test func `durations read in both forms`() {
    #expect(Setting.milliseconds("00:01:40") == 100_000 && Setting.milliseconds("500ms") == 500)
    #expect(
      Setting.milliseconds("30s") == 30_000 && Setting.milliseconds("5") == 5_000
        && Setting.milliseconds("2m") == 120_000)
    #expect(Setting.milliseconds("soon") == nil && Setting.milliseconds("00:99:00") == nil)
  }

  @Test func `counters elsewhere and replicas are read, and Redis counts where both are named`() throws {
    let head = "config.service.endpoint=e\nconfig.service.auth=GatewayKey \(Self.token)\n"
    let alone = try settings(head)
    #expect(alone.counterStore == nil && alone.neighborhood == nil)
    let replicas = "neighborhood.host=peers.plant\npolicy.rate-limit.sync.port=5290\nnet.server.address=10.0.0.7\n"
    let among = try settings(head + replicas)
    #expect(
      among.neighborhood
        == NeighborhoodSettings(host: "peers.plant", heartbeatPort: 4_291, countsPort: 5_290, address: "10.0.0.7"))
    #expect(among.warnings.isEmpty)
    let both = try settings(head + replicas + "policy.counters.redis=limits.plant:6380,password=s3cret,ssl=True\n")
    #expect(both.neighborhood == nil && both.counterStore?.gatewayID == "plant")
    #expect(both.warnings.count == 1 && both.warnings[0].contains("neighborhood.host"))
    let problems = problems(head + "policy.counters.redis=limits.plant,password=s3cret,colour=red\n")
    #expect(problems.count == 1 && problems[0].contains("colour") && !problems[0].contains("s3cret"))
  }
}
