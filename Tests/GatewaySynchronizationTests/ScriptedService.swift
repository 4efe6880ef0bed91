import Crypto
import Foundation
import GatewayConfiguration
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// A management service that answers as a test tells it, over a real socket.
final class ScriptedService: Sendable {
  struct State {
    var sealed: SealedSnapshot?
    var status: HTTPResponse.Status = .ok
    var heartbeats: [String] = []
    var deliveries: [(spool: String, first: UInt64, count: Int)] = []
    var authorizations: Set<String> = []
    var refusesTelemetry = false
  }

  let state = Mutex(State())
  let key = Curve25519.Signing.PrivateKey()

  func publish(_ snapshot: Snapshot, signedBy signer: Curve25519.Signing.PrivateKey? = nil) throws {
    let sealed = try SnapshotCodec.seal(snapshot, key: signer ?? key)
    state.withLock { $0.sealed = sealed }
  }

  /// Serves on a free port while the body runs.
  func serve(port: Int = 0, _ body: @escaping @Sendable (Int) async throws -> Void) async throws {
    let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
    var logger = Logger(label: "scripted-service")
    logger.logLevel = .critical
    let application = Application(
      router: router(), configuration: .init(address: .hostname("127.0.0.1", port: port)),
      onServerRunning: { channel in continuation.yield(channel.localAddress?.port ?? 0) }, logger: logger)
    var ending = ServiceGroupConfiguration(
      services: [.init(service: application, successTerminationBehavior: .gracefullyShutdownGroup)], logger: logger)
    ending.maximumGracefulShutdownDuration = .seconds(5)
    let group = ServiceGroup(configuration: ending)
    let serving = Task {
      defer { continuation.finish() }
      try await group.run()
    }
    var iterator = ports.makeAsyncIterator()
    let outcome: Result<Void, any Error>
    do {
      if let port = await iterator.next() { try await body(port) }
      outcome = .success(())
    } catch {
      outcome = .failure(error)
    }
    await group.triggerGracefulShutdown()
    try await serving.value
    try outcome.get()
  }

  private func router() -> Router<BasicRequestContext> {
    let router = Router()
    router.get("/gateways/:id/configuration") { [self] request, _ -> Response in
      let since = request.uri.queryParameters["since"].flatMap { UInt64($0) } ?? 0
      let (sealed, status) = state.withLock { state in
        state.authorizations.insert(request.headers[.authorization] ?? "")
        return (state.sealed, state.status)
      }
      guard status == .ok else {
        return Response(
          status: status, body: .init(byteBuffer: .init(string: #"{"error":{"code":"X","message":"no such luck"}}"#)))
      }
      guard let sealed, sealed.version > since else {
        try await Task.sleep(for: .milliseconds(50))
        return Response(status: .notModified)
      }
      var headers = HTTPFields()
      for (name, value) in [
        ("Postern-Configuration-Version", "\(sealed.version)"), ("Postern-Configuration-Digest", sealed.digest),
        ("Postern-Configuration-Signature", sealed.signature.base64EncodedString()),
        ("Postern-Configuration-Key", key.publicKey.rawRepresentation.base64EncodedString()),
      ] {
        if let name = HTTPField.Name(name) { headers[name] = value }
      }
      return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: sealed.bytes)))
    }
    router.post("/gateways/:id/heartbeat") { [self] request, _ -> String in
      let body = try await request.body.collect(upTo: 1 << 20)
      state.withLock { $0.heartbeats.append(String(buffer: body)) }
      return "{}"
    }
    router.post("/gateways/:id/telemetry") { [self] request, _ -> Response in
      struct Delivery: Decodable {
        struct Record: Decodable {}
        var spoolId: String
        var firstSequence: UInt64
        var records: [Record]
      }
      let body = try await request.body.collect(upTo: 8 << 20)
      let delivery = try JSONDecoder().decode(Delivery.self, from: Data(body.readableBytesView))
      let isRefused = state.withLock { state in
        if !state.refusesTelemetry {
          state.deliveries.append((delivery.spoolId, delivery.firstSequence, delivery.records.count))
        }
        return state.refusesTelemetry
      }
      if isRefused { return Response(status: .serviceUnavailable) }
      let last = delivery.firstSequence + UInt64(delivery.records.count) - 1
      return Response(status: .ok, body: .init(byteBuffer: .init(string: #"{"acknowledgedSequence":\#(last)}"#)))
    }
    return router
  }
}
