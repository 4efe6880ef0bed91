/// A node that holds others: an element or a document (`XContainer`).
public class XmlContainer: XmlNode {
  public private(set) final var nodes: [XmlNode] = []
  /// Whether there is content even without nodes: `<a></a>` rather than `<a />`.
  public internal(set) final var hasContent = false
  private final var levels = 0

  deinit { for node in nodes { node.parent = nil } }

  /// Whether the container counts as a level of its own.
  var isLevel: Bool { true }

  override final var height: Int { levels + (isLevel ? 1 : 0) }

  // MARK: - Reading

  public final var elements: [XmlElement] { nodes.compactMap { $0 as? XmlElement } }

  public final func element(_ name: XmlName) -> XmlElement? {
    for node in nodes {
      if let element = node as? XmlElement, element.name == name { return element }
    }
    return nil
  }

  /// The texts of all descendants, one after the other.
  public final var innerText: String {
    if nodes.count == 1, let text = nodes[0] as? XmlText { return text.value }
    var result = ""
    collectText(into: &result)
    return result
  }

  private func collectText(into result: inout String) {
    for node in nodes {
      if let text = node as? XmlText {
        result += text.value
      } else if let container = node as? XmlContainer {
        container.collectText(into: &result)
      }
    }
  }

  /// Where a node stands among `nodes`; nil when it is no child.
  public final func index(of node: XmlNode) -> Int? {
    guard node.parent === self else { return nil }
    // The place it was last seen at is right, or near: look around it.
    var (below, above) = (min(node.place, nodes.count - 1), min(node.place, nodes.count - 1) + 1)
    while below >= 0 || above < nodes.count {
      if below >= 0 {
        if nodes[below] === node {
          node.place = below
          return below
        }
        below -= 1
      }
      if above < nodes.count {
        if nodes[above] === node {
          node.place = above
          return above
        }
        above += 1
      }
    }
    return nil
  }

  /// The first descendant that follows `node` in document order, `node` being this container or one of its descendants;
  /// nil at the end, or when `node` has left the tree.
  public final func descendant(after node: XmlNode) -> XmlNode? {
    if let container = node as? XmlContainer, let first = container.nodes.first { return first }
    var current = node
    while current !== self {
      if let sibling = current.next { return sibling }
      guard let above = current.parent else { return nil }
      current = above
    }
    return nil
  }

  // MARK: - Changing

  /// Refuses a node that may not stand before the one at `index`.
  func validate(_ node: XmlNode, at index: Int) throws {}

  /// Refuses text that the container may not hold.
  func validate(text: String) throws {}

  /// Puts a node among the children: a copy of it when it has a parent already, or is the root of this very tree.
  ///
  /// - Returns: the node that was put there.
  @discardableResult
  public final func insert(_ node: XmlNode, at index: Int) throws -> XmlNode {
    try validate(node, at: index)
    let own = node.parent != nil || node === root ? node.copy() : node
    var depth = isLevel ? 1 : 0
    var above = parent
    while let container = above {
      depth += 1
      above = container.parent
    }
    guard depth + own.height <= XmlNode.maximumDepth else {
      throw DotNetException.invalidOperation("XML may be nested \(XmlNode.maximumDepth) levels deep.")
    }
    adopt(own, at: index)
    raise(by: own)
    return own
  }

  @discardableResult
  public final func append(_ node: XmlNode) throws -> XmlNode { try insert(node, at: nodes.count) }

  /// Text behind the last child: part of that child when it is text, too.
  public final func append(text: String) throws {
    try validate(text: text)
    append(unchecked: text)
  }

  /// - Returns: the new text node; nil when the text went into another or is empty.
  @discardableResult
  final func append(unchecked text: String) -> XmlNode? {
    hasContent = true
    if text.isEmpty { return nil }
    if let last = nodes.last as? XmlText, last.kind == .text {
      last.value += text
      return nil
    }
    let node = XmlText(text)
    adopt(node, at: nodes.count)
    return node
  }

  /// Makes a node without parent a child, without asking whether it may be one.
  final func adopt(_ node: XmlNode, at index: Int) {
    node.parent = self
    node.place = index
    nodes.insert(node, at: index)
    hasContent = true
  }

  /// Counts the levels of a new child in this container and those above.
  final func raise(by node: XmlNode) {
    var (height, container) = (node.height, Optional(self))
    while let current = container, current.levels < height {
      current.levels = height
      height = current.height
      container = current.parent
    }
  }

  final func removeNode(at index: Int) {
    nodes[index].parent = nil
    nodes.remove(at: index)
    if nodes.isEmpty { hasContent = false }
  }

  /// Takes out all children.
  public final func removeNodes() {
    for node in nodes { node.parent = nil }
    nodes = []
    hasContent = false
    levels = 0
  }

  /// Copies of the children of another container.
  final func adoptCopies(of other: XmlContainer) {
    hasContent = other.hasContent
    levels = other.levels
    for node in other.nodes { adopt(node.copy(), at: nodes.count) }
  }
}
