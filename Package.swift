// swift-tools-version:6.2
// Postern: API management on your own ground. The targets are listed from the bottom up: an import only goes down.
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "postern",
  products: [.executable(name: "postern", targets: ["postern"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-atomics.git", from: "1.3.0"),
    .package(url: "https://github.com/apple/swift-certificates.git", from: "1.21.1"),
    .package(url: "https://github.com/apple/swift-asn1.git", from: "1.7.4"),
    .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-http2.git", from: "1.46.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
    .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache.git", from: "2.1.1"),
    .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
  ],
  targets: [
    // Level 0: pure values and languages. No sockets, no clock, no randomness.
    .systemLibrary(name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CLibXSLT", pkgConfig: "libxslt", providers: [.apt(["libxslt1-dev"])]),
    .target(
      name: "DotNet",
      dependencies: [
        "CLibXSLT", "CPCRE2", "CZlib", .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "SwiftASN1", package: "swift-asn1"),
        .product(name: "X509", package: "swift-certificates"),
        .product(name: "_CryptoExtras", package: "swift-crypto"),
      ],
      swiftSettings: strict),
    .target(name: "ChildProcesses", dependencies: ["CDescriptors"], swiftSettings: strict),
    .target(name: "CThreads"),
    .target(name: "CMemory"),
    .target(name: "CByteScan"),
    .target(name: "CDescriptors"),
    .target(name: "Expressions", dependencies: ["CThreads", "DotNet"], swiftSettings: strict),
    .target(name: "Liquid", dependencies: ["DotNet"], swiftSettings: strict),
    .target(name: "JSONSchema", dependencies: ["DotNet"], swiftSettings: strict),
    .target(name: "OData", dependencies: ["DotNet"], swiftSettings: strict),
    .target(name: "GraphQL", dependencies: ["JSONSchema"], swiftSettings: strict),
    // Lifetimes: functions that lend spans of a head's bytes (as swift-nio itself does).
    .target(
      name: "HTTPWire", dependencies: ["CByteScan", .product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: strict + [.enableExperimentalFeature("Lifetimes")]),
    .target(name: "RedisWire", swiftSettings: strict),
    .target(name: "TDSWire", swiftSettings: strict),
    .target(
      name: "GatewayConfiguration", dependencies: [.product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: strict),
    .target(name: "Telemetry", swiftSettings: strict),

    // Level 1
    .target(name: "PolicySyntax", dependencies: ["Expressions"], swiftSettings: strict),
    .target(
      name: "ControlPlaneStore",
      dependencies: [
        "GatewayConfiguration", "Telemetry", .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "Crypto", package: "swift-crypto"),
      ], swiftSettings: strict),

    // Level 2
    .target(
      name: "PolicyLibrary",
      dependencies: [
        "GatewayConfiguration", "DotNet", "Expressions", "GraphQL", "HTTPWire", "JSONSchema", "Liquid", "OData",
        "PolicySyntax", "TDSWire", "Telemetry",
      ], swiftSettings: strict),

    // Level 3
    .target(
      name: "Gateway",
      dependencies: [
        "CDescriptors", "GatewayConfiguration", "DotNet", "Expressions", "HTTPWire", "PolicyLibrary", "RedisWire",
        "TDSWire", "Telemetry",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Atomics", package: "swift-atomics"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOFoundationCompat", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTP2", package: "swift-nio-http2"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "NIOTLS", package: "swift-nio"),
        .product(name: "SwiftASN1", package: "swift-asn1"),
        .product(name: "X509", package: "swift-certificates"),
      ], swiftSettings: strict),
    .target(
      name: "ManagementAPI",
      dependencies: [
        "DotNet", "GatewayConfiguration", "ControlPlaneStore", "Expressions", "HTTPWire", "PolicyLibrary",
        "PolicySyntax", "Telemetry",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HummingbirdTLS", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "SwiftASN1", package: "swift-asn1"),
        .product(name: "X509", package: "swift-certificates"),
      ], swiftSettings: strict),

    // Level 4
    .target(
      name: "Portal",
      dependencies: [
        "ControlPlaneStore", "GatewayConfiguration", "ManagementAPI",
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "Mustache", package: "swift-mustache"),
        .product(name: "NIOCore", package: "swift-nio"),
      ], swiftSettings: strict),
    .target(
      name: "Workbench",
      dependencies: [
        "DotNet", "Expressions", "GatewayConfiguration", "HTTPWire", "JSONSchema", "PolicyLibrary", "PolicySyntax",
        "TDSWire", "Telemetry",
      ], swiftSettings: strict),

    // Level 5
    .executableTarget(
      name: "postern",
      dependencies: [
        "CMemory", "ChildProcesses", "GatewayConfiguration", "Expressions", "Gateway", "ManagementAPI", "Portal",
        "Telemetry",
        "Workbench",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOFoundationCompat", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ], swiftSettings: strict),

    // Not a product: the request path and its pieces, for scripts/instruction-gate.
    .executableTarget(
      name: "hotpath",
      dependencies: [
        "DotNet", "Expressions", "Gateway", "GatewayConfiguration", "HTTPWire", "PolicyLibrary", "PolicySyntax",
        "Telemetry",
        .product(name: "Logging", package: "swift-log"),
      ], path: "Benchmarks/HotPath", swiftSettings: strict),

    // Not a product: mutated input for the parsers of untrusted text (scripts/fuzz).
    .executableTarget(
      name: "fuzz",
      dependencies: [
        "Expressions", "GatewayConfiguration", "GraphQL", "HTTPWire", "JSONSchema", "OData", "PolicySyntax",
        "RedisWire",
        "TDSWire", "Workbench",
      ], path: "Fuzz",
      exclude: ["Seeds"], swiftSettings: strict),

    // Tests
    .testTarget(name: "ChildProcessesTests", dependencies: ["ChildProcesses"], swiftSettings: strict),
    .testTarget(name: "LiquidTests", dependencies: ["Liquid"], swiftSettings: strict),
    .testTarget(name: "JSONSchemaTests", dependencies: ["JSONSchema"], swiftSettings: strict),
    .testTarget(name: "RedisWireTests", dependencies: ["RedisWire"], swiftSettings: strict),
    .testTarget(name: "TDSWireTests", dependencies: ["TDSWire"], swiftSettings: strict),
    .testTarget(name: "ODataTests", dependencies: ["OData"], swiftSettings: strict),
    .testTarget(name: "GraphQLTests", dependencies: ["GraphQL", "JSONSchema"], swiftSettings: strict),
    .testTarget(name: "HTTPWireTests", dependencies: ["HTTPWire"], swiftSettings: strict),
    .testTarget(name: "TelemetryTests", dependencies: ["Telemetry"], swiftSettings: strict),
    .testTarget(
      name: "GatewaySynchronizationTests",
      dependencies: [
        "Gateway", "GatewayConfiguration", "Telemetry",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Crypto", package: "swift-crypto"), .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Hummingbird", package: "hummingbird"), .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ], swiftSettings: strict),
    .testTarget(
      name: "ExpressionsTests", dependencies: ["DotNet", "Expressions", "Workbench"], exclude: ["Fixtures"],
      swiftSettings: strict),
    .testTarget(name: "DotNetTests", dependencies: ["DotNet"], swiftSettings: strict),
    .testTarget(
      name: "PolicySyntaxTests", dependencies: ["Expressions", "PolicySyntax"], swiftSettings: strict),
    .testTarget(
      name: "PolicyLibraryTests",
      dependencies: [
        "Expressions", "GatewayConfiguration", "HTTPWire", "JSONSchema", "PolicyLibrary", "Workbench",
        .product(name: "Crypto", package: "swift-crypto"), .product(name: "_CryptoExtras", package: "swift-crypto"),
      ], swiftSettings: strict),
    .testTarget(
      name: "GoldenTests", dependencies: ["PolicyLibrary", "PolicySyntax", "Workbench"], swiftSettings: strict),
    .testTarget(
      name: "ManagementAPITests",
      dependencies: [
        "ChildProcesses", "ControlPlaneStore", "GatewayConfiguration", "ManagementAPI",
        .product(name: "HTTPTypes", package: "swift-http-types"), .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdTesting", package: "hummingbird"), .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
      ], swiftSettings: strict),
    .testTarget(
      name: "GatewayTests",
      dependencies: [
        "CMemory", "ChildProcesses", "DotNet", "Expressions", "Gateway", "GatewayConfiguration", "HTTPWire",
        "PolicyLibrary", "RedisWire", "TDSWire", "Telemetry",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Logging", package: "swift-log"), .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"), .product(name: "SwiftASN1", package: "swift-asn1"),
        .product(name: "X509", package: "swift-certificates"),
      ], swiftSettings: strict),
    .testTarget(
      name: "GatewaySettingsTests", dependencies: ["Gateway", "HTTPWire", "Telemetry"], swiftSettings: strict),
    .testTarget(
      name: "PortalTests",
      dependencies: [
        "ChildProcesses", "postern", .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOFoundationCompat", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ], swiftSettings: strict),
    .testTarget(name: "CommandLineTests", dependencies: ["ChildProcesses", "postern"], swiftSettings: strict),
    .testTarget(name: "StoryTests", dependencies: ["ChildProcesses", "postern"], swiftSettings: strict),
    .testTarget(
      name: "GatewayConfigurationTests",
      dependencies: ["GatewayConfiguration", .product(name: "Crypto", package: "swift-crypto")], swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
