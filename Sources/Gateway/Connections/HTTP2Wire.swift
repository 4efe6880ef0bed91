import HTTPWire
import NIOCore

/// One HTTP/2 connection's engine with its way out: whatever is written in one turn of the loop leaves in one write.
final class HTTP2Wire {
  var engine: HTTP2Engine
  private let loop: any EventLoop
  private let socket: ConnectionSocket
  /// Written, and not yet sent.
  private var pending = ByteBuffer()
  private var isFlushScheduled = false
  /// Input is being worked off: it ends with a flush.
  var isReceiving = false
  private(set) var isOver = false
  private var lastTick: NIODeadline
  /// The stream that was served last when the connection's window was not enough for all.
  private var lastServed: UInt32 = 0

  init(_ engine: consuming HTTP2Engine, _ loop: any EventLoop, _ socket: ConnectionSocket, now: NIODeadline) {
    self.engine = engine
    self.loop = loop
    self.socket = socket
    lastTick = now
  }

  /// Lets the engine forgive, now and then.
  func tick(_ now: NIODeadline) {
    guard now - lastTick >= LoopState.tick else { return }
    lastTick = now
    engine.tick()
  }

  func consumed(_ id: UInt32, _ count: Int) {
    guard count > 0 else { return }
    engine.consumed(id, count)
    if !engine.output.isEmpty { scheduleFlush() }
  }

  /// Bytes written so far and not yet sent, to tell how long something is.
  var pendingBytes: Int {
    takeOutput()
    return pending.readableBytes
  }

  /// Writes data that there is room for.
  func writeData(_ id: UInt32, _ data: ByteBuffer, ends: Bool) {
    engine.beginData(id, length: data.readableBytes, ends: ends)
    takeOutput()
    pending.writeImmutableBuffer(data)
    if ends { engine.endData(id) }
    scheduleFlush()
  }

  func writeTrailers(_ id: UInt32, _ trailers: TrailerFields) {
    engine.writeTrailers(id, trailers)
    scheduleFlush()
  }

  func reset(_ id: UInt32, _ error: HTTP2Error) {
    guard engine.isOpen(id) else { return }
    engine.resetStream(id, error)
    scheduleFlush()
  }

  private func takeOutput() {
    guard !engine.output.isEmpty else { return }
    pending.writeBytes(engine.output)
    engine.output.removeAll(keepingCapacity: true)
  }

  /// Sends what was written when this turn of the loop is over.
  func scheduleFlush() {
    guard !isFlushScheduled, !isReceiving, !isOver else { return }
    isFlushScheduled = true
    let box = NIOLoopBound(self, eventLoop: loop)
    loop.execute {
      box.value.isFlushScheduled = false
      box.value.flush()
    }
  }

  func flush() {
    takeOutput()
    guard pending.readableBytes > 0, !isOver else { return }
    socket.write(pending)
    pending.clear()
  }

  /// Lets streams send that wait for the connection's window. One that has ever more to send would take all of it each
  /// time if it came first: whoever comes behind the last one is first in the next turn.
  func takeTurns<Stream>(_ streams: [Stream], _ id: (Stream) -> UInt32, _ send: (Stream) -> Void) {
    if streams.isEmpty { return }
    let last = lastServed
    for stream in streams.sorted(by: { (id($0) <= last ? 1 : 0, id($0)) < (id($1) <= last ? 1 : 0, id($1)) }) {
      send(stream)
      guard engine.hasRoom else { return lastServed = id(stream) }
    }
  }

  /// Nothing is written any more.
  func end() {
    isOver = true
    socket.close()
  }
}

/// A body on its way out over HTTP/2, as fast as the other end's windows open.
struct WindowedBody {
  private var waiting = ByteBuffer()
  private var trailers: TrailerFields?
  /// Its last byte is sent or waiting.
  private(set) var isComplete = false
  private var isSent = false

  var waitingBytes: Int { waiting.readableBytes }

  mutating func append(_ data: ByteBuffer, ends: Bool) {
    var data = data
    if waiting.readableBytes == 0 { waiting = data } else { waiting.writeBuffer(&data) }
    if ends { isComplete = true }
  }

  mutating func end(_ trailers: TrailerFields?) {
    isComplete = true
    self.trailers = trailers
  }

  /// The body went out with the head.
  mutating func setSent() {
    isComplete = true
    isSent = true
  }

  /// Sends what the windows allow.
  mutating func send(_ id: UInt32, over wire: HTTP2Wire) {
    while !isSent, wire.engine.isOpen(id) {
      let count = min(waiting.readableBytes, wire.engine.room(id))
      let isLast = isComplete && count == waiting.readableBytes
      if isLast, count == 0, let trailers {
        isSent = true
        wire.writeTrailers(id, trailers)
        break
      }
      let ends = isLast && trailers == nil
      guard count > 0 || ends, let piece = waiting.readSlice(length: count) else { break }
      isSent = ends
      wire.writeData(id, piece, ends: ends)
    }
    if waiting.readableBytes == 0 { waiting = ByteBuffer() }
  }

  mutating func drop() { waiting = ByteBuffer() }
}
