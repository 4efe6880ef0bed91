extension PolicyParser {
  mutating func parseStartTag() {
    let start = offset
    var i = offset + 1
    while i < bytes.count, Octet.continuesName(bytes[i]) { i += 1 }
    let name = source.text(start + 1..<i)
    var element = PolicyElement(
      name: name, attributes: [], children: [], source: source, range: start..<i, contentRange: i..<i)
    offset = i
    let isSelfClosed = parseAttributes(&element)
    element.range = start..<offset
    element.contentRange = offset..<offset
    let isInPayload = stack.last?.isPayload ?? false
    if isSelfClosed {
      add(.element(element))
      return
    }
    let isData = name == "data" && stack.last?.element.name == "invoke-dapr-binding"
    let isLiquid = (isData ? stack.last?.element : element)?.isLiquid ?? false
    let templateEnd = isLiquid ? endTag(ofTemplate: name, isData: isData) : nil
    // Beside its parameters, which are policy, an xsl-transform holds a stylesheet.
    let isStylesheet = stack.last?.element.name == "xsl-transform" && name != "parameter"
    openElement(element, isPayload: isInPayload || templateEnd != nil || isStylesheet || name == "cross-domain")
    if let templateEnd, !isInPayload, !isEncoded, stack.last?.element.range.lowerBound == start {
      takeTemplate(upTo: templateEnd)
    }
  }

  /// How the end tag begins of an element whose content `template="liquid"` makes a template: `set-body`, a message for a
  /// Dapr sidecar, and what a request to Cosmos DB names. Nil for others.
  private func endTag(ofTemplate name: String, isData: Bool) -> StaticString? {
    if name == "set-body" { return "</set-body" }
    if name == "publish-to-dapr" { return "</publish-to-dapr" }
    if isData { return "</data" }
    guard stack.first?.element.name == "cosmosdb-data-source" else { return nil }
    switch name {
    case "id": return "</id"
    case "partition-key": return "</partition-key"
    case "etag": return "</etag"
    case "max-item-count": return "</max-item-count"
    case "continuation-token": return "</continuation-token"
    default: return nil
    }
  }

  /// Takes the template of a raw document as it stands, up to the end tag: `{% if a < b %}` is no markup. Text whose only
  /// markup is comments and CDATA sections needs no such care.
  private mutating func takeTemplate(upTo endTag: StaticString) {
    guard let end = bytes.find(endTag, from: offset) else { return }
    var less = bytes[offset..<end].firstIndex(of: Octet.less)
    while let at = less, bytes.has("<!", at: at) {
      let close = bytes.has("<!--", at: at) ? bytes.find("-->", from: at + 4) : bytes.find("]]>", from: at)
      less = bytes[min(close ?? end, end)..<end].firstIndex(of: Octet.less)
    }
    if less == nil { return }
    if end > offset { add(.text("", range: offset..<end, isCharacterData: false)) }
    offset = end
  }

  /// Reads up to the end of the tag. True when it ends with `/>`.
  private mutating func parseAttributes(_ element: inout PolicyElement) -> Bool {
    let tag = element.range
    while true {
      while offset < bytes.count, Octet.isBlank(bytes[offset]) { offset += 1 }
      guard offset < bytes.count else {
        complain("PL0002", "The tag of '\(element.name)' is not closed; expected '>'.", at: tag)
        return false
      }
      if bytes[offset] == Octet.greater {
        offset += 1
        return false
      }
      if bytes.has("/>", at: offset) {
        offset += 2
        return true
      }
      if bytes[offset] == Octet.less {
        complain("PL0002", "The tag of '\(element.name)' is not closed; expected '>' before '<'.", at: tag)
        return false
      }
      guard Octet.beginsName(bytes[offset]) else {
        let start = offset
        while offset < bytes.count, !Octet.isBlank(bytes[offset]), bytes[offset] != Octet.greater,
          bytes[offset] != Octet.less, !(offset > start && bytes.has("/>", at: offset))
        {
          offset += 1
        }
        complain(
          "PL0006", "Expected an attribute, '>' or '/>' in the tag of '\(element.name)'.", at: start..<offset)
        continue
      }
      parseAttribute(&element)
    }
  }

  private mutating func parseAttribute(_ element: inout PolicyElement) {
    let start = offset
    while offset < bytes.count, Octet.continuesName(bytes[offset]) { offset += 1 }
    let nameRange = start..<offset
    let name = source.text(nameRange)
    while offset < bytes.count, Octet.isBlank(bytes[offset]) { offset += 1 }
    guard offset < bytes.count, bytes[offset] == Octet.equals else {
      complain("PL0006", "Attribute '\(name)' has no value; expected '=\"…\"'.", at: nameRange)
      return
    }
    offset += 1
    while offset < bytes.count, Octet.isBlank(bytes[offset]) { offset += 1 }
    guard offset < bytes.count, bytes[offset] == Octet.quote || bytes[offset] == Octet.apostrophe else {
      let from = offset
      while offset < bytes.count, !Octet.isBlank(bytes[offset]), bytes[offset] != Octet.greater { offset += 1 }
      complain("PL0006", "The value of attribute '\(name)' must stand in quotes.", at: from..<offset)
      return
    }
    let quote = bytes[offset]
    offset += 1
    let (range, isBroken) = parseAttributeValue(name, quote: quote)
    if element.attributes.contains(where: { $0.name == name }) {
      complain("PL0005", "Attribute '\(name)' is given twice; expected once.", at: nameRange)
      return
    }
    guard element.attributes.count < limits.attributes else {
      if element.attributes.count == limits.attributes {
        complain("PL0009", "An element has at most \(limits.attributes) attributes.", at: nameRange)
      }
      return
    }
    let isPayload = stack.last?.isPayload ?? false
    let value = readValue([range], in: range, quote: quote, isPayload: isPayload, isBroken: isBroken)
    element.attributes.append(PolicyAttribute(name: name, value: value, nameOffset: start, quote: quote))
  }

  /// Finds the end of a value; `offset` stands behind its closing quote afterwards.
  private mutating func parseAttributeValue(_ name: String, quote: UInt8) -> (Range<Int>, isBroken: Bool) {
    let start = offset
    let isPayload = stack.last?.isPayload ?? false
    while offset < bytes.count, bytes[offset] != quote {
      if !isEncoded, !isPayload, IslandScanner.begins(bytes, at: offset, end: bytes.count) {
        if let end = islands.end(bytes, at: offset, end: bytes.count) {
          if demandsEntities { complainAboutRawCode(offset..<end, quote: quote) }
          offset = end
          continue
        }
        complainOpenIsland(at: offset)
        offset = recoveredValueEnd(from: offset, quote: quote)
        let range = start..<offset
        if offset < bytes.count, bytes[offset] == quote { offset += 1 }
        return (range, true)
      }
      offset += 1
    }
    guard offset < bytes.count else {
      complain(
        "PL0006",
        "The value of attribute '\(name)' is not closed; expected \(quote == Octet.quote ? "'\"'" : "\"'\"").",
        at: start - 1..<start)
      offset = bytes[start...].firstIndex(where: { $0 == Octet.greater || $0 == Octet.lf }) ?? bytes.count
      return (start..<offset, true)
    }
    let range = start..<offset
    offset += 1
    return (range, false)
  }

  /// Where a value with a broken island probably ends: a quote behind which a tag goes on.
  private mutating func recoveredValueEnd(from: Int, quote: UInt8) -> Int {
    var i = from
    while i < bytes.count {
      islands.budget -= 1
      if bytes[i] == quote {
        var next = i + 1
        while next < bytes.count, Octet.isBlank(bytes[next]) { next += 1 }
        if next >= bytes.count || bytes[next] == Octet.greater || bytes.has("/>", at: next) { return i }
        let blank = next > i + 1
        let name = next
        while next < bytes.count, Octet.continuesName(bytes[next]), next - name < 64 { next += 1 }
        if blank, next > name, next + 1 < bytes.count, bytes[next] == Octet.equals,
          bytes[next + 1] == Octet.quote || bytes[next + 1] == Octet.apostrophe
        {
          return i
        }
      }
      i += 1
    }
    return bytes.count
  }

  /// Says what of an island in an attribute format `xml` wants as entities.
  private mutating func complainAboutRawCode(_ range: Range<Int>, quote: UInt8) {
    for i in range {
      let byte = bytes[i]
      if byte == quote {
        let entity = quote == Octet.quote ? "&quot;" : "&apos;"
        complain("PL0015", "Format 'xml' wants this quote written as '\(entity)'; or save as 'rawxml'.", at: i..<i + 1)
      } else if byte == Octet.less {
        complain("PL0015", "Format 'xml' wants '<' written as '&lt;'; or save as 'rawxml'.", at: i..<i + 1)
      } else if byte == Octet.ampersand, EntityReference.read(bytes, at: i, end: range.upperBound) == nil {
        complain("PL0015", "Format 'xml' wants '&' written as '&amp;'; or save as 'rawxml'.", at: i..<i + 1)
      }
    }
  }
}

extension PolicyElement {
  /// Whether its content, or that of its `data`, is a template.
  fileprivate var isLiquid: Bool { attribute("template")?.value.literal?.lowercased() == "liquid" }
}
