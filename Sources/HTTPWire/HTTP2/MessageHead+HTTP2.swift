/// Puts the fields of an HTTP/2 header block together to a request's head, as if it had come over HTTP/1.1.
struct RequestAssembly {
  /// Why the request cannot be served: it is malformed, or its fields are too many or too large.
  enum Problem: Sendable { case malformed, tooLarge }

  private(set) var problem: Problem?
  private var hasMethod = false
  private var hasScheme = false
  private var hasPath = false
  private var authority: MessageHead.Slice?
  private var hasFields = false
  private var bytes = 0
  private var cookies: [UInt8] = []
  private let limits: HeadLimits

  init(_ head: inout MessageHead, limits: HeadLimits) {
    self.limits = limits
    head.reset()
    head.kind = .request
    head.minorVersion = 1
  }

  /// Takes one field; those behind a problem are ignored.
  mutating func take(_ name: Span<UInt8>, _ value: Span<UInt8>, into head: inout MessageHead) {
    guard problem == nil else { return }
    bytes += name.count + value.count + 32
    guard bytes <= limits.headBytes, head.count < limits.headerCount else { return problem = .tooLarge }
    guard name.count > 0, Self.isValue(value) else { return problem = .malformed }
    do {
      if name[0] == Octet.colon {
        try takePseudo(name, value, into: &head)
      } else {
        try takeField(name, value, into: &head)
      }
    } catch {
      problem = error.code == .targetTooLong || error.code == .editTooLarge ? .tooLarge : .malformed
    }
  }

  private mutating func takePseudo(_ name: Span<UInt8>, _ value: Span<UInt8>, into head: inout MessageHead)
    throws(WireError)
  {
    guard !hasFields else { throw WireError(.headerName) }
    try head.reserve(value.count)
    let start = head.length
    head.push(value.bytes)
    let slice = MessageHead.Slice(start: start, end: head.length)
    if name.isEqual(":method"), !hasMethod, (1...32).contains(value.count) {
      for i in value.indices where !Octet.isToken(value[i]) { throw WireError(.method) }
      hasMethod = true
      head.methodSlice = slice
      head.methodKind = Method.recognise(value, 0, value.count)
    } else if name.isEqual(":path"), !hasPath, value.count > 0 {
      if value.count > limits.targetBytes { throw WireError(.targetTooLong) }
      for i in value.indices where value[i] <= 0x20 || value[i] >= 0x7f { throw WireError(.target) }
      hasPath = true
      head.targetSlice = slice
    } else if name.isEqual(":authority"), authority == nil {
      for i in value.indices where value[i] <= 0x20 || value[i] == 0x40 { throw WireError(.host) }
      authority = slice
    } else if name.isEqual(":scheme"), !hasScheme, value.isEqual("https") || value.isEqual("http") {
      hasScheme = true
    } else {
      throw WireError(.headerName)
    }
  }

  private mutating func takeField(_ name: Span<UInt8>, _ value: Span<UInt8>, into head: inout MessageHead)
    throws(WireError)
  {
    hasFields = true
    for i in name.indices where !Octet.isToken(name[i]) || name[i] &- 0x41 < 26 { throw WireError(.headerName) }
    if name.isEqual("cookie") {
      // One line, whatever number of pieces it came in (RFC 9113, section 8.2.3).
      if !cookies.isEmpty { cookies += [0x3b, 0x20] }
      for i in value.indices { cookies.append(value[i]) }
      return
    }
    let known = KnownHeader.recognise(name, 0, name.count)
    switch known {
    case .connection, .keepAlive, .proxyConnection, .transferEncoding, .upgrade: throw WireError(.headerName)
    case .te: if !value.isEqual("trailers") { throw WireError(.headerValue) }
    case .contentLength:
      guard head.contentLength == nil, let length = MessageHead.decimal(value, 0, value.count) else {
        throw WireError(.contentLength)
      }
      head.contentLength = length
    case .host:
      if head.knownBits & KnownHeader.host.bit != 0 { throw WireError(.host) }
    case .expect: head.expectsContinue = value.count == 12 && value.equalsIgnoringCase(at: 0, "100-continue")
    default: break
    }
    try head.appendLine(name, value, known)
  }

  /// The request is whole.
  /// - Parameter ends: whether it has no body.
  mutating func finish(_ head: inout MessageHead, ends: Bool) {
    if problem == nil { problem = complete(&head, ends: ends) }
  }

  private mutating func complete(_ head: inout MessageHead, ends: Bool) -> Problem? {
    guard hasMethod, hasScheme, hasPath, head.methodKind != .connect else { return .malformed }
    if ends, head.contentLength ?? 0 > 0 { return .malformed }
    do {
      if !cookies.isEmpty { try head.appendLine(Self.cookie.span, cookies.span, .other) }
      if let authority {
        let i = head.indexOfField(.host)
        if i < 0 {
          let text = head.bytes(authority)
          try head.appendLine(Self.host.span, text.span, .host)
        } else if head.bytes(head.valueSlice(i)) != head.bytes(authority) {
          return .malformed
        }
      }
    } catch { return .tooLarge }
    let line = head.indexOfField(.host)
    guard line >= 0 else { return .malformed }
    head.receivedAuthority = head.valueSlice(line)
    let target = head.targetSlice
    if head.storage[target.start] == Octet.slash {
      var i = target.start
      while i < target.end, head.storage[i] != Octet.question { i &+= 1 }
      head.pathSlice = MessageHead.Slice(start: target.start, end: i)
      head.querySlice = i < target.end ? MessageHead.Slice(start: i &+ 1, end: target.end) : nil
    } else if target.count == 1, head.storage[target.start] == 0x2a, head.methodKind == .options {
      head.pathSlice = target
    } else {
      return .malformed
    }
    head.receivedMethod = head.methodSlice
    head.receivedTarget = target
    return nil
  }

  private static let cookie = Array("cookie".utf8)
  private static let host = Array("host".utf8)

  /// No control characters, and no space around (RFC 9113, section 8.2.1).
  private static func isValue(_ value: Span<UInt8>) -> Bool {
    if value.count == 0 { return true }
    for i in [0, value.count - 1] where value[i] == Octet.space || value[i] == Octet.tab { return false }
    for i in value.indices where !Octet.isValue(value[i]) { return false }
    return true
  }
}

extension MessageHead {
  /// Adds a received field, as a line of HTTP/1.1.
  mutating func appendLine(_ name: Span<UInt8>, _ value: Span<UInt8>, _ known: KnownHeader) throws(WireError) {
    try reserve(name.count &+ value.count &+ 4)
    var field = Field()
    field.start = UInt32(length)
    push(name.bytes)
    push(Octet.colon)
    push(Octet.space)
    field.valueStart = UInt32(length)
    push(value.bytes)
    field.valueEnd = UInt32(length)
    push(Octet.carriageReturn)
    push(Octet.lineFeed)
    field.lineEnd = UInt32(length)
    field.nameLength = UInt16(truncatingIfNeeded: name.count)
    field.known = known
    knownBits |= known.bit
    if count == fields.count { fields.append(contentsOf: repeatElement(Field(), count: count)) }
    fields[count] = field
    count &+= 1
  }

  func bytes(_ slice: Slice) -> [UInt8] { Array(storage[slice.start..<slice.end]) }

  /// The fields of a response as they go over HTTP/2: names in lower case, nothing that is about one connection.
  /// - Parameter length: the body's length where it is declared anew; nil leaves what was received.
  func forEachFieldOfResponse(length: Int?, _ tell: (_ name: Span<UInt8>, _ value: Span<UInt8>) -> Void) {
    var lower: [UInt8] = []
    for i in 0..<count {
      switch fields[i].known {
      case .connection, .keepAlive, .proxyConnection, .transferEncoding, .upgrade, .te, .trailer: continue
      case .contentLength where length != nil: continue
      default: break
      }
      let name = nameSlice(i)
      let value = valueSlice(i)
      lower.removeAll(keepingCapacity: true)
      for k in name.start..<name.end { lower.append(Octet.lowercased(storage[k])) }
      tell(lower.span, storage.span.extracting(value.start..<value.end))
    }
    if let length {
      let text = Array(String(length).utf8)
      tell(Self.contentLengthName.span, text.span)
    }
  }

  private static let contentLengthName = Array("content-length".utf8)
}

extension Span<UInt8> {
  /// Whether these are the bytes of the text.
  func isEqual(_ text: StaticString) -> Bool {
    guard count == text.utf8CodeUnitCount else { return false }
    for i in indices where self[i] != text.utf8Start[i] { return false }
    return true
  }
}
