extension Setting {
  /// Every setting: those of the official gateway under their own names, then Postern's additions.
  public static let catalogue: [Setting] = identity + service + network + telemetry + additions

  private static let notYet = "not built yet"

  private static let identity: [Setting] = [
    Setting("gateway.name", .text, nil, "The gateway resource's name. Taken from the token when absent."),
    Setting(
      "config.service.endpoint", .text, nil,
      "The management service, a host or URL; `https` where no scheme is given. Required."),
    Setting(
      "config.service.auth", .secret, nil,
      "`GatewayKey` followed by the access token, or `key` with the token in `config.service.auth.key`. Required."),
    Setting("config.service.auth.key", .secret, nil, "The access token, when `config.service.auth` is `key`."),
    Setting(
      "config.service.auth.tokenAudience", .text, nil, "Audience of Microsoft Entra tokens.",
      effect: .ignored("Entra authentication of gateways is \(notYet)")),
  ]

  private static let service: [Setting] =
    ["tenantId", "clientId", "clientSecret", "certificatePath", "authority"].map { part in
      Setting(
        "config.service.auth.azureAd.\(part)", part == "clientSecret" ? .secret : .text, nil,
        "Microsoft Entra application of the gateway.",
        effect: .ignored("Entra authentication of gateways is \(notYet)"))
    } + [
      Setting(
        "config.service.endpoint.disableCertificateValidation", .boolean, "false",
        "Accepts any certificate of the management service. For tests only."),
      Setting(
        "config.service.integration.timeout", .duration, "00:01:40", "Longest wait for an answer of the service."),
      Setting(
        "certificates.local.ca.enabled", .boolean, "false",
        "Also trusts the certificate authorities in `/usr/local/share/ca-certificates`.",
        effect: .ignored("the system's own trust store is always used")),
      Setting(
        "security.certificate-revocation.validation.enabled", .boolean, "true",
        "Whether `validate-client-certificate` asks if a certificate is revoked, unless `validate-revocation` is false. With "
          + "`false` nobody is asked."),
    ]

  private static let network: [Setting] =
    [
      Setting(
        "neighborhood.host", .text, nil,
        "DNS name of all replicas, with which rate limits and quotas are counted together, and to which events of "
          + "subscriptions pass; several names or addresses are separated by commas. See [limits](limits.md)."),
      Setting(
        "neighborhood.heartbeat.port", .port, "4291", "UDP port of replica heartbeats."),
      Setting(
        "policy.rate-limit.sync.port", .port, "4290", "UDP port of the synchronisation of rate limits and quotas."),
      Setting(
        "net.server.http.forwarded.proto.enabled", .boolean, "false",
        "Trusts `X-Forwarded-Proto` when the route decides between http and https."),
      Setting(
        "net.server.tls.ciphers.allowed-suites", .text, nil,
        "Cipher suites for clients by their IANA names, separated by commas, the preferred first. A version of TLS of which "
          + "none is named is not spoken; those of TLS 1.3 come together."),
      Setting(
        "net.client.tls.ciphers.allowed-suites", .text, nil, "The same for backends."),
      Setting(
        "k8s.ingress.enabled", .boolean, "false", "Acts as an ingress controller.",
        effect: .ignored("the ingress controller is \(notYet)")),
      Setting(
        "k8s.ingress.namespace", .text, "default", "Namespace watched.",
        effect: .ignored("the ingress controller is \(notYet)")),
      Setting(
        "k8s.ingress.dns.suffix", .text, "svc.cluster.local", "DNS suffix of services.",
        effect: .ignored("the ingress controller is \(notYet)")),
      Setting(
        "k8s.ingress.config.path", .text, nil, "Path of a kubeconfig.",
        effect: .ignored("the ingress controller is \(notYet)")),
    ]
    + ["Tls13", "Tls12", "Tls11", "Tls10", "Ssl30"].map { version in
      Setting(
        "Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Backend.Protocols.\(version)", .boolean,
        version == "Tls13" || version == "Tls12" ? "true" : "false",
        "Allows this version towards backends; none between two others can be left out.",
        effect: version == "Ssl30" ? .ignored("SSL 3.0 is broken, and not spoken") : .honoured)
    }

  private static let telemetry: [Setting] =
    [
      Setting("telemetry.logs.std", .oneOf(["none", "text", "json"]), "text", "Form of the log on standard output."),
      Setting(
        "telemetry.logs.std.level", .oneOf(["all", "debug", "info", "warn", "error", "fatal"]), "info",
        "The least severe messages written."),
      Setting("telemetry.logs.std.color", .boolean, "true", "Colours levels when standard output is a terminal."),
      Setting(
        "telemetry.logs.local", .oneOf(["none", "auto", "localsyslog", "rfc5424", "journal", "json", "forward"]),
        "auto",
        "A second destination of request records. `auto` is none; `forward` has no effect."),
      Setting("telemetry.logs.local.localsyslog.endpoint", .text, "/dev/log", "Socket of the local syslog daemon."),
      Setting("telemetry.logs.local.localsyslog.facility", .number(0...23), "1", "Syslog facility."),
      Setting("telemetry.logs.local.rfc5424.endpoint", .text, nil, "Syslog server (UDP), host:port."),
      Setting("telemetry.logs.local.rfc5424.facility", .number(0...23), "1", "Syslog facility."),
      Setting(
        "telemetry.logs.local.journal.endpoint", .text, "/run/systemd/journal/socket", "Socket of systemd's journal."),
      Setting(
        "telemetry.logs.local.json.endpoint", .text, "127.0.0.1:8888",
        "UDP server that gets one JSON object a datagram."),
      Setting("telemetry.metrics.local", .oneOf(["none", "statsd"]), "none", "Local metrics."),
      Setting("telemetry.metrics.local.statsd.endpoint", .text, nil, "StatsD server (UDP), host:port."),
      Setting("telemetry.metrics.local.statsd.sampling", .fraction, "1", "Share of requests reported."),
      Setting(
        "telemetry.metrics.local.statsd.tag-format", .oneOf(["none", "librato", "dogStatsD", "influxDB"]),
        "dogStatsD", "How dimensions are written."),
      Setting("telemetry.metrics.cloud", .boolean, "true", "Sends request records to the management service."),
      Setting(
        "observability.opentelemetry.enabled", .boolean, "false", "Sends telemetry to an OpenTelemetry collector."),
      Setting(
        "observability.opentelemetry.collector.uri", .text, nil,
        "The collector: `http://otel:4317`. Port 4318 means OTLP over HTTP, any other gRPC."),
      Setting(
        "observability.opentelemetry.system-metrics.enabled", .boolean, "false", "Processor and memory metrics too."),
      Setting(
        "observability.opentelemetry.histogram.buckets", .text, "5,10,25,50,100,250,500,1000,2500,5000,10000",
        "Bounds of latency histograms in ms, here and in Prometheus' metrics."),
      Setting(
        "logs.applicationinsights.endpoint", .text, nil, "Application Insights ingestion.",
        effect: .ignored("Application Insights is a cloud service; records go to the management service")),
    ]
    + [
      "mechanism", "artifact.version", "artifact.source", "orchestrator.type", "highAvailability.enabled",
      "dapr.enabled",
    ].map { part in
      Setting(
        "runtime.deployment.\(part)", .text, nil, "Set by deployment tools, for information.",
        effect: .ignored("for information only"))
    }

  private static let additions: [Setting] = [
    Setting(
      "observability.prometheus.endpoint", .text, nil,
      "host:port where `GET /metrics` answers Prometheus, such as `127.0.0.1:9464`.", isAddition: true),
    Setting(
      "observability.opentelemetry.collector.protocol", .oneOf(["grpc", "http/protobuf"]), nil,
      "How the collector is spoken to, where its port does not tell.", isAddition: true),
    Setting(
      "observability.opentelemetry.signals", .text, "metrics",
      "What the collector gets: any of `metrics`, `logs`, `traces`, separated by commas.", isAddition: true),
    Setting(
      "observability.opentelemetry.interval", .duration, "60s", "Time between two exports of metrics.",
      isAddition: true),
    Setting(
      "observability.trace-context", .oneOf(["auto", "on", "off"]), "auto",
      "Whether requests take part in distributed traces (W3C `traceparent`). `auto`: where a collector gets logs or "
        + "traces; otherwise callers' headers pass as they came, which costs nothing.", isAddition: true),
    Setting(
      "config.service.endpoint.certificateAuthority", .text, nil,
      "Base64 of the DER certificate of the authority that signed the management service's certificate.",
      isAddition: true),
    Setting("net.server.address", .text, "0.0.0.0", "The address the gateway listens on.", isAddition: true),
    Setting("net.server.http.port", .port, "8080", "The HTTP port; 0 takes a free one.", isAddition: true),
    Setting("net.server.https.port", .port, "8081", "The HTTPS port; 0 takes a free one.", isAddition: true),
    Setting(
      "net.server.threads", .number(0...256), "0", "Event loops; 0 is one for each processor.", isAddition: true),
    Setting(
      "net.server.tls.certificate.path", .text, nil, "PEM file with the certificate chain of the HTTPS listener.",
      isAddition: true),
    Setting(
      "net.server.tls.privateKey.path", .text, nil, "PEM file with the private key of that certificate.",
      isAddition: true),
    Setting(
      "net.server.tls.negotiateClientCertificate", .boolean, "false",
      "Asks clients for a certificate in the TLS handshake, for policies to look at. Clients without one are let in.",
      isAddition: true),
    Setting(
      "net.server.http.explain-not-found", .boolean, "false",
      "Answers 404 with the header `Postern-Not-Found`: which part of the request matched no operation. It names APIs, so it is "
        + "not for gateways that strangers reach; request records tell the same in any case.", isAddition: true),
    Setting(
      "net.server.limits.url-bytes", .number(256...65_536), "16384",
      "Bytes of a request's path and query; beyond it the answer is 414.", isAddition: true),
    Setting(
      "net.server.limits.head-kilobytes", .number(4...256), "64",
      "Kilobytes of a request's head in all; beyond it the answer is 431.", isAddition: true),
    Setting(
      "net.server.limits.header-count", .number(10...1_000), "100",
      "Header lines of a request; beyond it the answer is 431.", isAddition: true),
    Setting(
      "net.server.limits.body-megabytes", .number(0...1_048_576), "0",
      "Megabytes of a request's body; beyond it the answer is 413. 0 takes bodies of any length.", isAddition: true),
    Setting(
      "net.server.limits.held-body-megabytes", .number(1...4_096), "256",
      "Megabytes of a body that is held whole because policies read it: 413 for a longer request, 500 for a longer answer.",
      isAddition: true),
    Setting(
      "net.server.timeouts.head", .duration, "60s",
      "How long a new connection may take until its first request's head is there.", isAddition: true),
    Setting(
      "net.server.timeouts.body", .duration, "60s",
      "How long a client may take for the next bytes of a body, or to take bytes of an answer.", isAddition: true),
    Setting(
      "net.server.timeouts.keep-alive", .duration, "130s",
      "How long a connection stays open between two requests; the next head has to be there by then.", isAddition: true),
    Setting(
      "net.server.timeouts.silence", .duration, "15m",
      "How long a backend may be silent in the middle of its answer, a WebSocket or a call of gRPC in either direction.",
      isAddition: true),
    Setting(
      "net.client.timeouts.connect", .duration, "10s",
      "How long a connection to a backend may take to be there, and as long again for its handshakes.",
      isAddition: true),
    Setting(
      "net.client.timeouts.keep-alive", .duration, "60s",
      "How long a connection to a backend is kept for the next request.", isAddition: true),
    Setting(
      "net.client.timeouts.lifetime", .duration, "10m",
      "How long a connection to a backend is used, however busy it is: the next one looks the name up again.",
      isAddition: true),
    Setting(
      "net.server.drain.timeout", .duration, "30s",
      "How long requests in flight may take after SIGTERM, or once another process has taken over.", isAddition: true),
    Setting(
      "net.server.drain.idle-timeout", .duration, "1s",
      "How much of that time connections between two requests stay open after SIGTERM, for requests that are just on their "
        + "way. When another process has taken over, all of it.", isAddition: true),
    Setting(
      "config.backup.path", .text, nil,
      "Folder of the configuration backup, of quota counters and of records not yet sent: `/apim/config` where it exists, else "
        + "`$XDG_STATE_HOME/postern/gateways/{name}`. `none` keeps nothing on disk.",
      isAddition: true),
    Setting(
      "telemetry.spool.maximum-megabytes", .number(16...1_048_576), "1024",
      "Disk space for records not yet sent; beyond it the oldest go, and the log says how many.", isAddition: true),
    Setting(
      "policy.counters.redis", .secret, nil,
      "Connection string (StackExchange.Redis) of the Redis that counts rate limits, quotas and token limits for all "
        + "replicas, and through which events of subscriptions pass; without it each process counts. See "
        + "[limits](limits.md).", isAddition: true),
    Setting(
      "policy.expressions.maximum-steps", .number(1_000...1_000_000), "100000",
      "Work that one evaluation of a policy expression may do: statements, calls and rounds of loops, large values in "
        + "proportion. The default ends a runaway expression within a few milliseconds.", isAddition: true),
    Setting(
      "policy.expressions.maximum-megabytes", .number(1...4_096), "64",
      "Memory that one evaluation of a policy expression may take in all.", isAddition: true),
  ]
}
