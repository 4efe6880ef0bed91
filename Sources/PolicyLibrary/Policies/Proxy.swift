import DotNet
import Expressions
import PolicySyntax

extension PolicyDefinition {
  /// `proxy`: the request goes to its backend through an HTTP proxy.
  static let proxy = PolicyDefinition("proxy", in: [.inbound]) { element, plan in
    if let setting = ProxySetting(element, plan) { plan.emit(setting, element) }
  }
}

/// An HTTP proxy that a policy names for requests to backends.
struct ProxySetting: PolicyStep {
  let url: Argument<String>
  let username: Argument<String>?
  let password: Argument<String>?

  init?(_ element: PolicyElement, _ plan: PolicyCompilation) {
    let attributes = AttributeReader(element, plan)
    let url = attributes.string("url", isRequired: true)
    let username = attributes.string("username")
    let password = attributes.string("password")
    attributes.finish()
    plan.allowChildren([], in: element)
    guard let url else { return nil }
    if case .literal(let text) = url, let message = Self.complaint(text) {
      let value = element.attribute("url")?.value
      plan.report(value?.diagnostic("PL0125", message) ?? element.diagnostic("PL0125", message))
      return nil
    }
    self.url = url
    self.username = username
    self.password = password
  }

  private static func complaint(_ text: String) -> String? {
    do throws(RequestURL.Failure) {
      return try RequestURL(text.trimmed).origin.isTLS ? "a proxy is reached over http://, not https://" : nil
    } catch {
      return error.message
    }
  }

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    exchange.proxy = try server(exchange)
    return .proceed
  }

  func server(_ exchange: Exchange) throws(PolicyError) -> ProxyServer {
    let text = try url.value(exchange).trimmed
    guard Self.complaint(text) == nil, let address = try? RequestURL(text) else {
      throw .internal(source: "proxy", reason: "InvalidProxyUrl", message: "'\(text)' is no address of an HTTP proxy.")
    }
    var server = ProxyServer(host: address.origin.host, port: address.origin.port)
    if let username {
      let credentials = "\(try username.value(exchange)):\(try password?.value(exchange) ?? "")"
      server.authorization = "Basic " + Base64.text(Array(credentials.utf8))
    }
    return server
  }
}
