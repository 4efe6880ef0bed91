/// How the body behind a written head is framed.
public enum BodyDeclaration: Sendable, Hashable {
  /// As the received head said: its Content-Length or Transfer-Encoding lines stay.
  case asReceived
  /// Content-Length with this number of bytes.
  case length(Int)
  case chunked
  /// Neither line: no body, or one that ends with the connection.
  case none
}

/// What a proxy changes in a head when it passes it on.
public struct HeadRewrite: Sendable {
  /// For the Host line of a request that carries none set by the program; empty leaves the received one.
  public var host: [UInt8]
  /// Appended to X-Forwarded-For; empty leaves that field as it is.
  public var forwardedFor: [UInt8]
  public var body: BodyDeclaration
  /// Writes "Connection: close".
  public var closes: Bool
  /// Writes "Connection: keep-alive", for a client that speaks HTTP/1.0.
  public var announcesKeepAlive: Bool
  /// Passes a protocol upgrade on: keeps Upgrade and writes "Connection: Upgrade".
  public var upgrades: Bool
  /// Whether Expect goes on to the backend.
  public var keepsExpect: Bool

  public init(
    host: [UInt8] = [], forwardedFor: [UInt8] = [], body: BodyDeclaration = .asReceived, closes: Bool = false,
    announcesKeepAlive: Bool = false, upgrades: Bool = false, keepsExpect: Bool = false
  ) {
    self.host = host
    self.forwardedFor = forwardedFor
    self.body = body
    self.closes = closes
    self.announcesKeepAlive = announcesKeepAlive
    self.upgrades = upgrades
    self.keepsExpect = keepsExpect
  }
}

extension MessageHead {
  /// Room that `write` needs at most.
  public func writtenBound(_ rewrite: borrowing HeadRewrite) -> Int {
    length &+ 256 &+ rewrite.host.count &+ rewrite.forwardedFor.count &+ lineBytes()
  }

  /// Bytes of all field lines: edits may repeat received bytes, so `length` alone is no bound.
  private func lineBytes() -> Int {
    var sum = 0
    for i in 0..<count { sum &+= Int(fields[i].lineEnd &- fields[i].start) }
    return sum
  }

  /// Writes the head with its empty line. Hop-by-hop fields are left out (RFC 9110 §7.6.1: Connection and what it names,
  /// Keep-Alive, Proxy-Connection, TE, Trailer stays for a chunked body, Upgrade), Host and X-Forwarded-For are
  /// rewritten, the body is declared anew if asked. There must be `writtenBound` bytes of room.
  public func write(_ rewrite: borrowing HeadRewrite, into out: inout OutputRawSpan) {
    writeStartLine(into: &out)
    let bytes = storage.span
    let table = fields.span
    var dropped: UInt64 = Self.hopByHop
    if !rewrite.upgrades { dropped |= KnownHeader.upgrade.bit }
    if !rewrite.keepsExpect { dropped |= KnownHeader.expect.bit }
    if rewrite.body != .asReceived {
      dropped |= KnownHeader.contentLength.bit | KnownHeader.transferEncoding.bit
    }
    var droppedUnlessEdited: UInt64 = 0
    if kind == .request, rewrite.host.count > 0 {
      let own = indexOfField(.host)
      if own < 0 || !table[own].edited {
        droppedUnlessEdited = KnownHeader.host.bit
        out.append(copying: "Host: ")
        out.append(copying: rewrite.host.span.bytes)
        out.append(copying: "\r\n")
      }
    }
    if rewrite.forwardedFor.count > 0 {
      dropped |= KnownHeader.forwardedFor.bit
      writeForwardedFor(rewrite.forwardedFor.span, into: &out)
    }
    let named = knownBits & KnownHeader.connection.bit != 0 && connectionNamesFields()
    // Lines that lie behind one another are copied as one run.
    var from = 0
    var upTo = 0
    let drops = dropped | droppedUnlessEdited
    if knownBits & drops == 0 && !named {
      for i in 0..<count {
        let start = Int(table[i].start)
        if start != upTo {
          if upTo > from { out.append(copying: bytes.extracting(from..<upTo).bytes) }
          from = start
        }
        upTo = Int(table[i].lineEnd)
      }
    } else {
      for i in 0..<count {
        let field = table[i]
        let bit = field.known.bit
        if dropped & bit != 0 || (droppedUnlessEdited & bit != 0 && !field.edited) { continue }
        if named, field.known == .other, isNamedByConnection(i) { continue }
        let start = Int(field.start)
        if start != upTo {
          if upTo > from { out.append(copying: bytes.extracting(from..<upTo).bytes) }
          from = start
        }
        upTo = Int(field.lineEnd)
      }
    }
    if upTo > from { out.append(copying: bytes.extracting(from..<upTo).bytes) }
    switch rewrite.body {
    case .asReceived, .none: break
    case .length(let n):
      out.append(copying: "Content-Length: ")
      out.append(decimal: n)
      out.append(copying: "\r\n")
    case .chunked: out.append(copying: "Transfer-Encoding: chunked\r\n")
    }
    if rewrite.upgrades {
      out.append(copying: "Connection: Upgrade\r\n")
    } else if rewrite.closes {
      out.append(copying: "Connection: close\r\n")
    } else if rewrite.announcesKeepAlive {
      out.append(copying: "Connection: keep-alive\r\n")
    }
    out.append(copying: "\r\n")
  }

  /// The head as bytes; for tests, traces and anything off the hot path.
  public func serialised(_ rewrite: HeadRewrite = HeadRewrite()) -> [UInt8] {
    let bound = writtenBound(rewrite)
    return [UInt8](unsafeUninitializedCapacity: bound) { room, used in
      var out = OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(room), initializedCount: 0)
      write(rewrite, into: &out)
      used = out.finalize(for: UnsafeMutableRawBufferPointer(room))
    }
  }

  // Keep-Alive, TE, Connection and Proxy-Connection. "other" must never be here.
  private static var hopByHop: UInt64 {
    KnownHeader.connection.bit | KnownHeader.keepAlive.bit | KnownHeader.te.bit | KnownHeader.proxyConnection.bit
  }

  private func writeStartLine(into out: inout OutputRawSpan) {
    let bytes = storage.span
    if kind == .request {
      if methodSlice.end &+ 1 == targetSlice.start, bytes[methodSlice.end] == Octet.space {
        out.append(copying: bytes.extracting(methodSlice.start..<targetSlice.end).bytes)
      } else {
        out.append(copying: bytes.extracting(methodSlice.start..<methodSlice.end).bytes)
        out.append(Octet.space)
        out.append(copying: bytes.extracting(targetSlice.start..<targetSlice.end).bytes)
      }
      out.append(copying: " HTTP/1.1\r\n")
      return
    }
    out.append(copying: "HTTP/1.1 ")
    let code = status
    out.append(UInt8(truncatingIfNeeded: 48 &+ code / 100))
    out.append(UInt8(truncatingIfNeeded: 48 &+ code / 10 % 10))
    out.append(UInt8(truncatingIfNeeded: 48 &+ code % 10))
    out.append(Octet.space)
    out.append(copying: bytes.extracting(reasonSlice.start..<reasonSlice.end).bytes)
    out.append(copying: "\r\n")
  }

  private func writeForwardedFor(_ peer: Span<UInt8>, into out: inout OutputRawSpan) {
    out.append(copying: "X-Forwarded-For: ")
    var i = indexOfField(.forwardedFor)
    while i >= 0 {
      let field = fields[i]
      if field.valueEnd > field.valueStart {
        out.append(copying: storage.span.extracting(Int(field.valueStart)..<Int(field.valueEnd)).bytes)
        out.append(copying: ", ")
      }
      i = indexOfField(.forwardedFor, from: i &+ 1)
    }
    out.append(copying: peer.bytes)
    out.append(copying: "\r\n")
  }

  // MARK: Fields named by Connection

  /// Whether Connection names anything besides "close" and "keep-alive".
  func connectionNamesFields() -> Bool {
    var i = indexOfField(.connection)
    while i >= 0 {
      let value = valueSlice(i)
      let p = storage.span
      switch value.count {
      case 5 where p.equalsIgnoringCase(at: value.start, "close"): break
      case 10 where p.equalsIgnoringCase(at: value.start, "keep-alive"): break
      case 7 where p.equalsIgnoringCase(at: value.start, "upgrade"): break
      case 0: break
      default: return true
      }
      i = indexOfField(.connection, from: i &+ 1)
    }
    return false
  }

  func isNamedByConnection(_ field: Int) -> Bool {
    // A field set by the program is end to end, whatever the peer's Connection said.
    if fields[field].edited { return false }
    let name = nameSlice(field)
    let p = storage.span
    var line = indexOfField(.connection)
    while line >= 0 {
      let value = valueSlice(line)
      var i = value.start
      while i < value.end {
        while i < value.end, p[i] == Octet.space || p[i] == Octet.tab || p[i] == Octet.comma { i &+= 1 }
        let from = i
        while i < value.end, p[i] != Octet.comma, p[i] != Octet.space, p[i] != Octet.tab { i &+= 1 }
        if i &- from == name.count, i > from {
          var same = true
          for k in 0..<name.count where Octet.lowercased(p[from &+ k]) != Octet.lowercased(p[name.start &+ k]) {
            same = false
            break
          }
          if same { return true }
        }
      }
      line = indexOfField(.connection, from: line &+ 1)
    }
    return false
  }
}

extension OutputRawSpan {
  /// Appends a number that is not negative, in decimal.
  @_lifetime(self: copy self)
  mutating func append(decimal number: Int) {
    var divisor = 1
    while number / divisor >= 10 { divisor &*= 10 }
    while divisor > 0 {
      append(UInt8(truncatingIfNeeded: 48 &+ number / divisor % 10))
      divisor /= 10
    }
  }
}
