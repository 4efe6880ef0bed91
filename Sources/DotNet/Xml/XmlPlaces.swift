import CLibXSLT

/// Where the elements of a document begin: libxml2's tree knows lines alone, and those of the ends of tags.
enum XmlPlaces {
  /// The problems with line and column of the names of the elements that they are about.
  static func placed(_ list: ProblemList, in document: LibXmlDocument, _ bytes: [UInt8]) -> [XmlProblem] {
    var wanted: Set<UInt> = []
    for node in list.nodes { if let element = element(of: node) { wanted.insert(UInt(bitPattern: element)) } }
    // Other encodings have other bytes between the characters.
    if wanted.isEmpty || bytes.prefix(4).contains(0) || bytes.starts(with: [0xff, 0xfe])
      || bytes.starts(with: [0xfe, 0xff])
    {
      return list.problems
    }
    let ordinals = ordinals(of: wanted, in: document)
    let places = places(of: Set(ordinals.values), in: bytes)
    return zip(list.problems, list.nodes).map { problem, node in
      guard let element = element(of: node), let ordinal = ordinals[UInt(bitPattern: element)],
        let place = places[ordinal]
      else { return problem }
      return XmlProblem(line: place.line, column: place.column, message: problem.message)
    }
  }

  private static func element(of node: xmlNodePtr?) -> xmlNodePtr? {
    guard let node else { return nil }
    return node.pointee.type == XML_ELEMENT_NODE ? node : node.pointee.parent
  }

  /// The numbers of some elements in the order of the document.
  private static func ordinals(of wanted: Set<UInt>, in document: LibXmlDocument) -> [UInt: Int] {
    var result: [UInt: Int] = [:]
    var ordinal = 0
    let root = xmlDocGetRootElement(document.pointer)
    var next = root
    while let node = next {
      if node.pointee.type == XML_ELEMENT_NODE {
        if wanted.contains(UInt(bitPattern: node)) { result[UInt(bitPattern: node)] = ordinal }
        ordinal += 1
      }
      if node.pointee.type == XML_ELEMENT_NODE, let child = node.pointee.children {
        next = child
        continue
      }
      var last: xmlNodePtr? = node
      while let current = last, current.pointee.next == nil, current != root { last = current.pointee.parent }
      next = last == root ? nil : last?.pointee.next
    }
    return result
  }

  /// Line and column of the names in some start tags of a well-formed document.
  private static func places(of wanted: Set<Int>, in bytes: [UInt8]) -> [Int: (line: Int, column: Int)] {
    var result: [Int: (line: Int, column: Int)] = [:]
    var (ordinal, line, lineStart, i) = (0, 1, 0, 0)
    func isAt(_ text: StaticString) -> Bool {
      i + text.utf8CodeUnitCount <= bytes.count
        && (0..<text.utf8CodeUnitCount).allSatisfy { bytes[i + $0] == text.utf8Start[$0] }
    }
    func advance() {
      if bytes[i] == 0x0a { (line, lineStart) = (line + 1, i + 1) }
      i += 1
    }
    func skip(to end: StaticString) {
      while i < bytes.count, !isAt(end) { advance() }
    }
    while i < bytes.count, result.count < wanted.count {
      guard bytes[i] == 0x3c else {
        advance()
        continue
      }
      if isAt("<!--") {
        skip(to: "-->")
      } else if isAt("<![CDATA[") {
        skip(to: "]]>")
      } else if isAt("<?") {
        skip(to: "?>")
      } else if isAt("</") || isAt("<!") {
        // A document type that declares something is refused before, so it holds no tags.
        skip(to: ">")
      } else {
        if wanted.contains(ordinal) {
          let column = bytes[lineStart..<(i + 1)].count { $0 & 0xc0 != 0x80 } + 1
          result[ordinal] = (line, column)
        }
        ordinal += 1
        skipTag()
      }
    }
    return result

    /// To the end of a start tag; a greater-than sign may stand in a value.
    func skipTag() {
      var quote: UInt8 = 0
      while i < bytes.count {
        let byte = bytes[i]
        if quote == 0, byte == 0x3e { return }
        if byte == quote { quote = 0 } else if quote == 0, byte == 0x22 || byte == 0x27 { quote = byte }
        advance()
      }
    }
  }
}
