/// A node or an attribute of an XML tree: `XObject`.
///
/// A parent holds its children; a child knows its parent without holding it. Whoever hands out single nodes and wants
/// their relatives to stay must hold the root as well.
public class XmlObject {
  /// The element or document that holds this; nil for a root.
  public internal(set) final weak var parent: XmlContainer?
  /// What `AddAnnotation` attached, in order.
  public final var annotations: [Any] = []

  public var kind: XmlKind { .none }

  /// The topmost container above, or this itself.
  public final var root: XmlObject {
    var top = self
    while let above = top.parent { top = above }
    return top
  }

  /// The element that holds this; a document does not count.
  public final var parentElement: XmlElement? { parent as? XmlElement }

  public final var document: XmlDocument? { root as? XmlDocument }

  static func parentIsMissing() -> DotNetException { .invalidOperation("The parent is missing.") }
}

/// A node: everything but attributes (`XNode`).
public class XmlNode: XmlObject {
  /// Where the node was last seen among its parent's nodes.
  final var place = 0

  /// Deepest nesting of elements in a tree; the parser's bound, too.
  public static let maximumDepth = 256

  /// A copy without parent.
  public func copy() -> XmlNode { XmlNode() }

  /// An upper bound of the levels of elements in this node, itself included.
  var height: Int { 0 }

  /// The sibling behind this node.
  public final var next: XmlNode? {
    guard let parent, let index = parent.index(of: self), index + 1 < parent.nodes.count else { return nil }
    return parent.nodes[index + 1]
  }

  /// The sibling before this node.
  public final var previous: XmlNode? {
    guard let parent, let index = parent.index(of: self), index > 0 else { return nil }
    return parent.nodes[index - 1]
  }

  /// Takes the node out of its parent; InvalidOperationException when there is none.
  public final func remove() throws {
    guard let parent, let index = parent.index(of: self) else { throw XmlObject.parentIsMissing() }
    parent.removeNode(at: index)
  }
}
