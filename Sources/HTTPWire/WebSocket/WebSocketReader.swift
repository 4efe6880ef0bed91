/// Reads the frames of one side of a WebSocket, and puts its messages together (RFC 6455 §5). Strict: whatever the RFC
/// forbids fails the connection, with the code that it has for that. No extension is understood.
public struct WebSocketReader: Sendable {
  public enum Event: Sendable, Equatable {
    /// A whole message in UTF-8.
    case text([UInt8])
    case binary([UInt8])
    case ping([UInt8])
    case pong([UInt8])
    /// Nothing follows it.
    case close(WebSocketClose)
    /// The peer has broken the rules: it is to be told so, and nothing more is read.
    case failed(WebSocketClose)
  }

  /// Whose frames are read: those of a client are masked.
  public enum Peer: Sendable { case client, server }

  private let peer: Peer
  private let messageBound: Int
  /// Of the frame's head, until it is complete.
  private var head: [UInt8] = []
  /// Of the frame that is read, while its payload comes.
  private var opcode: WebSocketFrame.Opcode?
  private var isFinal = false
  private var remaining = 0
  private var mask: (UInt8, UInt8, UInt8, UInt8) = (0, 0, 0, 0)
  private var maskIndex = 0
  private var control: [UInt8] = []
  /// The message under way: its kind and what has come of it.
  private var kind: WebSocketFrame.Opcode?
  private var message: [UInt8] = []
  private var isOver = false

  /// - Parameter messageBound: bytes of a message at most, over all of its frames.
  public init(from peer: Peer, messageBound: Int) {
    self.peer = peer
    self.messageBound = messageBound
  }

  /// Reads up to the end of a frame that tells something; `consumed` bytes belong to it, and to frames before it. Without
  /// an event everything was read. After a close or a failure everything is thrown away.
  public mutating func read(_ bytes: Span<UInt8>) -> (consumed: Int, event: Event?) {
    var at = 0
    while !isOver {
      if opcode == nil {
        while !hasHead, at < bytes.count {
          head.append(bytes[at])
          at += 1
          if head.count == 2, let failure = checkHead() { return (at, fail(failure)) }
        }
        guard hasHead else { return (at, nil) }
        if let failure = beginFrame() { return (at, fail(failure)) }
      }
      let count = min(remaining, bytes.count - at)
      take(bytes.extracting(at..<(at + count)))
      at += count
      guard remaining == 0 else { return (at, nil) }
      if let event = endFrame() { return (at, event) }
    }
    return (bytes.count, nil)
  }

  // MARK: - Heads

  private var hasHead: Bool {
    guard head.count >= 2 else { return false }
    let length = head[1] & 0x7f
    return head.count == 2 + (length == 126 ? 2 : length == 127 ? 8 : 0) + (peer == .client ? 4 : 0)
  }

  /// What is wrong with the first two bytes of a frame.
  private func checkHead() -> WebSocketClose? {
    guard head[0] & 0x70 == 0 else { return Self.violation("Reserved bits are set.") }
    guard let opcode = WebSocketFrame.Opcode(rawValue: head[0] & 15) else { return Self.violation("Unknown opcode.") }
    guard (head[1] & 0x80 != 0) == (peer == .client) else {
      return Self.violation(peer == .client ? "A client's frames are masked." : "A server's frames are not masked.")
    }
    if opcode.isControl {
      guard head[0] & 0x80 != 0 else { return Self.violation("A control frame is in pieces.") }
      return head[1] & 0x7f > UInt8(WebSocketFrame.controlBound)
        ? Self.violation("A control frame has 125 bytes at most.") : nil
    }
    if opcode == .continuation { return kind == nil ? Self.violation("There is no message to go on with.") : nil }
    return kind == nil ? nil : Self.violation("A message begins within another one.")
  }

  private mutating func beginFrame() -> WebSocketClose? {
    let (length, width) =
      switch head[1] & 0x7f {
      case 126: (head[2..<4].reduce(0) { $0 << 8 | UInt64($1) }, 2)
      case 127: (head[2..<10].reduce(0) { $0 << 8 | UInt64($1) }, 8)
      case let length: (UInt64(length), 0)
      }
    guard width == 0 || length > (width == 2 ? 125 : 0xffff) else {
      return Self.violation("A length is written longer than it has to be.")
    }
    guard let opcode = WebSocketFrame.Opcode(rawValue: head[0] & 15) else { return Self.violation("Unknown opcode.") }
    if !opcode.isControl {
      guard length <= UInt64(max(0, messageBound - message.count)) else {
        return WebSocketClose(WebSocketClose.tooLarge, "A message has \(messageBound) bytes at most.")
      }
      if opcode != .continuation { kind = opcode }
    }
    if peer == .client {
      let place = 2 + width
      mask = (head[place], head[place + 1], head[place + 2], head[place + 3])
    }
    maskIndex = 0
    isFinal = head[0] & 0x80 != 0
    remaining = Int(length)
    self.opcode = opcode
    head.removeAll(keepingCapacity: true)
    return nil
  }

  // MARK: - Payloads

  private mutating func take(_ bytes: Span<UInt8>) {
    let isControl = opcode?.isControl == true
    for index in bytes.indices {
      let byte = bytes[index] ^ maskByte
      maskIndex = (maskIndex + 1) & 3
      if isControl { control.append(byte) } else { message.append(byte) }
    }
    remaining -= bytes.count
  }

  private var maskByte: UInt8 {
    switch maskIndex {
    case 0: mask.0
    case 1: mask.1
    case 2: mask.2
    default: mask.3
    }
  }

  private mutating func endFrame() -> Event? {
    let opcode = self.opcode
    self.opcode = nil
    switch opcode {
    case .ping, .pong:
      let payload = control
      control = []
      return opcode == .ping ? .ping(payload) : .pong(payload)
    case .close:
      isOver = true
      return Self.close(control)
    default: return isFinal ? endMessage() : nil
    }
  }

  private mutating func endMessage() -> Event? {
    let (kind, whole) = (self.kind, message)
    self.kind = nil
    message = []
    if kind == .binary { return .binary(whole) }
    guard Self.isText(whole) else { return fail(WebSocketClose(WebSocketClose.invalidText, "The text is not UTF-8.")) }
    return .text(whole)
  }

  private static func close(_ payload: [UInt8]) -> Event {
    if payload.isEmpty { return .close(WebSocketClose(WebSocketClose.noStatus)) }
    guard payload.count >= 2 else { return .failed(violation("A close frame has half a code.")) }
    let code = UInt16(payload[0]) << 8 | UInt16(payload[1])
    guard WebSocketClose.mayBeSent(code) else { return .failed(violation("\(code) is no code for closing.")) }
    let reason = Array(payload[2...])
    guard isText(reason) else {
      return .failed(WebSocketClose(WebSocketClose.invalidText, "The reason is not UTF-8."))
    }
    return .close(WebSocketClose(code, String(decoding: reason, as: UTF8.self)))
  }

  private static func isText(_ bytes: [UInt8]) -> Bool { (try? UTF8Span(validating: bytes.span)) != nil }

  private static func violation(_ reason: String) -> WebSocketClose {
    WebSocketClose(WebSocketClose.protocolError, reason)
  }

  private mutating func fail(_ close: WebSocketClose) -> Event {
    isOver = true
    (message, control, head) = ([], [], [])
    return .failed(close)
  }
}
