import Expressions

extension PolicyParser {
  /// Makes a value of pieces of source: decodes entities outside islands (inside them where they are encoded), puts
  /// named values in, and tells a literal from an expression.
  ///
  /// - Parameters:
  ///   - pieces: the source ranges that make up the value; comments stand between them.
  ///   - quote: the delimiter of an attribute; nil for the text of an element.
  ///   - verbatim: pieces that stood in CDATA sections.
  mutating func readValue(
    _ pieces: [Range<Int>], in range: Range<Int>, quote: UInt8?, isPayload: Bool = false, isBroken: Bool = false,
    verbatim: Set<Int> = []
  ) -> PolicyValue {
    var text = MappedText()
    for piece in pieces {
      if verbatim.contains(piece.lowerBound) {
        text.append(bytes, piece)
      } else {
        decode(piece, into: &text, isPayload)
      }
    }
    func make(_ content: PolicyValue.Content, isBroken: Bool) -> PolicyValue {
      PolicyValue(content: content, source: source, range: range, isBroken: isBroken)
    }
    if isBroken { return make(.literal(String(decoding: text.bytes, as: UTF8.self)), isBroken: true) }
    let before = isPayload ? nil : wholeIsland(text)
    let (substituted, isComplete) = substitute(text, isPayload: isPayload)
    islands.budget += 4 * max(0, substituted.bytes.count - text.bytes.count)
    let island = isPayload ? nil : wholeIsland(substituted)
    if let found = island ?? before.map({ _ in trimmed(substituted) }), found.count >= 3,
      substituted.bytes.has("@", at: found.lowerBound)
    {
      let code = found.lowerBound + 2..<found.upperBound - 1
      if code.count > limits.expressionLength {
        complain(
          "PL0010", "The expression has \(code.count) bytes; expected at most \(limits.expressionLength).", at: range)
        return make(.literal(""), isBroken: true)
      }
      var map = MappedText()
      map.append(substituted, code)
      let source = ExpressionSource(
        code: String(decoding: map.bytes, as: UTF8.self),
        form: substituted.bytes[found.lowerBound + 1] == Octet.openBrace ? .block : .expression, source: self.source,
        offset: substituted.sourceOffset(code.lowerBound), map: map.isVerbatim ? nil : map)
      return make(.expression(source), isBroken: !isComplete)
    }
    let literal = String(decoding: substituted.bytes, as: UTF8.self)
    guard !isPayload, isComplete else { return make(.literal(literal), isBroken: !isComplete) }
    return make(.literal(literal), isBroken: complainAboutMixture(substituted, range))
  }

  /// A value that holds code but is not one expression: an error when brackets are off, else a warning.
  private mutating func complainAboutMixture(_ text: MappedText, _ range: Range<Int>) -> Bool {
    let bytes = text.bytes
    guard let at = bytes.indices.first(where: { IslandScanner.begins(bytes, at: $0, end: bytes.count) }) else {
      return false
    }
    let start = text.sourceOffset(at)
    guard let end = islands.end(bytes, at: at, end: bytes.count) else {
      complain(
        "PL0007",
        "The expression is not closed; expected a bracket that matches '@\(bytes[at + 1] == Octet.openBrace ? "{" : "(")'.",
        at: start..<min(start + 2, range.upperBound))
      return true
    }
    let rest = bytes[end...].first { !Octet.isBlank($0) }
    if at == trimmed(text).lowerBound, rest == Octet.closeParenthesis || rest == Octet.closeBrace {
      let stray = text.sourceOffset(end)
      complain("PL0007", "The expression ended before this bracket; expected nothing behind it.", at: stray..<stray + 1)
      return true
    }
    complain(
      "PL0016", "An expression must be the whole value; this one is taken as literal text.", at: range,
      severity: .warning)
    return false
  }

  /// The text without white space around it.
  private func trimmed(_ text: MappedText) -> Range<Int> {
    let bytes = text.bytes
    var start = 0
    var end = bytes.count
    while start < end, Octet.isBlank(bytes[start]) { start += 1 }
    while end > start, Octet.isBlank(bytes[end - 1]) { end -= 1 }
    return start..<end
  }

  /// Where the island is that makes up the whole text, if one does.
  private mutating func wholeIsland(_ text: MappedText) -> Range<Int>? {
    let range = trimmed(text)
    guard IslandScanner.begins(text.bytes, at: range.lowerBound, end: range.upperBound) else { return nil }
    return islands.end(text.bytes, at: range.lowerBound, end: range.upperBound) == range.upperBound ? range : nil
  }

  // MARK: Entities

  private mutating func decode(_ range: Range<Int>, into text: inout MappedText, _ isPayload: Bool) {
    // The template of a raw document may hold markup, which is kept as it is written.
    if isPayload, bytes[range].contains(Octet.less) {
      text.append(bytes, range)
      return
    }
    var i = range.lowerBound
    var from = i
    while i < range.upperBound {
      if !isEncoded, !isPayload, IslandScanner.begins(bytes, at: i, end: range.upperBound) {
        let island = i
        var isWrittenWithEntities = false
        let end = islands.end(bytes, at: i, end: range.upperBound) { [bytes] at in
          if bytes[at] == Octet.ampersand, EntityReference.read(bytes, at: at, end: range.upperBound) != nil {
            isWrittenWithEntities = true
          }
        }
        if let end {
          if !isWrittenWithEntities {
            i = end
            continue
          }
          text.append(bytes, from..<island)
          decodeEntities(island..<end, into: &text)
          i = end
          from = end
          continue
        }
      }
      if bytes[i] == Octet.ampersand {
        if let reference = EntityReference.read(bytes, at: i, end: range.upperBound) {
          text.append(bytes, from..<i)
          text.append(reference.text, for: i)
          i += reference.length
          from = i
          continue
        }
        complainAboutEntity(i, range)
      }
      i += 1
    }
    text.append(bytes, from..<range.upperBound)
  }

  func decodeEntities(_ range: Range<Int>, into text: inout MappedText) {
    var i = range.lowerBound
    var from = i
    while i < range.upperBound {
      if bytes[i] == Octet.ampersand, let reference = EntityReference.read(bytes, at: i, end: range.upperBound) {
        text.append(bytes, from..<i)
        text.append(reference.text, for: i)
        i += reference.length
        from = i
      } else {
        i += 1
      }
    }
    text.append(bytes, from..<range.upperBound)
  }

  /// A lone `&` is itself in a raw document; something that looks like an entity and is none is an error.
  private mutating func complainAboutEntity(_ at: Int, _ range: Range<Int>) {
    var end = at + 1
    while end < range.upperBound, end - at < 32, Octet.continuesName(bytes[end]) || bytes[end] == UInt8(ascii: "#") {
      end += 1
    }
    if end > at + 1, end < range.upperBound, bytes[end] == Octet.semicolon {
      let name = source.text(at + 1..<end)
      complain(
        "PL0008", "Unknown entity '&\(name);'; expected one of &amp; &lt; &gt; &quot; &apos; or a numeric reference.",
        at: at..<end + 1,
        suggestion: Spelling.nearest(to: name, among: ["amp", "lt", "gt", "quot", "apos"]).map { "&\($0);" })
    } else if demandsEntities {
      complain("PL0015", "Format 'xml' wants '&' written as '&amp;'; or save as 'rawxml'.", at: at..<at + 1)
    }
  }

  // MARK: Named values

  /// Puts named values in. False when a name was unknown or the values are too long, which has been said.
  mutating func substitute(_ text: MappedText, isPayload: Bool) -> (MappedText, isComplete: Bool) {
    guard let namedValues, text.bytes.find("{{", from: 0) != nil else { return (text, true) }
    let bytes = text.bytes
    var result = MappedText()
    var isComplete = true
    var from = 0
    var i = 0
    while let open = bytes.find("{{", from: i) {
      var end = open + 2
      while end < bytes.count, Octet.isNamedValue(bytes[end]), end - open < 258 { end += 1 }
      guard end > open + 2, bytes.has("}}", at: end) else {
        i = open + 1
        continue
      }
      let name = String(decoding: bytes[open + 2..<end], as: UTF8.self)
      let place = text.sourceOffset(open)
      if let value = namedValues[name] {
        substitutable -= value.utf8.count
        if substitutable < 0 {
          if isComplete, substitutable + value.utf8.count >= 0 {
            complain("PL0018", "Named values make the document too long.", at: place..<place + end + 2 - open)
          }
          return (text, false)
        }
        result.append(text, from..<open)
        result.append(value.utf8, for: place)
        from = end + 2
      } else if !isPayload, Octet.isLetter(bytes[open + 2]) {
        complain(
          "PL0017", "There is no named value '\(name)'.", at: place..<place + end + 2 - open,
          suggestion: Spelling.nearest(to: name, among: namedValues.names).map { "{{\($0)}}" })
        isComplete = false
      }
      i = end + 2
    }
    result.append(text, from..<bytes.count)
    return (result, isComplete)
  }

  // MARK: Content of an element

  /// Makes the text value of an element whose content is complete, or its payload.
  mutating func finishContent(_ element: inout PolicyElement, isPayload: Bool) {
    var pieces: [Range<Int>] = []
    var verbatim: Set<Int> = []
    var isBlank = true
    for (i, child) in element.children.enumerated() {
      guard case .text(_, let range, let isCharacterData) = child else { continue }
      pieces.append(range)
      if isCharacterData { verbatim.insert(range.lowerBound) }
      let isBlankPiece = !isCharacterData && bytes[range].allSatisfy(Octet.isBlank)
      if !isBlankPiece { isBlank = false }
      if !isCharacterData { element.children[i] = .text(source.text(range), range: range, isCharacterData: false) }
    }
    let isInPayload = stack.last?.isPayload ?? false
    if isPayload, element.hasElements {
      var text = MappedText()
      text.append(bytes, element.contentRange)
      element.payload = String(decoding: substitute(text, isPayload: true).0.bytes, as: UTF8.self)
      return
    }
    guard let first = pieces.first, let last = pieces.last, !isBlank || (isPayload && !pieces.isEmpty) else { return }
    let range = first.lowerBound..<last.upperBound
    let value = readValue(
      pieces, in: trimmed(range), quote: nil, isPayload: isPayload || isInPayload,
      isBroken: hasBrokenIsland(range), verbatim: verbatim)
    element.text = value
    if isPayload { element.payload = value.literal }
  }

  /// The range without white space around it.
  private func trimmed(_ range: Range<Int>) -> Range<Int> {
    var start = range.lowerBound
    var end = range.upperBound
    while start < end, Octet.isBlank(bytes[start]) { start += 1 }
    while end > start, Octet.isBlank(bytes[end - 1]) { end -= 1 }
    return start..<end
  }

  private func hasBrokenIsland(_ range: Range<Int>) -> Bool {
    for offset in brokenIslands.reversed() where offset < range.upperBound { return offset >= range.lowerBound }
    return false
  }
}
