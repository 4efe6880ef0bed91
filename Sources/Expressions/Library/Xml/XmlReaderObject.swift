import DotNet

/// An `XmlReader`: a place in a document, moved forward node by node.
///
/// The text is read as far as it is well formed when the reader is made; its first mistake is thrown when the reader
/// comes to it.
final class XmlReaderObject: RuntimeObject {
  private enum Place {
    case before
    case at(XmlNode)
    case endTag(XmlElement)
    case end
  }

  private let root: XmlNode
  private let tree: XmlTree
  private let failure: DotNetException?
  private var place = Place.before
  /// The attribute the reader moved to.
  private var attributeIndex: Int?

  init(_ text: String) {
    let (document, failure) = XmlParser.read(text, keepsWhitespace: true)
    root = document
    tree = XmlTree(document)
    self.failure = failure
  }

  /// A reader over a tree that is there: only the node and what is within.
  init(_ node: XmlNode, in tree: XmlTree) {
    root = node
    self.tree = tree
    failure = nil
  }

  var runtimeType: TypeSymbol { .named("System.Xml.XmlReader") }

  // MARK: - Moving

  var isAtEnd: Bool {
    if case .end = place { return true }
    return false
  }

  /// To the next node; false at the end.
  func read() throws -> Bool {
    attributeIndex = nil
    switch place {
    case .before: place = root is XmlDocument ? try firstChild(of: root) : .at(root)
    case .at(let element as XmlElement) where element.hasContent: place = try firstChild(of: element)
    case .at(let node): place = try after(node)
    case .endTag(let element): place = try after(element)
    case .end: break
    }
    return !isAtEnd
  }

  private func firstChild(of node: XmlNode) throws -> Place {
    guard let container = node as? XmlContainer, let first = container.nodes.first else {
      return try end(of: node)
    }
    return .at(first)
  }

  private func after(_ node: XmlNode) throws -> Place {
    if node === root { return .end }
    if let next = node.next { return .at(next) }
    return try node.parent.map { try end(of: $0) } ?? .end
  }

  /// Behind the last child of a container. What follows the last node that was read is the mistake.
  private func end(of node: XmlNode) throws -> Place {
    if let failure, isLast(node) { throw Thrown(failure) }
    guard let element = node as? XmlElement else { return .end }
    return .endTag(element)
  }

  /// Whether nothing follows in the whole document.
  private func isLast(_ node: XmlNode) -> Bool {
    var current = node
    while current !== root {
      if current.next != nil { return false }
      guard let parent = current.parent else { return true }
      current = parent
    }
    return true
  }

  /// Behind the node the reader is at and all that is within it.
  func skip() throws {
    attributeIndex = nil
    if case .at(let node) = place { place = try after(node) } else { _ = try read() }
  }

  /// To the next element, end tag or text; what is between is passed over.
  func moveToContent() throws -> XmlKind {
    moveToElement()
    if case .before = place { _ = try read() }
    while !isAtEnd {
      switch kind {
      case .comment, .processingInstruction, .documentType, .whitespace, .significantWhitespace: _ = try read()
      default: return kind
      }
    }
    return .none
  }

  /// To the next element of a name, within `limit` only if there is one.
  func read(to name: String, within limit: XmlNode? = nil) throws -> Bool {
    while try read() {
      if case .endTag(let element) = place, element === limit { return false }
      if kind == .element, self.name == name { return true }
    }
    return false
  }

  // MARK: - The node it is at

  var node: XmlNode? {
    switch place {
    case .at(let node): node
    case .endTag(let element): element
    default: nil
    }
  }

  private var element: XmlElement? { node as? XmlElement }

  private var attribute: XmlAttribute? {
    guard let element, let index = attributeIndex, element.attributes.indices.contains(index) else { return nil }
    return element.attributes[index]
  }

  var kind: XmlKind {
    if attribute != nil { return .attribute }
    if case .endTag = place { return .endElement }
    guard let node else { return .none }
    if let text = node as? XmlText, text.kind == .text, text.value.utf8.allSatisfy({ [0x20, 9, 10, 13].contains($0) }) {
      return .whitespace
    }
    return node.kind
  }

  /// Depth of the node: 0 for the root.
  var depth: Int {
    var count = attribute == nil ? 0 : 1
    var parent = node === root ? nil : node?.parentElement
    while let element = parent {
      count += 1
      parent = element === root ? nil : element.parentElement
    }
    return count
  }

  var isEmptyElement: Bool {
    guard case .at(let node) = place, attribute == nil, let element = node as? XmlElement else { return false }
    return !element.hasContent
  }

  private var expandedName: XmlName? { attribute?.name ?? element?.name }

  var namespace: String {
    guard let name = expandedName else { return "" }
    return name.namespace.isEmpty && name.local == "xmlns" && attribute != nil
      ? XmlName.declarationNamespace : name.namespace
  }

  var prefix: String {
    guard let name = expandedName, !name.namespace.isEmpty, let element else { return "" }
    if attribute == nil, element.defaultNamespace == name.namespace { return "" }
    return element.prefix(ofNamespace: name.namespace) ?? ""
  }

  var localName: String {
    if let name = expandedName { return name.local }
    switch node {
    case let instruction as XmlProcessingInstruction: return instruction.target
    case let type as XmlDocumentType: return type.name
    default: return ""
    }
  }

  var name: String { prefix.isEmpty ? localName : prefix + ":" + localName }

  var value: String {
    if let attribute { return attribute.value }
    switch node {
    case let text as XmlText: return text.value
    case let comment as XmlComment: return comment.value
    case let instruction as XmlProcessingInstruction: return instruction.data
    case let type as XmlDocumentType: return type.internalSubset ?? ""
    default: return ""
    }
  }

  // MARK: - Attributes

  var attributeCount: Int { kind == .endElement ? 0 : element?.attributes.count ?? 0 }

  func attribute(_ qualifiedName: String) -> String? {
    guard kind != .endElement, let element else { return nil }
    let parts = qualifiedName.split(separator: ":", maxSplits: 1).map(String.init)
    let namespace = parts.count == 2 ? (try? element.namespace(ofPrefix: parts[0])) ?? "" : ""
    return element.attributes.first { $0.name.local == parts.last && $0.name.namespace == namespace }?.value
  }

  func attribute(_ local: String, in namespace: String) -> String? {
    kind == .endElement
      ? nil : element?.attributes.first { $0.name.local == local && $0.name.namespace == namespace }?.value
  }

  func moveToAttribute(_ index: Int) -> Bool {
    guard attributeCount > index else { return false }
    attributeIndex = index
    return true
  }

  func moveToNextAttribute() -> Bool { moveToAttribute((attributeIndex ?? -1) + 1) }

  @discardableResult
  func moveToElement() -> Bool {
    defer { attributeIndex = nil }
    return attributeIndex != nil
  }

  // MARK: - Whole parts

  /// A copy of the node the reader is at; the reader moves behind it.
  func readNode(_ machine: Machine) throws -> XmlNode {
    guard case .at(let node) = place else {
      throw Thrown.invalidOperation("The XmlReader state should be Interactive.")
    }
    // A mistake within the part shows before the part can be had.
    if failure != nil, let container = node as? XmlContainer, isLast(container) {
      while try read() {}
    }
    try XmlContent.charge(copying: node, machine)
    try skip()
    return node.copy()
  }

  /// The root element, with nothing but white space and comments behind it.
  func readElement(_ machine: Machine) throws -> XmlNode {
    guard try moveToContent() == .element else {
      throw Thrown.invalidOperation("The XmlReader must be on a node of type Element.")
    }
    let element = try readNode(machine)
    guard try moveToContent() == .none else {
      throw Thrown.invalidOperation("The XmlReader state should be EndOfFile after this operation.")
    }
    return element
  }

  /// Everything from here on.
  func readDocument(_ machine: Machine) throws -> XmlNode {
    let document = XmlDocument()
    if case .before = place { _ = try read() }
    while !isAtEnd { try document.append(try readNode(machine)) }
    guard document.rootElement != nil else { throw Thrown.invalidOperation("The root element is missing.") }
    return document
  }

  /// The text within the element the reader is at; the reader moves behind it.
  func readElementText(_ machine: Machine) throws -> String {
    guard try moveToContent() == .element, let element else {
      throw Thrown.invalidOperation("The XmlReader is not at an element.")
    }
    if element.nodes.contains(where: { $0 is XmlElement }) {
      throw Thrown("System.Xml.XmlException", "Unexpected node type Element. The element holds other elements.")
    }
    let text = element.value
    try machine.process(bytes: text.utf8.count)
    _ = try readNode(machine)
    return text
  }

  /// The markup of the element, with or without its own tags; the reader moves behind it.
  func readMarkup(inner: Bool, _ machine: Machine) throws -> String {
    guard case .at(let node) = place else { return "" }
    let layout = XmlWriter.Options(isIndented: false)
    let parts = inner ? (node as? XmlContainer)?.nodes ?? [] : [node]
    let text = try parts.map { try XmlWriter.text($0, layout) }.joined()
    try machine.process(bytes: text.utf8.count)
    try skip()
    return text
  }
}
