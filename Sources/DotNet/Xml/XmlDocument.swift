/// A whole document: declaration, comments and instructions around one root element (`XDocument`).
public final class XmlDocument: XmlContainer {
  public var declaration: XmlDeclaration?

  public override init() {}

  public override var kind: XmlKind { .document }
  override var isLevel: Bool { false }

  public var rootElement: XmlElement? { nodes.lazy.compactMap { $0 as? XmlElement }.first }
  public var documentType: XmlDocumentType? { nodes.lazy.compactMap { $0 as? XmlDocumentType }.first }

  public override func copy() -> XmlNode {
    let result = XmlDocument()
    result.declaration = declaration?.copy()
    result.adoptCopies(of: self)
    return result
  }

  override func validate(_ node: XmlNode, at index: Int) throws {
    switch node.kind {
    case .text: try validate(text: (node as? XmlText)?.value ?? "")
    case .cdata, .document: throw XmlElement.cannotHold(node)
    case .element, .documentType:
      // One root, and one document type before it.
      let isRoot = node.kind == .element
      for (place, other) in nodes.enumerated() where other.kind == .element || other.kind == .documentType {
        let isInOrder = isRoot ? other.kind == .documentType && place < index : other.kind == .element && place >= index
        guard isInOrder else {
          throw DotNetException.invalidOperation("This operation would create an incorrectly structured document.")
        }
      }
    default: break
    }
  }

  override func validate(text: String) throws {
    guard XmlCharacter.isBlank(text) else {
      throw DotNetException.argument("Non-whitespace characters cannot be added to content.")
    }
  }
}

/// The first line of a document: `XDeclaration`.
public final class XmlDeclaration {
  public var version: String?
  public var encoding: String?
  public var standalone: String?

  public init(version: String?, encoding: String?, standalone: String?) {
    self.version = version
    self.encoding = encoding
    self.standalone = standalone
  }

  public func copy() -> XmlDeclaration {
    XmlDeclaration(version: version, encoding: encoding, standalone: standalone)
  }
}

extension XmlDeclaration: CustomStringConvertible {
  public var description: String {
    let parts = [("version", version), ("encoding", encoding), ("standalone", standalone)]
    return "<?xml" + parts.compactMap { name, value in value.map { " \(name)=\"\($0)\"" } }.joined() + "?>"
  }
}
