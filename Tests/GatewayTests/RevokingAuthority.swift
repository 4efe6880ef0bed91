import ChildProcesses
import DotNet
import Foundation
import GatewayConfiguration
import NIOCore
import NIOPosix
import Synchronization

/// A certificate authority of OpenSSL's that answers what it has revoked: 1001 is good, 1002 is revoked, and of others it
/// knows nothing.
final class RevokingAuthority {
  let folder: TemporaryFolder
  private let name: String

  struct Failure: Error { let output: String }

  init(_ name: String = "Plant Authority") async throws {
    folder = try TemporaryFolder()
    self.name = name
    _ = try folder.file(
      "ca.conf",
      """
      [req]
      distinguished_name = name
      [name]
      [root]
      basicConstraints = critical,CA:TRUE
      keyUsage = critical,keyCertSign,cRLSign
      [responder]
      extendedKeyUsage = OCSPSigning
      [plain]
      basicConstraints = critical,CA:FALSE
      [ca]
      default_ca = authority
      [authority]
      database = \(folder.path)/index.txt
      default_md = sha256
      default_crl_days = 1
      [point]
      issuingDistributionPoint = critical,@of_point
      [of_point]
      fullname = URI:http://127.0.0.1:1/other.crl
      [users]
      issuingDistributionPoint = critical,@of_users
      [of_users]
      onlyuser = TRUE
      """)
    _ = try folder.file(
      "index.txt",
      """
      V\t351231235959Z\t\t1001\tunknown\t/CN=device
      R\t351231235959Z\t261101000000Z\t1002\tunknown\t/CN=lost

      """)
    try await run(
      ["req", "-x509", "-days", "30", "-extensions", "root", "-out", path("ca.pem")] + newKey("ca", subject: name))
    try await issue("responder", serial: "2001", extensions: "responder")
    try await issue("plain", serial: "2002", extensions: "plain")
  }

  func path(_ file: String) -> String { "\(folder.path)/\(file)" }

  private func newKey(_ file: String, subject: String) -> [String] {
    [
      "-config", path("ca.conf"), "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
      path("\(file).key"), "-subj", "/CN=\(subject)",
    ]
  }

  @discardableResult func run(_ arguments: [String]) async throws -> String {
    let result = try await ChildProcess.run(SystemTool.openssl.path, arguments)
    guard result.status == 0 else { throw Failure(output: result.output) }
    return result.output
  }

  /// A certificate in `FILE.pem` with its key in `FILE.key`.
  private func issue(
    _ file: String, serial: String, extensions: String, in extensionFile: String? = nil, by issuer: String = "ca"
  ) async throws {
    try await run(["req", "-new", "-out", path("\(file).csr")] + newKey(file, subject: file))
    try await run([
      "x509", "-req", "-in", path("\(file).csr"), "-CA", path("\(issuer).pem"), "-CAkey", path("\(issuer).key"),
      "-set_serial",
      "0x\(serial)", "-days", "9", "-extfile", extensionFile ?? path("ca.conf"), "-extensions", extensions, "-out",
      path("\(file).pem"),
    ])
  }

  /// A certificate that names whom to ask, of a client or of an authority in between.
  func issue(
    _ file: String, serial: String, responder: String? = nil, lists: [String] = [], isAuthority: Bool = false,
    by issuer: String = "ca"
  ) async throws {
    var lines = ["[client]", "basicConstraints = critical,CA:\(isAuthority ? "TRUE" : "FALSE")"]
    if let responder { lines.append("authorityInfoAccess = OCSP;URI:\(responder)") }
    if !lists.isEmpty { lines.append("crlDistributionPoints = \(lists.map { "URI:\($0)" }.joined(separator: ","))") }
    let extensions = try folder.file("\(file).conf", lines.joined(separator: "\n") + "\n")
    try await issue(file, serial: serial, extensions: "client", in: extensions, by: issuer)
  }

  func certificate(_ file: String) throws -> CertificateValue {
    try CertificateValue(pem: try String(contentsOfFile: path("\(file).pem"), encoding: .utf8))
  }

  /// As a certificate entity of the service.
  func entity(_ id: String) throws -> GatewayConfiguration.Certificate {
    GatewayConfiguration.Certificate(
      id: id, thumbprint: try certificate("ca").thumbprint,
      certificatePEM: try String(contentsOfFile: path("ca.pem"), encoding: .utf8), privateKeyPEM: nil)
  }

  /// An answer about a serial number, signed by whoever has a certificate here, or with files of another place.
  func answer(_ serial: String, signer: String = "ca", signerFolder: String? = nil, nonce: Bool = false) async throws
    -> [UInt8]
  {
    let folder = signerFolder ?? folder.path
    let request = path("request.der")
    try await run(
      ["ocsp", "-issuer", path("ca.pem"), "-serial", "0x\(serial)", "-reqout", request]
        + (nonce ? [] : ["-no_nonce"]))
    try await run([
      "ocsp", "-index", path("index.txt"), "-CA", path("ca.pem"), "-rsigner", "\(folder)/\(signer).pem", "-rkey",
      "\(folder)/\(signer).key", "-reqin", request, "-respout", path("answer.der"), "-ndays", "1",
    ])
    return Array(try Data(contentsOf: URL(filePath: path("answer.der"))))
  }

  /// The list of what is revoked.
  func list(extensions: String? = nil) async throws -> [UInt8] {
    try await run(
      [
        "ca", "-gencrl", "-config", path("ca.conf"), "-cert", path("ca.pem"), "-keyfile", path("ca.key"), "-out",
        path("list.pem"),
      ] + (extensions.map { ["-crlexts", $0] } ?? []))
    try await run(["crl", "-in", path("list.pem"), "-outform", "DER", "-out", path("list.der")])
    return Array(try Data(contentsOf: URL(filePath: path("list.der"))))
  }

  /// Where the list is fetched.
  func listServer() async throws -> ByteServer {
    let list = try await list()
    return try await ByteServer(type: "application/pkix-crl") { _ in list }
  }

  /// A responder on the loopback interface that OpenSSL answers for; its own listens on all.
  func responder() async throws -> ByteServer {
    let folder = folder.path
    return try await ByteServer(type: "application/ocsp-response") { request in
      let name = "\(folder)/asked-\(UUID().uuidString)"
      try? Data(request).write(to: URL(filePath: name))
      _ = try? await ChildProcess.run(
        SystemTool.openssl.path,
        [
          "ocsp", "-index", "\(folder)/index.txt", "-CA", "\(folder)/ca.pem", "-rsigner", "\(folder)/responder.pem",
          "-rkey", "\(folder)/responder.key", "-reqin", name, "-respout", name + ".answer", "-ndays", "1",
        ])
      return Array((try? Data(contentsOf: URL(filePath: name + ".answer"))) ?? Data())
    }
  }
}

/// A server on the loopback interface that answers a request's body with other bytes, closes the connection and counts.
final class ByteServer: Sendable {
  private let channel: any Channel
  private let counter: Counter

  private final class Counter: Sendable {
    let count = Mutex(0)
  }

  init(type: String, answer: @escaping @Sendable (_ body: [UInt8]) async -> [UInt8]) async throws {
    let counter = Counter()
    self.counter = counter
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Answering(type, counter, answer))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
  }

  var url: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)/pki/answer" }
  /// Requests so far.
  var count: Int { counter.count.withLock { $0 } }

  func stop() async { try? await channel.close() }

  private final class Answering: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let type: String
    private let counter: Counter
    private let answer: @Sendable ([UInt8]) async -> [UInt8]
    private var received: [UInt8] = []
    private var hasAnswered = false

    init(_ type: String, _ counter: Counter, _ answer: @escaping @Sendable ([UInt8]) async -> [UInt8]) {
      (self.type, self.counter, self.answer) = (type, counter, answer)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      received += unwrapInboundIn(data).readableBytesView
      guard !hasAnswered, let body = body() else { return }
      hasAnswered = true
      counter.count.withLock { $0 += 1 }
      let (channel, type, answer) = (context.channel, type, answer)
      Task {
        let bytes = await answer(body)
        let head = "HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\nContent-Length: \(bytes.count)\r\n\r\n"
        try? await channel.writeAndFlush(ByteBuffer(bytes: Array(head.utf8) + bytes))
        try? await channel.close()
      }
    }

    /// The body of the request, once all of it is there.
    private func body() -> [UInt8]? {
      guard let end = received.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
      let head = String(decoding: received[..<end.lowerBound], as: UTF8.self).lowercased()
      let line = head.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
      let length = line.flatMap { Int($0.dropFirst(15).filter(\.isNumber)) } ?? 0
      guard received.count - end.upperBound >= length else { return nil }
      return Array(received[end.upperBound..<end.upperBound + length])
    }
  }
}
