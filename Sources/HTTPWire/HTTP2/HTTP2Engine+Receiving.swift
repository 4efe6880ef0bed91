/// Frames that carry messages.
extension HTTP2Engine {
  /// The payload without its padding; nil when the padding is as long as all of it.
  private func unpadded(_ frame: HTTP2Frame, _ payload: Span<UInt8>) -> Range<Int>? {
    guard frame.has(HTTP2Frame.padded) else { return 0..<payload.count }
    guard payload.count > 0, Int(payload[0]) < payload.count else { return nil }
    return 1..<(payload.count - Int(payload[0]))
  }

  /// Whether there was ever a stream of that number.
  private func wasOpened(_ id: UInt32) -> Bool { id & 1 == 1 && id <= lastStream }

  mutating func data(_ frame: HTTP2Frame, _ payload: Span<UInt8>) -> Event {
    guard wasOpened(frame.stream), let range = unpadded(frame, payload) else { return fail(.protocolError) }
    receiveWindow -= frame.length
    guard receiveWindow >= 0 else { return fail(.flowControl) }
    guard var stream = streams[frame.stream] else {
      // Of a stream that is over: it was on its way when we ended it.
      give(frame.length)
      return dropped(frame, range.count)
    }
    guard !stream.hasEnded, stream.hasHead else {
      give(frame.length)
      return end(frame.stream, stream.hasEnded ? .streamClosed : .protocolError)
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
    if ends { settle(frame.stream) }
    if range.isEmpty, !ends { return idle() }
    if !range.isEmpty { idleFrames = 0 }
    return .data(frame.stream, offset: HTTP2Frame.headBytes + range.lowerBound, length: range.count, ends: ends)
  }

  /// Bytes of a body whose request is answered.
  private mutating func dropped(_ frame: HTTP2Frame, _ count: Int) -> Event {
    guard let rest = lingering[frame.stream] else { return idle() }
    lingering[frame.stream] = frame.has(HTTP2Frame.endStream) || rest < count ? nil : rest - count
    // Whoever takes tiny pieces for it gets no further than with frames that bring nothing.
    return frame.length >= 1_024 ? .handled : idle()
  }

  mutating func headers(_ frame: HTTP2Frame, _ payload: Span<UInt8>, _ head: inout MessageHead) -> Event {
    guard frame.stream & 1 == 1, var range = unpadded(frame, payload) else { return fail(.protocolError) }
    if frame.has(HTTP2Frame.hasPriority) {
      guard range.count >= 5 else { return fail(.protocolError) }
      range = (range.lowerBound + 5)..<range.upperBound
    }
    if frame.stream > lastStream {
      if role == .client { return fail(.protocolError) }
    } else if let stream = streams[frame.stream],
      stream.hasEnded || stream.hasHead && !frame.has(HTTP2Frame.endStream)
    {
      // Trailers that end nothing. Of a stream that is over that cannot be told apart from a race.
      return fail(.streamClosed)
    }
    openBlock = (frame.stream, frame.has(HTTP2Frame.endStream), 0)
    block.removeAll(keepingCapacity: true)
    return add(payload.extracting(range), isLast: frame.has(HTTP2Frame.endHeaders), &head)
  }

  mutating func continuation(_ frame: HTTP2Frame, _ payload: Span<UInt8>, _ head: inout MessageHead) -> Event {
    guard let open = openBlock else { return fail(.protocolError) }
    openBlock?.pieces = open.pieces + 1
    guard open.pieces < bounds.continuations else { return fail(.enhanceYourCalm) }
    return add(payload, isLast: frame.has(HTTP2Frame.endHeaders), &head)
  }

  private mutating func add(_ piece: Span<UInt8>, isLast: Bool, _ head: inout MessageHead) -> Event {
    guard block.count + piece.count <= bounds.head.headBytes else { return fail(.enhanceYourCalm) }
    piece.withUnsafeBufferPointer { block.append(contentsOf: $0) }
    guard isLast, let open = openBlock else { return .handled }
    openBlock = nil
    // Borrowed by the decoder, and given back for the next block.
    var whole: [UInt8] = []
    swap(&whole, &block)
    defer { block = whole }
    if open.stream > lastStream { return takeRequest(open.stream, ends: open.ends, whole, &head) }
    if let stream = streams[open.stream], !stream.hasHead {
      return takeResponse(open.stream, stream, ends: open.ends, whole, &head)
    }
    return takeTrailers(open.stream, whole)
  }

  private mutating func takeRequest(_ id: UInt32, ends: Bool, _ block: [UInt8], _ head: inout MessageHead) -> Event {
    lastStream = id
    var assembly = HeadAssembly(&head, kind: .request, limits: bounds.head)
    guard decoder.decode(block.span, { assembly.take($0, $1, into: &head) }) else { return fail(.compression) }
    assembly.finish(&head, ends: ends)
    if isGoingAway || streams.count >= bounds.concurrentStreams { return end(id, .refusedStream) }
    switch assembly.problem {
    case .malformed: return end(id, .protocolError)
    case .tooLarge:
      streams[id] = newStream(ends: ends, length: nil)
      return .badRequest(id, status: 431)
    case nil:
      idleFrames = 0
      streams[id] = newStream(ends: ends, length: head.contentLength)
      return .request(id, ends: ends)
    }
  }

  private mutating func takeResponse(
    _ id: UInt32, _ stream: Stream, ends: Bool, _ block: [UInt8], _ head: inout MessageHead
  ) -> Event {
    var assembly = HeadAssembly(&head, kind: .response, limits: bounds.head)
    guard decoder.decode(block.span, { assembly.take($0, $1, into: &head) }) else { return fail(.compression) }
    let hasBody = !stream.isHead && head.status != 204 && head.status != 304
    assembly.finish(&head, ends: ends && hasBody)
    switch assembly.problem {
    case .malformed: return end(id, .protocolError)
    case .tooLarge: return end(id, .enhanceYourCalm)
    case nil: break
    }
    if head.status < 200 {
      // Interim answers are for us, not for whoever asked; they switch to nothing (RFC 9113, section 8.6).
      return ends || head.status == 101 ? end(id, .protocolError) : idle()
    }
    idleFrames = 0
    streams[id]?.hasHead = true
    streams[id]?.hasEnded = ends
    streams[id]?.remaining = ends ? nil : hasBody ? head.contentLength : 0
    if ends { settle(id) }
    return .response(id, ends: ends)
  }

  private mutating func takeTrailers(_ id: UInt32, _ block: [UInt8]) -> Event {
    var trailers = TrailerFields()
    var isValid = true
    let isDecoded = decoder.decode(block.span) { name, value in
      if isValid { isValid = trailers.append(name, value) }
    }
    guard isDecoded else { return fail(.compression) }
    lingering[id] = nil
    guard let stream = streams[id] else { return idle() }
    if stream.remaining ?? 0 > 0 || !isValid { return end(id, .protocolError) }
    self.trailers = trailers
    streams[id]?.hasEnded = true
    settle(id)
    return .ended(id)
  }

  private func newStream(ends: Bool, length: Int?) -> Stream {
    Stream(
      sendWindow: initialSendWindow, receiveWindow: bounds.streamWindow, remaining: ends ? nil : length, hasEnded: ends)
  }

  mutating func reset(_ frame: HTTP2Frame, _ payload: Span<UInt8>) -> Event {
    guard frame.length == 4 else { return fail(.frameSize) }
    guard wasOpened(frame.stream) else { return fail(.protocolError) }
    lingering[frame.stream] = nil
    guard streams.removeValue(forKey: frame.stream) != nil else { return idle() }
    if role == .server {
      // Beginning streams only to give them up costs us more than the client (CVE-2023-44487).
      resets += 1
      if resets > bounds.resets { return fail(.enhanceYourCalm) }
    }
    return .reset(frame.stream, HTTP2Error(rawValue: payload.number(at: 0)) ?? .internalError)
  }

  mutating func windowUpdate(_ frame: HTTP2Frame, _ payload: Span<UInt8>) -> Event {
    guard frame.length == 4 else { return fail(.frameSize) }
    let more = Int(payload.number(at: 0) & 0x7fff_ffff)
    if frame.stream == 0 {
      guard more > 0, sendWindow + more <= Int(Int32.max) else { return fail(more > 0 ? .flowControl : .protocolError) }
      sendWindow += more
    } else {
      guard wasOpened(frame.stream) else { return fail(.protocolError) }
      guard let stream = streams[frame.stream] else { return idle() }
      guard more > 0 else { return end(frame.stream, .protocolError) }
      guard stream.sendWindow + more <= Int(Int32.max) else { return end(frame.stream, .flowControl) }
      streams[frame.stream]?.sendWindow += more
    }
    let event = idle()
    return event == .handled ? .window(frame.stream) : event
  }

  // MARK: - Passing on

  /// So many bytes of the stream's data have been passed on, or thrown away: the other end may send as many again.
  /// Whatever was told in a `data` event must come here, also of a stream that is over by then.
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

  mutating func update(_ id: UInt32, _ count: Int) {
    HTTP2Frame(length: 4, kind: .windowUpdate, stream: id).write(to: &output)
    output.append(number: UInt32(count))
  }
}
