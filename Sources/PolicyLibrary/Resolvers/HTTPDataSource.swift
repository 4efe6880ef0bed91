import Expressions
import PolicySyntax

/// `http-data-source`: the policy of a resolver, which asks an HTTP service for the value of a field.
enum HTTPDataSource {
  static let name = "http-data-source"
  static let children = ["http-request", "backend", "http-response"]
  static let requestChildren = [
    "get-authorization-context", "set-backend-service", "include-fragment", "set-method", "set-url", "set-header",
    "set-body", "authentication-certificate", "authentication-managed-identity", "authentication-basic",
  ]
  static let responseChildren = ["set-body", "xml-to-json", "find-and-replace", "publish-event", "include-fragment"]

  /// Reads the root of a resolver's document as a plan for an exchange of its own: `http-request` is its inbound section, the
  /// call its backend, `http-response` its outbound section. Nil after a complaint.
  static func plan(_ root: PolicyElement, _ compilation: PolicyCompilation) -> PolicyPlan? {
    AttributeReader(root, compilation).finish()
    compilation.allowChildren(children, in: root)
    compilation.allowOnce(children, in: root)
    let response = root.first("http-response")
    let timeout = root.first("backend").map { callTimeout(of: $0, compilation) } ?? Argument<Int>.literal(60)
    guard let request = root.first("http-request") else {
      compilation.report(root.diagnostic("PL0109", "'\(root.name)' needs an <http-request>."))
      if let response { ResolverPolicy.check(response: response, of: responseChildren, compilation) }
      return nil
    }
    var sections: [[PolicyPlan.Instruction]] = []
    compilation.compile(resolver: request, .inbound) {
      var reader = ResolverRequestReader(compilation)
      reader.read(request)
      let call = reader.call(request, timeout, makesOwnAnswer: response?.first("set-body") != nil)
      sections.append(compilation.takeInstructions())
      if let call { compilation.emit(call, request) }
      sections.append(compilation.takeInstructions())
    }
    return ResolverPolicy.plan(sections, response: response, of: responseChildren, compilation)
  }

  /// Of `backend` only the time matters: the call itself is what a resolver is for.
  private static func callTimeout(of element: PolicyElement, _ compilation: PolicyCompilation) -> Argument<Int> {
    AttributeReader(element, compilation).finish()
    compilation.allowChildren(["forward-request"], in: element)
    guard let forward = element.first("forward-request") else { return .literal(60) }
    let attributes = AttributeReader(forward, compilation)
    let timeout = attributes.integer("timeout", in: 1...86_400)
    // A call is always held whole, and goes over HTTP/1.1.
    _ = attributes.word("http-version", among: ["1", "2or1"], allowsExpression: false)
    for name in ["buffer-request-body", "buffer-response"] { _ = attributes.boolean(name, allowsExpression: false) }
    attributes.finish()
    compilation.allowChildren([], in: forward)
    return timeout ?? .literal(300)
  }
}

/// Reads the children of `http-request`, those of fragments in their places.
struct ResolverRequestReader {
  private let plan: PolicyCompilation
  private var url: Argument<String>?
  private var method: Argument<String>?
  private var headers: [SetHeader] = []
  private var body: SetBody?
  private var authentication: (any OutgoingAuthentication)?
  private var isRelative = false
  private var seen: Set<String> = []

  init(_ plan: PolicyCompilation) { self.plan = plan }

  mutating func read(_ element: PolicyElement) {
    AttributeReader(element, plan).finish()
    plan.allowChildren(HTTPDataSource.requestChildren, in: element)
    for child in element.elements where HTTPDataSource.requestChildren.contains(child.name) {
      if !["set-header", "include-fragment"].contains(child.name), !seen.insert(child.name).inserted {
        plan.report(child.diagnostic("PL0129", "'http-request' may hold only one <\(child.name)>."))
      }
      switch child.name {
      case "include-fragment": include(child)
      case "set-backend-service":
        isRelative = true
        plan.compile(child)
      case "set-url": url = OutgoingRequestReader.text("set-url", in: element, plan)
      case "set-method": method = OutgoingRequestReader.text("set-method", in: element, plan)
      case "set-header": if let header = SetHeader(child, plan, onResponse: false) { headers.append(header) }
      case "set-body": body = SetBody(child, plan, onResponse: false)
      case "get-authorization-context": plan.compile(child)
      default: authentication = OutgoingAuthentications.read(child, plan)
      }
    }
  }

  private mutating func include(_ element: PolicyElement) {
    let attributes = AttributeReader(element, plan)
    let id = attributes.literal("fragment-id", isRequired: true)
    attributes.finish()
    guard let id else { return }
    var reader = self
    plan.open(id, for: element) { reader.read($0) }
    self = reader
  }

  /// The call that was read; nil after a complaint.
  func call(_ element: PolicyElement, _ timeout: Argument<Int>, makesOwnAnswer: Bool) -> ResolverCall? {
    for name in ["set-method", "set-url"] where !seen.contains(name) {
      plan.report(element.diagnostic("PL0109", "'http-request' needs a <\(name)>."))
    }
    guard let url, let method else { return nil }
    if case .literal(let text) = url {
      do { _ = try ResolverCall.address(text, isRelative: isRelative) } catch {
        let place = element.first("set-url")?.text
        plan.report(place?.diagnostic("PL0125", error.message) ?? element.diagnostic("PL0125", error.message))
        return nil
      }
    }
    return ResolverCall(
      url: url, method: method, headers: headers, body: body, authentication: authentication, timeoutSeconds: timeout,
      isRelative: isRelative, makesOwnAnswer: makesOwnAnswer)
  }
}
