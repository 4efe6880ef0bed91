extension MessageHead {
  /// Number of field lines.
  public var headerCount: Int { count }

  /// All values of the field joined by a comma, in order; nil when the field is absent.
  public func value(of name: HeaderName) -> String? { joined { from in indexOfField(name, from: from) } }

  /// All values of the field joined by a comma; nil when absent.
  public func value(of name: String) -> String? {
    let wanted = name.utf8Span.span
    return joined { from in indexOfField(named: wanted, from: from) }
  }

  private func joined(_ next: (_ from: Int) -> Int) -> String? {
    var i = next(0)
    if i < 0 { return nil }
    var text = string(valueSlice(i))
    while true {
      i = next(i &+ 1)
      if i < 0 { return text }
      text += ","
      text += string(valueSlice(i))
    }
  }

  /// The value of each line of the field, in order; empty when absent.
  public func values(of name: HeaderName) -> [String] { all { from in indexOfField(name, from: from) } }

  /// The value of each line of the field, in order; empty when absent.
  public func values(of name: String) -> [String] {
    let wanted = name.utf8Span.span
    return all { from in indexOfField(named: wanted, from: from) }
  }

  private func all(_ next: (_ from: Int) -> Int) -> [String] {
    var all: [String] = []
    var i = next(0)
    while i >= 0 {
      all.append(string(valueSlice(i)))
      i = next(i &+ 1)
    }
    return all
  }

  /// The value of the field's first line.
  public func firstValue(of name: HeaderName) -> String? {
    let i = indexOfField(name)
    return i < 0 ? nil : string(valueSlice(i))
  }

  /// Whether the field is there.
  public func contains(_ name: HeaderName) -> Bool {
    name.known == .other ? indexOfField(name) >= 0 : knownBits & name.known.bit != 0
  }

  /// Whether the caller asks for a trace, in either way there is. Costs one look at what fields there are.
  public var asksTrace: Bool {
    knownBits & (KnownHeader.debugAuthorization.bit | KnownHeader.trace.bit) != 0
  }

  /// Whether the field is there.
  public func contains(_ name: String) -> Bool { indexOfField(named: name.utf8Span.span, from: 0) >= 0 }

  /// Lends the bytes of the field's first line; nil when absent. No allocation.
  public func withFirstValue<Result>(of name: HeaderName, _ body: (Span<UInt8>) -> Result) -> Result? {
    let i = indexOfField(name)
    if i < 0 { return nil }
    return body(storage.span.extracting(Int(fields[i].valueStart)..<Int(fields[i].valueEnd)))
  }

  /// Lends the bytes of the field's one line; nil when it is absent, or there several times. No allocation.
  public func withOnlyValue<Result>(of name: HeaderName, _ body: (Span<UInt8>) -> Result?) -> Result? {
    let i = indexOfField(name)
    if i < 0 || indexOfField(name, from: i &+ 1) >= 0 { return nil }
    return body(storage.span.extracting(Int(fields[i].valueStart)..<Int(fields[i].valueEnd)))
  }

  /// Every field line in order.
  public func forEachHeader(_ body: (_ name: String, _ value: String) -> Void) {
    for i in 0..<count { body(string(nameSlice(i)), string(valueSlice(i))) }
  }

  /// Every field line's bytes in order. No allocation.
  public func forEachHeaderBytes(_ body: (_ name: Span<UInt8>, _ value: Span<UInt8>) -> Void) {
    for i in 0..<count {
      let name = nameSlice(i)
      let value = valueSlice(i)
      body(storage.span.extracting(name.start..<name.end), storage.span.extracting(value.start..<value.end))
    }
  }

  // MARK: Edits

  /// Puts one line with this value in place of all lines of the field. Refused when the value holds a control character
  /// (so that no value can begin another line).
  public mutating func set(_ name: HeaderName, _ value: String) throws(WireError) {
    if let error = put(name, value.utf8Span.span, replacing: true) { throw error }
  }

  /// Puts one line with these bytes in place of all lines of the field.
  public mutating func set(_ name: HeaderName, _ value: Span<UInt8>) throws(WireError) {
    if let error = put(name, value, replacing: true) { throw error }
  }

  /// As `set(_:_:)`; a name that is no token is refused.
  public mutating func set(_ name: String, _ value: String) throws(WireError) {
    guard let name = HeaderName(name) else { throw WireError(.headerName) }
    try set(name, value)
  }

  /// Adds a line behind the others.
  public mutating func append(_ name: HeaderName, _ value: String) throws(WireError) {
    if let error = put(name, value.utf8Span.span, replacing: false) { throw error }
  }

  /// Adds a line behind the others.
  public mutating func append(_ name: HeaderName, _ value: Span<UInt8>) throws(WireError) {
    if let error = put(name, value, replacing: false) { throw error }
  }

  /// As `append(_:_:)`; a name that is no token is refused.
  public mutating func append(_ name: String, _ value: String) throws(WireError) {
    guard let name = HeaderName(name) else { throw WireError(.headerName) }
    try append(name, value)
  }

  /// Takes every line of the field away.
  public mutating func remove(_ name: HeaderName) {
    if name.known != .other, knownBits & name.known.bit == 0 { return }
    var i = indexOfField(name)
    if i < 0 { return }
    var kept = i
    i &+= 1
    while i < count {
      if matches(i, name) {
        i &+= 1
        continue
      }
      fields[kept] = fields[i]
      kept &+= 1
      i &+= 1
    }
    count = kept
    knownBits &= ~name.known.bit | KnownHeader.other.bit
  }

  /// Takes every line of the field away.
  public mutating func remove(_ name: String) {
    if let name = HeaderName(name) { remove(name) }
  }

  /// Takes every field away.
  public mutating func removeAllHeaders() {
    count = 0
    knownBits = 0
  }

  private mutating func put(_ name: HeaderName, _ value: Span<UInt8>, replacing: Bool) -> WireError? {
    let valid = value.valueEnd(from: 0)
    if valid < value.count { return WireError(.headerValue, offset: valid) }
    let at = replacing ? indexOfField(name) : -1
    let valueStart = length &+ name.lineStart.count
    let valueEnd = valueStart &+ value.count
    do { try reserve(valueEnd &+ 2 &- length) } catch { return error }
    var field = Field(
      start: length, nameLength: name.bytes.count, valueStart: valueStart, valueEnd: valueEnd, lineEnd: valueEnd &+ 2,
      name.known)
    field.edited = true
    push(name.lineStart.span.bytes)
    push(value.bytes)
    push(Octet.carriageReturn)
    push(Octet.lineFeed)
    knownBits |= name.known.bit
    if at >= 0 {
      fields[at] = field
      var i = indexOfField(name, from: at &+ 1)
      while i >= 0 {
        fields.remove(at: i)
        fields.append(Field())
        count &-= 1
        i = indexOfField(name, from: i)
      }
    } else {
      if count == fields.count {
        if count >= 1024 { return WireError(.tooManyHeaders) }
        fields.append(contentsOf: repeatElement(Field(), count: count))
      }
      fields[count] = field
      count &+= 1
    }
    return nil
  }

  // MARK: Finding

  /// Index of the first line of the field at or behind `from`, or -1.
  func indexOfField(_ name: HeaderName, from: Int = 0) -> Int {
    if name.known != .other {
      if knownBits & name.known.bit == 0 { return -1 }
      var i = from
      while i < count {
        if fields[i].known == name.known { return i }
        i &+= 1
      }
      return -1
    }
    let wanted = name.lowercase.span
    let bytes = storage.span
    let table = fields.span
    let n = UInt16(wanted.count)
    var i = from
    while i < count {
      if table[i].nameLength == n, bytes.equalsIgnoringCase(at: Int(table[i].start), wanted) { return i }
      i &+= 1
    }
    return -1
  }

  /// The same for a name that was not made ready.
  func indexOfField(named name: Span<UInt8>, from: Int) -> Int {
    let bytes = storage.span
    let table = fields.span
    var i = from
    while i < count {
      if Int(table[i].nameLength) == name.count, bytes.equalsIgnoringCase(at: Int(table[i].start), anyCase: name) {
        return i
      }
      i &+= 1
    }
    return -1
  }

  private func matches(_ i: Int, _ name: HeaderName) -> Bool {
    Int(fields[i].nameLength) == name.lowercase.count
      && storage.span.equalsIgnoringCase(at: Int(fields[i].start), name.lowercase.span)
  }

  func nameSlice(_ i: Int) -> Slice {
    Slice(start: Int(fields[i].start), end: Int(fields[i].start) &+ Int(fields[i].nameLength))
  }

  func valueSlice(_ i: Int) -> Slice { Slice(start: Int(fields[i].valueStart), end: Int(fields[i].valueEnd)) }
}
