/// Puts the fields of an HTTP/2 header block together to a message's head, as if it had come over HTTP/1.1.
struct HeadAssembly {
  /// Why the message is of no use: it is malformed, or its fields are too many or too large.
  enum Problem: Sendable { case malformed, tooLarge }

  private(set) var problem: Problem?
  private var hasMethod = false
  private var hasScheme = false
  private var hasPath = false
  private var authority: MessageHead.Slice?
  private var hasFields = false
  private var bytes = 0
  private var cookies: [UInt8] = []
  private let kind: MessageHead.Kind
  private let limits: HeadLimits

  init(_ head: inout MessageHead, kind: MessageHead.Kind, limits: HeadLimits) {
    self.kind = kind
    self.limits = limits
    head.reset()
    head.kind = kind
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
    if kind == .response { return try takeStatus(name, value, into: &head) }
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
      for i in value.indices where !MessageHead.isHostByte(value[i]) { throw WireError(.host) }
      authority = slice
    } else if name.isEqual(":scheme"), !hasScheme, value.isEqual("https") || value.isEqual("http") {
      hasScheme = true
    } else {
      throw WireError(.headerName)
    }
  }

  private func takeStatus(_ name: Span<UInt8>, _ value: Span<UInt8>, into head: inout MessageHead) throws(WireError) {
    guard name.isEqual(":status"), head.status == 0, value.count == 3,
      let status = MessageHead.decimal(value, 0, value.count)
    else { throw WireError(.headerName) }
    try head.setStatus(status)
  }

  private mutating func takeField(_ name: Span<UInt8>, _ value: Span<UInt8>, into head: inout MessageHead)
    throws(WireError)
  {
    hasFields = true
    guard name.count <= MessageHead.nameBound, Self.isName(name) else { throw WireError(.headerName) }
    if kind == .request, name.isEqual("cookie") {
      // One line, whatever number of pieces it came in (RFC 9113, section 8.2.3).
      if !cookies.isEmpty { cookies += [0x3b, 0x20] }
      value.withUnsafeBufferPointer { cookies.append(contentsOf: $0) }
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

  /// The head is whole.
  /// - Parameter ends: whether it has no body, though it might.
  mutating func finish(_ head: inout MessageHead, ends: Bool) {
    if problem == nil { problem = complete(&head, ends: ends) }
  }

  private mutating func complete(_ head: inout MessageHead, ends: Bool) -> Problem? {
    if ends, head.contentLength ?? 0 > 0 { return .malformed }
    if kind == .response { return head.status == 0 ? .malformed : nil }
    guard hasMethod, hasScheme, hasPath, head.methodKind != .connect else { return .malformed }
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
    if Octet.isBlank(value[0]) || Octet.isBlank(value[value.count - 1]) { return false }
    return value.valueEnd(from: 0) == value.count
  }

  /// A token without capitals.
  private static func isName(_ name: Span<UInt8>) -> Bool {
    guard name.tokenEnd(from: 0) == name.count else { return false }
    for i in name.indices where name[i] &- 0x41 < 26 { return false }
    return true
  }
}
