import Expressions
import HTTPWire
import PolicySyntax

extension PolicyDefinition {
  /// `find-and-replace`: in the body of the request in inbound and backend, of the response elsewhere.
  static let findAndReplace = PolicyDefinition("find-and-replace", in: .everywhere) { element, plan in
    let attributes = AttributeReader(element, plan)
    let from = attributes.string("from", isRequired: true)
    let to = attributes.string("to", isRequired: true)
    attributes.finish()
    plan.allowChildren([], in: element)
    let onResponse = plan.section == .outbound || plan.section == .onError
    if onResponse { plan.readsResponseBody = true } else { plan.readsRequestBody = true }
    if case .literal("") = from {
      let value = element.attribute("from")?.value
      let message = "'find-and-replace' needs something to find."
      plan.report(value?.diagnostic("PL0114", message) ?? element.diagnostic("PL0114", message))
    }
    if let from, let to { plan.emit(FindAndReplace(from: from, to: to, onResponse: onResponse), element) }
  }
}

/// Writes one text in place of another wherever it stands in a body. A body that is not there, or that is compressed,
/// stays as it is.
struct FindAndReplace: PolicyStep {
  let from: Argument<String>
  let to: Argument<String>
  let onResponse: Bool

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let name = "Content-Encoding"
    let encoding = onResponse ? exchange.response.value(of: name) : exchange.request.value(of: name)
    let body = onResponse ? exchange.responseBody : exchange.requestBody
    guard case .bytes(let bytes) = body, encoding == nil else { return .proceed }
    let (wanted, replacement) = (Array(try from.value(exchange).utf8), Array(try to.value(exchange).utf8))
    guard !wanted.isEmpty, let replaced = Self.replaced(bytes, wanted, replacement) else { return .proceed }
    if onResponse { exchange.responseBody = .bytes(replaced) } else { exchange.requestBody = .bytes(replaced) }
    return .proceed
  }

  /// nil when there is nothing to replace.
  private static func replaced(_ bytes: [UInt8], _ wanted: [UInt8], _ replacement: [UInt8]) -> [UInt8]? {
    var result: [UInt8] = []
    var rest = bytes[...]
    while let place = rest.firstRange(of: wanted) {
      result += rest[..<place.lowerBound]
      result += replacement
      rest = rest[place.upperBound...]
    }
    if rest.count == bytes.count { return nil }
    return result + rest
  }
}
