extension MessageHead {
  /// The request method, as written.
  public var method: String {
    switch methodKind {
    case .get: "GET"
    case .post: "POST"
    case .put: "PUT"
    case .delete: "DELETE"
    case .head: "HEAD"
    case .patch: "PATCH"
    case .options: "OPTIONS"
    case .trace, .connect, .other: string(methodSlice)
    }
  }

  /// Replaces the method. Refused unless it is a token of at most 32 bytes.
  public mutating func setMethod(_ name: String) throws(WireError) {
    guard !name.isEmpty, name.utf8.count <= 32, name.utf8.allSatisfy(Octet.isToken) else { throw WireError(.method) }
    methodSlice = try pushed(name)
    methodKind = Method.recognise(storage.span, methodSlice.start, methodSlice.count)
  }

  /// The request target as it stands: path, and query behind a question mark; "*" of `OPTIONS *`.
  public var target: String { string(targetSlice) }

  /// The path, percent-encoded as received; begins with a slash (or is "*").
  public var path: String { string(pathSlice) }

  /// The path with its first `count` bytes (at most all) replaced by others, made as one text.
  public func path(replacing count: Int, by prefix: [UInt8]) -> String {
    let rest = pathSpan().extracting(droppingFirst: min(count, pathSlice.count))
    return String(unsafeUninitializedCapacity: prefix.count + rest.count) { buffer in
      for index in prefix.indices { buffer[index] = prefix[index] }
      for index in rest.indices { buffer[prefix.count &+ index] = rest[index] }
      return prefix.count + rest.count
    }
  }

  /// Bytes of the path.
  public var pathLength: Int { pathSlice.count }

  /// The query without its question mark, percent-encoded as received; nil when there is no question mark.
  public var query: String? { querySlice.map { string($0) } }

  /// The path's bytes.
  public var pathBytes: Span<UInt8> {
    @_lifetime(borrow self) get { pathSpan() }
  }

  /// The query's bytes without the question mark; empty when there is none.
  public var queryBytes: Span<UInt8> {
    @_lifetime(borrow self) get { querySpan() }
  }

  /// The method's bytes.
  public var methodBytes: Span<UInt8> {
    @_lifetime(borrow self) get { storage.span.extracting(methodSlice.start..<methodSlice.end) }
  }

  @_lifetime(borrow self)
  func pathSpan() -> Span<UInt8> { storage.span.extracting(pathSlice.start..<pathSlice.end) }

  @_lifetime(borrow self)
  func querySpan() -> Span<UInt8> {
    guard let slice = querySlice else { return storage.span.extracting(0..<0) }
    return storage.span.extracting(slice.start..<slice.end)
  }

  /// Host and port the client addressed: of an absolute-form target, else of the Host field; empty when neither is there.
  public var authority: String {
    if let slice = authoritySlice { return string(slice) }
    return firstValue(of: .host) ?? ""
  }

  /// The bytes of `authority`.
  public var authorityBytes: Span<UInt8> {
    @_lifetime(borrow self) get {
      if let slice = authoritySlice { return storage.span.extracting(slice.start..<slice.end) }
      let i = indexOfField(.host)
      if i < 0 { return storage.span.extracting(0..<0) }
      return storage.span.extracting(Int(fields[i].valueStart)..<Int(fields[i].valueEnd))
    }
  }

  // MARK: As received

  /// The method's bytes as they were received, whatever was edited since; empty of a request of our own.
  public var receivedMethodBytes: Span<UInt8> {
    @_lifetime(borrow self) get { storage.span.extracting(receivedMethod.start..<receivedMethod.end) }
  }

  /// Path and query as they were received.
  public var receivedTargetBytes: Span<UInt8> {
    @_lifetime(borrow self) get { storage.span.extracting(receivedTarget.start..<receivedTarget.end) }
  }

  /// Host and port as they were received; empty when there were none.
  public var receivedAuthorityBytes: Span<UInt8> {
    @_lifetime(borrow self) get { storage.span.extracting(receivedAuthority.start..<receivedAuthority.end) }
  }

  /// The method as it was received.
  public var receivedMethodText: String { string(receivedMethod) }

  /// Path and query as they were received.
  public var receivedTargetText: String { string(receivedTarget) }

  /// Host and port as they were received; empty when there were none.
  public var receivedAuthorityText: String { string(receivedAuthority) }

  /// The whole address as it was received, `http://host/path?query`.
  public func receivedURL(isTLS: Bool) -> String {
    url(isTLS: isTLS, host: receivedAuthorityBytes, target: receivedTargetBytes)
  }

  /// The address the request goes to as it stands now, at the given host.
  public func currentURL(host: [UInt8], isTLS: Bool) -> String {
    url(isTLS: isTLS, host: host.span, target: storage.span.extracting(targetSlice.start..<targetSlice.end))
  }

  private func url(isTLS: Bool, host: Span<UInt8>, target: Span<UInt8>) -> String {
    let scheme: StaticString = isTLS ? "https://" : "http://"
    let count = scheme.utf8CodeUnitCount &+ host.count &+ target.count
    return String(unsafeUninitializedCapacity: count) { room in
      var out = OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(room), initializedCount: 0)
      out.append(copying: scheme)
      out.append(copying: host.bytes)
      out.append(copying: target.bytes)
      return out.finalize(for: UnsafeMutableRawBufferPointer(room))
    }
  }

  // MARK: Edits

  /// Replaces path and query. Both must be percent-encoded already: bytes 0x21…0x7e only, the path beginning with a
  /// slash and holding no question mark; refused otherwise.
  public mutating func setTarget(path: String, query: String?) throws(WireError) {
    let path = Array(path.utf8)
    if let query {
      let query = Array(query.utf8)
      try setTarget(path: path.span, query: query.span)
    } else {
      try setTarget(path: path.span, query: nil)
    }
  }

  /// The same from bytes.
  public mutating func setTarget(path: Span<UInt8>, query: Span<UInt8>?) throws(WireError) {
    guard path.count > 0, path[0] == Octet.slash else { throw WireError(.target) }
    for i in path.indices where path[i] <= 0x20 || path[i] >= 0x7f || path[i] == Octet.question {
      throw WireError(.target, offset: i)
    }
    if let query {
      for i in query.indices where query[i] <= 0x20 || query[i] >= 0x7f { throw WireError(.target, offset: i) }
    }
    try reserve(path.count &+ (query?.count ?? 0) &+ 1)
    let start = length
    push(path.bytes)
    pathSlice = Slice(start: start, end: length)
    if let query {
      push(Octet.question)
      let at = length
      push(query.bytes)
      querySlice = Slice(start: at, end: length)
    } else {
      querySlice = nil
    }
    targetSlice = Slice(start: start, end: length)
  }

  /// Replaces the path's first `dropping` bytes by `prefix` (no trailing slash needed), keeps the rest and the query:
  /// how a request's path becomes its backend's. The result begins with a slash.
  public mutating func replacePathPrefix(dropping: Int, with prefix: [UInt8]) throws(WireError) {
    precondition(dropping >= 0 && dropping <= pathSlice.count)
    let rest = Slice(start: pathSlice.start &+ dropping, end: pathSlice.end)
    let query = querySlice
    try reserve(prefix.count &+ rest.count &+ 2 &+ (query?.count ?? 0))
    let start = length
    push(prefix.span.bytes)
    if length > start, storage[length &- 1] == Octet.slash, rest.count > 0 { length &-= 1 }
    if rest.count > 0, storage[rest.start] != Octet.slash { push(Octet.slash) }
    pushOwn(rest)
    if length == start { push(Octet.slash) }
    pathSlice = Slice(start: start, end: length)
    if let query {
      push(Octet.question)
      let at = length
      pushOwn(query)
      querySlice = Slice(start: at, end: length)
    }
    targetSlice = Slice(start: start, end: length)
  }

  /// Copies a piece of the storage behind the used part; there must be room.
  mutating func pushOwn(_ slice: Slice) {
    let n = slice.count
    let at = length
    precondition(n <= storage.count &- at && slice.end <= at)
    storage.withUnsafeMutableBytes { room in
      guard n > 0 else { return }
      let source = UnsafeRawBufferPointer(rebasing: room[slice.start..<slice.end])
      UnsafeMutableRawBufferPointer(rebasing: room[at..<(at &+ n)]).copyMemory(from: source)
    }
    length = at &+ n
  }

  /// The reason phrase of a response, as received or set; may be empty.
  public var reason: String { string(reasonSlice) }

  /// Replaces status (100…999) and reason; a nil reason takes the registered phrase. Refused when the reason holds a
  /// control character.
  public mutating func setStatus(_ code: Int, reason: String? = nil) throws(WireError) {
    guard code >= 100, code <= 999 else { throw WireError(.startLine) }
    let text = reason ?? StatusPhrase.of(code)
    guard text.utf8.allSatisfy(Octet.isValue) else { throw WireError(.startLine) }
    reasonSlice = try pushed(text)
    status = code
  }

  /// Begins a request of our own.
  public mutating func beginRequest(method: String, path: String, query: String? = nil) throws(WireError) {
    reset()
    kind = .request
    minorVersion = 1
    try setMethod(method)
    try setTarget(path: path, query: query)
  }

  /// Begins a response of our own.
  public mutating func beginResponse(_ code: Int, reason: String? = nil) throws(WireError) {
    reset()
    kind = .response
    minorVersion = 1
    try setStatus(code, reason: reason)
  }
}
