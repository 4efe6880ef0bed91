/// The nodes around a node, one after another, each found when it is asked for.
///
/// A tree that changes in between is followed as .NET follows it: a node that has left its parent ends the walk.
public enum XmlAxis {
  /// Gives the next node; nil at the end.
  public typealias Cursor = () -> XmlNode?

  /// The children of a container.
  public static func children(of container: XmlContainer) -> Cursor {
    siblings(from: { container.nodes.first }, in: container)
  }

  /// The siblings behind a node.
  public static func following(_ node: XmlNode) -> Cursor {
    siblings(from: { node.next }, in: node.parent)
  }

  /// The siblings before a node, in the order of the document.
  public static func preceding(_ node: XmlNode) -> Cursor {
    let all = siblings(from: { [weak parent = node.parent] in parent?.nodes.first }, in: node.parent)
    var hasEnded = false
    return {
      guard !hasEnded, let sibling = all(), sibling !== node else {
        hasEnded = true
        return nil
      }
      return sibling
    }
  }

  private static func siblings(from first: @escaping () -> XmlNode?, in parent: XmlContainer?) -> Cursor {
    var current: XmlNode?
    var state = 0
    return {
      switch state {
      case 0:
        state = 1
        current = first()
      case 1: current = current?.parent === parent ? current?.next : nil
      default: return nil
      }
      if current == nil { state = 2 }
      return current
    }
  }

  /// All nodes within a node in the order of the document, itself first if asked for.
  public static func descendants(of node: XmlNode, includingSelf: Bool) -> Cursor {
    var current: XmlNode? = node
    var isFirst = includingSelf
    return {
      if isFirst {
        isFirst = false
        return node
      }
      guard let container = node as? XmlContainer, let last = current else { return nil }
      current = container.descendant(after: last)
      return current
    }
  }

  /// The elements around a node, inner ones first, itself first if asked for and it is one.
  public static func ancestors(of node: XmlNode, includingSelf: Bool) -> Cursor {
    var current: XmlNode? = node
    var isFirst = includingSelf
    return {
      if isFirst {
        isFirst = false
        if node is XmlElement { return node }
      }
      current = current?.parentElement
      return current
    }
  }
}
