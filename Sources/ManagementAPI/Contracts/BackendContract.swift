import ControlPlaneStore
import DotNet
import GatewayConfiguration
import PolicyLibrary

/// A backend as ARM clients write it: read with every complaint at once, or into what gateways get.
struct BackendContract {
  /// Members of pools are named by their references' names, certificates by theirs.
  private(set) var backend: Backend
  private(set) var complaints: [ManagementError.Detail] = []
  /// As written: members of the pool and certificates, each with the member it stands in.
  private(set) var memberReferences: [String] = []
  private(set) var certificateReferences: [String] = []
  /// Thumbprints of certificates, in capitals.
  private(set) var thumbprints: [String] = []

  init(name: String, _ properties: JSONObject) {
    backend = Backend(id: name, title: properties.string("title"), url: nil)
    let isPool = properties.string("type") == "Pool"
    readAddress(properties, isPool: isPool)
    if let tls = object(properties["tls"], "tls", allowing: ["validateCertificateChain", "validateCertificateName"]) {
      backend.validateCertificateChain = flag(tls["validateCertificateChain"], "tls.validateCertificateChain") ?? true
      backend.validateCertificateName = flag(tls["validateCertificateName"], "tls.validateCertificateName") ?? true
    }
    readCredentials(properties["credentials"])
    readProxy(properties["proxy"], isPool: isPool)
    readPool(properties["pool"], isPool: isPool)
    readCircuitBreaker(properties["circuitBreaker"], isPool: isPool)
    readHealthCheck(properties["healthCheck"], isPool: isPool)
  }

  private mutating func complain(_ target: String, _ message: String) {
    complaints.append(.init(target: target, message: message))
  }

  private mutating func readAddress(_ properties: JSONObject, isPool: Bool) {
    let url = properties.string("url") ?? ""
    if isPool {
      if !url.isEmpty { complain("url", "A pool has no 'url': its members have.") }
      return
    }
    guard !url.isEmpty else { return complain("url", "'url' is required.") }
    do { _ = try BackendTarget(url: url) } catch { complain("url", error.message) }
    backend.url = url
  }

  // MARK: - Credentials

  private mutating func readCredentials(_ value: JSON?) {
    let target = "credentials"
    guard
      let credentials = object(
        value, target, allowing: ["header", "query", "authorization", "certificateIds", "certificate"])
    else { return }
    backend.credentials.headers = lists(credentials["header"], "\(target).header")
    for name in backend.credentials.headers.keys.sorted() where HeaderField.isUnusable(name) {
      complain("\(target).header", "'\(name)' cannot be the name of a header that credentials set.")
    }
    for (name, values) in backend.credentials.headers where values.contains(where: { !HeaderField.isValue($0) }) {
      complain("\(target).header", "A value of '\(name)' has characters that no header may have.")
    }
    backend.credentials.query = lists(credentials["query"], "\(target).query")
    if let authorization = object(
      credentials["authorization"], "\(target).authorization", allowing: ["scheme", "parameter"])
    {
      let scheme = authorization.string("scheme") ?? ""
      let parameter = authorization.string("parameter") ?? ""
      if scheme.isEmpty || parameter.isEmpty || !HeaderField.isValue(scheme + parameter) || scheme.contains(" ") {
        complain(
          "\(target).authorization", "'scheme' and 'parameter' are required, as words of an Authorization header.")
      }
      backend.credentials.authorizationScheme = scheme
      backend.credentials.authorizationParameter = parameter
    }
    certificateReferences = texts(credentials["certificateIds"], "\(target).certificateIds")
    thumbprints = texts(credentials["certificate"], "\(target).certificate").map { $0.uppercased() }
    if certificateReferences.count + thumbprints.count > 1 {
      complain(
        "\(target).certificateIds",
        "A backend is shown one certificate; \(certificateReferences.count + thumbprints.count) are named.")
    }
    backend.credentials.certificateIDs = certificateReferences.compactMap { ResourceReference($0)?.path?.name }
  }

  /// `{name: [value]}`.
  private mutating func lists(_ value: JSON?, _ target: String) -> [String: [String]] {
    guard let members = object(value, target, allowing: nil) else { return [:] }
    var result: [String: [String]] = [:]
    for (name, value) in members {
      let values = texts(value, "\(target).\(name)")
      if name.isEmpty || name.utf8.count > 256 || values.contains(where: { $0.utf8.count > 8_192 }) {
        complain(target, "'\(name.prefix(80))' or its value is empty or too long.")
      }
      result[name] = values
    }
    return result
  }

  // MARK: - Proxy

  /// The password stands here only as a client sends it: it is kept as a secret.
  private mutating func readProxy(_ value: JSON?, isPool: Bool) {
    guard let proxy = object(value, "proxy", allowing: ["url", "username", "password"]) else { return }
    if isPool { return complain("proxy", "A pool has no proxy: its members have.") }
    for name in ["url", "username", "password"] {
      guard let value = proxy[name], !value.isNull else { continue }
      if value.stringValue.map({ $0.utf8.count <= 2_000 }) != true {
        complain("proxy.\(name)", "'\(name)' must be a string of at most 2000 bytes.")
      }
    }
    let url = proxy.string("url") ?? ""
    if url.isEmpty {
      complain("proxy.url", "'url' is required.")
    } else if let message = ProxyServer.complaint(about: url) {
      complain("proxy.url", message)
    }
    let username = proxy.string("username")
    if username?.contains(":") == true { complain("proxy.username", "'username' cannot have a colon.") }
    if username == nil, proxy.string("password") != nil {
      complain("proxy.username", "'username' is required where there is a 'password'.")
    }
    backend.proxy = Backend.Proxy(url: url, username: username, password: proxy.string("password"))
  }

  // MARK: - Pool

  private mutating func readPool(_ value: JSON?, isPool: Bool) {
    guard isPool else {
      if let value, !value.isNull { complain("pool", "Only a backend of the type 'Pool' has a 'pool'.") }
      return
    }
    guard let pool = object(value, "pool", allowing: ["services", "sessionAffinity"]),
      let services = pool["services"]?.arrayValue, !services.isEmpty
    else { return complain("pool.services", "A pool needs 'services': an array of backends, each with its 'id'.") }
    if services.count > BackendEntity.memberBound {
      complain("pool.services", "A pool has at most \(BackendEntity.memberBound) members; these are \(services.count).")
    }
    for (index, service) in services.enumerated() {
      let target = "pool.services[\(index)]"
      guard let member = object(service, target, allowing: ["id", "priority", "weight"]),
        let id = member.string("id"), !id.isEmpty
      else {
        complain("\(target).id", "'id' is required: /backends/{id}, or the full id of a backend.")
        continue
      }
      guard let path = ResourceReference(id)?.path, path.localType == "backends" else {
        complain("\(target).id", "'\(id.prefix(200))' is no backend; expected /backends/{id}.")
        continue
      }
      if backend.pool.contains(where: { $0.backendID.lowercased() == path.name.lowercased() }) {
        complain("\(target).id", "'\(path.name)' is a member of this pool already.")
      }
      memberReferences.append(id)
      backend.pool.append(
        .init(
          backendID: path.name, priority: whole(member["priority"], "\(target).priority", 0...100) ?? 0,
          weight: whole(member["weight"], "\(target).weight", 0...100) ?? 0))
    }
    guard let affinity = object(pool["sessionAffinity"], "pool.sessionAffinity", allowing: ["sessionId"]),
      let session = object(affinity["sessionId"], "pool.sessionAffinity.sessionId", allowing: ["source", "name"])
    else { return }
    let name = session.string("name") ?? ""
    if session.string("source")?.lowercased() != "cookie" {
      complain("pool.sessionAffinity.sessionId.source", "'source' must be Cookie.")
    }
    if name.isEmpty || name.utf8.count > 128 || !HeaderField.isToken(name) {
      complain("pool.sessionAffinity.sessionId.name", "'name' must be the name of a cookie.")
    }
    backend.sessionCookie = name
  }

  // MARK: - Circuit breaker

  private mutating func readCircuitBreaker(_ value: JSON?, isPool: Bool) {
    guard let breaker = object(value, "circuitBreaker", allowing: ["rules"]) else { return }
    if isPool { return complain("circuitBreaker", "A pool has no circuit breaker of its own: its members have.") }
    let rules = breaker["rules"]?.arrayValue ?? []
    guard rules.count <= 1 else {
      return complain("circuitBreaker.rules", "A backend has one rule at most; these are \(rules.count).")
    }
    let target = "circuitBreaker.rules[0]"
    guard let first = rules.first,
      let rule = object(first, target, allowing: ["name", "failureCondition", "tripDuration", "acceptRetryAfter"])
    else { return }
    let name = rule.string("name") ?? ""
    if name.isEmpty || name.utf8.count > 80 { complain("\(target).name", "'name' is required, at most 80 bytes.") }
    let condition = "\(target).failureCondition"
    guard
      let failure = object(
        rule["failureCondition"], condition,
        allowing: ["count", "percentage", "interval", "statusCodeRanges", "errorReasons"])
    else { return complain(condition, "'failureCondition' is required.") }
    let count = whole(failure["count"], "\(condition).count", 1...10_000)
    let percentage = whole(failure["percentage"], "\(condition).percentage", 1...100)
    if (failure["count"] == nil) == (failure["percentage"] == nil) {
      complain(condition, "Either 'count' or 'percentage' is required.")
    }
    let ranges = statusCodeRanges(failure["statusCodeRanges"], "\(condition).statusCodeRanges")
    let reasons = texts(failure["errorReasons"], "\(condition).errorReasons")
    if ranges.isEmpty, reasons.isEmpty {
      complain(condition, "'statusCodeRanges' or 'errorReasons' must say what a failure is.")
    }
    backend.circuitBreaker = CircuitBreakerRule(
      name: name, threshold: count.map { .count($0) } ?? .percentage(percentage ?? 100),
      intervalMilliseconds: duration(failure["interval"], "\(condition).interval", isRequired: true) ?? 1_000,
      statusCodeRanges: ranges, errorReasons: reasons,
      tripMilliseconds: duration(rule["tripDuration"], "\(target).tripDuration", isRequired: true) ?? 1_000,
      acceptsRetryAfter: flag(rule["acceptRetryAfter"], "\(target).acceptRetryAfter") ?? false)
  }

  private mutating func statusCodeRanges(_ value: JSON?, _ target: String) -> [StatusCodeRange] {
    var ranges: [StatusCodeRange] = []
    for (index, item) in list(value, target).enumerated() {
      let place = "\(target)[\(index)]"
      guard let range = object(item, place, allowing: ["min", "max"]) else { continue }
      guard let low = whole(range["min"], "\(place).min", 200...599, isRequired: true),
        let high = whole(range["max"], "\(place).max", 200...599, isRequired: true)
      else { continue }
      if low > high { complain(place, "'min' is greater than 'max'.") }
      ranges.append(StatusCodeRange(min: low, max: high))
    }
    return ranges
  }

  // MARK: - Health check

  private mutating func readHealthCheck(_ value: JSON?, isPool: Bool) {
    let target = "healthCheck"
    guard
      let check = object(
        value, target,
        allowing: ["path", "interval", "timeout", "healthyThreshold", "unhealthyThreshold", "statusCodeRanges"])
    else { return }
    if isPool { return complain(target, "A pool has no health check of its own: its members have.") }
    let path = check.string("path") ?? ""
    if !path.hasPrefix("/") || path.utf8.count > 1_000
      || !path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != 0x23 })
    {
      complain("\(target).path", "'path' is required; it begins with '/' and is written as in a request.")
    }
    var result = HealthCheck(path: path)
    result.intervalMilliseconds = duration(check["interval"], "\(target).interval") ?? result.intervalMilliseconds
    result.timeoutMilliseconds = duration(check["timeout"], "\(target).timeout") ?? result.timeoutMilliseconds
    result.healthyThreshold =
      whole(check["healthyThreshold"], "\(target).healthyThreshold", 1...100) ?? result.healthyThreshold
    result.unhealthyThreshold =
      whole(check["unhealthyThreshold"], "\(target).unhealthyThreshold", 1...100) ?? result.unhealthyThreshold
    let ranges = statusCodeRanges(check["statusCodeRanges"], "\(target).statusCodeRanges")
    if !ranges.isEmpty { result.statusCodeRanges = ranges }
    backend.healthCheck = result
  }
}

// MARK: - Values

extension BackendContract {
  /// An object's members; nil when it is absent. Nil for `allowing` allows any name.
  private mutating func object(_ value: JSON?, _ target: String, allowing names: Set<String>?) -> JSONObject? {
    guard let value, !value.isNull else { return nil }
    guard let object = value.objectValue else {
      complain(target, "'\(target)' must be an object, not \(value.kindName).")
      return nil
    }
    for (name, _) in object where names?.contains(name) == false {
      complain("\(target).\(name)", "'\(target)' has no property '\(name)' that this version supports.")
    }
    return object
  }

  private mutating func list(_ value: JSON?, _ target: String) -> [JSON] {
    guard let value, !value.isNull else { return [] }
    guard let list = value.arrayValue, list.count <= 100 else {
      complain(target, "'\(target)' must be an array of at most 100.")
      return []
    }
    return list
  }

  private mutating func texts(_ value: JSON?, _ target: String) -> [String] {
    list(value, target).compactMap { item in
      if let text = item.stringValue, !text.isEmpty, text.utf8.count <= 8_192 { return text }
      complain(target, "'\(target)' must hold strings that are not empty.")
      return nil
    }
  }

  private mutating func flag(_ value: JSON?, _ target: String) -> Bool? {
    guard let value, !value.isNull else { return nil }
    if value.boolValue == nil { complain(target, "'\(target)' must be true or false.") }
    return value.boolValue
  }

  private mutating func whole(
    _ value: JSON?, _ target: String, _ bounds: ClosedRange<Int>, isRequired: Bool = false
  ) -> Int? {
    guard let value, !value.isNull else {
      if isRequired { complain(target, "'\(target)' is required.") }
      return nil
    }
    guard let number = value.integerValue.map(Int.init), bounds.contains(number) else {
      complain(target, "'\(target)' must be a whole number from \(bounds.lowerBound) to \(bounds.upperBound).")
      return nil
    }
    return number
  }

  /// Milliseconds of an ISO 8601 duration.
  private mutating func duration(_ value: JSON?, _ target: String, isRequired: Bool = false) -> Int64? {
    guard let value, !value.isNull else {
      if isRequired { complain(target, "'\(target)' is required: an ISO 8601 duration such as PT1M.") }
      return nil
    }
    guard let text = value.stringValue, let ticks = try? XmlDuration.parse(text),
      (1_000_000...Self.longest).contains(ticks)
    else {
      complain(target, "'\(target)' must be an ISO 8601 duration from PT0.1S to P1D, such as PT1M.")
      return nil
    }
    return ticks / 10_000
  }

  private static let longest = DateTimeValue.ticksPerDay
}

/// What may stand in a header that credentials set.
enum HeaderField {
  static func isToken(_ text: String) -> Bool {
    text.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
      default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
      }
    }
  }

  static func isValue(_ text: String) -> Bool { text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f } }

  /// What frames the message or says where it goes is the gateway's own business.
  static func isUnusable(_ name: String) -> Bool {
    let own: Set<String> = [
      "connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade",
    ]
    return !isToken(name) || own.contains(name.lowercased())
  }
}
