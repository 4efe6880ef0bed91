/// The lines of a head or of trailers, on their way into a table (RFC 9112 §5).
struct FieldLines {
  /// Where the next line begins.
  private(set) var next: Int
  private(set) var count = 0
  private(set) var knownBits: UInt64 = 0
  private(set) var contentLength: Int?
  private(set) var isChunked = false

  enum Outcome {
    /// The empty line was read: the lines are complete.
    case end
    /// The table has no place for a further line.
    case full
    case incomplete
    case refused(WireError)
  }

  init(from start: Int) { next = start }

  /// Reads on, each line into its place of the table. The lines read so far stay read.
  mutating func read(
    _ p: Span<UInt8>, _ limits: HeadLimits, into table: inout MutableSpan<MessageHead.Field>
  ) -> Outcome {
    let n = p.count
    var i = next
    var found = count
    var bits = knownBits
    defer { (next, count, knownBits) = (i, found, bits) }
    while true {
      let nameStart = i
      if nameStart &+ 2 > n { return .incomplete }
      if p[nameStart] == Octet.carriageReturn {
        if p[nameStart &+ 1] != Octet.lineFeed { return .refused(WireError(.lineEnding, offset: nameStart)) }
        i &+= 2
        return .end
      }
      if found == table.count { return .full }
      let nameEnd = p.tokenEnd(from: nameStart)
      if nameEnd == n { return .incomplete }
      if p[nameEnd] != Octet.colon || nameEnd == nameStart {
        let folded = nameEnd == nameStart && Octet.isBlank(p[nameEnd])
        return .refused(WireError(folded ? .foldedLine : .headerName, offset: nameEnd))
      }
      let nameLength = nameEnd &- nameStart
      if nameLength > MessageHead.nameBound { return .refused(WireError(.headerName, offset: nameEnd)) }
      var valueStart = nameEnd &+ 1
      while valueStart < n, Octet.isBlank(p[valueStart]) { valueStart &+= 1 }
      let lineEnd = p.valueEnd(from: valueStart)
      if lineEnd &+ 1 >= n { return lineEnd < n ? ending(p[lineEnd], lineEnd) : .incomplete }
      if p[lineEnd] != Octet.carriageReturn { return ending(p[lineEnd], lineEnd) }
      if p[lineEnd &+ 1] != Octet.lineFeed { return .refused(WireError(.lineEnding, offset: lineEnd)) }
      var valueEnd = lineEnd
      while valueEnd > valueStart, Octet.isBlank(p[valueEnd &- 1]) { valueEnd &-= 1 }
      if found == limits.headerCount { return .refused(WireError(.tooManyHeaders, offset: nameStart)) }
      let known = KnownHeader.recognise(p, nameStart, nameLength)
      table[found] = MessageHead.Field(
        start: nameStart, nameLength: nameLength, valueStart: valueStart, valueEnd: valueEnd, lineEnd: lineEnd &+ 2,
        known)
      if known == .contentLength || known == .transferEncoding {
        if let error = frame(p, known, nameStart, valueStart, valueEnd) { return .refused(error) }
      }
      bits |= known.bit
      found &+= 1
      i = lineEnd &+ 2
    }
  }

  /// What a value ends with that is no line's end, or may become one.
  private func ending(_ byte: UInt8, _ offset: Int) -> Outcome {
    switch byte {
    case Octet.carriageReturn: .incomplete
    case Octet.lineFeed: .refused(WireError(.lineEnding, offset: offset))
    default: .refused(WireError(.headerValue, offset: offset))
    }
  }

  /// Notes what a line says of the body's framing.
  private mutating func frame(
    _ p: Span<UInt8>, _ known: KnownHeader, _ nameStart: Int, _ valueStart: Int, _ valueEnd: Int
  ) -> WireError? {
    if known == .contentLength {
      guard contentLength == nil else { return WireError(.contentLength, offset: nameStart) }
      guard let value = MessageHead.decimal(p, valueStart, valueEnd) else {
        return WireError(.contentLength, offset: valueStart)
      }
      contentLength = value
    } else {
      // A second line, a list or another coding would let a backend frame the body in another way than we do.
      guard !isChunked, valueEnd &- valueStart == 7, p.equalsIgnoringCase(at: valueStart, "chunked") else {
        return WireError(.transferEncoding, offset: valueStart)
      }
      isChunked = true
    }
    return nil
  }
}
