/// What a document says, without how it is laid out: two texts with equal contents mean the same to every policy.
public struct PolicyContents: Equatable, Sendable {
  /// Names, values, payloads, comments and instructions in order; the first letter of each tells what it is.
  public private(set) var items: [String] = []

  /// - Parameter hasComments: whether comments and processing instructions count.
  public init(_ document: PolicyDocument, hasComments: Bool) {
    add(document.nodes, hasComments)
  }

  private mutating func add(_ nodes: [PolicyNode], _ hasComments: Bool) {
    for node in nodes {
      switch node {
      case .element(let element): add(element, hasComments)
      case .comment(let text, _): if hasComments { items.append("!\(text)") }
      case .instruction(let text, _): if hasComments { items.append("?\(text)") }
      case .text: break
      }
    }
  }

  private mutating func add(_ element: PolicyElement, _ hasComments: Bool) {
    items.append("<\(element.name)")
    for attribute in element.attributes { items.append("\(attribute.name)=\(Self.content(attribute.value))") }
    if let payload = element.payload {
      items.append("P\(payload)")
    } else {
      if let text = element.text { items.append("T\(Self.content(text))") }
      add(element.children, hasComments)
    }
    items.append(">")
  }

  private static func content(_ value: PolicyValue) -> String {
    switch value.content {
    case .literal(let text): "literal \(text)"
    case .expression(let expression): "expression \(expression.text)"
    }
  }
}
