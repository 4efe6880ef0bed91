extension MessageHead {
  /// Reads a request head from the start of `input`. Nothing is kept unless the outcome is `.complete`.
  ///
  /// Strict, so that no two servers can read one message two ways: lines end in CR LF and nothing else, no folded lines,
  /// no space before the colon, one Content-Length at most and never beside Transfer-Encoding, whose only value may be
  /// "chunked", exactly one Host for HTTP/1.1 (RFC 9112 §2.2, §3.2, §5, §6.1, §6.3).
  public mutating func parseRequest(_ input: Span<UInt8>, limits: HeadLimits) -> HeadOutcome {
    reset()
    kind = .request
    let n = input.count
    var i = 0
    i = input.tokenEnd(from: 0)
    if i > 32 { return .refused(WireError(.method, offset: i)) }
    if i == n { return .incomplete }
    if i == 0 || input[i] != Octet.space { return .refused(WireError(.method, offset: i)) }
    let methodEnd = i
    i &+= 1
    let targetStart = i
    var high: UInt64 = 0
    scan: while true {
      if i &+ 8 <= n {
        let word = input.bytes.unsafeLoadUnaligned(fromByteOffset: i, as: UInt64.self)
        let found = Swar.controls(word, below: 0x2121_2121_2121_2121)
        if found == 0 {
          high |= word
          i &+= 8
          continue
        }
        let step = found.trailingZeroBitCount &>> 3
        for k in 0..<step { high |= UInt64(input[i &+ k]) }
        i &+= step
        break scan
      }
      while i < n {
        let c = input[i]
        if c <= 0x20 || c == 0x7f { break scan }
        high |= UInt64(c)
        i &+= 1
      }
      if i &- targetStart > limits.targetBytes { return .refused(WireError(.targetTooLong, offset: i)) }
      return n > limits.headBytes ? .refused(WireError(.headTooLarge)) : .incomplete
    }
    let targetEnd = i
    if targetEnd &- targetStart > limits.targetBytes { return .refused(WireError(.targetTooLong, offset: i)) }
    if input[i] != Octet.space || i == targetStart { return .refused(WireError(.target, offset: i)) }
    if high & Swar.topBits != 0 { return .refused(WireError(.target, offset: targetStart)) }
    i &+= 1
    if i &+ 10 > n { return .incomplete }
    // "HTTP/1." as one 64-bit load, the minor digit masked off.
    let word = input.bytes.unsafeLoadUnaligned(fromByteOffset: i, as: UInt64.self)
    if word & 0x00ff_ffff_ffff_ffff != 0x002e_312f_5054_5448 { return .refused(WireError(.version, offset: i)) }
    let minor = input[i &+ 7]
    if minor != 0x31 && minor != 0x30 { return .refused(WireError(.version, offset: i)) }
    if input[i &+ 8] != Octet.carriageReturn || input[i &+ 9] != Octet.lineFeed {
      return .refused(WireError(.lineEnding, offset: i &+ 8))
    }
    minorVersion = minor == 0x31 ? 1 : 0
    keepsAlive = minor == 0x31
    let outcome = parseFields(input, from: i &+ 10, limits: limits)
    guard case .complete(let end) = outcome else { return outcome }

    methodKind = Method.recognise(input, 0, methodEnd)
    methodSlice = Slice(start: 0, end: methodEnd)
    targetSlice = Slice(start: targetStart, end: targetEnd)
    if let error = splitTarget() { return .refused(error) }
    if knownBits & KnownHeader.host.bit == 0 {
      if minorVersion == 1 { return .refused(WireError(.host)) }
    } else {
      let line = indexOfField(.host)
      if indexOfField(.host, from: line &+ 1) >= 0 { return .refused(WireError(.host)) }
      receivedAuthority = valueSlice(line)
      if !isHost(receivedAuthority) { return .refused(WireError(.host)) }
    }
    if let authority = authoritySlice { receivedAuthority = authority }
    receivedMethod = methodSlice
    receivedTarget = targetSlice
    if isChunked, minorVersion == 0 { return .refused(WireError(.transferEncoding)) }
    expectsContinue = knownBits & KnownHeader.expect.bit != 0 && minorVersion == 1 && expectationIsContinue()
    asksUpgrade = asksUpgrade && knownBits & KnownHeader.upgrade.bit != 0
    return .complete(bytes: end)
  }

  /// Reads a response head from the start of `input`. Nothing is kept unless the outcome is `.complete`.
  public mutating func parseResponse(_ input: Span<UInt8>, limits: HeadLimits) -> HeadOutcome {
    reset()
    kind = .response
    let n = input.count
    if n < 15 { return .incomplete }
    let word = input.bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self)
    if word & 0x00ff_ffff_ffff_ffff != 0x002e_312f_5054_5448 { return .refused(WireError(.version)) }
    let minor = input[7]
    if minor != 0x31 && minor != 0x30 { return .refused(WireError(.version)) }
    let a = Int(input[9]) &- 48
    let b = Int(input[10]) &- 48
    let c = Int(input[11]) &- 48
    if input[8] != Octet.space || a < 1 || a > 9 || b < 0 || b > 9 || c < 0 || c > 9 {
      return .refused(WireError(.startLine, offset: 8))
    }
    var i = 12
    // The space before an empty reason is missing in the answers of some servers.
    if input[i] == Octet.space {
      i &+= 1
    } else if input[i] != Octet.carriageReturn {
      return .refused(WireError(.startLine, offset: i))
    }
    let reasonStart = i
    i = input.valueEnd(from: i)
    if i &+ 2 > n { return n > limits.headBytes ? .refused(WireError(.headTooLarge)) : .incomplete }
    if input[i] != Octet.carriageReturn || input[i &+ 1] != Octet.lineFeed {
      return .refused(WireError(.lineEnding, offset: i))
    }
    minorVersion = minor == 0x31 ? 1 : 0
    keepsAlive = minor == 0x31
    let reasonEnd = i
    let outcome = parseFields(input, from: i &+ 2, limits: limits)
    guard case .complete = outcome else { return outcome }
    status = a &* 100 &+ b &* 10 &+ c
    reasonSlice = Slice(start: reasonStart, end: reasonEnd)
    asksUpgrade = asksUpgrade && knownBits & KnownHeader.upgrade.bit != 0
    return outcome
  }

  /// Reads trailer fields, without start line, up to and including the empty line.
  public mutating func parseTrailers(_ input: Span<UInt8>, limits: HeadLimits) -> HeadOutcome {
    reset()
    return parseFields(input, from: 0, limits: limits)
  }

  private mutating func parseFields(_ input: Span<UInt8>, from start: Int, limits: HeadLimits) -> HeadOutcome {
    let n = input.count
    if n > limits.headBytes {
      // The bound is on the head, which may be followed by a body: look no further than it allows.
      let outcome = parseFieldLines(input.extracting(0..<limits.headBytes), from: min(start, limits.headBytes), limits)
      return outcome == .incomplete ? .refused(WireError(.headTooLarge, offset: limits.headBytes)) : outcome
    }
    return parseFieldLines(input, from: start, limits)
  }

  private mutating func parseFieldLines(_ p: Span<UInt8>, from start: Int, _ limits: HeadLimits) -> HeadOutcome {
    var lines = FieldLines(from: start)
    reading: while true {
      var table = fields.mutableSpan
      switch lines.read(p, limits, into: &table) {
      case .end: break reading
      case .full: fields.append(contentsOf: repeatElement(Field(), count: fields.count))
      case .incomplete: return .incomplete
      case .refused(let error): return .refused(error)
      }
    }
    if lines.isChunked, lines.contentLength != nil { return .refused(WireError(.lengthConflict)) }
    count = lines.count
    knownBits = lines.knownBits
    contentLength = lines.contentLength
    isChunked = lines.isChunked
    if knownBits & KnownHeader.connection.bit != 0 {
      for k in 0..<count where fields[k].known == .connection {
        readConnectionOptions(p, Int(fields[k].valueStart), Int(fields[k].valueEnd))
      }
    }
    let i = lines.next
    if storage.count < i {
      var size = storage.count
      while size < i &+ 256 { size *= 2 }
      storage = [UInt8](repeating: 0, count: size)
    }
    self.length = 0
    push(p.extracting(0..<i).bytes)
    return .complete(bytes: i)
  }

  /// Bytes of a field's name.
  static let nameBound = 1024

  /// Whether a byte may stand in a host with its port, as far as others would take it for the end of one.
  static func isHostByte(_ byte: UInt8) -> Bool { byte > 0x20 && byte != 0x7f && byte != Octet.slash && byte != 0x40 }

  /// Whether nothing in the Host field ends a host for others: a space, a slash, user information (RFC 9112 §3.2).
  private func isHost(_ slice: Slice) -> Bool {
    let bytes = storage.span.extracting(slice.start..<slice.end)
    guard bytes.count >= 8 else {
      for i in bytes.indices where !Self.isHostByte(bytes[i]) { return false }
      return true
    }
    var i = 0
    while true {
      let word = bytes.bytes.unsafeLoadUnaligned(fromByteOffset: i, as: UInt64.self)
      if Swar.controls(word, below: 0x2121_2121_2121_2121) != 0 || Swar.holds(word, 0x2f) || Swar.holds(word, 0x40) {
        return false
      }
      if i &+ 8 == bytes.count { return true }
      // The last eight bytes may lie over those before.
      i = min(i &+ 8, bytes.count &- 8)
    }
  }

  /// A decimal of 1 to 18 digits.
  static func decimal(_ p: Span<UInt8>, _ start: Int, _ end: Int) -> Int? {
    guard end > start, end &- start <= 18 else { return nil }
    var number = 0
    for k in start..<end {
      let digit = Int(p[k]) &- 48
      if digit < 0 || digit > 9 { return nil }
      number = number &* 10 &+ digit
    }
    return number
  }

  private mutating func readConnectionOptions(_ p: Span<UInt8>, _ start: Int, _ end: Int) {
    var i = start
    while i < end {
      while i < end, Octet.isBlank(p[i]) || p[i] == Octet.comma { i &+= 1 }
      let from = i
      while i < end, p[i] != Octet.comma { i &+= 1 }
      var to = i
      while to > from, Octet.isBlank(p[to &- 1]) { to &-= 1 }
      switch to &- from {
      case 5: if p.equalsIgnoringCase(at: from, "close") { keepsAlive = false }
      case 7: if p.equalsIgnoringCase(at: from, "upgrade") { asksUpgrade = true }
      case 10: if minorVersion == 0, p.equalsIgnoringCase(at: from, "keep-alive") { keepsAlive = true }
      default: break
      }
    }
  }

  private func expectationIsContinue() -> Bool {
    withFirstValue(of: .expect) { $0.count == 12 && $0.equalsIgnoringCase(at: 0, "100-continue") } ?? false
  }

  /// Finds authority, path and query in the target: origin form, absolute form or "*" (RFC 9112 §3.2).
  private mutating func splitTarget() -> WireError? {
    let end = targetSlice.end
    var i = targetSlice.start
    if storage[i] != Octet.slash {
      if end &- i == 1, storage[i] == 0x2a {
        pathSlice = targetSlice
        return methodKind == .options ? nil : WireError(.target, offset: i)
      }
      if methodKind == .connect { return WireError(.unsupportedMethod) }
      let from = i &+ schemeLength(at: i, end: end)
      if from == i { return WireError(.target, offset: i) }
      i = from
      while i < end, storage[i] != Octet.slash, storage[i] != Octet.question {
        if storage[i] == 0x40 { return WireError(.target, offset: i) }  // user information has no place in a request
        i &+= 1
      }
      if i == from { return WireError(.target, offset: i) }
      authoritySlice = Slice(start: from, end: i)
      if i == end || storage[i] == Octet.question { return pathlessTarget(from: i) }
    }
    let pathStart = i
    while i < end, storage[i] != Octet.question { i &+= 1 }
    pathSlice = Slice(start: pathStart, end: i)
    if i < end { querySlice = Slice(start: i &+ 1, end: end) }
    if authoritySlice != nil { targetSlice = Slice(start: pathStart, end: end) }
    return nil
  }

  /// Length of "http://" or "https://" at the offset, else 0.
  private func schemeLength(at i: Int, end: Int) -> Int {
    let p = storage.span
    if end &- i > 7, p.equalsIgnoringCase(at: i, "http://") { return 7 }
    if end &- i > 8, p.equalsIgnoringCase(at: i, "https://") { return 8 }
    return 0
  }

  /// "http://host?query" has the path "/" without saying so; written out it needs one.
  private mutating func pathlessTarget(from i: Int) -> WireError? {
    let query = i < targetSlice.end ? Slice(start: i &+ 1, end: targetSlice.end) : nil
    do { try reserve(2 &+ (query?.count ?? 0)) } catch { return error }
    let start = length
    push(Octet.slash)
    pathSlice = Slice(start: start, end: length)
    if let query {
      push(Octet.question)
      let at = length
      pushOwn(query)
      querySlice = Slice(start: at, end: length)
    }
    targetSlice = Slice(start: start, end: length)
    return nil
  }
}
