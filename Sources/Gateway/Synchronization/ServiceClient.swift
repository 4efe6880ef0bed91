public import AsyncHTTPClient
public import FoundationEssentials
public import GatewayConfiguration
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
public import NIOSSL

/// The gateway's only connection to the outside: requests to the management service, one host and one port.
public struct ServiceClient: Sendable {
  /// Why a call did not succeed.
  public struct Failure: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
      /// No answer: name resolution, connection, TLS or a time-out.
      case unreachable
      /// 401 or 403: the token is wrong, expired or revoked.
      case unauthorized
      /// 404: the service knows no such gateway.
      case unknownGateway
      /// Any other status, or an answer that cannot be read.
      case unexpected
    }

    public var code: Code
    public var message: String
    public var description: String { message }
  }

  /// What a question for a newer configuration brought.
  public enum ConfigurationAnswer: Sendable {
    case newer(SealedSnapshot, signingKey: Data)
    case unchanged
  }

  /// What came of one such question.
  public struct Poll: Sendable {
    public var configuration: ConfigurationAnswer
    /// The number of the newest update of quotas that is for this gateway; 0 where the service says none.
    public var newestQuotaUpdate: UInt64
  }

  private let client: HTTPClient
  private let base: String
  private let authorization: String
  private let timeoutMilliseconds: Int

  /// - Parameter client: shut down by its maker, after the last call.
  public init(settings: GatewaySettings, client: HTTPClient) {
    self.client = client
    base = "\(settings.endpoint)/gateways/\(settings.gatewayID)"
    authorization = "GatewayKey \(settings.token.text)"
    timeoutMilliseconds = max(1_000, settings.serviceTimeoutMilliseconds)
  }

  /// The TLS settings for reaching the service: the system's authorities and the one named in the settings.
  public static func tlsConfiguration(_ settings: GatewaySettings) throws -> TLSConfiguration {
    var configuration = TLSConfiguration.makeClientConfiguration()
    if settings.disableCertificateValidation { configuration.certificateVerification = .none }
    if let authority = settings.certificateAuthority {
      configuration.additionalTrustRoots = [
        .certificates([try NIOSSLCertificate(bytes: Array(authority), format: .der)])
      ]
    }
    return configuration
  }

  /// Asks for a configuration newer than the given version, or an update of quotas behind the given one, and waits for one,
  /// at most so many seconds.
  public func configuration(
    since version: UInt64, quotas: UInt64 = 0, waitSeconds: Int, instance: String
  ) async throws(Failure) -> Poll {
    var request = HTTPClientRequest(
      url: "\(base)/configuration?since=\(version)&quotas=\(quotas)&wait=\(waitSeconds)&instance=\(instance)")
    request.headers.add(name: "accept", value: "application/json")
    let (response, body) = try await send(
      request, maximumBytes: SnapshotCodec.maximumBytes, extraMilliseconds: waitSeconds * 1_000)
    let newest = response.headers.first(name: "Postern-Quota-Update").flatMap { UInt64($0) } ?? 0
    if response.status.code == 304 { return Poll(configuration: .unchanged, newestQuotaUpdate: newest) }
    guard let versionText = response.headers.first(name: "Postern-Configuration-Version"),
      let newVersion = UInt64(versionText),
      let digest = response.headers.first(name: "Postern-Configuration-Digest"),
      let signature = response.headers.first(name: "Postern-Configuration-Signature")
        .flatMap({ Data(base64Encoded: $0) })
    else {
      throw Failure(
        code: .unexpected,
        message: "the service's answer lacks the Postern-Configuration headers; is \(base) a Postern service?")
    }
    let key = response.headers.first(name: "Postern-Configuration-Key").flatMap { Data(base64Encoded: $0) } ?? Data()
    let sealed = SealedSnapshot(version: newVersion, bytes: body, digest: digest, signature: signature)
    return Poll(configuration: .newer(sealed, signingKey: key), newestQuotaUpdate: newest)
  }

  /// Tells how quotas stand; returns updates behind the last that the report is behind.
  public func quotas(_ report: QuotaReport) async throws(Failure) -> [QuotaUpdate] {
    var request = HTTPClientRequest(url: "\(base)/quotas")
    request.method = .POST
    do {
      request.body = .bytes(ByteBuffer(data: try JSONEncoder().encode(report)))
    } catch {
      throw Failure(code: .unexpected, message: "the report of quotas cannot be encoded: \(error)")
    }
    request.headers.add(name: "content-type", value: "application/json")
    let (_, answer) = try await send(request, maximumBytes: 4 << 20, extraMilliseconds: 0)
    guard let answered = try? JSONDecoder().decode(QuotaUpdates.self, from: answer) else {
      throw Failure(code: .unexpected, message: "the service's answer to a report of quotas cannot be read")
    }
    return answered.updates
  }

  /// Tells the service how this process is.
  public func heartbeat(_ heartbeat: Heartbeat) async throws(Failure) {
    var request = HTTPClientRequest(url: "\(base)/heartbeat")
    request.method = .POST
    do {
      request.body = .bytes(ByteBuffer(data: try JSONEncoder().encode(heartbeat)))
    } catch {
      throw Failure(code: .unexpected, message: "the heartbeat cannot be encoded: \(error)")
    }
    request.headers.add(name: "content-type", value: "application/json")
    _ = try await send(request, maximumBytes: 64 << 10, extraMilliseconds: 0)
  }

  /// Delivers records; returns the last number the service has stored.
  /// - Parameter records: JSON objects separated by commas.
  public func telemetry(
    instance: String, spoolID: String, firstSequence: UInt64, records: [UInt8]
  ) async throws(Failure) -> UInt64 {
    var body = ByteBuffer()
    body.reserveCapacity(records.count + 200)
    body.writeString(
      #"{"instanceId":"\#(instance)","spoolId":"\#(spoolID)","firstSequence":\#(firstSequence),"records":["#)
    body.writeBytes(records)
    body.writeString("]}")
    var request = HTTPClientRequest(url: "\(base)/telemetry")
    request.method = .POST
    request.body = .bytes(body)
    request.headers.add(name: "content-type", value: "application/json")
    let (_, answer) = try await send(request, maximumBytes: 64 << 10, extraMilliseconds: 0)
    struct Acknowledgement: Decodable { var acknowledgedSequence: UInt64 }
    guard let acknowledgement = try? JSONDecoder().decode(Acknowledgement.self, from: answer) else {
      throw Failure(code: .unexpected, message: "the service's answer to a telemetry batch cannot be read")
    }
    return acknowledgement.acknowledgedSequence
  }

  /// Delivers the trace of a request.
  public func trace(_ trace: FinishedTrace) async throws(Failure) {
    var request = HTTPClientRequest(url: "\(base)/traces/\(trace.id)")
    request.method = .POST
    request.body = .bytes(ByteBuffer(bytes: trace.json()))
    request.headers.add(name: "content-type", value: "application/json")
    _ = try await send(request, maximumBytes: 64 << 10, extraMilliseconds: 0)
  }

  private func send(
    _ request: HTTPClientRequest, maximumBytes: Int, extraMilliseconds: Int
  ) async throws(Failure) -> (HTTPClientResponse, Data) {
    var request = request
    request.headers.add(name: "authorization", value: authorization)
    request.headers.add(name: "user-agent", value: "postern-gateway")
    let limit = TimeAmount.milliseconds(Int64(timeoutMilliseconds + extraMilliseconds))
    let response: HTTPClientResponse
    let body: ByteBuffer
    do {
      response = try await client.execute(request, timeout: limit)
      body = try await response.body.collect(upTo: maximumBytes)
    } catch {
      throw Failure(code: .unreachable, message: Self.explain(error))
    }
    switch response.status.code {
    case 200...299, 304: return (response, Data(buffer: body))
    case 401, 403:
      throw Failure(code: .unauthorized, message: Self.reason(in: body, fallback: "the access token was refused"))
    case 404:
      throw Failure(code: .unknownGateway, message: Self.reason(in: body, fallback: "the gateway is not known there"))
    default:
      throw Failure(
        code: .unexpected, message: Self.reason(in: body, fallback: "the service answered \(response.status.code)"))
    }
  }

  private static func reason(in body: ByteBuffer, fallback: String) -> String {
    struct Answer: Decodable {
      struct Content: Decodable { var message: String }
      var error: Content
    }
    let answer = try? JSONDecoder().decode(Answer.self, from: Data(buffer: body))
    return answer.map { String($0.error.message.prefix(500)) } ?? fallback
  }

  private static func explain(_ error: any Error) -> String {
    if let error = error as? HTTPClientError {
      if error == .connectTimeout { return "connecting took too long" }
      if error == .deadlineExceeded || error == .readTimeout { return "no answer in time" }
      if error == .remoteConnectionClosed { return "the service closed the connection" }
    }
    return String("\(error)".prefix(300))
  }
}

/// What a gateway process tells the service about itself, every ten seconds.
public struct Heartbeat: Codable, Sendable {
  /// New with each process.
  public var instanceId: String
  /// The software's version.
  public var version: String
  public var hostName: String
  /// ISO 8601, UTC.
  public var startedAt: String
  /// The version this process serves; 0 while it has none.
  public var configurationVersion: UInt64
  /// `serving`, `waitingForConfiguration` or `draining`.
  public var state: String
  /// Why the newest configuration is not in force, where that is so.
  public var configurationError: String?
}
