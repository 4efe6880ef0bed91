import CLibXSLT

/// Reads XML 1.0 with namespaces into a tree. The grammar is libxml2's; the tree, the namespaces and the bounds are ours.
///
/// Nothing is ever loaded: no network, no external subset, and entities that a document declares are not expanded but
/// refused like undeclared ones. Bounds: `maximumSize` bytes, `XmlNode.maximumDepth` levels, and what libxml2 bounds by
/// itself (10 MB for one text, 50 kB for one name).
public enum XmlParser {
  /// Longest document in UTF-8 bytes.
  public static let maximumSize = 32 * 1024 * 1024

  /// The document of a text.
  ///
  /// - Parameter keepsWhitespace: whether text of nothing but white space stays; where `xml:space` is `preserve` it does
  ///   in any case.
  /// - Throws: XmlException with the place of the first mistake.
  public static func document(_ text: String, keepsWhitespace: Bool = false) throws -> XmlDocument {
    let (document, failure) = read(text, keepsWhitespace: keepsWhitespace)
    if let failure { throw failure }
    return document
  }

  /// The root element of a text, as a root of its own.
  public static func element(_ text: String, keepsWhitespace: Bool = false) throws -> XmlElement {
    let document = try document(text, keepsWhitespace: keepsWhitespace)
    guard let element = document.rootElement else { throw DotNetException.xml("Root element is missing.") }
    document.removeNodes()
    return element
  }

  /// As much of a document as was read before its first mistake, and that mistake.
  public static func read(_ text: String, keepsWhitespace: Bool) -> (XmlDocument, DotNetException?) {
    let builder = XmlTreeBuilder(keepsWhitespace: keepsWhitespace)
    var text = text
    text.withUTF8 { bytes in
      guard !bytes.isEmpty else {
        builder.failure = .xml("Root element is missing.")
        return
      }
      guard bytes.count <= maximumSize else {
        builder.failure = .xml("The XML has \(bytes.count) bytes; at most \(maximumSize) are read.")
        return
      }
      builder.document.declaration = declaration(bytes)
      if let version = builder.document.declaration?.version, version != "1.0" {
        builder.failure = .xml("Version number '\(version)' is invalid. Line 1, position 16.")
        return
      }
      parse(bytes, into: builder)
    }
    return (builder.document, builder.failure)
  }

  private static func parse(_ bytes: UnsafeBufferPointer<UInt8>, into builder: XmlTreeBuilder) {
    LibXml.prepare()
    guard let context = xmlNewParserCtxt() else {
      builder.failure = .xml("There is no memory to read XML with.")
      return
    }
    defer { xmlFreeParserCtxt(context) }
    context.pointee.sax.pointee = XmlTreeBuilder.makeHandler()
    let opaque = Unmanaged.passUnretained(builder).toOpaque()
    context.pointee.userData = opaque
    builder.context = context
    // Of this thread only; the first interface has no complaints of its own.
    xmlSetStructuredErrorFunc(opaque, XmlTreeBuilder.receiver)
    defer { xmlSetStructuredErrorFunc(nil, nil) }
    // The text is Unicode already, whatever encoding its declaration names.
    let options = XML_PARSE_NONET.rawValue | XML_PARSE_IGNORE_ENC.rawValue
    let leftover = bytes.withMemoryRebound(to: CChar.self) { characters in
      xmlCtxtReadMemory(context, characters.baseAddress, Int32(characters.count), nil, "UTF-8", Int32(options))
    }
    // Declarations of a document type leave an empty document behind.
    if let leftover { xmlFreeDoc(leftover) }
    builder.finish(wasWellFormed: context.pointee.wellFormed != 0)
    builder.context = nil
  }

  /// The declaration a document begins with; libxml2 does not hand it out when the encoding is to be ignored.
  private static func declaration(_ bytes: UnsafeBufferPointer<UInt8>) -> XmlDeclaration? {
    guard bytes.starts(with: "<?xml".utf8), bytes.count > 5, XmlCharacter.isBlank(bytes[5]) else { return nil }
    let head = String(decoding: bytes.prefix(400), as: UTF8.self)
    guard let end = head.firstRange(of: "?>") else { return nil }
    let result = XmlDeclaration(version: nil, encoding: nil, standalone: nil)
    var rest = head[head.index(head.startIndex, offsetBy: 5)..<end.lowerBound]
    while let equals = rest.firstIndex(of: "=") {
      let name = XmlCharacter.trimmed(String(rest[..<equals]))
      rest = rest[rest.index(after: equals)...]
      guard let open = rest.firstIndex(where: { $0 == "\"" || $0 == "'" }),
        let close = rest[rest.index(after: open)...].firstIndex(of: rest[open])
      else { break }
      let value = String(rest[rest.index(after: open)..<close])
      switch name {
      case "version": result.version = value
      case "encoding": result.encoding = value
      case "standalone": result.standalone = value
      default: break
      }
      rest = rest[rest.index(after: close)...]
    }
    return result
  }
}
