extension PolicyDocument {
  /// Every expression of the document in order, whatever the elements around them are. Templates hold none.
  public var expressions: [ExpressionSource] { roots.flatMap(\.expressions) }
}

extension PolicyElement {
  /// Every expression in the element's attributes, text and children.
  public var expressions: [ExpressionSource] {
    var found = attributes.compactMap { $0.value.isBroken ? nil : $0.value.expression }
    if payload != nil { return found }
    if let text, !text.isBroken, let expression = text.expression { found.append(expression) }
    for element in elements { found += element.expressions }
    return found
  }
}
