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

  /// The fields as they go over HTTP/2: names in lower case, nothing that is about one connection, Host left to
  /// `:authority`. A request that takes trailers goes on saying so.
  /// - Parameter name: used for names in lower case.
  func forEachFieldOverHTTP2(
    _ rewrite: borrowing HeadRewrite, _ name: inout [UInt8],
    _ tell: (_ name: Span<UInt8>, _ value: Span<UInt8>) -> Void
  ) {
    var dropped = Self.connectionBound
    if kind == .request { dropped |= KnownHeader.host.bit }
    if !rewrite.keepsExpect { dropped |= KnownHeader.expect.bit }
    if rewrite.body != .asReceived { dropped |= KnownHeader.contentLength.bit }
    if rewrite.forwardedFor.count > 0 { dropped |= KnownHeader.forwardedFor.bit }
    let named = knownBits & KnownHeader.connection.bit != 0 && connectionNamesFields()
    for i in 0..<count where dropped & fields[i].known.bit == 0 {
      if named, fields[i].known == .other, isNamedByConnection(i) { continue }
      let slice = nameSlice(i)
      let value = valueSlice(i)
      name.removeAll(keepingCapacity: true)
      for k in slice.start..<slice.end { name.append(Octet.lowercased(storage[k])) }
      tell(name.span, storage.span.extracting(value.start..<value.end))
    }
    if case .length(let length) = rewrite.body {
      let (field, text) = (HeaderName.contentLength.lowercase, Array(String(length).utf8))
      tell(field.span, text.span)
    }
    if rewrite.forwardedFor.count > 0 {
      let (field, callers) = (HeaderName.forwardedFor.lowercase, forwardedFor(rewrite.forwardedFor))
      tell(field.span, callers.span)
    }
    if kind == .request, takesTrailers {
      let (field, trailers) = (HeaderName.te.lowercase, HeaderName.trailers.lowercase)
      tell(field.span, trailers.span)
    }
  }

  private static let connectionBound =
    KnownHeader.connection.bit | KnownHeader.keepAlive.bit | KnownHeader.proxyConnection.bit
    | KnownHeader.transferEncoding.bit | KnownHeader.upgrade.bit | KnownHeader.te.bit

  /// X-Forwarded-For with one more caller.
  private func forwardedFor(_ peer: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    var i = indexOfField(.forwardedFor)
    while i >= 0 {
      let value = valueSlice(i)
      if value.count > 0 { text += storage[value.start..<value.end] + [Octet.comma, Octet.space] }
      i = indexOfField(.forwardedFor, from: i &+ 1)
    }
    return text + peer
  }

  /// Whether whoever sent the request reads trailers: one of the members of TE.
  public var takesTrailers: Bool {
    guard knownBits & KnownHeader.te.bit != 0 else { return false }
    return values(of: HeaderName.te).contains { line in
      line.split(separator: ",").contains { member in
        member.drop { $0 == " " || $0 == "\t" }.prefix { $0 != ";" && $0 != " " }.lowercased() == "trailers"
      }
    }
  }

  /// Lends what HTTP/2 has in place of the request line and Host.
  func withPseudoFields(
    _ rewrite: borrowing HeadRewrite,
    _ body: (_ method: Span<UInt8>, _ authority: Span<UInt8>, _ path: Span<UInt8>) -> Void
  ) {
    let path = storage.span.extracting(targetSlice.start..<targetSlice.end)
    let own = indexOfField(.host)
    if rewrite.host.count > 0, own < 0 || !fields[own].edited {
      body(methodBytes, rewrite.host.span, path)
    } else {
      body(methodBytes, authorityBytes, path)
    }
  }
}

extension Span<UInt8> {
  /// Whether these are the bytes of the text.
  func isEqual(_ text: StaticString) -> Bool {
    guard count == text.utf8CodeUnitCount else { return false }
    for i in indices where self[i] != text.utf8Start[i] { return false }
    return true
  }

  func isEqual(_ bytes: [UInt8]) -> Bool {
    guard count == bytes.count else { return false }
    for i in indices where self[i] != bytes[i] { return false }
    return true
  }
}
