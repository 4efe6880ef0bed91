import DotNet

/// JSON as a document, by Newtonsoft's rules and a few of the product's own.
///
/// A property is an element; an array repeats it; `@name` is an attribute, `#text` the text, `#cdata-section` a section,
/// `?name` an instruction. An object with other than one property gets the root element `Document`.
struct JsonToXml {
  private let options: JsonToXmlOptions
  private let machine: Machine

  static let rootName = "Document"

  private init(_ options: JsonToXmlOptions, _ machine: Machine) {
    self.options = options
    self.machine = machine
  }

  static func document(_ token: JsonToken, _ options: JsonToXmlOptions, _ machine: Machine) throws -> XmlDocument {
    try JsonToXml(options, machine).document(token)
  }

  private func document(_ token: JsonToken) throws -> XmlDocument {
    let document = XmlDocument()
    let parts = token.isObject ? token.children : []
    let elements = parts.filter { isElement($0.propertyName ?? "") }
    if token.isObject, elements.count == 1, let value = elements[0].propertyValue,
      !value.isArray || value.count == 1, !parts.contains(where: { isContent($0.propertyName ?? "") })
    {
      for part in parts { try add(part, to: document) }
    } else {
      let root = XmlElement(XmlName.encoded(JsonToXml.rootName))
      try document.append(root)
      try fill(root, with: token, name: "item")
    }
    return document
  }

  private func isElement(_ name: String) -> Bool { !["?", "!", "@", "#", "$"].contains(name.prefix(1)) }

  /// What only an element can hold.
  private func isContent(_ name: String) -> Bool {
    name.hasPrefix("@") || name == "#text" || name == "#cdata-section" || name == options.attributeBlockName
      || declaredPrefix(name) != nil
  }

  // MARK: - Elements

  private func add(_ property: JsonToken, to container: XmlContainer) throws {
    guard let name = property.propertyName, let value = property.propertyValue else { return }
    switch name {
    case "#text": for text in values(value) { try container.append(text: try self.text(text)) }
    case "#cdata-section":
      for text in values(value) { try container.append(XmlText(try self.text(text), isSection: true)) }
    case "#comment": for text in values(value) { try container.append(XmlComment(try self.text(text))) }
    case "#whitespace", "#significant-whitespace": break
    case "?xml":
      func part(_ name: String) throws -> String? { try value.member(name).map { try text($0) } }
      (container as? XmlDocument)?.declaration = XmlDeclaration(
        version: try part("@version"), encoding: try part("@encoding"), standalone: try part("@standalone"))
    case "!DOCTYPE": break
    case _ where name.hasPrefix("?"):
      try container.append(try XmlProcessingInstruction(String(name.dropFirst()), try text(value)))
    default: for item in values(value) { try addElement(name, item, to: container) }
    }
  }

  private func values(_ value: JsonToken) -> [JsonToken] { value.isArray ? value.children : [value] }

  private func addElement(_ name: String, _ value: JsonToken, to container: XmlContainer) throws {
    try machine.charge()
    try machine.allocate(bytes: 200)
    // The element is named once it hangs in the tree, whose declarations and its own say what its prefix means.
    let element = XmlElement(XmlName.encoded(name))
    try container.append(element)
    if value.isObject { for property in value.children { try declare(property, on: element) } }
    element.name = resolve(name, element, isElement: true)
    try fill(element, with: value, name: name)
  }

  private func fill(_ element: XmlElement, with value: JsonToken, name: String) throws {
    switch value.content {
    case .object:
      for property in value.children { try addAttributes(property, to: element) }
      for property in value.children where !isAttribute(property.propertyName ?? "") { try add(property, to: element) }
    // An array within an array repeats the name within.
    case .array: for item in value.children { try addElement(name, item, to: element) }
    case .scalar(.null), .undefined: break
    default: element.value = try text(value)
    }
  }

  // MARK: - Attributes and namespaces

  private func isAttribute(_ name: String) -> Bool {
    name.hasPrefix("@") || name.hasPrefix("$") || name == options.attributeBlockName || declaredPrefix(name) != nil
  }

  /// The prefix a property declares, empty for the default; nil when it is no declaration.
  private func declaredPrefix(_ name: String) -> String? {
    if name == "@xmlns" { return "" }
    if name.hasPrefix("@xmlns:") { return String(name.dropFirst(7)) }
    guard let prefix = options.namespacePrefix, !prefix.isEmpty else { return nil }
    if name == prefix { return "" }
    let start = prefix + options.namespaceSeparator
    return name.hasPrefix(start) ? String(name.dropFirst(start.count)) : nil
  }

  private func declare(_ property: JsonToken, on element: XmlElement) throws {
    guard let name = property.propertyName, let value = property.propertyValue else { return }
    if name == options.attributeBlockName {
      for inner in value.children { try declare(inner, on: element) }
    } else if let prefix = declaredPrefix(name) {
      let declared =
        prefix.isEmpty ? XmlName.encoded("xmlns") : try XmlName(prefix, in: XmlName.declarationNamespace)
      try element.add(XmlAttribute(declared, try text(value)))
    }
  }

  private func addAttributes(_ property: JsonToken, to element: XmlElement) throws {
    guard let name = property.propertyName, let value = property.propertyValue, declaredPrefix(name) == nil else {
      return
    }
    if name == options.attributeBlockName {
      for inner in value.children where declaredPrefix(inner.propertyName ?? "") == nil {
        guard let value = inner.propertyValue else { continue }
        try element.add(XmlAttribute(resolve(inner.propertyName ?? "", element, isElement: false), try text(value)))
      }
    } else if name.hasPrefix("@") {
      try element.add(XmlAttribute(resolve(String(name.dropFirst()), element, isElement: false), try text(value)))
    }
  }

  /// A prefix counts where it is declared; elsewhere the separator is part of the name.
  private func resolve(_ name: String, _ element: XmlElement, isElement: Bool) -> XmlName {
    for separator in [options.namespaceSeparator, ":"] where !separator.isEmpty {
      guard let range = name.firstRange(of: separator), range.lowerBound > name.startIndex,
        range.upperBound < name.endIndex,
        let namespace = try? element.namespace(ofPrefix: String(name[..<range.lowerBound]))
      else { continue }
      return XmlName.encoded(String(name[range.upperBound...]), in: namespace)
    }
    return XmlName.encoded(name, in: isElement ? element.defaultNamespace : "")
  }

  /// A scalar as Newtonsoft writes it into XML.
  private func text(_ token: JsonToken) throws -> String {
    guard !token.isContainer else {
      throw Thrown.argument("An array or object cannot be the text of an attribute or element.")
    }
    let value = try token.scalar()
    return value.isNull ? "" : try XmlConversion.text(value, machine)
  }
}

/// How JSON becomes XML.
public struct JsonToXmlOptions: Sendable {
  /// Texts in the form of a date are written anew in XML's form.
  public var readsDates: Bool
  /// What stands between the prefix and the name in a property.
  public var namespaceSeparator: String
  /// Properties that begin with this and the separator declare namespaces: usually `xmlns`.
  public var namespacePrefix: String?
  /// The property whose own properties are attributes of the element around it.
  public var attributeBlockName: String?

  public init(
    readsDates: Bool = true, namespaceSeparator: String = "_", namespacePrefix: String? = nil,
    attributeBlockName: String? = nil
  ) {
    self.readsDates = readsDates
    self.namespaceSeparator = namespaceSeparator
    self.namespacePrefix = namespacePrefix
    self.attributeBlockName = attributeBlockName
  }
}
