/// One end of an HTTP/2 connection, as bytes: frames in, events out, and an output to be sent. No sockets, no clock; every
/// bound that the other end could lean on is here. The server's end takes streams, the client's end opens them.
public struct HTTP2Engine: ~Copyable {
  public enum Role: Sendable { case server, client }

  /// What one frame, or nothing yet, came to.
  public enum Event: Sendable, Equatable {
    /// More bytes are needed.
    case incomplete
    /// Nothing that anybody else must know.
    case handled
    /// A request's head is in the head that was given; `ends` without a body.
    case request(UInt32, ends: Bool)
    /// A request that cannot be served, with the status that says so.
    case badRequest(UInt32, status: Int)
    /// The head of the answer on a stream of ours is in the head that was given; `ends` without a body.
    case response(UInt32, ends: Bool)
    /// Data of a body: `length` bytes of the input from `offset` on.
    case data(UInt32, offset: Int, length: Int, ends: Bool)
    /// The body is over; ``HTTP2Engine/trailers`` are those of this stream.
    case ended(UInt32)
    /// The stream is over before its end, by the other end's will.
    case reset(UInt32, HTTP2Error)
    /// The stream is over before its end, on account of what the other end sent on it; it was told so.
    case broken(UInt32, HTTP2Error)
    /// More may be sent on a stream; on all of them for 0.
    case window(UInt32)
    /// The other end has told its settings for the first time: streams may be opened.
    case ready
    /// The other end takes no further streams, and has not touched those above this one.
    case goAway(last: UInt32, HTTP2Error)
    /// The connection cannot go on: the output says why, and it has to be closed.
    case failed(HTTP2Error)
  }

  public struct Bounds: Sendable {
    /// Streams at once; for a client, beyond what the server itself allows.
    public var concurrentStreams = 128
    /// Bytes of received bodies that may be on their way for one stream, and for all.
    public var streamWindow = 256 << 10
    public var connectionWindow = 1 << 20
    public var head = HeadLimits()
    /// CONTINUATION frames behind one HEADERS frame.
    public var continuations = 16
    /// Streams that a client may give up beyond those it lets finish; two more with every tick.
    public var resets = 200
    /// Frames in a row that ask for work and bring nothing.
    public var idleFrames = 1_000

    public init() {}
  }

  /// What a client of HTTP/2 sends first.
  public static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
  /// The largest frame that is taken: nobody was told that more is welcome (SETTINGS_MAX_FRAME_SIZE).
  static let frameLimit = 16_384

  struct Stream {
    var sendWindow: Int
    var receiveWindow: Int
    /// Received and not yet passed on.
    var unconsumed = 0
    /// Bytes that Content-Length still promises; nil without one.
    var remaining: Int?
    /// The other end's message has its head; true of a request from the beginning.
    var hasHead = true
    /// The other end's message is complete.
    var hasEnded = false
    /// Our own message is complete.
    var isSent = false
    /// The answer is to a HEAD request: its length is that of a body that does not come.
    var isHead = false
  }

  /// Bytes to be sent; the owner takes them away.
  public var output: [UInt8] = []
  /// Behind the body that the last `ended` event was about.
  public internal(set) var trailers = TrailerFields()
  let role: Role
  let bounds: Bounds
  var streams: [UInt32: Stream] = [:]
  /// Bytes that clients still send of bodies whose requests are answered, by stream.
  var lingering: [UInt32: Int] = [:]
  /// What is let come of one of them.
  static let lingerBound = 4 << 20
  var decoder = HeaderDecoder(tableBound: 4_096)
  var encoder = HeaderEncoder()
  private var hasPreface: Bool
  var hasSettings = false
  /// The highest stream there was.
  var lastStream: UInt32 = 0
  var sendWindow = 65_535
  var receiveWindow: Int
  var unconsumed = 0
  var initialSendWindow = 65_535
  /// Streams of ours that the server lets be open at once.
  var streamsAllowed = Int.max
  /// Largest frame the other end takes.
  public internal(set) var frameBound = 16_384
  var block: [UInt8] = []
  var scratch: [UInt8] = []
  /// The stream whose header block is being put together.
  var openBlock: (stream: UInt32, ends: Bool, pieces: Int)?
  var resets = 0
  var idleFrames = 0
  var isGoingAway = false

  public init(role: Role = .server, bounds: Bounds = Bounds()) {
    self.role = role
    self.bounds = bounds
    hasPreface = role == .client
    receiveWindow = bounds.connectionWindow
    if role == .client { output += Self.preface }
    // A server tells how many streams it takes, a client that nothing is to be pushed.
    let first = role == .client ? (2, 0) : (3, bounds.concurrentStreams)
    HTTP2Frame(length: 18, kind: .settings).write(to: &output)
    for (name, value) in [first, (4, bounds.streamWindow), (6, bounds.head.headBytes)] {
      output += [0, UInt8(name)]
      output.append(number: UInt32(value))
    }
    HTTP2Frame(length: 4, kind: .windowUpdate).write(to: &output)
    output.append(number: UInt32(bounds.connectionWindow - 65_535))
  }

  public var openStreams: Int { streams.count }

  /// Takes one frame from the start of `input`; says how many bytes it was. A message's head is put into `head`.
  public mutating func receive(_ input: Span<UInt8>, _ head: inout MessageHead) -> (bytes: Int, event: Event) {
    if !hasPreface {
      for i in 0..<min(input.count, Self.preface.count) where input[i] != Self.preface[i] {
        return (input.count, fail(.protocolError))
      }
      guard input.count >= Self.preface.count else { return (0, .incomplete) }
      hasPreface = true
      return (Self.preface.count, .handled)
    }
    guard input.count >= HTTP2Frame.headBytes else { return (0, .incomplete) }
    let frame = HTTP2Frame(input)
    if !hasSettings, frame.kind != .settings || frame.has(HTTP2Frame.acknowledgement) {
      return (input.count, fail(.protocolError))
    }
    guard frame.length <= Self.frameLimit else { return (input.count, fail(.frameSize)) }
    let bytes = HTTP2Frame.headBytes + frame.length
    guard input.count >= bytes else { return (0, .incomplete) }
    let payload = input.extracting(HTTP2Frame.headBytes..<bytes)
    if let openBlock, frame.kind != .continuation || frame.stream != openBlock.stream {
      return (input.count, fail(.protocolError))
    }
    let event: Event
    switch frame.kind {
    case .data: event = data(frame, payload)
    case .headers: event = headers(frame, payload, &head)
    case .continuation: event = continuation(frame, payload, &head)
    case .settings: event = settings(frame, payload)
    case .resetStream: event = reset(frame, payload)
    case .windowUpdate: event = windowUpdate(frame, payload)
    case .ping: event = ping(frame, payload)
    case .goAway: event = goAway(frame, payload)
    case .priority: event = frame.stream != 0 && frame.length == 5 ? idle() : fail(.protocolError)
    case .pushPromise: event = fail(.protocolError)
    case nil: event = idle()
    }
    if case .failed = event { return (input.count, event) }
    return (bytes, event)
  }

  /// A frame that asks for work and brings nothing.
  mutating func idle() -> Event {
    idleFrames += 1
    return idleFrames > bounds.idleFrames ? fail(.enhanceYourCalm) : .handled
  }

  /// To be called some times a second: a peer that is merely alive is not a flood, nor is one that gives up a stream now
  /// and then, as who ends streams of events always does.
  public mutating func tick() {
    idleFrames = max(0, idleFrames - 20)
    resets = max(0, resets - 2)
  }

  mutating func fail(_ error: HTTP2Error) -> Event {
    HTTP2Frame(length: 8, kind: .goAway).write(to: &output)
    // The last stream of the other end that was worked on: servers open none.
    output.append(number: role == .server ? lastStream : 0)
    output.append(number: error.rawValue)
    return .failed(error)
  }

  /// Ends a stream on account of what the other end did.
  mutating func end(_ id: UInt32, _ error: HTTP2Error) -> Event {
    let wasOpen = streams[id] != nil
    resetStream(id, error)
    let event = idle()
    return event == .handled && wasOpen ? .broken(id, error) : event
  }
}
