/// The server's end of one HTTP/2 connection, as bytes: frames in, events out, and an output to be sent. No sockets, no
/// clock; every bound a peer could lean on is here.
public struct HTTP2Engine: ~Copyable {
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
    /// Data of a request's body: `length` bytes of the input from `offset` on.
    case data(UInt32, offset: Int, length: Int, ends: Bool)
    /// The request's body is over; its trailers were read.
    case ended(UInt32)
    /// The client has given the stream up.
    case reset(UInt32)
    /// More may be sent on a stream; on all of them for 0.
    case window(UInt32)
    /// The connection cannot go on: the output says why, and it has to be closed.
    case failed(HTTP2Error)
  }

  public struct Bounds: Sendable {
    public var concurrentStreams = 128
    /// Bytes of a request's body that may be on their way for one stream, and for all.
    public var streamWindow = 256 << 10
    public var connectionWindow = 1 << 20
    public var head = HeadLimits()
    /// CONTINUATION frames behind one HEADERS frame.
    public var continuations = 16
    /// Streams that a client may give up beyond those it lets finish.
    public var resets = 200
    /// Frames in a row that ask for work and bring nothing.
    public var idleFrames = 1_000

    public init() {}
  }

  /// What a client of HTTP/2 sends first.
  public static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  struct Stream {
    var sendWindow: Int
    var receiveWindow: Int
    /// Received and not yet passed on.
    var unconsumed = 0
    /// Bytes that Content-Length still promises; nil without one.
    var remaining: Int?
    var hasEnded = false
  }

  /// Bytes to be sent; the owner takes them away.
  public var output: [UInt8] = []
  let bounds: Bounds
  var streams: [UInt32: Stream] = [:]
  private var decoder = HeaderDecoder(tableBound: 4_096)
  private var hasPreface = false
  private var hasSettings = false
  private(set) var lastStream: UInt32 = 0
  var sendWindow = 65_535
  private var receiveWindow: Int
  private var unconsumed = 0
  private var initialSendWindow = 65_535
  /// Largest frame the client takes.
  public private(set) var frameBound = 16_384
  private var block: [UInt8] = []
  /// The stream whose header block is being put together.
  private var openBlock: (stream: UInt32, ends: Bool, pieces: Int)?
  private var resets = 0
  private var idleFrames = 0
  private var isGoingAway = false

  public init(bounds: Bounds = Bounds()) {
    self.bounds = bounds
    receiveWindow = bounds.connectionWindow
    HTTP2Frame(length: 18, kind: .settings).write(to: &output)
    for (name, value) in [(3, bounds.concurrentStreams), (4, bounds.streamWindow), (6, bounds.head.headBytes)] {
      output += [0, UInt8(name)]
      output.append(number: UInt32(value))
    }
    HTTP2Frame(length: 4, kind: .windowUpdate).write(to: &output)
    output.append(number: UInt32(bounds.connectionWindow - 65_535))
  }

  public var openStreams: Int { streams.count }

  // MARK: - Receiving

  /// Takes one frame from the start of `input`; says how many bytes it was. A request's head is put into `head`.
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
    // Nobody was told that more is welcome (SETTINGS_MAX_FRAME_SIZE).
    guard frame.length <= 16_384 else { return (input.count, fail(.frameSize)) }
    let bytes = HTTP2Frame.headBytes + frame.length
    guard input.count >= bytes else { return (0, .incomplete) }
    let payload = input.extracting(HTTP2Frame.headBytes..<bytes)
    if !hasSettings, frame.kind != .settings || frame.has(HTTP2Frame.acknowledgement) {
      return (input.count, fail(.protocolError))
    }
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
    case .goAway: event = frame.stream == 0 && frame.length >= 8 ? .handled : fail(.protocolError)
    case .priority: event = frame.stream != 0 && frame.length == 5 ? idle() : fail(.protocolError)
    case .pushPromise: event = fail(.protocolError)
    case nil: event = idle()
    }
    if case .failed = event { return (input.count, event) }
    return (bytes, event)
  }

  /// A frame that asks for work and brings nothing.
  private mutating func idle() -> Event {
    idleFrames += 1
    return idleFrames > bounds.idleFrames ? fail(.enhanceYourCalm) : .handled
  }

  /// To be called some times a second: a client that is merely alive is not a flood.
  public mutating func tick() { idleFrames = max(0, idleFrames - 20) }

  private mutating func fail(_ error: HTTP2Error) -> Event {
    HTTP2Frame(length: 8, kind: .goAway).write(to: &output)
    output.append(number: lastStream)
    output.append(number: error.rawValue)
    return .failed(error)
  }

  /// The payload without its padding; nil when the padding is as long as all of it.
  private func unpadded(_ frame: HTTP2Frame, _ payload: Span<UInt8>) -> Range<Int>? {
    guard frame.has(HTTP2Frame.padded) else { return 0..<payload.count }
    guard payload.count > 0, Int(payload[0]) < payload.count else { return nil }
    return 1..<(payload.count - Int(payload[0]))
  }

  private mutating func data(_ frame: HTTP2Frame, _ payload: Span<UInt8>) -> Event {
    guard frame.stream & 1 == 1, frame.stream <= lastStream, let range = unpadded(frame, payload) else {
      return fail(.protocolError)
    }
    receiveWindow -= frame.length
    guard receiveWindow >= 0 else { return fail(.flowControl) }
    guard var stream = streams[frame.stream] else {
      // Of a stream that is over: it was on its way when we ended it.
      give(frame.length)
      return idle()
    }
    guard !stream.hasEnded else {
      give(frame.length)
      return end(frame.stream, .streamClosed)
    }
    stream.receiveWindow -= frame.length
    guard stream.receiveWindow >= 0 else { return fail(.flowControl) }
    if let remaining = stream.remaining { stream.remaining = remaining - range.count }
    let ends = frame.has(HTTP2Frame.endStream)
    if let remaining = stream.remaining, remaining < 0 || ends && remaining > 0 {
      give(frame.length)
      return end(frame.stream, .protocolError)
    }
    stream.hasEnded = ends
    streams[frame.stream] = stream
    consumed(frame.stream, frame.length - range.count)
    if range.isEmpty, !ends { return idle() }
    if !range.isEmpty { idleFrames = 0 }
    return .data(frame.stream, offset: HTTP2Frame.headBytes + range.lowerBound, length: range.count, ends: ends)
  }

  private mutating func headers(_ frame: HTTP2Frame, _ payload: Span<UInt8>, _ head: inout MessageHead) -> Event {
    guard frame.stream & 1 == 1, var range = unpadded(frame, payload) else { return fail(.protocolError) }
    if frame.has(HTTP2Frame.hasPriority) {
      guard range.count >= 5 else { return fail(.protocolError) }
      range = (range.lowerBound + 5)..<range.upperBound
    }
    if frame.stream <= lastStream {
      // Trailers, or a stream that is over: that cannot be told apart from a mistake, but may be a race.
      if let stream = streams[frame.stream], stream.hasEnded || !frame.has(HTTP2Frame.endStream) {
        return fail(.streamClosed)
      }
    }
    openBlock = (frame.stream, frame.has(HTTP2Frame.endStream), 0)
    block.removeAll(keepingCapacity: true)
    return add(payload.extracting(range), isLast: frame.has(HTTP2Frame.endHeaders), &head)
  }

  private mutating func continuation(_ frame: HTTP2Frame, _ payload: Span<UInt8>, _ head: inout MessageHead) -> Event {
    guard let open = openBlock else { return fail(.protocolError) }
    openBlock?.pieces = open.pieces + 1
    guard open.pieces < bounds.continuations else { return fail(.enhanceYourCalm) }
    return add(payload, isLast: frame.has(HTTP2Frame.endHeaders), &head)
  }

  private mutating func add(_ piece: Span<UInt8>, isLast: Bool, _ head: inout MessageHead) -> Event {
    for i in piece.indices { block.append(piece[i]) }
    guard block.count <= bounds.head.headBytes else { return fail(.enhanceYourCalm) }
    guard isLast, let open = openBlock else { return .handled }
    openBlock = nil
    var whole: [UInt8] = []
    swap(&whole, &block)
    if open.stream <= lastStream {
      guard decoder.decode(whole.span, { _, _ in }) else { return fail(.compression) }
      guard let stream = streams[open.stream] else { return idle() }
      if stream.remaining ?? 0 > 0 { return end(open.stream, .protocolError) }
      streams[open.stream]?.hasEnded = true
      return .ended(open.stream)
    }
    lastStream = open.stream
    var assembly = RequestAssembly(&head, limits: bounds.head)
    guard decoder.decode(whole.span, { assembly.take($0, $1, into: &head) }) else { return fail(.compression) }
    assembly.finish(&head, ends: open.ends)
    if isGoingAway || streams.count >= bounds.concurrentStreams { return end(open.stream, .refusedStream) }
    switch assembly.problem {
    case .malformed: return end(open.stream, .protocolError)
    case .tooLarge:
      streams[open.stream] = newStream(ends: open.ends, length: nil)
      return .badRequest(open.stream, status: 431)
    case nil:
      idleFrames = 0
      streams[open.stream] = newStream(ends: open.ends, length: head.contentLength)
      return .request(open.stream, ends: open.ends)
    }
  }

  private func newStream(ends: Bool, length: Int?) -> Stream {
    Stream(
      sendWindow: initialSendWindow, receiveWindow: bounds.streamWindow, remaining: ends ? nil : length, hasEnded: ends)
  }

  private mutating func settings(_ frame: HTTP2Frame, _ payload: Span<UInt8>) -> Event {
    guard frame.stream == 0 else { return fail(.protocolError) }
    if frame.has(HTTP2Frame.acknowledgement) { return frame.length == 0 ? idle() : fail(.frameSize) }
    guard frame.length % 6 == 0 else { return fail(.frameSize) }
    hasSettings = true
    var hasMore = false
    for i in stride(from: 0, to: payload.count, by: 6) {
      let value = Int(payload.number(at: i + 2))
      switch Int(payload[i]) << 8 | Int(payload[i + 1]) {
      case 2: if value > 1 { return fail(.protocolError) }
      case 4:
        guard value <= Int(Int32.max) else { return fail(.flowControl) }
        let change = value - initialSendWindow
        initialSendWindow = value
        for id in Array(streams.keys) {
          guard let stream = streams[id], stream.sendWindow + change <= Int(Int32.max) else {
            return fail(.flowControl)
          }
          streams[id]?.sendWindow += change
        }
        hasMore = change > 0
      case 5:
        guard (16_384...16_777_215).contains(value) else { return fail(.protocolError) }
        frameBound = value
      // We keep no table of what we sent, so that its size is nothing to us; nor do we push.
      default: break
      }
    }
    HTTP2Frame(length: 0, kind: .settings, flags: HTTP2Frame.acknowledgement).write(to: &output)
    let event = idle()
    return event == .handled && hasMore ? .window(0) : event
  }

  private mutating func reset(_ frame: HTTP2Frame, _ payload: Span<UInt8>) -> Event {
    guard frame.length == 4 else { return fail(.frameSize) }
    guard frame.stream & 1 == 1, frame.stream <= lastStream else { return fail(.protocolError) }
    guard streams.removeValue(forKey: frame.stream) != nil else { return idle() }
    // Beginning streams only to give them up costs us more than the client (CVE-2023-44487).
    resets += 1
    if resets > bounds.resets { return fail(.enhanceYourCalm) }
    return .reset(frame.stream)
  }

  private mutating func windowUpdate(_ frame: HTTP2Frame, _ payload: Span<UInt8>) -> Event {
    guard frame.length == 4 else { return fail(.frameSize) }
    let more = Int(payload.number(at: 0) & 0x7fff_ffff)
    if frame.stream == 0 {
      guard more > 0, sendWindow + more <= Int(Int32.max) else { return fail(more > 0 ? .flowControl : .protocolError) }
      sendWindow += more
    } else {
      guard frame.stream & 1 == 1, frame.stream <= lastStream else { return fail(.protocolError) }
      guard let stream = streams[frame.stream] else { return idle() }
      guard more > 0 else { return end(frame.stream, .protocolError) }
      guard stream.sendWindow + more <= Int(Int32.max) else { return end(frame.stream, .flowControl) }
      streams[frame.stream]?.sendWindow += more
    }
    let event = idle()
    return event == .handled ? .window(frame.stream) : event
  }

  private mutating func ping(_ frame: HTTP2Frame, _ payload: Span<UInt8>) -> Event {
    guard frame.stream == 0 else { return fail(.protocolError) }
    guard frame.length == 8 else { return fail(.frameSize) }
    if !frame.has(HTTP2Frame.acknowledgement) {
      HTTP2Frame(length: 8, kind: .ping, flags: HTTP2Frame.acknowledgement).write(to: &output)
      for i in payload.indices { output.append(payload[i]) }
    }
    return idle()
  }

  /// Ends a stream on account of what the client did.
  private mutating func end(_ id: UInt32, _ error: HTTP2Error) -> Event {
    let wasOpen = streams[id] != nil
    resetStream(id, error)
    let event = idle()
    return event == .handled && wasOpen ? .reset(id) : event
  }

  // MARK: - Passing on

  /// So many bytes of the stream's data have been passed on, or thrown away: the client may send as many again. Whatever
  /// was told in a `data` event must come here, also of a stream that is over by then.
  public mutating func consumed(_ id: UInt32, _ count: Int) {
    give(count)
    guard count > 0, var stream = streams[id] else { return }
    stream.unconsumed += count
    if stream.unconsumed >= bounds.streamWindow / 2, !stream.hasEnded {
      update(id, stream.unconsumed)
      stream.receiveWindow += stream.unconsumed
      stream.unconsumed = 0
    }
    streams[id] = stream
  }

  private mutating func give(_ count: Int) {
    unconsumed += count
    guard unconsumed >= bounds.connectionWindow / 2 else { return }
    update(0, unconsumed)
    receiveWindow += unconsumed
    unconsumed = 0
  }

  private mutating func update(_ id: UInt32, _ count: Int) {
    HTTP2Frame(length: 4, kind: .windowUpdate, stream: id).write(to: &output)
    output.append(number: UInt32(count))
  }

  // MARK: - Sending

  /// Writes the head of a response.
  /// - Parameters:
  ///   - length: the body's length where it is declared anew; nil leaves what the head says.
  ///   - ends: there is no body.
  public mutating func writeHead(_ id: UInt32, _ response: borrowing MessageHead, length: Int?, ends: Bool) {
    guard streams[id] != nil else { return }
    block.removeAll(keepingCapacity: true)
    HeaderEncoder.status(response.status, to: &block)
    response.forEachFieldOfResponse(length: length) { HeaderEncoder.field($0, $1, to: &block) }
    var at = 0
    repeat {
      let end = min(block.count, at + frameBound)
      var flags = ends && at == 0 ? HTTP2Frame.endStream : 0
      if end == block.count { flags |= HTTP2Frame.endHeaders }
      HTTP2Frame(length: end - at, kind: at == 0 ? .headers : .continuation, flags: flags, stream: id)
        .write(to: &output)
      output += block[at..<end]
      at = end
    } while at < block.count
    if ends { finish(id) }
  }

  /// Bytes of data that may be sent on the stream now; 0 also when it is over.
  public func room(_ id: UInt32) -> Int { max(0, min(sendWindow, streams[id]?.sendWindow ?? 0, frameBound)) }

  public func isOpen(_ id: UInt32) -> Bool { streams[id] != nil }

  /// Writes the head of a DATA frame, whose `length` bytes, at most ``room(_:)``, the owner puts behind it; then, if it
  /// `ends` the answer, ``endData(_:)`` is to be called.
  public mutating func beginData(_ id: UInt32, length: Int, ends: Bool) {
    sendWindow -= length
    streams[id]?.sendWindow -= length
    idleFrames = 0
    HTTP2Frame(length: length, kind: .data, flags: ends ? HTTP2Frame.endStream : 0, stream: id).write(to: &output)
  }

  /// The last DATA frame is written.
  public mutating func endData(_ id: UInt32) { finish(id) }

  /// Tells a client that waits for it to send the body.
  public mutating func writeContinue(_ id: UInt32) {
    block.removeAll(keepingCapacity: true)
    HeaderEncoder.status(100, to: &block)
    HTTP2Frame(length: block.count, kind: .headers, flags: HTTP2Frame.endHeaders, stream: id).write(to: &output)
    output += block
  }

  /// The response is complete.
  private mutating func finish(_ id: UInt32) {
    guard let stream = streams.removeValue(forKey: id) else { return }
    resets = max(0, resets - 1)
    // What the client has not sent yet is not wanted any more.
    if !stream.hasEnded {
      HTTP2Frame(length: 4, kind: .resetStream, stream: id).write(to: &output)
      output.append(number: HTTP2Error.none.rawValue)
    }
  }

  /// Gives a stream up.
  public mutating func resetStream(_ id: UInt32, _ error: HTTP2Error) {
    streams[id] = nil
    HTTP2Frame(length: 4, kind: .resetStream, stream: id).write(to: &output)
    output.append(number: error.rawValue)
  }

  /// Asks the client to begin no further streams. Those that it began before it heard of this are still taken
  /// (RFC 9113 §6.8), until ``goAway()``.
  public mutating func announceGoAway() {
    guard !isGoingAway else { return }
    HTTP2Frame(length: 8, kind: .goAway).write(to: &output)
    output.append(number: UInt32(Int32.max))
    output.append(number: HTTP2Error.none.rawValue)
  }

  /// Takes no further streams; those there are go on.
  public mutating func goAway() {
    guard !isGoingAway else { return }
    isGoingAway = true
    _ = fail(.none)
  }
}
