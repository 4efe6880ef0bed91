import DotNet
import GatewayConfiguration
import HTTPWire
import PolicyLibrary

extension RequestLifecycle: ExchangeSource {
  /// The path parameters of the matched template, decoded, then those of its query.
  func matchedParameters() -> [(name: String, value: String)] {
    guard let routed else { return [] }
    let target = Array(exchange.request.receivedTargetText.utf8)
    let question = target.firstIndex(of: 0x3f) ?? target.count
    let path = Array(target[..<question])
    var values = routed.operations.parameters(exchange.request, path.span, from: exchange.facts.apiPathLength).map {
      (name: $0.name, value: QueryScan.decode(path[$0.range], plusIsSpace: false))
    }
    let template = exchange.facts.operation?.value.urlTemplate ?? ""
    guard let mark = template.firstIndex(of: "?") else { return values }
    let query = Array(target[question...].dropFirst())
    for pair in template[template.index(after: mark)...].split(separator: "&") {
      let key = String(pair.prefix { $0 != "=" })
      let name = String(pair.drop { $0 != "{" }.dropFirst().prefix { $0 != "}" })
      if let value = QueryScan.value(of: key, in: query) { values.append((name.isEmpty ? key : name, value)) }
    }
    return values
  }

  func clientCertificate() -> CertificateValue? { client?.certificate }

  func contract() -> MessageContract? { exchange.facts.operation.flatMap { routed?.contract(of: $0) } }
}
