/// An element with its attributes and content: `XElement`.
public final class XmlElement: XmlContainer {
  public var name: XmlName
  /// In the order in which they were written; no two have the same name.
  public private(set) var attributes: [XmlAttribute] = []

  public init(_ name: XmlName) { self.name = name }

  deinit { for attribute in attributes { attribute.parent = nil } }

  public override var kind: XmlKind { .element }

  public override func copy() -> XmlNode {
    let result = XmlElement(name)
    for attribute in attributes { result.adopt(attribute.copy()) }
    result.adoptCopies(of: self)
    return result
  }

  override func validate(_ node: XmlNode, at index: Int) throws {
    if node.kind == .document || node.kind == .documentType { throw XmlElement.cannotHold(node) }
  }

  static func cannotHold(_ node: XmlNode) -> DotNetException {
    .argument("A node of type \(node.kind.name) cannot be added to content.")
  }

  /// `Value`: the texts within; setting it replaces the whole content.
  public var value: String {
    get { innerText }
    set {
      removeNodes()
      append(unchecked: newValue)
    }
  }

  // MARK: - Attributes

  public func attribute(_ name: XmlName) -> XmlAttribute? { attributes.first { $0.name == name } }

  /// Adds an attribute: a copy of it when another element has it.
  ///
  /// - Returns: the attribute that was added.
  /// - Throws: InvalidOperationException when there is one of that name.
  @discardableResult
  public func add(_ attribute: XmlAttribute) throws -> XmlAttribute {
    if self.attribute(attribute.name) != nil { throw DotNetException.invalidOperation("Duplicate attribute.") }
    let own = attribute.parent == nil ? attribute : attribute.copy()
    adopt(own)
    return own
  }

  func adopt(_ attribute: XmlAttribute) {
    attribute.parent = self
    attributes.append(attribute)
  }

  func remove(_ attribute: XmlAttribute) {
    attribute.parent = nil
    attributes.removeAll { $0 === attribute }
  }

  public func removeAttributes() {
    for attribute in attributes { attribute.parent = nil }
    attributes = []
  }

  // MARK: - Namespaces

  /// The element and the elements around it, inner ones first.
  private var withAncestors: [XmlElement] {
    var (result, next) = ([self], parentElement)
    while let element = next {
      result.append(element)
      next = element.parentElement
    }
    return result
  }

  /// What the nearest declaration says of a prefix, `xmlns` for the default; elements from `outside` on do not count.
  private func declared(_ prefix: String, before outside: XmlElement? = nil) -> String? {
    for element in withAncestors {
      if element === outside { return nil }
      for attribute in element.attributes where attribute.isDeclaration && attribute.name.local == prefix {
        return attribute.value
      }
    }
    return nil
  }

  /// Namespace of names without prefix; empty for none.
  public var defaultNamespace: String { declared("xmlns") ?? "" }

  /// - Throws: ArgumentException for an empty prefix.
  public func namespace(ofPrefix prefix: String) throws -> String? {
    if prefix.isEmpty { throw DotNetException.argument("'' is an invalid prefix.") }
    if prefix == "xmlns" { return XmlName.declarationNamespace }
    if let found = declared(prefix) { return found }
    return prefix == "xml" ? XmlName.xmlNamespace : nil
  }

  /// A prefix that stands for a namespace here; nil when none does.
  public func prefix(ofNamespace namespace: String) -> String? {
    for element in withAncestors {
      for attribute in element.attributes
      where attribute.isDeclaration && attribute.value == namespace && !attribute.name.namespace.isEmpty
        && declared(attribute.name.local, before: element) == nil
      {
        return attribute.name.local
      }
    }
    return XmlAttribute.knownPrefix(namespace)
  }
}
