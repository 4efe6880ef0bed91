import CLibXSLT
import Synchronization

/// A document in libxml2's own tree, for stylesheets and schemas. Nothing is loaded to read it, and a document that
/// declares entities is refused.
final class LibXmlDocument {
  let pointer: xmlDocPtr

  /// - Parameters:
  ///   - encoding: of the bytes; nil goes by their declaration.
  ///   - name: what complaints call the document; libxslt tells lines only of documents with a name.
  init(_ bytes: [UInt8], encoding: String? = nil, name: String? = nil) throws(XmlProblem) {
    LibXml.prepare()
    guard bytes.count <= XmlParser.maximumSize else {
      throw XmlProblem(line: 0, message: "The XML has \(bytes.count) bytes; at most \(XmlParser.maximumSize) are read.")
    }
    let options = Int32(XML_PARSE_NONET.rawValue | XML_PARSE_NOCDATA.rawValue)
    let (document, problems) = LibXml.collectingProblems {
      bytes.withUnsafeBytes { raw in
        xmlReadMemory(raw.bindMemory(to: CChar.self).baseAddress, Int32(raw.count), name, encoding, options)
      }
    }
    guard let document else {
      throw problems.first ?? XmlProblem(line: 1, column: 1, message: "Root element is missing.")
    }
    pointer = document
    if let subset = document.pointee.intSubset, subset.pointee.entities != nil {
      throw XmlProblem(line: 1, message: "A document that declares entities is not read.")
    }
  }

  deinit { xmlFreeDoc(pointer) }
}

/// libxml2 and libxslt, made safe before their first use: neither ever opens a file or a connection.
enum LibXml {
  static func prepare() { _ = prepared }

  private static let prepared: Void = {
    xmlInitParser()
    xmlSetExternalEntityLoader(XmlSchemaParts.loader)
    xsltInit()
    xsltSetLoaderFunc { _, _, _, _, _ in nil }
    for namespace in ["http://exslt.org/common", "urn:schemas-microsoft-com:xslt"] {
      xsltRegisterExtModuleFunction("node-set", namespace, xsltFunctionNodeSet)
    }
    cxslt_capture(nil)
  }()

  /// Most problems that are told of one document.
  static let maximumProblems = 100

  /// What the libraries complain about on this thread while `body` runs.
  ///
  /// - Parameter name: of the document it is about: complaints about others begin with theirs.
  static func collectingProblems<Result>(
    in name: String? = nil, _ body: () -> Result
  ) -> (Result, [XmlProblem]) {
    let list = ProblemList(about: name)
    xmlSetStructuredErrorFunc(Unmanaged.passUnretained(list).toOpaque(), ProblemList.receiver)
    let result = body()
    xmlSetStructuredErrorFunc(nil, nil)
    return (result, list.problems)
  }
}

/// Where libxml2's complaints gather.
final class ProblemList {
  private(set) var problems: [XmlProblem] = []
  /// What in the tree each problem is about, as long as the tree is there.
  private(set) var nodes: [xmlNodePtr?] = []
  private let name: String?

  init(about name: String? = nil) { self.name = name }

  /// To be given to libxml2 with the list as its context.
  static let receiver: xmlStructuredErrorFunc = { list, error in
    guard let list, let error, error.pointee.level.rawValue >= XML_ERR_ERROR.rawValue else { return }
    Unmanaged<ProblemList>.fromOpaque(list).takeUnretainedValue().add(error.pointee)
  }

  private func add(_ error: xmlError) {
    guard problems.count < LibXml.maximumProblems else { return }
    var message = error.message.map { XmlCharacter.trimmed(String(cString: $0)) } ?? "The XML is not valid."
    if let name, let file = error.file.map({ String(cString: $0) }), file != name { message = "\(file): \(message)" }
    let isParser = error.domain == Int32(XML_FROM_PARSER.rawValue) || error.domain == Int32(XML_FROM_NAMESPACE.rawValue)
    nodes.append(error.node?.assumingMemoryBound(to: xmlNode.self))
    problems.append(
      XmlProblem(line: Int(error.line), column: isParser ? Int(error.int2) : 0, message: message))
  }
}
