import DotNet

/// Values as the content of elements and documents.
struct XmlContent {
  private(set) var parts: [XmlPart] = []
  private var references: [XmlReference] = []

  /// - Parameter value: a node, an attribute, a sequence of such things, or anything with a text; null adds nothing.
  init(_ value: Value, _ machine: Machine) throws { try collect(value, machine, depth: 0) }

  private mutating func collect(_ value: Value, _ machine: Machine, depth: Int) throws {
    try machine.charge()
    guard depth < 64 else { throw Thrown.invalidOperation("The content is nested too deeply.") }
    if value.isNull { return }
    if case .object(let object) = value {
      if let reference = object as? XmlReference {
        references.append(reference)
        switch reference.object {
        case let node as XmlNode:
          try machine.allocate(bytes: 64)
          parts.append(.node(node))
        case let attribute as XmlAttribute: parts.append(.attribute(attribute))
        default: break
        }
        return
      }
      if let iterator = try object.makeIterator() {
        while let element = try iterator.next(machine) { try collect(element, machine, depth: depth + 1) }
        return
      }
    }
    let text = try XmlConversion.text(value, machine)
    try machine.process(bytes: text.utf8.count)
    parts.append(.text(text))
  }

  /// Charges for the copies that are made of nodes which have a parent already.
  private func chargeCopies(_ machine: Machine) throws {
    for case .node(let node) in parts where node.parent != nil { try XmlContent.charge(copying: node, machine) }
  }

  /// Counts the nodes of a tree that is about to be copied.
  static func charge(copying node: XmlNode, _ machine: Machine) throws {
    let cursor = XmlAxis.descendants(of: node, includingSelf: true)
    while cursor() != nil {
      try machine.charge()
      try machine.allocate(bytes: 160)
    }
  }

  /// Behind what is there.
  func add(to container: XmlContainer, in tree: XmlTree, _ machine: Machine) throws {
    try chargeCopies(machine)
    for part in parts { try container.add(part) }
    join(container, tree)
  }

  /// Before the child at `index`.
  func insert(into container: XmlContainer, at index: Int, in tree: XmlTree, _ machine: Machine) throws {
    try chargeCopies(machine)
    try container.insert(parts, at: index)
    join(container, tree)
  }

  /// What was taken as it is belongs to the tree now.
  private func join(_ container: XmlContainer, _ tree: XmlTree) {
    for reference in references where reference.object.parent === container { reference.tree.join(tree) }
  }
}
