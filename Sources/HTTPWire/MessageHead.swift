/// The head of one HTTP message: start line and header fields, as offsets into bytes that it owns.
///
/// Received heads are copied once into storage that is reused for the next message; nothing becomes a `String` until
/// asked for. Edits append to the same storage and re-point the table, so an edited head is written out as fast as a
/// received one. A value with one owner (the exchange it belongs to): never copied by accident.
public struct MessageHead: ~Copyable {
  /// Which start line the head has.
  public enum Kind: Sendable, Hashable { case request, response }

  /// One header field: a whole line, "name: value CRLF", somewhere in the storage.
  struct Field {
    var start: UInt32
    var valueStart: UInt32
    var valueEnd: UInt32
    var lineEnd: UInt32
    var nameLength: UInt16
    var known: KnownHeader
    /// Set by the program, not received: never taken away as hop-by-hop.
    var edited: Bool

    init(
      start: Int, nameLength: Int, valueStart: Int, valueEnd: Int, lineEnd: Int, _ known: KnownHeader
    ) {
      self.start = UInt32(truncatingIfNeeded: start)
      self.valueStart = UInt32(truncatingIfNeeded: valueStart)
      self.valueEnd = UInt32(truncatingIfNeeded: valueEnd)
      self.lineEnd = UInt32(truncatingIfNeeded: lineEnd)
      self.nameLength = UInt16(truncatingIfNeeded: nameLength)
      self.known = known
      edited = false
    }

    init() {
      (start, valueStart, valueEnd, lineEnd, nameLength, known, edited) = (0, 0, 0, 0, 0, .other, false)
    }
  }

  /// A piece of the storage.
  struct Slice {
    var start: Int
    var end: Int
    var count: Int { end &- start }
  }

  /// The bound on received bytes plus edits of one head.
  public static let storageLimit = 1 << 20

  var storage: [UInt8]
  var length = 0
  var fields: [Field]
  var count = 0
  /// One bit per `KnownHeader` in the table, so that the absence of a header is one test.
  var knownBits: UInt64 = 0

  /// Whether this is a request or a response.
  public internal(set) var kind = Kind.request
  var methodSlice = Slice(start: 0, end: 0)
  var targetSlice = Slice(start: 0, end: 0)
  var pathSlice = Slice(start: 0, end: 0)
  /// Without the question mark; nil when there is none.
  var querySlice: Slice?
  /// Of an absolute-form target, which outranks the Host field.
  var authoritySlice: Slice?
  var reasonSlice = Slice(start: 0, end: 0)
  /// Method, target and authority as they were received: edits append to the storage, so these bytes stay.
  var receivedMethod = Slice(start: 0, end: 0)
  var receivedTarget = Slice(start: 0, end: 0)
  var receivedAuthority = Slice(start: 0, end: 0)

  /// The method as a case; `.other` for methods without one.
  public internal(set) var methodKind = Method.get
  /// The status code of a response.
  public internal(set) var status = 0
  /// 0 or 1, of HTTP/1.x.
  public internal(set) var minorVersion = 1
  /// Value of Content-Length as received, nil when absent.
  public internal(set) var contentLength: Int?
  /// Whether the body is framed by Transfer-Encoding: chunked.
  public internal(set) var isChunked = false
  /// Whether the peer lets the connection live on after this message.
  public internal(set) var keepsAlive = true
  /// Whether the client waits for 100 (Continue) before it sends the body.
  public internal(set) var expectsContinue = false
  /// Whether the peer asks for another protocol (Connection: upgrade with an Upgrade field).
  public internal(set) var asksUpgrade = false

  /// Bytes of start line and fields, received and edited.
  public var receivedBytes: Int { length }

  /// An empty head; parse into it, or begin a message with `beginRequest` or `beginResponse`.
  public init() {
    storage = [UInt8](repeating: 0, count: 1024)
    fields = [Field](repeating: Field(), count: 32)
  }

  /// Forgets the message; keeps the storage, unless a large message made it grow beyond 16 KB.
  public mutating func reset() {
    length = 0
    count = 0
    knownBits = 0
    querySlice = nil
    authoritySlice = nil
    contentLength = nil
    isChunked = false
    keepsAlive = true
    expectsContinue = false
    asksUpgrade = false
    status = 0
    receivedAuthority = Slice(start: 0, end: 0)
    receivedMethod = receivedAuthority
    receivedTarget = receivedAuthority
    if storage.count > 16_384 { storage = [UInt8](repeating: 0, count: 1024) }
    if fields.count > 128 { fields = [Field](repeating: Field(), count: 32) }
  }

  /// Becomes a copy of the other head.
  public mutating func copy(from other: borrowing MessageHead) {
    storage = other.storage
    length = other.length
    fields = other.fields
    count = other.count
    knownBits = other.knownBits
    kind = other.kind
    methodSlice = other.methodSlice
    targetSlice = other.targetSlice
    pathSlice = other.pathSlice
    querySlice = other.querySlice
    authoritySlice = other.authoritySlice
    reasonSlice = other.reasonSlice
    receivedMethod = other.receivedMethod
    receivedTarget = other.receivedTarget
    receivedAuthority = other.receivedAuthority
    methodKind = other.methodKind
    status = other.status
    minorVersion = other.minorVersion
    contentLength = other.contentLength
    isChunked = other.isChunked
    keepsAlive = other.keepsAlive
    expectsContinue = other.expectsContinue
    asksUpgrade = other.asksUpgrade
  }

  /// Makes room for `extra` bytes behind the used part.
  mutating func reserve(_ extra: Int) throws(WireError) {
    let needed = length &+ extra
    if needed <= storage.count { return }
    if needed > Self.storageLimit { throw WireError(.editTooLarge) }
    var size = storage.count
    while size < needed { size *= 2 }
    storage.append(contentsOf: repeatElement(0, count: size - storage.count))
  }

  /// Copies bytes behind the used part; there must be room.
  @inline(__always)
  mutating func push(_ source: RawSpan) {
    let n = source.byteCount
    let at = length
    precondition(n <= storage.count &- at)
    storage.withUnsafeMutableBytes { room in
      source.withUnsafeBytes { bytes in
        if n > 0 { UnsafeMutableRawBufferPointer(rebasing: room[at..<(at &+ n)]).copyMemory(from: bytes) }
      }
    }
    length = at &+ n
  }

  @inline(__always)
  mutating func push(_ byte: UInt8) {
    storage[length] = byte
    length &+= 1
  }

  func string(_ slice: Slice) -> String {
    String(decoding: storage[slice.start..<slice.end], as: UTF8.self)
  }

  /// Appends the text to the storage.
  mutating func pushed(_ text: String) throws(WireError) -> Slice {
    let n = text.utf8.count
    try reserve(n)
    let start = length
    for byte in text.utf8 { push(byte) }
    return Slice(start: start, end: length)
  }
}
