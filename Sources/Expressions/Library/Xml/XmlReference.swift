import DotNet

/// A node or an attribute that an expression holds, with what keeps its relatives alive.
///
/// Two references to the same node are the same object for C#.
final class XmlReference: RuntimeObject {
  let object: XmlObject
  let tree: XmlTree

  init(_ object: XmlObject, in tree: XmlTree) {
    self.object = object
    self.tree = tree
  }

  /// A node that begins a tree of its own.
  convenience init(root: XmlObject) { self.init(root, in: XmlTree(root)) }

  static func value(_ object: XmlObject?, in tree: XmlTree) -> Value {
    object.map { .object(XmlReference($0, in: tree)) } ?? .null
  }

  private static let types: [XmlKind: TypeSymbol] = [
    .attribute: xml("XAttribute"), .cdata: xml("XCData"), .comment: xml("XComment"), .document: xml("XDocument"),
    .documentType: xml("XDocumentType"), .element: xml("XElement"),
    .processingInstruction: xml("XProcessingInstruction"), .text: xml("XText"),
  ]

  /// A type of `System.Xml.Linq`.
  static func xml(_ name: String) -> TypeSymbol { .named("System.Xml.Linq." + name) }

  var runtimeType: TypeSymbol { XmlReference.types[object.kind] ?? .object }

  func text(_ machine: Machine) throws -> String { try text(XmlWriter.Options(), machine) }

  /// `ToString(options)`.
  func text(_ options: XmlWriter.Options, _ machine: Machine) throws -> String {
    let text: String
    switch object {
    case let node as XmlNode: text = try XmlWriter.text(node, options)
    case let attribute as XmlAttribute: text = try XmlWriter.text(attribute)
    default: text = ""
    }
    try machine.process(bytes: text.utf8.count)
    return text
  }

  func isEqual(to other: Value) -> Bool {
    if case .object(let held) = other, let reference = held as? XmlReference { return reference.object === object }
    return false
  }

  func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(object)) }
}

/// What keeps the nodes of one tree alive for whoever refers to any of them: a parent holds its children, and this holds
/// the parents. Trees that are joined, one node becoming the child of another's, live on as one.
final class XmlTree {
  private var kept: [XmlObject]
  private var joined: XmlTree?

  init(_ root: XmlObject) { kept = [root] }

  private var whole: XmlTree {
    var tree = self
    while let next = tree.joined { tree = next }
    return tree
  }

  /// Goes on holding a node that is about to leave its parent.
  func keep(_ objects: [XmlObject]) { whole.kept += objects }

  /// This tree's root has become part of another tree.
  func join(_ other: XmlTree) {
    let (own, target) = (whole, other.whole)
    if own === target { return }
    target.kept += own.kept
    own.kept = []
    own.joined = target
  }
}

extension Call {
  /// The receiver as a node of a Swift class, and its tree.
  func xml<Object: XmlObject>(_ type: Object.Type = Object.self) throws -> (object: Object, tree: XmlTree) {
    let reference = try receiver(XmlReference.self)
    guard let object = reference.object as? Object else {
      throw Thrown.invalidCast(reference.runtimeType, member.declaringType.selfType)
    }
    return (object, reference.tree)
  }

  /// An argument as a node of a Swift class; null throws ArgumentNullException.
  func xml<Object: XmlObject>(_ index: Int, as type: Object.Type = Object.self) throws -> (
    object: Object, tree: XmlTree
  ) {
    let reference: XmlReference = try object(index)
    guard let object = reference.object as? Object else {
      throw Thrown.invalidCast(reference.runtimeType, member.parameters[index].type)
    }
    return (object, reference.tree)
  }

  func xmlOrNull<Object: XmlObject>(_ index: Int, as type: Object.Type = Object.self) -> Object? {
    objectOrNull(index, as: XmlReference.self)?.object as? Object
  }
}
