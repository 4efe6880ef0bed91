import CLibXSLT
import Synchronization

/// A schema of XML Schema 1.0 that documents are checked against, from any number of threads.
///
///     let schema = try XmlSchema(text)                              // XmlProblem: the first mistake in the schema
///     let problems = schema.problems(in: body)                      // empty: the body is valid
///     let problems = schema.problems(in: body, part: .soapBody)     // the elements within the body of an envelope
///
/// Each ``XmlProblem`` has line and column (from 1) of the element it is about, and the message; at most
/// `LibXml.maximumProblems` are told. `xs:include`, `xs:import` and `xs:redefine` lead to the documents that `find` has,
/// never to files or addresses: an include that leads nowhere is a mistake, an import only when something of it is needed.
// Sendable by these two facts: pointer and document are never replaced, and whoever uses the schema holds `turn`.
public final class XmlSchema: @unchecked Sendable {
  /// What of a document is checked.
  public enum Part: Sendable {
    case document
    /// Every element in the `Body` of a SOAP 1.1 or 1.2 envelope.
    case soapBody
  }

  private let schema: xmlSchemaPtr
  /// The schema's parts point into it.
  private let source: LibXmlDocument
  /// libxml2 does not say that a schema may serve two validations at once.
  private let turn = Mutex<Void>(())

  private static let envelopes: Set<String> = [
    "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope",
  ]

  /// A schema that refers to no other.
  public convenience init(_ text: String) throws(XmlProblem) {
    try self.init(XmlSchemaText(location: "/", text: text)) { _, _ in nil }
  }

  /// - Parameter find: the document that is meant where the document at an address refers to another.
  public init(
    _ text: XmlSchemaText, find: (_ location: String, _ from: String) -> XmlSchemaText?
  ) throws(XmlProblem) {
    LibXml.prepare()
    let parts = try XmlSchemaParts(text, find)
    let (made, problems) = LibXml.collectingProblems(in: text.location) {
      XmlSchemaParts.$offered.withValue(parts.texts) { () -> xmlSchemaPtr? in
        guard let parser = xmlSchemaNewDocParserCtxt(parts.root.pointer) else { return nil }
        defer { xmlSchemaFreeParserCtxt(parser) }
        return xmlSchemaParse(parser)
      }
    }
    guard let made else {
      var problem = problems.first ?? XmlProblem(line: 1, message: "The schema cannot be read.")
      if let missing = parts.missing.first {
        problem.message += " The import of '\(missing)' leads to no schema."
      }
      throw problem
    }
    schema = made
    source = parts.root
  }

  /// The addresses that includes and imports of a schema lead to, as they are written.
  public static func locations(in text: String) -> [String] {
    LibXml.prepare()
    return XmlSchemaParts.locations(in: text)
  }

  deinit { xmlSchemaFree(schema) }

  /// What is wrong with a document; nothing when it is valid.
  public func problems(in bytes: [UInt8], part: Part = .document) -> [XmlProblem] {
    let document: LibXmlDocument
    do { document = try LibXmlDocument(bytes) } catch { return [error] }
    return turn.withLock { _ in
      guard let context = xmlSchemaNewValidCtxt(schema) else {
        return [XmlProblem(line: 0, message: "There is no memory to check the document with.")]
      }
      defer { xmlSchemaFreeValidCtxt(context) }
      let list = ProblemList()
      xmlSchemaSetValidStructuredErrors(context, ProblemList.receiver, Unmanaged.passUnretained(list).toOpaque())
      switch part {
      case .document: xmlSchemaValidateDoc(context, document.pointer)
      case .soapBody:
        guard let body = XmlSchema.soapBody(of: document) else {
          return [XmlProblem(line: 1, column: 1, message: "The document is no SOAP envelope with a body.")]
        }
        for element in XmlSchema.elements(in: body) { xmlSchemaValidateOneElement(context, element) }
      }
      return XmlPlaces.placed(list, in: document, bytes)
    }
  }

  private static func soapBody(of document: LibXmlDocument) -> xmlNodePtr? {
    guard let root = xmlDocGetRootElement(document.pointer), isEnvelope(root, "Envelope") else { return nil }
    return elements(in: root).first { isEnvelope($0, "Body") }
  }

  private static func isEnvelope(_ node: xmlNodePtr, _ name: String) -> Bool {
    guard let namespace = node.pointee.ns?.pointee.href else { return false }
    return envelopes.contains(String(cString: namespace)) && String(cString: node.pointee.name) == name
  }

  private static func elements(in node: xmlNodePtr) -> [xmlNodePtr] {
    var (result, next): ([xmlNodePtr], xmlNodePtr?) = ([], node.pointee.children)
    while let child = next {
      if child.pointee.type == XML_ELEMENT_NODE { result.append(child) }
      next = child.pointee.next
    }
    return result
  }
}
