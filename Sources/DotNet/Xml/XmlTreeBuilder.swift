import CLibXSLT

/// Builds a tree from what libxml2 reports while it reads.
///
/// It listens to the parser's first interface, which tells attributes and namespace declarations in the order in which
/// they are written, and resolves prefixes itself.
final class XmlTreeBuilder {
  let document = XmlDocument()
  var failure: DotNetException?
  /// The parser at work.
  var context: xmlParserCtxtPtr?

  private let keepsWhitespace: Bool
  private var text: [UInt8] = []
  private var open: [XmlElement] = []
  /// Whether white space counts in each open element.
  private var preserves: [Bool] = []
  private var scopes = XmlPrefixScopes()

  init(keepsWhitespace: Bool) { self.keepsWhitespace = keepsWhitespace }

  private var container: XmlContainer { open.last ?? document }

  // MARK: - Events

  /// The parser's callbacks, of the first interface.
  static func makeHandler() -> xmlSAXHandler {
    var handler = xmlSAXHandler()
    handler.initialized = 1
    handler.startElement = { builder, name, attributes in
      XmlTreeBuilder.of(builder)?.startElement(name, attributes)
    }
    handler.endElement = { builder, _ in XmlTreeBuilder.of(builder)?.endElement() }
    handler.characters = { builder, bytes, count in XmlTreeBuilder.of(builder)?.characters(bytes, count) }
    handler.ignorableWhitespace = handler.characters
    handler.cdataBlock = { builder, bytes, count in
      guard let builder = XmlTreeBuilder.of(builder) else { return }
      builder.add(XmlText(XmlTreeBuilder.string(bytes, count), isSection: true))
    }
    handler.comment = { builder, bytes in
      guard let builder = XmlTreeBuilder.of(builder) else { return }
      builder.add(XmlComment(XmlTreeBuilder.string(bytes)))
    }
    handler.processingInstruction = { builder, target, data in
      guard let builder = XmlTreeBuilder.of(builder) else { return }
      builder.add(XmlProcessingInstruction(trusted: XmlTreeBuilder.string(target), XmlTreeBuilder.string(data)))
    }
    handler.internalSubset = { builder, name, publicID, systemID in
      XmlTreeBuilder.of(builder)?.documentType(name, publicID, systemID)
    }
    handler.reference = { builder, name in
      XmlTreeBuilder.of(builder)?.fail("Reference to undeclared entity '\(XmlTreeBuilder.string(name))'.")
    }
    return handler
  }

  /// Takes the parser's complaints; to be given to libxml2 with the builder as its context.
  static let receiver: xmlStructuredErrorFunc = { builder, error in
    guard let builder = XmlTreeBuilder.of(builder), let error else { return }
    builder.report(error.pointee)
  }

  private static func of(_ pointer: UnsafeMutableRawPointer?) -> XmlTreeBuilder? {
    pointer.map { Unmanaged<XmlTreeBuilder>.fromOpaque($0).takeUnretainedValue() }
  }

  private static func string(_ bytes: UnsafePointer<xmlChar>?, _ count: Int32? = nil) -> String {
    guard let bytes else { return "" }
    guard let count else { return String(cString: bytes) }
    return String(decoding: UnsafeBufferPointer(start: bytes, count: Int(count)), as: UTF8.self)
  }

  private func characters(_ bytes: UnsafePointer<xmlChar>?, _ count: Int32) {
    text.append(contentsOf: UnsafeBufferPointer(start: bytes, count: Int(count)))
  }

  /// Adds the text gathered so far.
  private func flush() {
    if text.isEmpty { return }
    defer { text.removeAll(keepingCapacity: true) }
    guard keepsWhitespace || preserves.last == true || !text.allSatisfy(XmlCharacter.isBlank) else { return }
    container.append(unchecked: String(decoding: text, as: UTF8.self))
  }

  private func add(_ node: XmlNode) {
    // What stands within the declaration of the document type is part of its text.
    guard failure == nil, context?.pointee.inSubset == 0 else { return }
    flush()
    container.adopt(node, at: container.nodes.count)
  }

  private func startElement(_ name: UnsafePointer<xmlChar>?, _ pairs: UnsafeMutablePointer<UnsafePointer<xmlChar>?>?) {
    guard failure == nil else { return }
    flush()
    guard open.count < XmlNode.maximumDepth else {
      return fail("The elements are nested deeper than \(XmlNode.maximumDepth) levels.")
    }
    var written: [(name: String, value: String)] = []
    if let pairs {
      var index = 0
      while let attribute = pairs[index] {
        written.append((String(cString: attribute), XmlTreeBuilder.string(pairs[index + 1])))
        index += 2
      }
    }
    do {
      try scopes.enter(written)
      let element = XmlElement(try scopes.resolve(XmlTreeBuilder.string(name), isElement: true))
      var space = preserves.last ?? false
      for (name, value) in written {
        let attribute = XmlAttribute(trusted: try scopes.resolve(name, isElement: false), value)
        if element.attribute(attribute.name) != nil {
          throw DotNetException.xml("'\(name)' is a duplicate attribute name.")
        }
        element.adopt(attribute)
        if name == "xml:space" { space = value == "preserve" }
      }
      container.adopt(element, at: container.nodes.count)
      open.append(element)
      preserves.append(space)
      // The parser stands behind the attributes: an empty tag is one that ends with a slash.
      if context?.pointee.input.pointee.cur.pointee != UInt8(ascii: "/") { element.hasContent = true }
    } catch {
      fail((error as? DotNetException)?.message ?? "\(error)")
    }
  }

  private func endElement() {
    guard failure == nil else { return }
    flush()
    guard let element = open.popLast() else { return }
    preserves.removeLast()
    scopes.leave()
    container.raise(by: element)
  }

  private func documentType(
    _ name: UnsafePointer<xmlChar>?, _ publicID: UnsafePointer<xmlChar>?, _ systemID: UnsafePointer<xmlChar>?
  ) {
    guard failure == nil else { return }
    let subset = context?.pointee.input.pointee.cur.map { internalSubset(from: $0) }
    document.adopt(
      XmlDocumentType(
        name: XmlTreeBuilder.string(name), publicID: publicID.map { String(cString: $0) },
        systemID: systemID.map { String(cString: $0) }, internalSubset: subset ?? ""), at: document.nodes.count)
  }

  /// What stands between the brackets at a place of the document; empty when there are none.
  private func internalSubset(from start: UnsafePointer<xmlChar>) -> String {
    guard start.pointee == UInt8(ascii: "[") else { return "" }
    var at = start + 1
    func skip(to end: String) {
      let bytes = Array(end.utf8)
      while at.pointee != 0, !bytes.indices.allSatisfy({ at[$0] == bytes[$0] }) { at += 1 }
      if at.pointee != 0 { at += bytes.count }
    }
    while at.pointee != 0, at.pointee != UInt8(ascii: "]") {
      switch at.pointee {
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        let quote = String(UnicodeScalar(at.pointee))
        at += 1
        skip(to: quote)
      case UInt8(ascii: "<") where at[1] == UInt8(ascii: "!") && at[2] == UInt8(ascii: "-"): skip(to: "-->")
      case UInt8(ascii: "<") where at[1] == UInt8(ascii: "?"): skip(to: "?>")
      default: at += 1
      }
    }
    return String(decoding: UnsafeBufferPointer(start: start + 1, count: at - start - 1), as: UTF8.self)
  }

  // MARK: - Mistakes

  /// Records the first mistake and ends the reading.
  private func fail(_ message: String) {
    guard failure == nil else { return }
    let place = context?.pointee.input.map { ($0.pointee.line, $0.pointee.col) } ?? (1, 1)
    failure = .xml("\(message) Line \(place.0), position \(place.1).")
    xmlStopParser(context)
  }

  private func report(_ error: xmlError) {
    guard failure == nil, error.level.rawValue >= XML_ERR_ERROR.rawValue else { return }
    failure = .xml("\(message(of: error)) Line \(max(1, error.line)), position \(max(1, error.int2)).")
  }

  /// The parser's complaint in the words of .NET where it has words for it.
  private func message(of error: xmlError) -> String {
    func part(_ pointer: UnsafeMutablePointer<CChar>?) -> String { pointer.map { String(cString: $0) } ?? "" }
    switch xmlParserErrors(UInt32(bitPattern: error.code)) {
    case XML_ERR_TAG_NAME_MISMATCH:
      return
        "The '\(part(error.str1))' start tag on line \(error.int1) does not match the end tag of '\(part(error.str2))'."
    case XML_ERR_UNDECLARED_ENTITY, XML_WAR_UNDECLARED_ENTITY:
      return "Reference to undeclared entity '\(part(error.str1))'."
    case XML_ERR_DOCUMENT_EMPTY:
      let rest = context?.pointee.input.pointee.cur.pointee ?? 0
      return rest == 0 ? "Root element is missing." : "Data at the root level is invalid."
    case XML_ERR_DOCUMENT_END:
      return context?.pointee.input.pointee.cur.pointee == UInt8(ascii: "<")
        ? "There are multiple root elements." : "Data at the root level is invalid."
    case XML_ERR_ATTRIBUTE_REDEFINED: return "'\(part(error.str1))' is a duplicate attribute name."
    case XML_ERR_TAG_NOT_FINISHED:
      let names = open.reversed().map(\.name.local).joined(separator: ", ")
      return "Unexpected end of file has occurred. The following elements are not closed: \(names)."
    default:
      let text = XmlCharacter.trimmed(part(error.message))
      return text.isEmpty ? "The XML is not well formed." : text + (text.hasSuffix(".") ? "" : ".")
    }
  }

  /// Called once the parser is done.
  func finish(wasWellFormed: Bool) {
    flush()
    if failure == nil, !wasWellFormed || document.rootElement == nil {
      failure = .xml("Root element is missing.")
    }
    // What was open when the reading ended hangs in the tree already; only its levels are uncounted.
    while let element = open.popLast() { container.raise(by: element) }
  }
}
