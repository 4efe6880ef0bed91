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
    if case .literal(let text) = url, let message = ProxyServer.complaint(about: text) {
      let value = element.attribute("url")?.value
      plan.report(value?.diagnostic("PL0125", message) ?? element.diagnostic("PL0125", message))
      return nil
    }
    self.url = url
    self.username = username
    self.password = password
  }

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    exchange.proxy = try server(exchange)
    return .proceed
  }

  func server(_ exchange: Exchange) throws(PolicyError) -> ProxyServer {
    let text = try url.value(exchange)
    let name = try username?.value(exchange)
    guard
      let server = ProxyServer(url: text, username: name, password: name == nil ? nil : try password?.value(exchange))
    else {
      throw .internal(source: "proxy", reason: "InvalidProxyUrl", message: "'\(text)' is no address of an HTTP proxy.")
    }
    return server
  }
}

extension ProxyServer {
  /// - Parameters:
  ///   - url: `http://host:port`; nil comes of any other.
  ///   - username: nil for a proxy that wants none.
  init?(url: String, username: String?, password: String?) {
    guard Self.complaint(about: url) == nil, let address = try? RequestURL(url.trimmed) else { return nil }
    self.init(host: address.origin.host, port: address.origin.port)
    if let username { authorization = "Basic " + Base64.text(Array("\(username):\(password ?? "")".utf8)) }
  }

  /// Why a text is no address of a proxy; nil when it is one.
  public static func complaint(about url: String) -> String? {
    do throws(RequestURL.Failure) {
      return try RequestURL(url.trimmed).origin.isTLS ? "a proxy is reached over http://, not https://" : nil
    } catch {
      return error.message
    }
  }
}
