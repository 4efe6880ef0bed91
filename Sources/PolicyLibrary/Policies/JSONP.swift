import Expressions
import HTTPWire
import PolicySyntax

extension PolicyDefinition {
  /// `jsonp`: wraps the response in a call, where the request names a function.
  static let jsonp = PolicyDefinition("jsonp", in: [.outbound], isOnce: true) { element, plan in
    let attributes = AttributeReader(element, plan)
    let name = attributes.string("callback-parameter-name", isRequired: true)
    attributes.finish()
    plan.allowChildren([], in: element)
    plan.readsResponseBody = true
    if let name { plan.emit(JSONP(parameter: name), element) }
  }
}

struct JSONP: PolicyStep {
  let parameter: Argument<String>

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let name = try parameter.value(exchange)
    guard let function = exchange.queryValues(name, of: .original)?.first, !function.isEmpty else { return .proceed }
    guard Self.isFunction(function) else {
      throw PolicyError(
        source: "jsonp", reason: "CallbackParameterInvalid",
        message: "Value of callback parameter \(name) is not a valid JavaScript identifier.", status: 400)
    }
    guard exchange.responseBody != .consumed else { return .proceed }
    let body = exchange.responseBody.bytes ?? []
    exchange.responseBody = .bytes(Array("\(function)(".utf8) + body + Array(");".utf8))
    do {
      try exchange.response.set(.contentType, "application/javascript")
    } catch {
      throw .internal(source: "jsonp", reason: "ResponseTooLarge", message: "The response's head has no room left.")
    }
    return .proceed
  }

  /// An identifier, or several with dots between them.
  private static func isFunction(_ text: String) -> Bool {
    text.utf8.count <= 256
      && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
        guard let first = part.unicodeScalars.first, first == "_" || first == "$" || first.properties.isAlphabetic
        else {
          return false
        }
        return part.unicodeScalars.allSatisfy {
          $0 == "_" || $0 == "$" || $0.properties.isAlphabetic || ("0"..."9").contains($0)
        }
      }
  }
}
