import Expressions
import HTTPWire
import PolicySyntax

extension PolicyDefinition {
  /// `cors`: lets browsers call from other origins, and answers their preflights.
  static let cors = PolicyDefinition("cors", in: [.inbound]) { element, plan in
    let attributes = AttributeReader(element, plan)
    let credentials = attributes.boolean("allow-credentials") ?? .literal(false)
    let terminates = attributes.boolean("terminate-unmatched-request") ?? .literal(true)
    attributes.finish()
    plan.allowChildren(["allowed-origins", "allowed-methods", "allowed-headers", "expose-headers"], in: element)
    let origins = CORS.texts(of: "origin", in: "allowed-origins", element, plan)
    if origins.isEmpty {
      plan.report(element.diagnostic("PL0109", "'cors' needs <allowed-origins> with an <origin>."))
    }
    if origins.count > 1, origins.contains(where: { $0.literal?.trimmed == "*" }) {
      plan.report(element.diagnostic("PL0130", "The origin * stands for every origin; it must be the only one."))
    }
    if credentials.literal == true, origins.contains(where: { $0.literal?.trimmed == "*" }) {
      plan.report(
        element.diagnostic(
          "PL0130",
          "Browsers send no credentials to a service that allows every origin; name the origins, or leave out "
            + "allow-credentials."))
    }
    var maxAge: Argument<Int> = .literal(0)
    if let methods = element.first("allowed-methods") {
      let attributes = AttributeReader(methods, plan)
      maxAge = attributes.integer("preflight-result-max-age", in: 0...86_400) ?? maxAge
      attributes.finish()
    }
    let methods = CORS.texts(of: "method", in: "allowed-methods", element, plan)
    let step = CORS(
      origins: origins, methods: methods.isEmpty ? [.literal("GET"), .literal("POST")] : methods,
      headers: CORS.texts(of: "header", in: "allowed-headers", element, plan),
      exposed: CORS.texts(of: "header", in: "expose-headers", element, plan), allowsCredentials: credentials,
      terminatesUnmatched: terminates, maxAge: maxAge)
    plan.emit(step, element)
  }
}

struct CORS: PolicyStep {
  let origins: [Argument<String>]
  let methods: [Argument<String>]
  let headers: [Argument<String>]
  let exposed: [Argument<String>]
  let allowsCredentials: Argument<Bool>
  let terminatesUnmatched: Argument<Bool>
  /// Seconds.
  let maxAge: Argument<Int>

  static func texts(
    of name: String, in list: String, _ element: PolicyElement, _ plan: PolicyCompilation
  ) -> [Argument<String>] {
    guard let list = element.first(list) else { return [] }
    if list.name != "allowed-methods" { AttributeReader(list, plan).finish() }
    plan.allowChildren([name], in: list)
    return list.elements(named: name).compactMap { child in
      AttributeReader(child, plan).finish()
      guard let text = child.text else {
        plan.report(child.diagnostic("PL0109", "<\(name)> needs a text."))
        return nil
      }
      return plan.string(text)
    }
  }

  /// A request proper: a browser's from elsewhere gets the headers that let it read the answer.
  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    guard let origin = exchange.request.firstValue(of: .origin) else { return .proceed }
    guard let allowed = try allowedOrigin(origin, exchange) else {
      guard try terminatesUnmatched.value(exchange) else { return .proceed }
      exchange.beginResponse(200)
      return .respond
    }
    exchange.addResponseHeader("Access-Control-Allow-Origin", allowed)
    if allowed != "*" { exchange.addResponseHeader("Vary", "Origin") }
    if try allowsCredentials.value(exchange) { exchange.addResponseHeader("Access-Control-Allow-Credentials", "true") }
    if !exposed.isEmpty {
      exchange.addResponseHeader("Access-Control-Expose-Headers", try list(exposed, exchange).joined(separator: ","))
    }
    return .proceed
  }

  /// What became of a preflight.
  enum Preflight { case answered, refused, passedOn }

  /// Answers a preflight if what it asks for is allowed.
  func preflight(_ exchange: Exchange) throws(PolicyError) -> Preflight {
    let asked = exchange.request.value(of: "Access-Control-Request-Method") ?? ""
    let askedHeaders = (exchange.request.value(of: "Access-Control-Request-Headers") ?? "").split(separator: ",")
      .map { String($0).trimmed }.filter { !$0.isEmpty }
    let methods = try list(methods, exchange)
    let headers = try list(headers, exchange)
    guard let origin = exchange.request.firstValue(of: .origin),
      let allowed = try allowedOrigin(origin, exchange), methods.contains("*") || methods.contains(asked),
      headers.contains("*")
        || askedHeaders.allSatisfy({ name in headers.contains { $0.lowercased() == name.lowercased() } })
    else { return try terminatesUnmatched.value(exchange) ? .refused : .passedOn }
    exchange.beginResponse(200)
    var lines = [
      ("Access-Control-Allow-Origin", allowed), ("Access-Control-Allow-Methods", asked),
      ("Access-Control-Max-Age", "\(max(0, try maxAge.value(exchange)))"),
    ]
    if !askedHeaders.isEmpty { lines.append(("Access-Control-Allow-Headers", askedHeaders.joined(separator: ","))) }
    if try allowsCredentials.value(exchange) { lines.append(("Access-Control-Allow-Credentials", "true")) }
    if allowed != "*" { lines.append(("Vary", "Origin")) }
    // What was received in a header can stand in one.
    for line in lines { try? exchange.response.append(line.0, line.1) }
    return .answered
  }

  private func list(_ items: [Argument<String>], _ exchange: Exchange) throws(PolicyError) -> [String] {
    var texts: [String] = []
    for item in items { texts.append(try item.value(exchange).trimmed) }
    return texts
  }

  /// The value of Access-Control-Allow-Origin; nil when the origin is not allowed.
  private func allowedOrigin(_ origin: String, _ exchange: Exchange) throws(PolicyError) -> String? {
    let wanted = Self.normalised(origin)
    for item in try list(origins, exchange) {
      if item == "*" { return "*" }
      if Self.normalised(item) == wanted { return origin }
    }
    return nil
  }

  /// Without trailing slash and the scheme's own port, in lower case.
  private static func normalised(_ origin: String) -> String {
    guard let url = try? RequestURL(origin), url.path.isEmpty || url.path == "/" else { return origin.lowercased() }
    return "\(url.origin.isTLS ? "https" : "http")://\(url.host)".lowercased()
  }
}
