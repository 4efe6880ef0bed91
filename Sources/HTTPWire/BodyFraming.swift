/// Finds where a message body ends in a stream of bytes, and where its data lies between the framing.
///
/// Used in two ways: `consume` only counts, for a body that is passed on as it came; `next` also tells data from framing,
/// for a body that is buffered or framed anew. Strict: a chunk size is 1 to 15 hexadecimal digits, lines end in CR LF,
/// chunk extensions and trailers hold no control characters and are bounded.
///
/// A value with one owner (the message it belongs to): never copied by accident.
public struct BodyFraming: ~Copyable, Sendable {
  enum Mode: UInt8, Sendable {
    case none, length, untilClose, refused
    case chunkSize, chunkExtension, chunkSizeLineFeed, chunkData, chunkDataReturn, chunkDataLineFeed
    case trailerStart, trailerName, trailerValue, trailerLineFeed, finalLineFeed

    var isTrailer: Bool {
      switch self {
      case .trailerStart, .trailerName, .trailerValue, .trailerLineFeed: true
      default: false
      }
    }
  }

  /// Bytes that the extensions of one chunk, or all trailers, may take.
  public static let lineBound = 8192

  var mode = Mode.none
  var remaining = 0
  var digits = 0
  var lineBytes = 0
  /// The lines behind a chunked body, kept where somebody has a use for them; where they are guarded, the name being read.
  private var trailerLines: [UInt8] = []
  private var keepsTrailers = false
  /// A name in the trailers that must not stand there is not passed on.
  private var guardsTrailers = false

  public init() {}

  /// From here on trailers are kept for ``takeTrailers()``.
  public mutating func keepTrailers() {
    keepsTrailers = true
    // Those that must not stand there are left out.
    guardsTrailers = false
  }

  /// The fields behind the body, once it is done; nil for none.
  public mutating func takeTrailers() -> TrailerFields? {
    if trailerLines.isEmpty { return nil }
    let trailers = TrailerFields(lines: trailerLines)
    trailerLines = []
    return trailers.isEmpty ? nil : trailers
  }

  /// Whether the body has ended (or there is none).
  @inlinable public var isDone: Bool { done }
  @usableFromInline var done: Bool { mode == .none }
  /// Whether the body was found to be malformed. There is no way on: the connection must be closed.
  public var isRefused: Bool { mode == .refused }
  /// Bytes that are still to come of a body of known length; 0 of any other.
  public var announcedBytes: Int { mode == .length ? remaining : 0 }
  /// Whether only the end of the connection ends this body.
  public var endsWithConnection: Bool { mode == .untilClose }

  /// A request's body: chunked, of the given length, or none.
  public mutating func beginRequest(_ head: borrowing MessageHead) {
    begin(length: head.contentLength ?? 0, chunked: head.isChunked)
    guardsTrailers = head.isChunked
  }

  /// A response's body. None after HEAD, and with 1xx, 204 and 304; without a length it ends with the connection
  /// (RFC 9112 §6.3).
  public mutating func beginResponse(_ head: borrowing MessageHead, toHead: Bool) {
    let status = head.status
    if toHead || status < 200 || status == 204 || status == 304 {
      mode = .none
    } else {
      begin(length: head.contentLength, chunked: head.isChunked)
    }
  }

  /// A body with the given framing; neither length nor chunked: until the connection ends.
  public mutating func begin(length: Int?, chunked: Bool) {
    remaining = 0
    digits = 0
    lineBytes = 0
    keepsTrailers = false
    guardsTrailers = false
    if !trailerLines.isEmpty { trailerLines = [] }
    if chunked {
      mode = .chunkSize
    } else if let length {
      remaining = length
      mode = length > 0 ? .length : .none
    } else {
      mode = .untilClose
    }
  }

  /// The body is over, whatever was announced.
  public mutating func end() { mode = .none }

  /// How many of these bytes belong to the body. `isDone` then says whether it ended there.
  public mutating func consume(_ input: Span<UInt8>) -> Int {
    switch mode {
    case .none, .refused: return 0
    case .untilClose: return input.count
    case .length:
      let k = min(input.count, remaining)
      remaining &-= k
      if remaining == 0 { mode = .none }
      return k
    default:
      var i = 0
      while i < input.count, mode != .none, mode != .refused { i = step(input, from: i).end }
      return i
    }
  }

  /// One stretch of the body: bytes `dataStart..<end` are data (none if equal), all bytes before `dataStart` framing.
  public struct Stretch: Sendable {
    public var dataStart: Int
    public var end: Int
  }

  /// The next stretch of the body at the start of `input`.
  public mutating func next(_ input: Span<UInt8>) -> Stretch {
    switch mode {
    case .none, .refused: return Stretch(dataStart: 0, end: 0)
    case .length, .untilClose: return Stretch(dataStart: 0, end: consume(input))
    default:
      var i = 0
      while i < input.count, mode != .none, mode != .refused {
        if mode == .chunkData {
          let end = step(input, from: i).end
          return Stretch(dataStart: i, end: end)
        }
        i = step(input, from: i).end
      }
      return Stretch(dataStart: i, end: i)
    }
  }

  /// Whether the name that was just read may stand in trailers. A backend might take it for a field
  /// of the head, and what says how long a message is or whose would then come from behind the gateway's checks.
  private mutating func passesName() -> Bool {
    defer { trailerLines = [] }
    return TrailerFields.mayHold(trailerLines.span)
  }

  private mutating func refuse(at i: Int) -> Stretch {
    mode = .refused
    return Stretch(dataStart: i, end: i)
  }

  /// Takes one stretch of data or one byte of framing.
  private mutating func step(_ input: Span<UInt8>, from i: Int) -> Stretch {
    if mode == .chunkData {
      let k = min(input.count &- i, remaining)
      remaining &-= k
      if remaining == 0 { mode = .chunkDataReturn }
      return Stretch(dataStart: i, end: i &+ k)
    }
    let c = input[i]
    if keepsTrailers, mode.isTrailer { trailerLines.append(c) }
    switch mode {
    case .chunkSize:
      if let digit = Octet.hexadecimal(c) {
        digits &+= 1
        if digits > 15 { return refuse(at: i) }
        remaining = remaining &<< 4 | digit
      } else if digits == 0 {
        return refuse(at: i)
      } else if c == Octet.carriageReturn {
        mode = .chunkSizeLineFeed
      } else if c == 0x3b {
        mode = .chunkExtension
      } else {
        return refuse(at: i)
      }
    case .chunkExtension:
      lineBytes &+= 1
      if c == Octet.carriageReturn {
        mode = .chunkSizeLineFeed
      } else if !Octet.isValue(c) || lineBytes > Self.lineBound {
        return refuse(at: i)
      }
    case .chunkSizeLineFeed:
      if c != Octet.lineFeed { return refuse(at: i) }
      lineBytes = 0
      mode = remaining == 0 ? .trailerStart : .chunkData
    case .chunkDataReturn:
      if c != Octet.carriageReturn { return refuse(at: i) }
      mode = .chunkDataLineFeed
    case .chunkDataLineFeed:
      if c != Octet.lineFeed { return refuse(at: i) }
      digits = 0
      remaining = 0
      mode = .chunkSize
    case .trailerStart:
      lineBytes &+= 1
      if c == Octet.carriageReturn {
        mode = .finalLineFeed
      } else if Octet.isToken(c) {
        mode = .trailerName
        if guardsTrailers { trailerLines = [c] }
      } else {
        return refuse(at: i)
      }
    case .trailerName:
      lineBytes &+= 1
      if c == Octet.colon {
        mode = .trailerValue
        if guardsTrailers, !passesName() { return refuse(at: i) }
      } else if !Octet.isToken(c) || lineBytes > Self.lineBound {
        return refuse(at: i)
      } else if guardsTrailers {
        trailerLines.append(c)
      }
    case .trailerValue:
      lineBytes &+= 1
      if c == Octet.carriageReturn {
        mode = .trailerLineFeed
      } else if !Octet.isValue(c) || lineBytes > Self.lineBound {
        return refuse(at: i)
      }
    case .trailerLineFeed:
      if c != Octet.lineFeed { return refuse(at: i) }
      mode = .trailerStart
    case .finalLineFeed:
      if c != Octet.lineFeed { return refuse(at: i) }
      mode = .none
    default: return refuse(at: i)
    }
    return Stretch(dataStart: i &+ 1, end: i &+ 1)
  }
}
