import CLibXSLT
import Synchronization

/// An XSLT 1.0 stylesheet, ready to be applied to any number of documents from any number of threads.
///
/// Nothing outside is reached: `document()`, `xsl:import`, `xsl:include` and what writes files are refused. Bounds: 500
/// nested templates, `operationLimit` instructions, `maximumOutput` bytes. `node-set()` is there in the namespaces of
/// EXSLT and of Microsoft.
// Sendable by these two facts: libxslt only reads a stylesheet once it is compiled, and the pointer is never replaced.
public final class XslTransform: @unchecked Sendable {
  private let stylesheet: xsltStylesheetPtr

  /// Longest result in bytes.
  public static let maximumOutput = 16 * 1024 * 1024
  /// Instructions one transformation may carry out.
  static let operationLimit: UInt = 5_000_000
  private static let maximumDepth: Int32 = 500
  /// libxslt tells what is wrong with a stylesheet through one channel of the process.
  private static let compilation = Mutex<Void>(())

  /// Compiles a stylesheet.
  ///
  /// - Parameter text: the markup of its root element, in Unicode.
  /// - Throws: the first mistake, with its line in `text`.
  public init(_ text: String) throws(XmlProblem) {
    LibXml.prepare()
    let document = try LibXmlDocument(Array(text.utf8), encoding: "UTF-8", name: "stylesheet")
    // The stylesheet keeps the document it was made of.
    guard let copy = xmlCopyDoc(document.pointer, 1) else {
      throw XmlProblem(line: 0, message: "There is no memory to compile the stylesheet with.")
    }
    let (outcome, said) = XslTransform.compilation.withLock { _ in
      var messages = CXSLTMessages()
      let outcome = withUnsafeMutablePointer(to: &messages) { pointer in
        cxslt_capture(pointer)
        defer { cxslt_capture(nil) }
        return LibXml.collectingProblems { xsltParseStylesheetDoc(copy).map { UInt(bitPattern: $0) } }
      }
      return (outcome, XslTransform.text(messages))
    }
    let made = outcome.0.flatMap { xsltStylesheetPtr(bitPattern: $0) }
    guard let made, made.pointee.errors == 0 else {
      if let made { xsltFreeStylesheet(made) } else { xmlFreeDoc(copy) }
      let message = [XslTransform.message(said), outcome.1.first?.message].compactMap { $0 }.joined(separator: ": ")
      throw XmlProblem(
        line: XslTransform.line(said), message: message.isEmpty ? "The stylesheet cannot be compiled." : message)
    }
    stylesheet = made
  }

  deinit { xsltFreeStylesheet(stylesheet) }

  /// The result for one document, in the encoding and the form the stylesheet's `xsl:output` asks for.
  ///
  /// - Parameters:
  ///   - document: the bytes of an XML document.
  ///   - parameters: values of top-level `xsl:param`s, as strings.
  public func apply(to document: [UInt8], parameters: [(name: String, value: String)]) throws(XmlProblem) -> [UInt8] {
    let source = try LibXmlDocument(document)
    guard let context = xsltNewTransformContext(stylesheet, source.pointer) else {
      throw XmlProblem(line: 0, message: "There is no memory for the transformation.")
    }
    defer { xsltFreeTransformContext(context) }
    let preferences = XslTransform.makePreferences()
    defer { xsltFreeSecurityPrefs(preferences) }
    xsltSetCtxtSecurityPrefs(preferences, context)
    context.pointee.maxTemplateDepth = XslTransform.maximumDepth
    context.pointee.opLimit = XslTransform.operationLimit
    context.pointee.xpathCtxt.pointee.opLimit = XslTransform.operationLimit * 10
    for (name, value) in parameters { xsltQuoteOneUserParam(context, name, value) }
    var messages = CXSLTMessages()
    let (result, problems) = withUnsafeMutablePointer(to: &messages) { pointer in
      cxslt_capture_of(context, pointer)
      return LibXml.collectingProblems {
        xsltApplyStylesheetUser(stylesheet, source.pointer, nil, nil, nil, context)
      }
    }
    defer { if let result { xmlFreeDoc(result) } }
    guard let result, context.pointee.state == XSLT_STATE_OK else {
      let said = XslTransform.message(XslTransform.text(messages)) ?? problems.first?.message
      throw XmlProblem(line: 0, message: said ?? "The transformation failed.")
    }
    var (bytes, count): (UnsafeMutablePointer<xmlChar>?, Int32) = (nil, 0)
    guard xsltSaveResultToString(&bytes, &count, result, stylesheet) >= 0 else {
      throw XmlProblem(line: 0, message: "The result of the transformation cannot be written.")
    }
    defer { cxslt_free(bytes) }
    guard count <= XslTransform.maximumOutput else {
      throw XmlProblem(
        line: 0, message: "The result has \(count) bytes; at most \(XslTransform.maximumOutput) are allowed.")
    }
    return Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
  }

  private static func makePreferences() -> xsltSecurityPrefsPtr? {
    let preferences = xsltNewSecurityPrefs()
    let kinds = [
      XSLT_SECPREF_READ_FILE, XSLT_SECPREF_WRITE_FILE, XSLT_SECPREF_CREATE_DIRECTORY, XSLT_SECPREF_READ_NETWORK,
      XSLT_SECPREF_WRITE_NETWORK,
    ]
    for kind in kinds { xsltSetSecurityPrefs(preferences, kind, xsltSecurityForbid) }
    return preferences
  }

  // MARK: - What libxslt said

  private static func text(_ messages: CXSLTMessages) -> String {
    withUnsafeBytes(of: messages.text) { String(decoding: $0.prefix(messages.length), as: UTF8.self) }
  }

  /// The line in `compilation error: … line 4 element template`; 0 when there is none.
  private static func line(_ said: String) -> Int {
    guard let range = said.firstRange(of: " line ") else { return 0 }
    return Int(said[range.upperBound...].prefix { $0.isNumber }) ?? 0
  }

  /// The first line that is about the matter, not the place.
  private static func message(_ said: String) -> String? {
    let lines = said.split(separator: "\n").map(String.init)
    return lines.first { !$0.hasPrefix("compilation error") && !$0.hasPrefix("runtime error") } ?? lines.first
  }
}
