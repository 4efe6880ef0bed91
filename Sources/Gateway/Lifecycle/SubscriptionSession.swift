import HTTPWire
import NIOCore
import PolicyLibrary

/// A WebSocket on which a client subscribes to events: between the bytes of its connection and what GraphQL has to say.
/// It belongs to the exchange of the handshake, whose end is its own.
final class SubscriptionSession {
  private enum Stage {
    case open
    /// The close frame is written; the client has a moment to answer it.
    case closing
    case over
  }

  private unowned let work: RequestLifecycle
  private let client: any ClientStream
  private let state: LoopState
  private var reader = WebSocketReader(from: .client, messageBound: GraphQLSubscriber.messageBound)
  private var subscriber: GraphQLSubscriber?
  private var topics: Set<GraphQLTopic> = []
  private var stage = Stage.open
  /// Messages that the connection does not take yet.
  private var waiting = CircularBuffer<[UInt8]>()
  private var waitingBytes = 0
  /// A ping was sent, and nothing has come since.
  private var isPingOpen = false
  private var deadline = NIODeadline.distantFuture

  /// Bytes of messages that wait for a client; one that is slower is let go.
  static let waitingBound = 4 << 20

  init(_ socket: GraphQLSocket, _ work: RequestLifecycle, _ client: any ClientStream) {
    self.work = work
    self.client = client
    state = work.state
    subscriber = GraphQLSubscriber(
      socket, work.exchange, onTopic: { [unowned self] topic, isWanted in follow(topic, isWanted) },
      onOutput: { [unowned self] output in
        switch output {
        case .text(let text): send(text)
        case .close(let code, let reason): close(WebSocketClose(code, reason))
        }
      })
    deadline = state.deadline(after: state.timeouts.introduction)
  }

  /// The connection has become a WebSocket.
  func begin() {
    if state.isDraining { return announceEnd() }
    client.wait(until: deadline)
  }

  /// Whether more of the client's bytes can be worked off: one that takes nothing is not listened to.
  var canTakeBytes: Bool { stage != .open || client.isWritable && waiting.isEmpty }

  func receive(_ data: ByteBuffer) {
    guard stage != .over else { return }
    isPingOpen = false
    if stage == .open, subscriber?.isInitialised == true { deadline = state.deadline(after: state.timeouts.ping) }
    client.wait(until: deadline)
    let bytes = data.readableBytesUInt8Span
    var at = 0
    while stage != .over, at < bytes.count {
      let (count, event) = reader.read(bytes.extracting(at..<bytes.count))
      at += count
      if let event { handle(event) }
    }
  }

  private func handle(_ event: WebSocketReader.Event) {
    if stage == .closing {
      // Only that the client agrees is of interest now.
      if case .close = event { work.tunnelEnded() }
      return
    }
    switch event {
    case .text(let text):
      subscriber?.receive(text)
      guard stage == .open, subscriber?.isInitialised == true else { return }
      deadline = state.deadline(after: state.timeouts.ping)
      client.wait(until: deadline)
    case .binary: close(WebSocketClose(WebSocketClose.unsupportedData, "Messages are texts"))
    case .ping(let payload): write(.pong, payload)
    case .pong: return
    case .failed(let close): self.close(close)
    case .close(let close):
      var bytes: [UInt8] = []
      WebSocketFrame.write(WebSocketClose(close.code), into: &bytes)
      write(bytes)
      work.tunnelEnded()
    }
  }

  // MARK: - What goes out

  func deliver(_ event: GraphQLEvent) { subscriber?.deliver(event) }

  private func follow(_ topic: GraphQLTopic, _ isWanted: Bool) {
    if isWanted {
      topics.insert(topic)
      state.subscribers.add(self, to: topic)
    } else {
      topics.remove(topic)
      state.subscribers.remove(self, from: topic)
    }
  }

  private func send(_ text: [UInt8]) {
    guard stage == .open else { return }
    if waiting.isEmpty, client.isWritable { return write(.text, text) }
    waitingBytes += text.count
    guard waitingBytes <= Self.waitingBound else {
      return close(WebSocketClose(WebSocketClose.tryAgainLater, "Events come faster than they are taken"))
    }
    waiting.append(text)
  }

  private func write(_ opcode: WebSocketFrame.Opcode, _ payload: [UInt8]) {
    var bytes: [UInt8] = []
    WebSocketFrame.write(opcode, payload, into: &bytes)
    write(bytes)
  }

  private func write(_ bytes: [UInt8]) {
    client.write(ByteBuffer(bytes: bytes), ends: false)
    // Writing may find the connection broken and end the session.
    if stage != .over { client.wait(until: deadline) }
  }

  /// The client can take more.
  func clientTakesMore() {
    // A client that takes what waits for it is there, though it is not listened to meanwhile.
    isPingOpen = false
    if stage == .open, subscriber?.isInitialised == true { deadline = state.deadline(after: state.timeouts.ping) }
    while stage == .open, client.isWritable, let text = waiting.popFirst() {
      waitingBytes -= text.count
      write(.text, text)
    }
    if stage != .over { client.resumeReading() }
  }

  // MARK: - The end

  /// The process is about to end: the client finds another one.
  func announceEnd() { close(WebSocketClose(WebSocketClose.goingAway, "The gateway is about to stop")) }

  private func close(_ close: WebSocketClose) {
    guard stage == .open else { return }
    stage = .closing
    leave()
    deadline = state.deadline(after: state.timeouts.linger)
    var bytes: [UInt8] = []
    WebSocketFrame.write(close, into: &bytes)
    write(bytes)
    if stage == .closing { client.resumeReading() }
  }

  func timedOut() {
    switch stage {
    case .over: return
    case .closing: work.tunnelEnded()
    case .open where subscriber?.isInitialised != true:
      close(WebSocketClose(GraphQLSubscriber.CloseCode.initialisationTimeout, "Connection initialisation timeout"))
    // Neither a message nor an answer to the ping: the client is gone, or takes nothing.
    case .open where isPingOpen: client.abort(.left)
    case .open:
      isPingOpen = true
      deadline = state.deadline(after: state.timeouts.ping)
      write(.ping, [])
    }
  }

  /// Subscribes to nothing any more.
  private func leave() {
    let subscriber = subscriber
    self.subscriber = nil
    subscriber?.end()
    for topic in topics { state.subscribers.remove(self, from: topic) }
    topics = []
    (waiting, waitingBytes) = (CircularBuffer(), 0)
  }

  /// The exchange is over.
  func end() {
    guard stage != .over else { return }
    stage = .over
    leave()
  }
}
