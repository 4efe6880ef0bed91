/// One piece of the content that constructors and `Add` are given.
public enum XmlPart {
  case node(XmlNode)
  case attribute(XmlAttribute)
  case text(String)
}

extension XmlContainer {
  /// Adds a piece behind the last child; an attribute behind the last attribute.
  ///
  /// - Throws: ArgumentException and InvalidOperationException for what the container may not hold.
  public final func add(_ part: XmlPart) throws {
    switch part {
    case .node(let node): try append(node)
    case .text(let text): try append(text: text)
    case .attribute(let attribute):
      guard let element = self as? XmlElement else { throw XmlContainer.noAttribute() }
      try element.add(attribute)
    }
  }

  /// Puts pieces before the child at `index`. Texts beside each other become one node, part of the one before if that is
  /// text.
  public final func insert(_ parts: [XmlPart], at index: Int) throws {
    var place = index
    var text: String?
    func insertText() throws {
      guard let pending = text else { return }
      text = nil
      try validate(text: pending)
      if pending.isEmpty {
        hasContent = true
      } else if place > 0, let before = nodes[place - 1] as? XmlText, before.kind == .text {
        before.value += pending
      } else {
        try insert(XmlText(pending), at: place)
        place += 1
      }
    }
    for part in parts {
      switch part {
      case .attribute: throw XmlContainer.noAttribute()
      case .text(let more): text = (text ?? "") + more
      case .node(let node):
        try insertText()
        try insert(node, at: place)
        place += 1
      }
    }
    try insertText()
  }

  private static func noAttribute() -> DotNetException { .argument("An attribute cannot be added to content.") }
}
