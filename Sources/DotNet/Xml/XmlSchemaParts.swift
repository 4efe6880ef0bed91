import CLibXSLT

/// A document of XML Schema with the address at which others find it, such as `/schemas/orders`.
public struct XmlSchemaText: Sendable {
  /// A path of a URI that begins with `/`, escaped, and the same for every way to refer to the document.
  public var location: String
  public var text: String

  public init(location: String, text: String) {
    self.location = location
    self.text = text
  }
}

/// The documents of a schema that includes or imports others: all of them are read before libxml2 works on the first, so
/// that it asks for nothing that is not here.
struct XmlSchemaParts {
  /// What libxml2 may load on this thread, by address.
  @TaskLocal static var offered: [String: [UInt8]] = [:]

  /// Most documents of one schema; libxml2 goes into them one within the other.
  static let maximumDocuments = 64
  /// Most bytes of all documents of one schema.
  static let maximumBytes = 16 << 20

  let root: LibXmlDocument
  private(set) var texts: [String: [UInt8]] = [:]
  /// Where imports lead that nobody has: XML Schema lets a schema go on without them as long as nothing of them is needed.
  private(set) var missing: [String] = []

  init(
    _ first: XmlSchemaText, _ find: (_ location: String, _ from: String) -> XmlSchemaText?
  ) throws(XmlProblem) {
    root = try LibXmlDocument(Array(first.text.utf8), encoding: "UTF-8", name: first.location)
    var bytes = first.text.utf8.count
    var seen: Set<String> = [first.location]
    var waiting = [(document: root, location: first.location)]
    while let (document, location) = waiting.popLast() {
      for reference in Self.references(in: document) {
        guard let found = find(reference.location, location) else {
          if reference.kind == "import" {
            missing.append(reference.location)
            // libxml2 would refuse a schema for an address that it cannot load.
            xmlUnsetProp(reference.node, "schemaLocation")
            continue
          }
          throw Self.problem(
            location == first.location ? nil : location,
            XmlProblem(
              line: Int(xmlGetLineNo(reference.node)),
              message: "The \(reference.kind) of '\(reference.location)' leads to no schema."))
        }
        // One address for a document however it was written: libxml2 reads a document once for each address.
        xmlSetProp(reference.node, "schemaLocation", found.location)
        guard seen.insert(found.location).inserted else { continue }
        bytes += found.text.utf8.count
        guard seen.count <= Self.maximumDocuments, bytes <= Self.maximumBytes else {
          throw XmlProblem(
            line: 0,
            message:
              "A schema has at most \(Self.maximumDocuments) documents and \(Self.maximumBytes) bytes, with all that it includes."
          )
        }
        let part: LibXmlDocument
        do throws(XmlProblem) {
          part = try LibXmlDocument(Array(found.text.utf8), encoding: "UTF-8", name: found.location)
        } catch {
          throw Self.problem(found.location, error)
        }
        waiting.append((part, found.location))
      }
      if location != first.location { texts[location] = Self.bytes(of: document) }
    }
  }

  /// A problem in another document than the first says in which.
  private static func problem(_ location: String?, _ problem: XmlProblem) -> XmlProblem {
    guard let location else { return problem }
    return XmlProblem(line: 0, message: "\(location), \(problem)")
  }

  // MARK: - References

  /// The addresses that a document refers to as they are written; none for what is no XML.
  static func locations(in text: String) -> [String] {
    guard text.contains("schemaLocation"), let document = try? LibXmlDocument(Array(text.utf8), encoding: "UTF-8")
    else { return [] }
    return references(in: document).map(\.location)
  }

  private static func references(
    in document: LibXmlDocument
  ) -> [(kind: String, location: String, node: xmlNodePtr)] {
    var result: [(kind: String, location: String, node: xmlNodePtr)] = []
    var next = xmlDocGetRootElement(document.pointer)?.pointee.children
    while let node = next {
      next = node.pointee.next
      guard node.pointee.type == XML_ELEMENT_NODE, let namespace = node.pointee.ns?.pointee.href,
        String(cString: namespace) == "http://www.w3.org/2001/XMLSchema"
      else { continue }
      let kind = String(cString: node.pointee.name)
      guard ["include", "import", "redefine"].contains(kind), let value = xmlGetNoNsProp(node, "schemaLocation")
      else { continue }
      result.append((kind, XmlCharacter.trimmed(String(cString: value)), node))
      cxslt_free(value)
    }
    return result
  }

  // MARK: - Loading

  /// The document as it is now, in UTF-8: what it declared of its encoding was true of the file it came from.
  private static func bytes(of document: LibXmlDocument) -> [UInt8] {
    guard let root = xmlDocGetRootElement(document.pointer), let buffer = xmlBufferCreate() else { return [] }
    defer { xmlBufferFree(buffer) }
    let length = xmlNodeDump(buffer, document.pointer, root, 0, 0)
    guard length > 0, let content = xmlBufferContent(buffer) else { return [] }
    // The root keeps its line, so that problems tell theirs.
    let lines = max(0, Int(xmlGetLineNo(root)) - 1)
    return [UInt8](repeating: 0x0a, count: lines)
      + UnsafeBufferPointer(start: content, count: Int(xmlBufferLength(buffer)))
  }

  /// libxml2's way to other documents: those that are offered, and nothing else.
  static let loader: xmlExternalEntityLoader = { location, _, context in
    guard let location, let bytes = offered[String(cString: location)], let context else { return nil }
    let buffer = bytes.withUnsafeBytes {
      xmlParserInputBufferCreateMem(
        $0.bindMemory(to: CChar.self).baseAddress, Int32($0.count), XML_CHAR_ENCODING_NONE)
    }
    guard let buffer else { return nil }
    guard let input = xmlNewIOInputStream(context, buffer, XML_CHAR_ENCODING_NONE) else {
      xmlFreeParserInputBuffer(buffer)
      return nil
    }
    // The parser frees the name with the input.
    let name = location.withMemoryRebound(to: xmlChar.self, capacity: 1) { xmlStrdup($0) }
    input.pointee.filename = name.map { UnsafePointer(UnsafeMutableRawPointer($0).assumingMemoryBound(to: CChar.self)) }
    return input
  }
}
