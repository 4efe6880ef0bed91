import Expressions
import FoundationEssentials
import PolicySyntax

/// Reads the attributes of one policy and complains about what is missing, wrong or unknown.
final class AttributeReader {
  private let element: PolicyElement
  private let compilation: PolicyCompilation
  private var known: [String] = ["id"]

  init(_ element: PolicyElement, _ compilation: PolicyCompilation) {
    self.element = element
    self.compilation = compilation
  }

  /// To be called last: complains about every attribute that nobody asked for.
  func finish() {
    for attribute in element.attributes where !known.contains(attribute.name) {
      let suggestion = Spelling.nearest(to: attribute.name, among: known)
      let message = "'\(element.name)' has no attribute '\(attribute.name)'."
      compilation.report(attribute.nameDiagnostic("PL0108", message, suggestion: suggestion))
    }
  }

  private func find(
    _ name: String, isRequired: Bool, takesExpression: Bool = true, words: [String] = [], sample: String = "x"
  ) -> PolicyValue? {
    known.append(name)
    compilation.probe?.note(
      PolicyShape.Attribute(
        name: name, isRequired: isRequired, takesExpression: takesExpression, words: words, sample: sample), of: element
    )
    guard let attribute = element.attribute(name) else {
      if isRequired {
        compilation.report(element.diagnostic("PL0109", "'\(element.name)' needs the attribute '\(name)'."))
      }
      return nil
    }
    return attribute.value.isBroken ? nil : attribute.value
  }

  private func refuseExpression(_ name: String, _ value: PolicyValue) {
    compilation.report(value.diagnostic("PL0113", "The attribute '\(name)' does not allow policy expressions."))
  }

  /// Text that may be an expression.
  func string(_ name: String, isRequired: Bool = false) -> Argument<String>? {
    find(name, isRequired: isRequired).flatMap { compilation.string($0) }
  }

  /// Text that is known when the document is saved.
  func literal(_ name: String, isRequired: Bool = false) -> String? {
    guard let value = find(name, isRequired: isRequired, takesExpression: false) else { return nil }
    if value.literal == nil { refuseExpression(name, value) }
    return value.literal
  }

  /// A whole number within bounds.
  func integer(
    _ name: String, isRequired: Bool = false, in bounds: ClosedRange<Int>, allowsExpression: Bool = true
  ) -> Argument<Int>? {
    guard
      let value = find(
        name, isRequired: isRequired, takesExpression: allowsExpression, sample: "\(bounds.lowerBound)")
    else { return nil }
    guard let text = value.literal else {
      if !allowsExpression {
        refuseExpression(name, value)
        return nil
      }
      return value.expression.flatMap { compilation.expression($0, .int) }.map { .expression($0) }
    }
    guard let number = Int(text.trimmed), bounds.contains(number) else {
      let range =
        bounds.upperBound == .max ? "from \(bounds.lowerBound)" : "\(bounds.lowerBound) to \(bounds.upperBound)"
      let message = "'\(text)' is no value of '\(name)'; expected a whole number, \(range)."
      compilation.report(value.diagnostic("PL0114", message))
      return nil
    }
    return .literal(number)
  }

  /// A number, finite.
  func double(_ name: String, isRequired: Bool = false) -> Argument<Double>? {
    guard let value = find(name, isRequired: isRequired, sample: "1") else { return nil }
    guard let text = value.literal else {
      return value.expression.flatMap { compilation.expression($0, .double) }.map { .expression($0) }
    }
    guard let number = Double(text.trimmed), number.isFinite else {
      compilation.report(value.diagnostic("PL0114", "'\(text)' is no value of '\(name)'; expected a number."))
      return nil
    }
    return .literal(number)
  }

  func boolean(_ name: String, isRequired: Bool = false, allowsExpression: Bool = true) -> Argument<Bool>? {
    guard
      let value = find(
        name, isRequired: isRequired, takesExpression: allowsExpression, words: ["true", "false"], sample: "true")
    else { return nil }
    guard let text = value.literal else {
      if !allowsExpression {
        refuseExpression(name, value)
        return nil
      }
      return value.expression.flatMap { compilation.expression($0, .bool) }.map { .expression($0) }
    }
    switch text.trimmed.lowercased() {
    case "true": return .literal(true)
    case "false": return .literal(false)
    default:
      compilation.report(
        value.diagnostic("PL0114", "'\(text)' is no value of '\(name)'; expected true, false or an expression."))
      return nil
    }
  }

  /// One of a few words; an expression may compute it.
  func word(_ name: String, isRequired: Bool = false, among words: [String], allowsExpression: Bool = true) -> Argument<
    String
  >? {
    guard
      let value = find(
        name, isRequired: isRequired, takesExpression: allowsExpression, words: words, sample: words.first ?? "x")
    else { return nil }
    guard let text = value.literal else {
      if !allowsExpression {
        refuseExpression(name, value)
        return nil
      }
      return value.expression.flatMap { compilation.expression($0, .string) }.map { .expression($0) }
    }
    guard words.contains(text) else {
      let suggestion = Spelling.nearest(to: text, among: words)
      let message = "'\(text)' is no value of '\(name)'; expected \(words.joined(separator: ", "))."
      compilation.report(value.diagnostic("PL0114", message, suggestion: suggestion))
      return nil
    }
    return .literal(text)
  }

  /// Bytes: Base64, or an expression that gives a `byte[]`.
  func bytes(_ name: String) -> Argument<[UInt8]>? {
    guard let value = find(name, isRequired: false, sample: "MAA=") else { return nil }
    guard let text = value.literal else {
      return value.expression.flatMap { compilation.expression($0, .bytes) }.map { .expression($0) }
    }
    guard let bytes = Data(base64Encoded: text.filter { !$0.isWhitespace }) else {
      compilation.report(
        value.diagnostic("PL0114", "The value of '\(name)' is no Base64; expected that, or an expression of a byte[]."))
      return nil
    }
    return .literal(Array(bytes))
  }

  /// Any value, for variables: text, or whatever the expression gives.
  func object(_ name: String, isRequired: Bool = false) -> Argument<String>? {
    guard let value = find(name, isRequired: isRequired) else { return nil }
    if let text = value.literal { return .literal(text) }
    return value.expression.flatMap { compilation.expression($0, .object) }.map { .expression($0) }
  }
}

extension PolicyCompilation {
  /// Text of an attribute or element.
  func string(_ value: PolicyValue) -> Argument<String>? {
    if value.isBroken { return nil }
    if let text = value.literal { return .literal(text) }
    return value.expression.flatMap { expression($0, .string) }.map { .expression($0) }
  }
}

extension String {
  /// Without white space at the ends.
  var trimmed: String {
    // Mostly there is nothing to take away.
    func isInk(_ byte: UInt8?) -> Bool { byte.map { $0 > 0x20 && $0 < 0x7f } ?? false }
    if isInk(utf8.first), isInk(utf8.last) { return self }
    var text = Substring(self)
    while let first = text.first, first.isWhitespace { text.removeFirst() }
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return String(text)
  }
}
