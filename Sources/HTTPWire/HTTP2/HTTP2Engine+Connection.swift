/// Frames about the connection as a whole.
extension HTTP2Engine {
  mutating func settings(_ frame: HTTP2Frame, _ payload: Span<UInt8>) -> Event {
    guard frame.stream == 0 else { return fail(.protocolError) }
    if frame.has(HTTP2Frame.acknowledgement) { return frame.length == 0 ? idle() : fail(.frameSize) }
    guard frame.length % 6 == 0 else { return fail(.frameSize) }
    let isFirst = !hasSettings
    hasSettings = true
    var hasMore = false
    for i in stride(from: 0, to: payload.count, by: 6) {
      let value = Int(payload.number(at: i + 2))
      switch Int(payload[i]) << 8 | Int(payload[i + 1]) {
      case 1: encoder.resize(value)
      // A server never pushes at our wish, and has nothing to be pushed to.
      case 2: if value > (role == .server ? 1 : 0) { return fail(.protocolError) }
      case 3: streamsAllowed = value
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
      default: break
      }
    }
    HTTP2Frame(length: 0, kind: .settings, flags: HTTP2Frame.acknowledgement).write(to: &output)
    let event = idle()
    guard event == .handled else { return event }
    if isFirst, role == .client { return .ready }
    return hasMore ? .window(0) : event
  }

  mutating func ping(_ frame: HTTP2Frame, _ payload: Span<UInt8>) -> Event {
    guard frame.stream == 0 else { return fail(.protocolError) }
    guard frame.length == 8 else { return fail(.frameSize) }
    if !frame.has(HTTP2Frame.acknowledgement) {
      HTTP2Frame(length: 8, kind: .ping, flags: HTTP2Frame.acknowledgement).write(to: &output)
      for i in payload.indices { output.append(payload[i]) }
    }
    return idle()
  }

  mutating func goAway(_ frame: HTTP2Frame, _ payload: Span<UInt8>) -> Event {
    guard frame.stream == 0, frame.length >= 8 else { return fail(.protocolError) }
    // Clients open no streams of ours, so that there is nothing they could refuse.
    guard role == .client else { return idle() }
    isGoingAway = true
    let last = payload.number(at: 0) & 0x7fff_ffff
    for id in streams.keys where id > last { streams[id] = nil }
    let event = idle()
    let error = HTTP2Error(rawValue: payload.number(at: 4)) ?? .internalError
    return event == .handled ? .goAway(last: last, error) : event
  }

  /// Asks whether the other end is still there; whatever comes from it is the answer.
  public mutating func writePing() {
    HTTP2Frame(length: 8, kind: .ping).write(to: &output)
    output.append(number: 0)
    output.append(number: 0)
  }

  /// Asks the client to begin no further streams. Those that it began before it heard of this are still taken
  /// (RFC 9113 §6.8), until ``goAway()``.
  public mutating func announceGoAway() {
    guard !isGoingAway else { return }
    HTTP2Frame(length: 8, kind: .goAway).write(to: &output)
    output.append(number: UInt32(Int32.max))
    output.append(number: HTTP2Error.none.rawValue)
  }

  /// Takes and opens no further streams; those there are go on.
  public mutating func goAway() {
    guard !isGoingAway else { return }
    isGoingAway = true
    _ = fail(.none)
  }
}
