import Expressions
import GatewayConfiguration
import HTTPWire
import PolicySyntax

extension PolicyDefinition {
  /// `mock-response`: ends the exchange with an example of the operation.
  static let mockResponse = PolicyDefinition("mock-response", in: [.inbound, .outbound, .onError]) { element, plan in
    let attributes = AttributeReader(element, plan)
    let status = attributes.integer("status-code", in: 100...999, allowsExpression: false)
    let contentType = attributes.literal("content-type")
    let index = attributes.integer("index", in: 0...10_000, allowsExpression: false)
    attributes.finish()
    plan.allowChildren([], in: element)
    plan.readsContract = true
    plan.emit(
      MockResponse(status: status?.literal ?? 200, contentType: contentType, index: index?.literal ?? 0), element)
  }
}

struct MockResponse: PolicyStep {
  let status: Int
  /// Nil takes the first type that the operation has for the status.
  let contentType: String?
  /// Which example of that type, from 0; beyond the last the last.
  let index: Int

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    exchange.beginResponse(status)
    let representations = exchange.contract.response(status)?.representations ?? []
    let chosen = contentType.map { type in representations.first { MediaType.isSame($0.contentType, type) } }
    let representation = chosen ?? representations.first
    guard let type = contentType ?? representation?.contentType else { return .respond }
    do {
      try exchange.response.set(.contentType, type)
    } catch {
      throw .internal(
        source: "mock-response", reason: "InvalidHeaderValue", message: "'\(type)' cannot stand in Content-Type.")
    }
    if let examples = representation?.examples, let last = examples.last {
      exchange.responseBody = .bytes(index < examples.count ? examples[index] : last)
    }
    return .respond
  }
}
