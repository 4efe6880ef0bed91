import DotNet

/// `XContainer`, `XElement` and `XDocument`.
extension LibraryCatalog {
  static let xmlContainerTypes: [LibraryType] = [
    LibraryType("abstract class System.Xml.Linq.XContainer : XNode") { type in
      containerAxes(&type)
      containerChanges(&type)
    },
    LibraryType("class System.Xml.Linq.XElement : XContainer") { type in
      elementMaking(&type)
      elementParts(&type)
      elementChanges(&type)
      xmlConversions(&type, "XElement element") { ($0 as? XmlElement)?.value }
    },
    LibraryType("class System.Xml.Linq.XDocument : XContainer") { type in
      documentMaking(&type)
      documentParts(&type)
    },
    LibraryType("class System.Xml.Linq.XDeclaration") { type in declaration(&type) },
  ]

  // MARK: - Containers

  private static func containerAxes(_ type: inout LibraryRegistration) {
    xmlAxis(&type, "Elements", XmlSequence.children)
    xmlAxis(&type, "Descendants", { XmlSequence.descendants(of: $0) })
    xmlNodes(&type, "Nodes", XmlSequence.children)
    xmlNodes(&type, "DescendantNodes", { XmlSequence.descendants(of: $0) })
    type.member("XElement Element(XName name)") { call in
      let (container, tree) = try call.xml(XmlContainer.self)
      guard let name: XmlNameObject = call.objectOrNull(0) else { return .null }
      try call.machine.charge(steps: container.nodes.count / 16)
      return XmlReference.value(container.element(name.name), in: tree)
    }
    type.member("XNode FirstNode { get; }") { call in
      let (container, tree) = try call.xml(XmlContainer.self)
      return XmlReference.value(container.nodes.first, in: tree)
    }
    type.member("XNode LastNode { get; }") { call in
      let (container, tree) = try call.xml(XmlContainer.self)
      return XmlReference.value(container.nodes.last, in: tree)
    }
  }

  private static func containerChanges(_ type: inout LibraryRegistration) {
    xmlContent(&type, "Add") { call, content in
      let (container, tree) = try call.xml(XmlContainer.self)
      try content.add(to: container, in: tree, call.machine)
    }
    xmlContent(&type, "AddFirst") { call, content in
      let (container, tree) = try call.xml(XmlContainer.self)
      try content.insert(into: container, at: 0, in: tree, call.machine)
    }
    xmlContent(&type, "ReplaceNodes") { call, content in
      let (container, tree) = try call.xml(XmlContainer.self)
      empty(container, tree)
      try content.add(to: container, in: tree, call.machine)
    }
    type.member("void RemoveNodes()") { call in
      let (container, tree) = try call.xml(XmlContainer.self)
      empty(container, tree)
      return .null
    }
  }

  private static func empty(_ container: XmlContainer, _ tree: XmlTree) {
    tree.keep(container.nodes)
    container.removeNodes()
  }

  private static func removeAttributes(_ element: XmlElement, _ tree: XmlTree) {
    tree.keep(element.attributes)
    element.removeAttributes()
  }

  // MARK: - Elements

  private static func elementMaking(_ type: inout LibraryRegistration) {
    type.member("XElement(XName name)") { call in
      try call.machine.allocate(bytes: 200)
      return .object(XmlReference(root: XmlElement(try call.xmlName(0))))
    }
    for parameters in ["object content", "params object[] content"] {
      type.member("XElement(XName name, \(parameters))") { call in
        try call.machine.allocate(bytes: 200)
        let element = XmlElement(try call.xmlName(0))
        let result = XmlReference(root: element)
        try XmlContent(call[1], call.machine).add(to: element, in: result.tree, call.machine)
        return .object(result)
      }
    }
    type.member("XElement(XElement other)") { call in
      let other = try call.xml(0, as: XmlElement.self).object
      try XmlContent.charge(copying: other, call.machine)
      return .object(XmlReference(root: other.copy()))
    }
    type.member("static XElement Parse(string text)") { call in
      .object(try xmlElement(try call.string(0), keepsWhitespace: false, call.machine))
    }
    type.member("static XElement Parse(string text, LoadOptions options)") { call in
      .object(try xmlElement(try call.string(0), keepsWhitespace: call.enumerator(1) & 1 != 0, call.machine))
    }
    type.member("static XElement Load(TextReader textReader)") { call in
      let reader: StringReaderObject = try call.object(0)
      return .object(try xmlElement(try reader.rest(), keepsWhitespace: false, call.machine))
    }
    type.member("static XElement Load(XmlReader reader)", listed: false) { call in
      let reader: XmlReaderObject = try call.object(0)
      return .object(XmlReference(root: try reader.readElement(call.machine)))
    }
    type.member("static IEnumerable<XElement> EmptySequence { get; }") { _ in
      .object(ArrayObject(of: XmlReference.xml("XElement"), []))
    }
  }

  /// A text as the element it holds.
  static func xmlElement(_ text: String, keepsWhitespace: Bool, _ machine: Machine) throws -> XmlReference {
    try machine.process(bytes: text.utf8.count * 4)
    return XmlReference(root: try XmlParser.element(text, keepsWhitespace: keepsWhitespace))
  }

  /// A text as a document.
  static func xmlDocument(_ text: String, keepsWhitespace: Bool, _ machine: Machine) throws -> XmlReference {
    try machine.process(bytes: text.utf8.count * 4)
    return XmlReference(root: try XmlParser.document(text, keepsWhitespace: keepsWhitespace))
  }

  private static func elementParts(_ type: inout LibraryRegistration) {
    type.property("XName Name { get; set; }") { call in
      .object(XmlNameObject(try call.xml(XmlElement.self).object.name))
    } set: { call in
      try call.xml(XmlElement.self).object.name = try call.xmlName(0)
      return .null
    }
    type.property("string Value { get; set; }") { call in
      let text = try call.xml(XmlElement.self).object.value
      try call.machine.process(bytes: text.utf8.count)
      return .string(text)
    } set: { call in
      let (element, tree) = try call.xml(XmlElement.self)
      let value = try call.string(0)
      empty(element, tree)
      element.value = value
      return .null
    }
    type.member("bool IsEmpty { get; }") { call in .bool(!(try call.xml(XmlElement.self).object.hasContent)) }
    type.member("bool HasAttributes { get; }") { call in
      .bool(!(try call.xml(XmlElement.self).object.attributes.isEmpty))
    }
    type.member("bool HasElements { get; }") { call in
      .bool(try call.xml(XmlElement.self).object.nodes.contains { $0 is XmlElement })
    }
    type.member("XAttribute Attribute(XName name)") { call in
      let (element, tree) = try call.xml(XmlElement.self)
      guard let name: XmlNameObject = call.objectOrNull(0) else { return .null }
      return XmlReference.value(element.attribute(name.name), in: tree)
    }
    for (name, isFirst) in [("FirstAttribute", true), ("LastAttribute", false)] {
      type.member("XAttribute \(name) { get; }") { call in
        let (element, tree) = try call.xml(XmlElement.self)
        return XmlReference.value(isFirst ? element.attributes.first : element.attributes.last, in: tree)
      }
    }
    type.member("IEnumerable<XAttribute> Attributes()") { call in
      let (element, tree) = try call.xml(XmlElement.self)
      return XmlSequence.make(of: "XAttribute", in: tree) { XmlSequence.attributes(of: element) }
    }
    type.member("IEnumerable<XAttribute> Attributes(XName name)") { call in
      let (element, tree) = try call.xml(XmlElement.self)
      return XmlSequence.make(of: "XAttribute", in: tree, XmlSequence.named(call, 0)) {
        XmlSequence.attributes(of: element)
      }
    }
    xmlAxis(&type, "AncestorsAndSelf", { XmlSequence.ancestors(of: $0, includingSelf: true) })
    xmlAxis(&type, "DescendantsAndSelf", { XmlSequence.descendants(of: $0, includingSelf: true) })
    xmlNodes(&type, "DescendantNodesAndSelf", { XmlSequence.descendants(of: $0, includingSelf: true) })
    namespaces(&type)
    saving(&type)
  }

  private static func namespaces(_ type: inout LibraryRegistration) {
    type.member("XNamespace GetDefaultNamespace()") { call in
      .object(XmlNamespaceObject(try call.xml(XmlElement.self).object.defaultNamespace))
    }
    type.member("XNamespace GetNamespaceOfPrefix(string prefix)") { call in
      let namespace = try call.xml(XmlElement.self).object.namespace(ofPrefix: try call.string(0))
      return namespace.map { .object(XmlNamespaceObject($0)) } ?? .null
    }
    type.member("string GetPrefixOfNamespace(XNamespace ns)") { call in
      let namespace: XmlNamespaceObject = try call.object(0)
      let element = try call.xml(XmlElement.self).object
      if namespace.name.isEmpty { return .null }
      return element.prefix(ofNamespace: namespace.name).map { .string($0) } ?? .null
    }
  }

  private static func elementChanges(_ type: inout LibraryRegistration) {
    type.member("void SetValue(object value)") { call in
      let (element, tree) = try call.xml(XmlElement.self)
      if call[0].isNull { throw Thrown.argumentNull("value") }
      let text = try XmlConversion.text(call[0], call.machine)
      empty(element, tree)
      element.value = text
      return .null
    }
    type.member("void SetAttributeValue(XName name, object value)") { call in
      let (element, tree) = try call.xml(XmlElement.self)
      let name = try call.xmlName(0)
      guard let existing = element.attribute(name) else {
        if call[1].isNull { return .null }
        try call.machine.allocate(bytes: 120)
        try element.add(XmlAttribute(name, try XmlConversion.text(call[1], call.machine)))
        return .null
      }
      if call[1].isNull {
        try removed(XmlReference(existing, in: tree))
      } else {
        try existing.set(try XmlConversion.text(call[1], call.machine))
      }
      return .null
    }
    type.member("void SetElementValue(XName name, object value)") { call in
      let (element, tree) = try call.xml(XmlElement.self)
      let name = try call.xmlName(0)
      guard let existing = element.element(name) else {
        if call[1].isNull { return .null }
        try call.machine.allocate(bytes: 200)
        let child = XmlElement(name)
        child.value = try XmlConversion.text(call[1], call.machine)
        try element.append(child)
        return .null
      }
      if call[1].isNull {
        try removed(XmlReference(existing, in: tree))
      } else {
        let text = try XmlConversion.text(call[1], call.machine)
        empty(existing, tree)
        existing.value = text
      }
      return .null
    }
    type.member("void RemoveAttributes()") { call in
      let (element, tree) = try call.xml(XmlElement.self)
      removeAttributes(element, tree)
      return .null
    }
    type.member("void RemoveAll()") { call in
      let (element, tree) = try call.xml(XmlElement.self)
      removeAttributes(element, tree)
      empty(element, tree)
      return .null
    }
    xmlContent(&type, "ReplaceAll") { call, content in
      let (element, tree) = try call.xml(XmlElement.self)
      removeAttributes(element, tree)
      empty(element, tree)
      try content.add(to: element, in: tree, call.machine)
    }
    xmlContent(&type, "ReplaceAttributes") { call, content in
      let (element, tree) = try call.xml(XmlElement.self)
      removeAttributes(element, tree)
      try content.add(to: element, in: tree, call.machine)
    }
  }

  /// `Save` to a text, of elements and documents.
  private static func saving(_ type: inout LibraryRegistration) {
    for more in ["", ", SaveOptions options"] {
      type.member("void Save(TextWriter textWriter\(more))") { call in
        let writer: StringWriterObject = try call.object(0)
        let text = try XmlWriter.saved(try call.xml(XmlNode.self).object, encoding: "utf-16", layout(call, 1))
        try writer.write(text, call.machine)
        return .null
      }
    }
  }

  // MARK: - Documents

  private static func documentMaking(_ type: inout LibraryRegistration) {
    type.member("XDocument()") { _ in .object(XmlReference(root: XmlDocument())) }
    type.member("XDocument(params object[] content)") { call in try document(call, content: 0) }
    type.member("XDocument(XDeclaration declaration, params object[] content)") { call in
      try document(call, content: 1)
    }
    type.member("XDocument(XDocument other)") { call in
      let other = try call.xml(0, as: XmlDocument.self).object
      try XmlContent.charge(copying: other, call.machine)
      return .object(XmlReference(root: other.copy()))
    }
    type.member("static XDocument Parse(string text)") { call in
      .object(try xmlDocument(try call.string(0), keepsWhitespace: false, call.machine))
    }
    type.member("static XDocument Parse(string text, LoadOptions options)") { call in
      .object(try xmlDocument(try call.string(0), keepsWhitespace: call.enumerator(1) & 1 != 0, call.machine))
    }
    type.member("static XDocument Load(TextReader textReader)", listed: false) { call in
      let reader: StringReaderObject = try call.object(0)
      return .object(try xmlDocument(try reader.rest(), keepsWhitespace: false, call.machine))
    }
    type.member("static XDocument Load(XmlReader reader)", listed: false) { call in
      let reader: XmlReaderObject = try call.object(0)
      return .object(XmlReference(root: try reader.readDocument(call.machine)))
    }
  }

  private static func document(_ call: Call, content: Int) throws -> Value {
    try call.machine.allocate(bytes: 200)
    let document = XmlDocument()
    let result = XmlReference(root: document)
    if content == 1, let declaration: XmlDeclarationObject = call.objectOrNull(0) {
      document.declaration = declaration.declaration
    }
    try XmlContent(call[content], call.machine).add(to: document, in: result.tree, call.machine)
    return .object(result)
  }

  private static func documentParts(_ type: inout LibraryRegistration) {
    type.member("XElement Root { get; }") { call in
      let (document, tree) = try call.xml(XmlDocument.self)
      return XmlReference.value(document.rootElement, in: tree)
    }
    type.member("XDocumentType DocumentType { get; }") { call in
      let (document, tree) = try call.xml(XmlDocument.self)
      return XmlReference.value(document.documentType, in: tree)
    }
    type.property("XDeclaration Declaration { get; set; }") { call in
      let declaration = try call.xml(XmlDocument.self).object.declaration
      return declaration.map { .object(XmlDeclarationObject($0)) } ?? .null
    } set: { call in
      let held: XmlDeclarationObject? = call.objectOrNull(0)
      try call.xml(XmlDocument.self).object.declaration = held?.declaration
      return .null
    }
    saving(&type)
  }

  private static func declaration(_ type: inout LibraryRegistration) {
    type.member("XDeclaration(string version, string encoding, string standalone)") { call in
      .object(
        XmlDeclarationObject(
          XmlDeclaration(
            version: call.stringOrNull(0), encoding: call.stringOrNull(1), standalone: call.stringOrNull(2))))
    }
    type.member("XDeclaration(XDeclaration other)") { call in
      let other: XmlDeclarationObject = try call.object(0)
      return .object(XmlDeclarationObject(other.declaration.copy()))
    }
    let parts: [(String, any ReferenceWritableKeyPath<XmlDeclaration, String?> & Sendable)] = [
      ("Version", \.version), ("Encoding", \.encoding), ("Standalone", \.standalone),
    ]
    for (name, path) in parts {
      type.property("string \(name) { get; set; }") { call in
        try call.receiver(XmlDeclarationObject.self).declaration[keyPath: path].map { .string($0) } ?? .null
      } set: { call in
        try call.receiver(XmlDeclarationObject.self).declaration[keyPath: path] = call.stringOrNull(0)
        return .null
      }
    }
  }
}

/// `XDeclaration`.
final class XmlDeclarationObject: RuntimeObject {
  let declaration: XmlDeclaration

  init(_ declaration: XmlDeclaration) { self.declaration = declaration }

  var runtimeType: TypeSymbol { XmlReference.xml("XDeclaration") }
  func text(_ machine: Machine) throws -> String { declaration.description }
  func isEqual(to other: Value) -> Bool {
    if case .object(let object) = other, let held = object as? XmlDeclarationObject {
      return held.declaration === declaration
    }
    return false
  }
  func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(declaration)) }
}
