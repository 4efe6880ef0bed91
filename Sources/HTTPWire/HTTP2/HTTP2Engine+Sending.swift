/// What is written.
extension HTTP2Engine {
  /// Writes the head of a response.
  /// - Parameters:
  ///   - rewrite: what changes on the way.
  ///   - ends: there is no body.
  public mutating func writeHead(
    _ id: UInt32, _ response: borrowing MessageHead, _ rewrite: borrowing HeadRewrite, ends: Bool
  ) {
    guard streams[id] != nil else { return }
    block.removeAll(keepingCapacity: true)
    encoder.begin(&block)
    HeaderEncoder.status(response.status, to: &block)
    encodeFields(of: response, rewrite)
    writeBlock(id, ends: ends)
    if ends { finish(id) }
  }

  /// Whether a client may open another stream.
  public var canOpenStream: Bool {
    role == .client && hasSettings && !isGoingAway && streams.count < min(bounds.concurrentStreams, streamsAllowed)
      && lastStream < 0x7fff_fff0
  }

  /// Whether streams will never be opened any more.
  public var isClosing: Bool { isGoingAway || lastStream >= 0x7fff_fff0 }

  /// Opens a stream with the head of a request; ``canOpenStream`` must be true.
  /// - Parameters:
  ///   - rewrite: what changes on the way.
  ///   - isTLS: the scheme is https.
  ///   - ends: there is no body.
  /// - Returns: the stream's number.
  public mutating func openStream(
    _ request: borrowing MessageHead, _ rewrite: borrowing HeadRewrite, isTLS: Bool, ends: Bool
  ) -> UInt32 {
    let id = lastStream == 0 ? 1 : lastStream + 2
    lastStream = id
    streams[id] = Stream(
      sendWindow: initialSendWindow, receiveWindow: bounds.streamWindow, hasHead: false, isSent: ends,
      isHead: request.methodKind == .head)
    block.removeAll(keepingCapacity: true)
    encoder.begin(&block)
    request.withPseudoFields(rewrite) { method, authority, path in
      encoder.method(method, to: &block)
      block.append(isTLS ? 0x87 : 0x86)
      encoder.path(path, to: &block)
      encoder.authority(authority, to: &block)
    }
    encodeFields(of: request, rewrite)
    writeBlock(id, ends: ends)
    return id
  }

  private mutating func encodeFields(of head: borrowing MessageHead, _ rewrite: borrowing HeadRewrite) {
    // Taken out for the time of the call: the closure below changes them.
    var (names, block) = ([UInt8](), [UInt8]())
    var encoder = HeaderEncoder()
    swap(&names, &scratch)
    swap(&encoder, &self.encoder)
    swap(&block, &self.block)
    head.forEachFieldOverHTTP2(rewrite, &names) { encoder.field($0, $1, to: &block) }
    swap(&names, &scratch)
    swap(&encoder, &self.encoder)
    swap(&block, &self.block)
  }

  /// Writes the header block as HEADERS, and CONTINUATION where it is long.
  private mutating func writeBlock(_ id: UInt32, ends: Bool) {
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
  }

  /// Bytes of data that may be sent on the stream now; 0 also when it is over.
  public func room(_ id: UInt32) -> Int { max(0, min(sendWindow, streams[id]?.sendWindow ?? 0, frameBound)) }

  /// Whether data may be sent on any stream now, as far as the connection's own window goes.
  public var hasRoom: Bool { sendWindow > 0 }

  public func isOpen(_ id: UInt32) -> Bool { streams[id] != nil }

  /// Writes the head of a DATA frame, whose `length` bytes, at most ``room(_:)``, the owner puts behind it; then, if it
  /// `ends` the message, ``endData(_:)`` is to be called.
  public mutating func beginData(_ id: UInt32, length: Int, ends: Bool) {
    sendWindow -= length
    streams[id]?.sendWindow -= length
    idleFrames = 0
    HTTP2Frame(length: length, kind: .data, flags: ends ? HTTP2Frame.endStream : 0, stream: id).write(to: &output)
  }

  /// The last DATA frame is written.
  public mutating func endData(_ id: UInt32) { finish(id) }

  /// Ends the message with these fields.
  public mutating func writeTrailers(_ id: UInt32, _ trailers: TrailerFields) {
    guard streams[id] != nil else { return }
    block.removeAll(keepingCapacity: true)
    encoder.begin(&block)
    for field in trailers.fields {
      let name = field.name.map(Octet.lowercased)
      encoder.field(name.span, field.value.span, to: &block)
    }
    writeBlock(id, ends: true)
    finish(id)
  }

  /// Tells a client that waits for it to send the body.
  public mutating func writeContinue(_ id: UInt32) {
    block.removeAll(keepingCapacity: true)
    encoder.begin(&block)
    HeaderEncoder.status(100, to: &block)
    writeBlock(id, ends: false)
  }

  /// Our message is complete.
  private mutating func finish(_ id: UInt32) {
    guard let stream = streams[id] else { return }
    streams[id]?.isSent = true
    guard role == .server else { return settle(id) }
    streams[id] = nil
    resets = max(0, resets - 1)
    if !stream.hasEnded { letGo(id, stream) }
  }

  /// What the client has not sent yet is not wanted any more. Clients that are in the middle of it may take a reset for a
  /// failure and not look at their answer (curl 7.88 does): what is left of a body of known length is let come, within a
  /// bound.
  private mutating func letGo(_ id: UInt32, _ stream: Stream) {
    guard let rest = stream.remaining, rest <= Self.lingerBound, lingering.count < bounds.concurrentStreams else {
      return writeReset(id, .none)
    }
    lingering[id] = rest
    if rest > stream.receiveWindow { update(id, rest - stream.receiveWindow) }
  }

  /// A stream of ours is over when both messages are complete.
  mutating func settle(_ id: UInt32) {
    guard role == .client, let stream = streams[id], stream.hasEnded, stream.isSent else { return }
    streams[id] = nil
  }

  /// Gives a stream up.
  public mutating func resetStream(_ id: UInt32, _ error: HTTP2Error) {
    streams[id] = nil
    writeReset(id, error)
  }

  private mutating func writeReset(_ id: UInt32, _ error: HTTP2Error) {
    HTTP2Frame(length: 4, kind: .resetStream, stream: id).write(to: &output)
    output.append(number: error.rawValue)
  }
}
