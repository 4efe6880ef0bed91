/// Questions about two nodes.
public enum XmlComparison {
  /// `XNode.DeepEquals`: the same kinds, names and texts in the same order, attributes included.
  public static func areDeeplyEqual(_ a: XmlNode, _ b: XmlNode) -> Bool {
    if a === b { return true }
    guard a.kind == b.kind else { return false }
    switch (a, b) {
    case (let x as XmlElement, let y as XmlElement):
      guard x.name == y.name, x.attributes.count == y.attributes.count, haveEqualContent(x, y) else { return false }
      return zip(x.attributes, y.attributes).allSatisfy { $0.name == $1.name && $0.value == $1.value }
    case (let x as XmlContainer, let y as XmlContainer): return haveEqualContent(x, y)
    case (let x as XmlText, let y as XmlText): return x.value == y.value
    case (let x as XmlComment, let y as XmlComment): return x.value == y.value
    case (let x as XmlProcessingInstruction, let y as XmlProcessingInstruction):
      return x.target == y.target && x.data == y.data
    case (let x as XmlDocumentType, let y as XmlDocumentType):
      return x.name == y.name && x.publicID == y.publicID && x.systemID == y.systemID
        && x.internalSubset == y.internalSubset
    default: return false
    }
  }

  /// An empty tag differs from a start tag with its end tag.
  private static func haveEqualContent(_ a: XmlContainer, _ b: XmlContainer) -> Bool {
    let (x, y) = (content(a), content(b))
    return x.count == y.count && (!x.isEmpty || a.hasContent == b.hasContent)
      && zip(x, y).allSatisfy { p, q in
        switch (p, q) {
        case (.text(let s), .text(let t)): s == t
        case (.node(let m), .node(let n)): areDeeplyEqual(m, n)
        default: false
        }
      }
  }

  private enum Part {
    case text(String)
    case node(XmlNode)
  }

  /// The children with neighbouring texts as one.
  private static func content(_ container: XmlContainer) -> [Part] {
    var result: [Part] = []
    for node in container.nodes {
      guard let text = node as? XmlText, text.kind == .text else {
        result.append(.node(node))
        continue
      }
      if case .text(let before)? = result.last {
        result[result.count - 1] = .text(before + text.value)
      } else if !text.value.isEmpty {
        result.append(.text(text.value))
      }
    }
    return result
  }

  /// `XNode.CompareDocumentOrder`: negative when `a` comes first.
  ///
  /// - Throws: InvalidOperationException when they have no common ancestor.
  public static func documentOrder(_ a: XmlNode, _ b: XmlNode) throws -> Int {
    if a === b { return 0 }
    let (x, y) = (path(a), path(b))
    guard x.first === y.first else {
      throw DotNetException.invalidOperation("A common ancestor is missing.")
    }
    for (p, q) in zip(x, y) where p !== q {
      guard let parent = p.parent, let i = parent.index(of: p), let j = parent.index(of: q) else { return 0 }
      return i < j ? -1 : 1
    }
    return x.count < y.count ? -1 : 1
  }

  /// The ancestors of a node, outer ones first, and itself.
  private static func path(_ node: XmlNode) -> [XmlNode] {
    var result = [node]
    while let parent = result[result.count - 1].parent { result.append(parent) }
    return result.reversed()
  }

  /// A number equal for deeply equal nodes.
  public static func hash(_ node: XmlNode, into hasher: inout Hasher) {
    hasher.combine(node.kind)
    switch node {
    case let element as XmlElement:
      hasher.combine(element.name)
      for attribute in element.attributes {
        hasher.combine(attribute.name)
        hasher.combine(attribute.value)
      }
      hasher.combine(element.innerText)
    case let container as XmlContainer: hasher.combine(container.innerText)
    case let text as XmlText: hasher.combine(text.value)
    case let comment as XmlComment: hasher.combine(comment.value)
    case let instruction as XmlProcessingInstruction: hasher.combine(instruction.target)
    case let type as XmlDocumentType: hasher.combine(type.name)
    default: break
    }
  }
}
