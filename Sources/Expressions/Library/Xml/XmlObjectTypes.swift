import DotNet

/// What all parts of an XML tree have in common: `XObject`, `XNode` and their enumerations.
extension LibraryCatalog {
  static let xmlObjectTypes: [LibraryType] = [
    LibraryType(enumeration: "System.Xml.XmlNodeType", XmlKind.allCases.map { ($0.name, Int64($0.rawValue)) }),
    LibraryType(
      enumeration: "System.Xml.Linq.SaveOptions", listed: false, flags: true,
      [("None", 0), ("DisableFormatting", 1), ("OmitDuplicateNamespaces", 2)]),
    LibraryType(
      enumeration: "System.Xml.Linq.LoadOptions", listed: false, flags: true,
      [("None", 0), ("PreserveWhitespace", 1), ("SetBaseUri", 2), ("SetLineInfo", 4)]),
    LibraryType("class System.Xml.XmlException : Exception", listed: false),
    LibraryType("abstract class System.Xml.Linq.XObject") { type in
      type.member("XmlNodeType NodeType { get; }") { call in kind(try call.xml().object.kind) }
      type.member("XElement Parent { get; }") { call in
        let (object, tree) = try call.xml()
        return XmlReference.value(object.parentElement, in: tree)
      }
      type.member("XDocument Document { get; }") { call in
        let (object, tree) = try call.xml()
        return XmlReference.value(object.document, in: tree)
      }
      type.member("string BaseUri { get; }") { _ in .string("") }
      annotations(&type)
    },
    LibraryType("abstract class System.Xml.Linq.XNode : XObject") { type in
      nodeAxes(&type)
      nodeChanges(&type)
      nodeQuestions(&type)
    },
    LibraryType("class System.Xml.Linq.XNodeDocumentOrderComparer") { type in
      type.member("XNodeDocumentOrderComparer()") { _ in .object(XmlComparer(.documentOrder)) }
      type.member("int Compare(XNode x, XNode y)") { call in try documentOrder(call) }
    },
    LibraryType("class System.Xml.Linq.XNodeEqualityComparer") { type in
      type.member("XNodeEqualityComparer()") { _ in .object(XmlComparer(.equality)) }
      type.member("bool Equals(XNode x, XNode y)") { call in deepEquals(call) }
      type.member("int GetHashCode(XNode obj)") { call in
        guard let node: XmlNode = call.xmlOrNull(0) else { return .int32(0) }
        return .int32(Hashing.code(.null, try XmlWriter.text(node, XmlWriter.Options(isIndented: false))))
      }
    },
  ]

  static func kind(_ kind: XmlKind) -> Value { .enumeration(kind.rawValue, .named("System.Xml.XmlNodeType")) }

  /// The layout that a `SaveOptions` argument asks for.
  static func layout(_ call: Call, _ index: Int) -> XmlWriter.Options {
    let options = call.enumerator(index)
    return XmlWriter.Options(isIndented: options & 1 == 0, omitsDuplicateNamespaces: options & 2 != 0)
  }

  private static func annotations(_ type: inout LibraryRegistration) {
    type.member("void AddAnnotation(object annotation)") { call in
      if call[0].isNull { throw Thrown.argumentNull("annotation") }
      try call.machine.allocate(bytes: 64)
      try call.xml().object.annotations.append(call[0])
      return .null
    }
    type.member("T Annotation<T>()") { call in
      let wanted = call.types[0]
      return held(try call.xml().object).first { $0.isInstance(of: wanted) } ?? .null
    }
    type.member("IEnumerable<T> Annotations<T>()") { call in
      let wanted = call.types[0]
      return .object(ArrayObject(of: wanted, held(try call.xml().object).filter { $0.isInstance(of: wanted) }))
    }
    type.member("void RemoveAnnotations<T>()") { call in
      let (object, wanted) = (try call.xml().object, call.types[0])
      object.annotations.removeAll { ($0 as? Value)?.isInstance(of: wanted) ?? false }
      return .null
    }
  }

  private static func held(_ object: XmlObject) -> [Value] { object.annotations.compactMap { $0 as? Value } }

  private static func nodeAxes(_ type: inout LibraryRegistration) {
    type.member("XNode NextNode { get; }") { call in
      let (node, tree) = try call.xml(XmlNode.self)
      return XmlReference.value(node.next, in: tree)
    }
    type.member("XNode PreviousNode { get; }") { call in
      let (node, tree) = try call.xml(XmlNode.self)
      return XmlReference.value(node.previous, in: tree)
    }
    xmlAxis(&type, "Ancestors", { XmlSequence.ancestors(of: $0) })
    xmlAxis(&type, "ElementsAfterSelf", following)
    xmlAxis(&type, "ElementsBeforeSelf", preceding)
    xmlNodes(&type, "NodesAfterSelf", following)
    xmlNodes(&type, "NodesBeforeSelf", preceding)
  }

  private static func following(_ object: XmlObject) -> () -> XmlObject? {
    (object as? XmlNode).map { XmlAxis.following($0) } ?? { nil }
  }

  private static func preceding(_ object: XmlObject) -> () -> XmlObject? {
    (object as? XmlNode).map { XmlAxis.preceding($0) } ?? { nil }
  }

  /// An axis of elements, with and without the name of what is wanted.
  static func xmlAxis(
    _ type: inout LibraryRegistration, _ name: String, _ walk: @escaping @Sendable (XmlObject) -> () -> XmlObject?
  ) {
    type.member("IEnumerable<XElement> \(name)()") { call in
      let (object, tree) = try call.xml()
      return XmlSequence.make(of: "XElement", in: tree, XmlSequence.elements()) { walk(object) }
    }
    type.member("IEnumerable<XElement> \(name)(XName name)") { call in
      let (object, tree) = try call.xml()
      return XmlSequence.make(of: "XElement", in: tree, XmlSequence.named(call, 0)) { walk(object) }
    }
  }

  /// An axis of nodes of any kind.
  static func xmlNodes(
    _ type: inout LibraryRegistration, _ name: String, _ walk: @escaping @Sendable (XmlObject) -> () -> XmlObject?
  ) {
    type.member("IEnumerable<XNode> \(name)()") { call in
      let (object, tree) = try call.xml()
      return XmlSequence.make(of: "XNode", in: tree) { walk(object) }
    }
  }

  /// A method whose content is one value, or several.
  static func xmlContent(
    _ type: inout LibraryRegistration, _ name: String,
    _ body: @escaping @Sendable (inout Call, XmlContent) throws -> Void
  ) {
    for parameters in ["object content", "params object[] content"] {
      type.member("void \(name)(\(parameters))") { call in
        try body(&call, try XmlContent(call[0], call.machine))
        return .null
      }
    }
  }

  private static func nodeChanges(_ type: inout LibraryRegistration) {
    xmlContent(&type, "AddAfterSelf") { call, content in try insert(content, call, after: true) }
    xmlContent(&type, "AddBeforeSelf") { call, content in try insert(content, call, after: false) }
    xmlContent(&type, "ReplaceWith") { call, content in
      let reference = try call.receiver(XmlReference.self)
      let (parent, index) = try place(reference.object)
      try removed(reference)
      try content.insert(into: parent, at: index, in: reference.tree, call.machine)
    }
    type.member("void Remove()") { call in
      try removed(try call.receiver(XmlReference.self))
      return .null
    }
  }

  private static func insert(_ content: XmlContent, _ call: Call, after: Bool) throws {
    let reference = try call.receiver(XmlReference.self)
    let (parent, index) = try place(reference.object)
    try content.insert(into: parent, at: after ? index + 1 : index, in: reference.tree, call.machine)
  }

  /// The parent of a node and where the node stands in it.
  private static func place(_ object: XmlObject) throws -> (XmlContainer, Int) {
    guard let node = object as? XmlNode, let parent = node.parent, let index = parent.index(of: node) else {
      throw Thrown.invalidOperation("The parent is missing.")
    }
    return (parent, index)
  }

  private static func nodeQuestions(_ type: inout LibraryRegistration) {
    type.member("string ToString(SaveOptions options)") { call in
      .string(try call.receiver(XmlReference.self).text(layout(call, 0), call.machine))
    }
    type.member("static bool DeepEquals(XNode n1, XNode n2)") { call in deepEquals(call) }
    type.member("static int CompareDocumentOrder(XNode n1, XNode n2)") { call in try documentOrder(call) }
    type.member("bool IsAfter(XNode node)") { call in
      .bool(try XmlComparison.documentOrder(try call.xml(XmlNode.self).object, try call.xml(0).object) > 0)
    }
    type.member("bool IsBefore(XNode node)") { call in
      .bool(try XmlComparison.documentOrder(try call.xml(XmlNode.self).object, try call.xml(0).object) < 0)
    }
    type.member("static XNodeDocumentOrderComparer DocumentOrderComparer { get; }") { _ in
      .object(XmlComparer(.documentOrder))
    }
    type.member("static XNodeEqualityComparer EqualityComparer { get; }") { _ in .object(XmlComparer(.equality)) }
    type.member("static XNode ReadFrom(XmlReader reader)") { call in
      let reader: XmlReaderObject = try call.object(0)
      return .object(XmlReference(root: try reader.readNode(call.machine)))
    }
    type.member("XmlReader CreateReader()", listed: false) { call in
      let (node, tree) = try call.xml(XmlNode.self)
      return .object(XmlReaderObject(node, in: tree))
    }
  }

  private static func deepEquals(_ call: Call) -> Value {
    guard let a: XmlNode = call.xmlOrNull(0), let b: XmlNode = call.xmlOrNull(1) else {
      return .bool(call[0].isNull && call[1].isNull)
    }
    return .bool(XmlComparison.areDeeplyEqual(a, b))
  }

  /// Null comes first.
  private static func documentOrder(_ call: Call) throws -> Value {
    guard let a: XmlNode = call.xmlOrNull(0), let b: XmlNode = call.xmlOrNull(1) else {
      return .int32(call[0].isNull ? (call[1].isNull ? 0 : -1) : 1)
    }
    return .int32(Int32(try XmlComparison.documentOrder(a, b)))
  }
}

/// One of the two comparers of nodes.
final class XmlComparer: RuntimeObject, Sendable {
  enum Kind {
    case documentOrder
    case equality
  }

  private let kind: Kind

  init(_ kind: Kind) { self.kind = kind }

  var runtimeType: TypeSymbol {
    XmlReference.xml(kind == .equality ? "XNodeEqualityComparer" : "XNodeDocumentOrderComparer")
  }
}
