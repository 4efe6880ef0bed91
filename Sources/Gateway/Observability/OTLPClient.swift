import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Telemetry

/// Sends OTLP messages to a collector.
protocol OTLPClient: Sendable {
  /// Throws when the collector did not take the message.
  func export(_ signal: OTLP.Signal, _ message: [UInt8]) async throws
  func end() async
}

/// A collector that refused a message.
struct CollectorError: Error, CustomStringConvertible {
  var description: String
}

/// OTLP over HTTP/1.1 with protobuf bodies.
struct OTLPOverHTTP: OTLPClient {
  private let client: HTTPClient
  private let url: String

  init(url: String) {
    var configuration = HTTPClient.Configuration()
    configuration.timeout.connect = .seconds(5)
    client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    self.url = url
  }

  func export(_ signal: OTLP.Signal, _ message: [UInt8]) async throws {
    var request = HTTPClientRequest(url: url + signal.path)
    request.method = .POST
    request.headers.add(name: "content-type", value: "application/x-protobuf")
    request.body = .bytes(ByteBuffer(bytes: message))
    let response = try await client.execute(request, timeout: .seconds(10))
    let body = try await response.body.collect(upTo: 1 << 20)
    guard (200..<300).contains(response.status.code) else {
      throw CollectorError(
        description: "\(url)\(signal.path) answered \(response.status.code) \(String(buffer: body).prefix(200))")
    }
  }

  func end() async { try? await client.shutdown() }
}
