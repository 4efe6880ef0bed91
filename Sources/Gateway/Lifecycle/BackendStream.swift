import HTTPWire
import NIOCore
import PolicyLibrary

/// The backend's side of one exchange, whatever protocol it speaks: where the request is written, and where the answer
/// comes from.
protocol BackendStream: AnyObject {
  /// As records name it: `HTTP/1.1`.
  var protocolName: StaticString { get }
  /// Whether an answer's body comes as data, without framing that could be passed on.
  var sendsBareBody: Bool { get }
  /// Whether more of the request can be written now.
  var isWritable: Bool { get }
  /// Only the end of the connection ends the answer.
  var endsWithConnection: Bool { get }

  /// Begins an exchange.
  func begin(_ work: RequestLifecycle)
  /// Writes the request's head, and what there is of its body, which is all of it if it `ends`.
  func write(_ head: borrowing MessageHead, _ rewrite: borrowing HeadRewrite, body: ByteBuffer?, ends: Bool)
  /// Writes a piece of the request's body, as the client sent it.
  func write(_ data: ByteBuffer)
  /// The request's body is complete.
  func endBody(_ trailers: TrailerFields?)
  /// The client can take more of the answer.
  func resumeReading()
  /// Gives up a connection that no request was written to.
  func close()
  /// Closes once everything written has left.
  func end()
  /// The answer did not come in time.
  func timedOut()
  /// The client has no more use for the rest of this exchange.
  func abandon()
}

/// Whether a request that failed may be sent once more.
enum SendingAgain {
  case never
  /// The connection had served before and was closed: only a request that may be done twice.
  case ifIdempotent
  /// The backend said that it has not touched the request. With what it was sent of the body, as far as that is known.
  case untouched(SentBody?)
}

/// What a backend was sent of a request's body, all of it.
struct SentBody {
  var data = ByteBuffer()
  var isComplete = false
  var trailers: TrailerFields?

  /// Longer bodies are not kept.
  static let bound = 16 << 10
}
