import Expressions
import GatewayConfiguration
import HTTPWire
import PolicySyntax

extension PolicyDefinition {
  /// `set-backend-service`: another base URL, or a backend entity, for this request.
  static let setBackendService = PolicyDefinition("set-backend-service", in: [.inbound, .backend]) { element, plan in
    let attributes = AttributeReader(element, plan)
    let url = attributes.string("base-url")
    let backendID = attributes.string("backend-id")
    let app = attributes.string(Dapr.attributes[0])
    let method = attributes.string(Dapr.attributes[1])
    let namespace = attributes.string(Dapr.attributes[2])
    if backendID?.literal == "dapr", plan.environment.backends["dapr"] == nil {
      if plan.scope == .workspace {
        plan.report(
          element.diagnostic(
            "PL0103",
            "'set-backend-service' with Dapr is not allowed at workspace scope; it may stand at global, product, "
              + "api, operation scope."))
      }
      for name in Dapr.attributes.prefix(2) where element.attribute(name) == nil {
        plan.report(element.diagnostic("PL0109", "'\(element.name)' with Dapr needs the attribute '\(name)'."))
      }
      attributes.finish()
      plan.allowChildren([], in: element)
      guard let app, let method else { return }
      return plan.emit(SetDaprBackend(app: app, method: method, namespace: namespace), element)
    }
    for name in Dapr.attributes {
      guard let attribute = element.attribute(name) else { continue }
      plan.report(attribute.nameDiagnostic("PL0124", "'\(name)' belongs to backend-id=\"dapr\"."))
    }
    for name in ServiceFabric.attributes where element.attribute(name) != nil {
      _ = attributes.string(name)
      let value = element.attribute(name)?.value
      let message = "'\(name)' is for Service Fabric clusters, which Postern does not resolve; name the service's URL."
      plan.report(value?.diagnostic("PL0106", message) ?? element.diagnostic("PL0106", message))
    }
    attributes.finish()
    plan.allowChildren([], in: element)
    guard (url == nil) != (backendID == nil) else {
      if element.attribute("base-url") == nil, element.attribute("backend-id") == nil {
        plan.report(
          element.diagnostic("PL0109", "'set-backend-service' needs the attribute 'base-url' or 'backend-id'."))
      } else if url != nil, backendID != nil {
        plan.report(element.diagnostic("PL0124", "'set-backend-service' has either base-url or backend-id, not both."))
      }
      return
    }
    if let url {
      var target: BackendTarget?
      if case .literal(let text) = url {
        do throws(BackendTarget.Failure) {
          target = try BackendTarget(url: text)
        } catch {
          let value = element.attribute("base-url")?.value
          return plan.report(
            value?.diagnostic("PL0125", error.message) ?? element.diagnostic("PL0125", error.message))
        }
      }
      return plan.emit(SetBackendURL(url: url, target: target), element)
    }
    guard let backendID, let backend = NamedBackend(backendID, attribute: "backend-id", element, plan) else { return }
    plan.emit(SetBackendEntity(backend: backend), element)
  }
}

private enum ServiceFabric {
  static let attributes = [
    "sf-resolve-condition", "sf-service-instance-name", "sf-partition-key", "sf-listener-name", "sf-replica-type",
  ]
}

/// A method of an application that the gateway's Dapr sidecar calls.
struct SetDaprBackend: PolicyStep {
  let app: Argument<String>
  let method: Argument<String>
  let namespace: Argument<String>?

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let app = try app.value(exchange)
    let namespace = try namespace?.value(exchange) ?? ""
    let name = QueryText.encode(namespace.isEmpty ? app : "\(app).\(namespace)")
    let method = QueryText.escapeUnsafe(try method.value(exchange))
    do {
      exchange.backend = try BackendTarget(url: "http://localhost:3500")
      try exchange.request.setTarget(
        path: "/v1.0/invoke/\(name)/method/\(method)", query: exchange.request.query)
    } catch {
      throw .internal(
        source: "set-backend-service", reason: "InvalidDaprMethod", message: "'\(method)' gives no usable path.")
    }
    exchange.apiPathLength = 0
    return .proceed
  }
}

struct SetBackendURL: PolicyStep {
  let url: Argument<String>
  /// Made ready when the URL is a literal.
  let target: BackendTarget?

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    // Only another backend-id takes the place of a backend entity.
    if exchange.backend?.backendID != nil { return .proceed }
    if let target {
      exchange.backend = target
      return .proceed
    }
    let text = try url.value(exchange)
    do {
      exchange.backend = try BackendTarget(url: text)
    } catch {
      throw .internal(source: "set-backend-service", reason: "InvalidBaseUrl", message: error.message)
    }
    return .proceed
  }
}

struct SetBackendEntity: PolicyStep {
  let backend: NamedBackend

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    exchange.choose(try backend.entity(exchange))
    return .proceed
  }
}
