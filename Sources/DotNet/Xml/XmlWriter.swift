/// XML as text, laid out as .NET's `XmlWriter` lays it out for `XNode.ToString()` and `Save`.
public struct XmlWriter {
  public struct Options: Sendable {
    /// Elements with nothing but elements within get a line for each.
    public var isIndented = true
    /// Declarations that repeat one in force are left out.
    public var omitsDuplicateNamespaces = false

    public init(isIndented: Bool = true, omitsDuplicateNamespaces: Bool = false) {
      self.isIndented = isIndented
      self.omitsDuplicateNamespaces = omitsDuplicateNamespaces
    }
  }

  private static let newLine = "\r\n"

  private let options: Options
  private var text = ""
  private var namespaces = XmlNamespaceStack()
  /// Prefixes the tree declares, outer ones first, with the number of open elements at the declaration.
  private var declared: [(prefix: String, namespace: String, depth: Int)] = []
  private var depth = 0
  /// Whether text was seen in each open element, or around it: from then on nothing is moved to a new line.
  private var mixed = [false]
  /// Length of `text` behind the last text or start tag: nothing was written since when it still is the length.
  private var textEnd = 0
  private var startTagEnd = -1

  private init(_ options: Options) { self.options = options }

  /// `ToString(options)` of a node.
  ///
  /// - Throws: XmlException when prefixes contradict each other, ArgumentException for characters XML cannot hold.
  public static func text(_ node: XmlNode, _ options: Options = Options()) throws -> String {
    var writer = XmlWriter(options)
    if let element = node as? XmlElement { writer.declareAncestors(of: element) }
    try writer.write(node)
    return writer.text
  }

  /// What `Save` writes to a text: the XML declaration, then the nodes.
  ///
  /// - Parameter encoding: the name the declaration gives, whatever the document's own declaration says.
  public static func saved(_ node: XmlNode, encoding: String, _ options: Options = Options()) throws -> String {
    var writer = XmlWriter(options)
    let standalone = (node as? XmlDocument)?.declaration?.standalone
    writer.text = "<?xml version=\"1.0\" encoding=\"\(encoding)\""
    if let standalone, standalone == "yes" || standalone == "no" { writer.text += " standalone=\"\(standalone)\"" }
    writer.text += "?>"
    if let element = node as? XmlElement { writer.declareAncestors(of: element) }
    try writer.write(node)
    return writer.text
  }

  /// `ToString()` of an attribute.
  public static func text(_ attribute: XmlAttribute) throws -> String {
    let namespace = attribute.name.namespace
    var prefix = ""
    if !namespace.isEmpty {
      let known =
        attribute.parentElement?.prefix(ofNamespace: namespace) ?? XmlAttribute.knownPrefix(namespace)
      prefix = (known ?? XmlNamespaceStack().madeUpPrefix()) + ":"
    }
    var writer = XmlWriter(Options(isIndented: false))
    writer.text = prefix + attribute.name.local + "=\""
    try writer.writeEscaped(attribute.value, inAttribute: true)
    return writer.text + "\""
  }

  // MARK: - Nodes

  private mutating func write(_ node: XmlNode) throws {
    switch node {
    case let element as XmlElement: try write(element)
    case let document as XmlDocument: for child in document.nodes { try write(child) }
    case let node as XmlText: try write(node)
    case let comment as XmlComment:
      startLine()
      let data = XmlWriter.apart(try XmlWriter.verbatim(comment.value), "-", "-")
      text += "<!--" + data + (data.hasSuffix("-") ? " -->" : "-->")
    case let instruction as XmlProcessingInstruction:
      startLine()
      let data = XmlWriter.apart(try XmlWriter.verbatim(instruction.data), "?", ">")
      text += "<?" + instruction.target + (data.isEmpty ? "" : " " + data) + "?>"
    case let type as XmlDocumentType:
      startLine()
      text += "<!DOCTYPE " + type.name
      if let id = type.publicID {
        text += " PUBLIC \"\(id)\" \"\(type.systemID ?? "")\""
      } else if let id = type.systemID {
        text += " SYSTEM \"\(id)\""
      } else {
        text += " "
      }
      if let subset = type.internalSubset { text += "[" + subset + "]" }
      text += ">"
    default: break
    }
  }

  private mutating func write(_ node: XmlText) throws {
    // White space between the parts of a document is layout already.
    let isLayout = node.parent is XmlDocument
    mixed[mixed.count - 1] = !isLayout
    if node.kind == .cdata {
      text += "<![CDATA[" + (try XmlWriter.verbatim(node.value)).replacing("]]>", with: "]]]]><![CDATA[>") + "]]>"
    } else {
      try writeEscaped(node.value, inAttribute: false)
    }
    textEnd = text.utf8.count
  }

  /// Text that is written as it is, but for its line ends.
  private static func verbatim(_ text: String) throws -> String {
    try XmlCharacter.check(text)
    guard text.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D }) else { return text }
    return text.replacing("\r\n", with: "\n").replacing("\r", with: "\n").replacing("\n", with: newLine)
  }

  /// Text with a blank between two characters that would end what it stands in.
  private static func apart(_ text: String, _ first: String, _ second: String) -> String {
    var result = text
    while result.contains(first + second) { result = result.replacing(first + second, with: first + " " + second) }
    return result
  }

  private mutating func write(_ element: XmlElement) throws {
    startLine()
    mixed.append(false)
    depth += 1
    for attribute in element.attributes where attribute.isDeclaration {
      declared.append((attribute.name.namespace.isEmpty ? "" : attribute.name.local, attribute.value, depth))
    }
    namespaces.enterElement()
    let qualified = try writeStartTag(element)
    if !element.hasContent {
      text += " />"
      mixed.removeLast()
    } else {
      text += ">"
      startTagEnd = text.utf8.count
      // Within text everything stays where it is; the root begins anew.
      if depth > 1 { mixed[mixed.count - 1] = mixed[mixed.count - 2] }
      for child in element.nodes { try write(child) }
      if options.isIndented, !mixed[mixed.count - 1], startTagEnd != text.utf8.count, textEnd != text.utf8.count {
        indent(depth - 1)
      }
      mixed.removeLast()
      text += "</" + qualified + ">"
    }
    namespaces.leaveElement()
    while let last = declared.last, last.depth == depth { declared.removeLast() }
    depth -= 1
  }

  /// - Returns: the element's name with its prefix.
  private mutating func writeStartTag(_ element: XmlElement) throws -> String {
    let namespace = element.name.namespace
    let prefix = declaredPrefix(namespace, allowsDefault: true) ?? namespaces.prefix(of: namespace) ?? ""
    let qualified = prefix.isEmpty ? element.name.local : prefix + ":" + element.name.local
    text += "<" + qualified
    try namespaces.use(prefix, for: namespace)
    for attribute in element.attributes { try write(attribute) }
    for (prefix, namespace) in namespaces.takePending() {
      try write(prefix.isEmpty ? "xmlns" : "xmlns:" + prefix, namespace)
    }
    return qualified
  }

  private mutating func write(_ attribute: XmlAttribute) throws {
    let (local, namespace) = (attribute.name.local, attribute.name.namespace)
    if attribute.isDeclaration {
      let prefix = namespace.isEmpty ? "" : local
      let isNew = try namespaces.declare(
        prefix, as: attribute.value, omitsDuplicates: options.omitsDuplicateNamespaces)
      if isNew { try write(prefix.isEmpty ? "xmlns" : "xmlns:" + prefix, attribute.value) }
      return
    }
    guard !namespace.isEmpty else { return try write(local, attribute.value) }
    var prefix = declaredPrefix(namespace, allowsDefault: false) ?? namespaces.prefix(of: namespace) ?? ""
    if prefix.isEmpty || (namespaces.ownNamespace(of: prefix).map { $0 != namespace } ?? false) {
      prefix = namespaces.madeUpPrefix()
    }
    try namespaces.use(prefix, for: namespace)
    try write(prefix + ":" + local, attribute.value)
  }

  private mutating func write(_ qualified: String, _ value: String) throws {
    text += " " + qualified + "=\""
    try writeEscaped(value, inAttribute: true)
    text += "\""
  }

  // MARK: - Prefixes of the tree

  private mutating func declareAncestors(of element: XmlElement) {
    var next = element.parentElement
    while let ancestor = next {
      for attribute in ancestor.attributes where attribute.isDeclaration {
        declared.insert((attribute.name.namespace.isEmpty ? "" : attribute.name.local, attribute.value, 0), at: 0)
      }
      next = ancestor.parentElement
    }
  }

  /// The prefix the tree declares for a namespace, the innermost first; nil when there is none in force.
  private func declaredPrefix(_ namespace: String, allowsDefault: Bool) -> String? {
    if namespace.isEmpty { return "" }
    for index in declared.indices.reversed() where declared[index].namespace == namespace {
      let prefix = declared[index].prefix
      if declared[(index + 1)...].contains(where: { $0.prefix == prefix }) { continue }
      if allowsDefault || !prefix.isEmpty { return prefix }
    }
    return XmlAttribute.knownPrefix(namespace)
  }

  // MARK: - Layout

  /// Moves to a line of its own unless something forbids it.
  private mutating func startLine() {
    if options.isIndented, !mixed[mixed.count - 1], textEnd != text.utf8.count { indent(depth) }
  }

  private mutating func indent(_ depth: Int) {
    text += XmlWriter.newLine
    for _ in 0..<depth { text += "  " }
  }

  // MARK: - Characters

  private mutating func writeEscaped(_ value: String, inAttribute: Bool) throws {
    var value = value
    let isPlain = value.withUTF8 { bytes in
      bytes.allSatisfy { $0 >= 0x20 && $0 < 0x80 && $0 != 0x26 && $0 != 0x3C && $0 != 0x3E && $0 != 0x22 }
    }
    if isPlain {
      text += value
      return
    }
    try XmlCharacter.check(value)
    var previous: Unicode.Scalar = " "
    for scalar in value.unicodeScalars {
      switch scalar {
      case "&": text += "&amp;"
      case "<": text += "&lt;"
      case ">": text += "&gt;"
      case "\"" where inAttribute: text += "&quot;"
      case "\t" where inAttribute: text += "&#x9;"
      case "\n" where inAttribute: text += "&#xA;"
      case "\r" where inAttribute: text += "&#xD;"
      case "\n": if previous != "\r" { text += XmlWriter.newLine }
      case "\r": text += XmlWriter.newLine
      default: text.unicodeScalars.append(scalar)
      }
      previous = scalar
    }
  }
}
