import Foundation
import GatewayConfiguration
import PolicyLibrary

extension PolicyCase {
  /// Reads a case: headings begin with `###`.
  public init(_ text: String) throws(CaseProblem) {
    let (head, blocks) = Self.blocks(of: text)
    title = head.map { $0.text.trimmed }.filter { !$0.isEmpty }.joined(separator: " ")
    for (heading, lines) in blocks { try add(heading, lines) }
    try checkCircuitBreakers()
    guard !parts.isEmpty else { throw CaseProblem(line: 1, message: "There is no '### policy'.") }
    guard !steps.isEmpty || !diagnostics.isEmpty else {
      throw CaseProblem(line: 1, message: "There is no '### request', and no line expects a diagnostic.")
    }
  }

  /// The lines before the first heading, and each heading with the lines behind it.
  static func blocks(of text: String) -> (head: [CaseLine], blocks: [(heading: CaseLine, lines: [CaseLine])]) {
    // The line break at the end of a file ends its last line and begins none.
    let text = text.hasSuffix("\n") ? String(text.dropLast()) : text
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map {
      CaseLine(number: $0.offset + 1, text: $0.element.hasSuffix("\r") ? $0.element.dropLast() : $0.element)
    }
    let first = lines.firstIndex { $0.text.hasPrefix("###") } ?? lines.endIndex
    var blocks: [(heading: CaseLine, lines: [CaseLine])] = []
    var index = first
    while index < lines.endIndex {
      let end = lines[(index + 1)...].firstIndex { $0.text.hasPrefix("###") } ?? lines.endIndex
      blocks.append((lines[index], Array(lines[(index + 1)..<end])))
      index = end
    }
    return (Array(lines[..<first]), blocks)
  }

  /// A circuit breaker belongs to a backend.
  func checkCircuitBreakers() throws(CaseProblem) {
    for names in [service, workspace] {
      for id in names.circuitBreakers.keys.sorted() where names.backends[id] == nil {
        throw CaseProblem(line: 1, message: "There is no backend '\(id)' for the circuit breaker.")
      }
    }
  }

  mutating func add(_ heading: CaseLine, _ lines: [CaseLine]) throws(CaseProblem) {
    var words = heading.text.dropFirst(3).split(separator: " ").map(String.init)
    guard !words.isEmpty else { throw CaseProblem(line: heading.number, message: "A heading names what follows.") }
    let kind = words.removeFirst()
    switch kind {
    case "policy": parts.append(try part(words, takeExpected(lines), heading))
    case "fragment", "named-values", "backends", "circuit-breaker": try add(names: kind, words, heading, lines)
    case "event-hubs": eventHubs.merge(try pairs(lines)) { _, new in new }
    case "operation":
      guard words.count == 2 else {
        throw CaseProblem(line: heading.number, message: "Expected '### operation GET /template'.")
      }
      operation = (words[0], words[1])
      contract = try contract(lines)
    case "schema", "named-schema":
      let schema = try schema(words, lines, heading)
      if kind == "schema" { schemas.append(schema) } else { namedSchemas.append(schema) }
    case "counters":
      guard words.count == 1, let place = ScriptedEffects.Counters(rawValue: words[0]) else {
        throw CaseProblem(
          line: heading.number, message: "Expected '### counters shared', 'unreachable' or 'internal'.")
      }
      counters = place
    case "external-cache":
      guard words.count == 1, let state = ScriptedEffects.ExternalCache(rawValue: words[0]) else {
        throw CaseProblem(line: heading.number, message: "Expected '### external-cache up', 'down' or 'none'.")
      }
      if steps.isEmpty { externalCache = state } else { pendingExternalCache = state }
    case "certificate": certificates.append(try certificate(words, lines, heading))
    case "authorities":
      for (id, role) in try pairs(lines) {
        authorities.append(CertificateAuthority(certificateID: id, isTrusted: role != "intermediate"))
      }
    case "graphql-schema": graphQLSchema = lines.map(\.text).joined(separator: "\n")
    case "odata-schema": odataSchema = lines.map(\.text).joined(separator: "\n").trimmed
    case "resolver":
      guard words.count == 1 else {
        throw CaseProblem(line: heading.number, message: "Expected '### resolver Type/field'.")
      }
      resolvers.append((words[0], takeExpected(lines)))
    case "now":
      guard words.count == 1, let date = try? Date(words[0], strategy: .iso8601) else {
        throw CaseProblem(line: heading.number, message: "Expected '### now 2026-01-01T00:00:00Z'.")
      }
      startTicks = date.ticks
    case "request":
      var step = Step(request: try CaseMessage(lines, after: heading.number))
      step.wait = try seconds(words, heading, after: kind)
      step.externalCache = pendingExternalCache
      pendingExternalCache = nil
      steps.append(step)
    default: try addToStep(kind, words, heading, lines)
    }
  }

  /// What policies may name, of the workspace if the heading says so.
  private mutating func add(
    names kind: String, _ words: [String], _ heading: CaseLine, _ lines: [CaseLine]
  ) throws(CaseProblem) {
    let isOfWorkspace = words.first == "workspace"
    let words = words.dropFirst(isOfWorkspace ? 1 : 0)
    let place = isOfWorkspace ? \PolicyCase.workspace : \PolicyCase.service
    guard words.count == (kind == "fragment" || kind == "circuit-breaker" ? 1 : 0) else {
      throw CaseProblem(
        line: heading.number,
        message: "Expected '### fragment ID', '### named-values', '### backends' or '### circuit-breaker ID', "
          + "with 'workspace' behind the first word for those of the API's workspace.")
    }
    switch kind {
    case "fragment": self[keyPath: place].fragments[words.first ?? ""] = takeExpected(lines)
    case "circuit-breaker":
      self[keyPath: place].circuitBreakers[words.first ?? ""] = try CircuitBreakerRule(try pairs(lines), heading)
    case "named-values": self[keyPath: place].namedValues.merge(try pairs(lines)) { _, new in new }
    default: self[keyPath: place].backends.merge(try pairs(lines)) { _, new in new }
    }
  }

  /// PEM: a certificate, those between it and its authority, and its key if it has one.
  private func certificate(
    _ words: [String], _ lines: [CaseLine], _ heading: CaseLine
  ) throws(CaseProblem) -> Certificate {
    let text = lines.map(\.text).joined(separator: "\n")
    guard words.count == 1, let certificate = Certificate(id: words[0], pem: text) else {
      throw CaseProblem(line: heading.number, message: "Expected '### certificate ID' and a certificate in PEM.")
    }
    return certificate
  }

  /// The seconds of `after SECONDS`; 0 without it.
  private func seconds(_ words: [String], _ heading: CaseLine, after kind: String) throws(CaseProblem) -> Int {
    if words.isEmpty { return 0 }
    guard words.count == 2, words[0] == "after", let seconds = Int(words[1]), (0...31_536_000).contains(seconds) else {
      throw CaseProblem(line: heading.number, message: "Expected '### \(kind)' or '### \(kind) after SECONDS'.")
    }
    return seconds
  }

  /// What belongs to the request before it.
  private mutating func addToStep(
    _ kind: String, _ words: [String], _ heading: CaseLine, _ lines: [CaseLine]
  ) throws(CaseProblem) {
    let kinds = ["caller", "backend", "service", "received", "called", "response", "log"]
    guard kinds.contains(kind) else {
      let all =
        [
          "policy", "fragment", "named-values", "backends", "circuit-breaker", "event-hubs", "operation", "schema",
          "named-schema",
          "graphql-schema", "odata-schema", "resolver", "external-cache", "counters", "certificate", "authorities",
          "now", "request",
        ]
        + kinds
      throw CaseProblem(
        line: heading.number, message: "'\(kind)' is no heading; expected one of \(all.joined(separator: ", ")).")
    }
    guard var step = steps.popLast() else {
      throw CaseProblem(line: heading.number, message: "'\(kind)' must stand behind the '### request' it is about.")
    }
    defer { steps.append(step) }
    if kind == "log" {
      step.log = lines.filter { !$0.text.allSatisfy(\.isWhitespace) }
      return
    }
    if kind == "caller" {
      step.caller = try CaseCaller(try pairs(lines), heading)
      return
    }
    if kind == "received" || kind == "called", heading.text.trimmed.hasSuffix("nothing") {
      if kind == "received" { step.received = [] } else { step.called = [] }
      return
    }
    var message = try CaseMessage(lines, after: heading.number)
    switch kind {
    case "backend", "service":
      message.delay = try seconds(words, heading, after: kind)
      if kind == "backend" { step.backend.append(message) } else { step.services.append(message) }
    case "received": step.received = (step.received ?? []) + [message]
    case "called": step.called = (step.called ?? []) + [message]
    default: step.response = message
    }
  }

  /// What the operation says of its messages, below its heading.
  private func contract(_ lines: [CaseLine]) throws(CaseProblem) -> String? {
    guard let first = lines.first(where: { !$0.text.allSatisfy(\.isWhitespace) }) else { return nil }
    let text = lines.map(\.text).joined(separator: "\n")
    if let complaint = ContractCheck.complaints(about: OperationContract(json: text)).first {
      throw CaseProblem(line: first.number, message: complaint.message)
    }
    return text
  }

  private func schema(
    _ words: [String], _ lines: [CaseLine], _ heading: CaseLine
  ) throws(CaseProblem) -> SchemaDocument {
    guard words.count == 1 else { throw CaseProblem(line: heading.number, message: "A schema needs its id.") }
    let text = lines.map(\.text).joined(separator: "\n").trimmed
    return SchemaDocument(id: words[0], kind: text.hasPrefix("<") ? .xml : .json, text: text)
  }

  private func part(_ words: [String], _ lines: [CaseLine], _ heading: CaseLine) throws(CaseProblem) -> Part {
    var part = Part(scope: .api, section: nil, lines: lines)
    var section: PolicySection?
    for word in words {
      if let scope = PolicyScope(rawValue: word) {
        part.scope = scope
      } else if let named = PolicySection(rawValue: word) {
        section = named
      } else {
        throw CaseProblem(line: heading.number, message: "'\(word)' is neither a scope nor a section.")
      }
    }
    let isDocument = lines.contains { $0.text.contains("<policies") }
    if isDocument, section != nil {
      throw CaseProblem(line: heading.number, message: "A whole document stands in no section.")
    }
    part.section = isDocument ? nil : section ?? .inbound
    return part
  }

  /// Takes expected diagnostics, `<!--! CODE part of the message -->`, off the lines they belong to.
  private mutating func takeExpected(_ lines: [CaseLine]) -> [CaseLine] {
    var result: [CaseLine] = []
    for var line in lines {
      while let mark = line.text.range(of: "<!--!", options: .backwards) {
        let text = line.text[mark.upperBound...].trimmed
        let inner = text.hasSuffix("-->") ? text.dropLast(3).trimmed : text
        let words = inner.split(separator: " ", maxSplits: 1)
        diagnostics.append(
          ExpectedDiagnostic(
            line: line.number, code: words.first.map(String.init) ?? "",
            text: words.count > 1 ? String(words[1]) : ""))
        line.text = line.text[..<mark.lowerBound]
      }
      result.append(line)
    }
    return result
  }

  private func pairs(_ lines: [CaseLine]) throws(CaseProblem) -> [String: String] {
    var pairs: [String: String] = [:]
    for line in lines where !line.text.allSatisfy(\.isWhitespace) {
      guard let equals = line.text.firstIndex(of: "=") else {
        throw CaseProblem(line: line.number, message: "Expected 'name=value'.")
      }
      pairs[line.text[..<equals].trimmed] = line.text[line.text.index(after: equals)...].trimmed
    }
    return pairs
  }
}

extension Date {
  /// 100-nanosecond ticks since 0001-01-01.
  var ticks: Int64 { Int64(timeIntervalSince1970) * 10_000_000 + 621_355_968_000_000_000 }
}
