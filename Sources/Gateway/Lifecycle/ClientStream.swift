import DotNet
import HTTPWire
import NIOCore

/// The client's side of one exchange, whatever protocol it speaks: where the answer is written, and where the rest of the
/// request's body comes from.
protocol ClientStream: AnyObject {
  /// What is known of the other end.
  var peer: ClientPeer { get }
  var isTLS: Bool { get }
  /// As records name it: `HTTP/1.1`.
  var protocolName: StaticString { get }
  /// The version of TLS, once the handshake is over.
  var tlsVersion: String? { get }
  /// The certificate the client showed, if it was asked for one.
  var certificate: CertificateValue? { get }
  /// Whether more of the request's body is to come.
  var hasRequestBody: Bool { get }
  /// Whether an answer's body is wanted as data, without the framing of HTTP/1.
  var wantsBareBody: Bool { get }
  /// Whether the request's body comes as data, without the framing of HTTP/1.
  var sendsBareBody: Bool { get }
  /// Whether more can be written now.
  var isWritable: Bool { get }
  /// Bytes received and sent for this exchange, heads included.
  var requestBytes: Int { get }
  var responseBytes: Int { get }
  /// Whether the connection goes on after the answer.
  var keepsAlive: Bool { get set }

  /// Reads on, if there is room for what comes.
  func resumeReading()
  /// Tells a client that waits for it to send the body.
  func invite()
  /// What has come of the body already, with its framing if it has one, so that it can be sent on with the head; nil for
  /// nothing, or where the framing has to change.
  func takeBody() -> ByteBuffer?
  /// Reads the body as a whole; the lifecycle goes on when it is there.
  func collectBody()
  /// What is waited for may take until then.
  func wait(until deadline: NIODeadline)
  /// Writes the answer's head, and what there is of its body, which is all of it if it `ends`.
  func writeHead(_ head: borrowing MessageHead, _ rewrite: borrowing HeadRewrite, body: ByteBuffer?, ends: Bool)
  /// Passes on a piece of a streaming body, the last one if it `ends`.
  func write(_ data: ByteBuffer, ends: Bool)
  /// Ends the answer's body with these fields, where the protocol has a place for them.
  func end(_ trailers: TrailerFields)
  /// The protocol has changed: from here on bytes pass in both directions as they come.
  func openTunnel()
  /// The answer is complete, or the tunnel has ended.
  func finished()
  /// Ends the exchange without an answer, or in the middle of it.
  func abort(_ loss: ClientLoss)
}

/// What is known of the other end of a connection.
final class ClientPeer: Sendable {
  /// Without its port.
  let address: String
  let addressBytes: [UInt8]
  /// The port it connected to.
  let localPort: Int

  /// Before the connection is open.
  static let unknown = ClientPeer()

  private init() {
    address = ""
    addressBytes = []
    localPort = 0
  }

  init(_ channel: any Channel) {
    let text = channel.remoteAddress?.ipAddress ?? ""
    // An IPv4 caller on a socket for both families is still an IPv4 caller.
    address = text.hasPrefix("::ffff:") ? String(text.dropFirst(7)) : text
    addressBytes = Array(address.utf8)
    localPort = channel.localAddress?.port ?? 0
  }
}
