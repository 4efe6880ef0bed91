import DotNet
import GatewayConfiguration
import JSONSchema

/// A trace as JSON, in the form that `listTrace` of Azure's API has: `{serviceName, traceId, traceEntries}`, the entries by
/// section, each with `source`, `timestamp`, `elapsed` since the request began, and `data`. Steps of policies tell more
/// than Azure's: scope, line, path, duration, held bytes, and what they changed.
public struct TraceDocument: Sendable {
  private let serviceName: String
  private let traceID: String
  private let workspaceID: String?
  private let startTicks: Int64
  private let entries: [ExchangeTrace.Entry]
  private let secrets: TraceSecrets
  /// About as many bytes as it has of texts.
  public let size: Int

  /// - Parameters:
  ///   - workspaceID: nil for an API outside of a workspace.
  ///   - secrets: what is not shown.
  public init(
    _ trace: ExchangeTrace, serviceName: String, traceID: String, workspaceID: String?,
    secrets: TraceSecrets = .everything
  ) {
    self.serviceName = serviceName
    self.traceID = traceID
    self.workspaceID = workspaceID
    startTicks = trace.startTicks
    entries = trace.entries
    size = trace.characters
    self.secrets = secrets.besides(trace)
  }

  /// As bytes. Takes its time: it is not for an event loop.
  /// - Parameter isIndented: for people to read.
  public func json(isIndented: Bool = false) -> [UInt8] { isIndented ? value.indentedBytes : value.bytes }

  private var value: JSONValue {
    var sections: [PolicySection: [JSONValue]] = [:]
    for entry in entries { sections[entry.section, default: []].append(value(of: entry)) }
    return [
      "serviceName": .text(serviceName), "traceId": .text(traceID), "workspaceId": .present(workspaceID),
      "traceEntries": JSONValue(PolicySection.allCases.map { ($0.rawValue, .array(sections[$0] ?? [])) }),
    ]
  }

  private func value(of entry: ExchangeTrace.Entry) -> JSONValue {
    let second = (try? DateTimeValue(ticks: entry.startTicks).format("s")) ?? ""
    return [
      "source": .text(entry.source), "timestamp": .text("\(second)\(Self.fraction(entry.startTicks))Z"),
      "elapsed": .text(Self.span(entry.startTicks - startTicks)), "data": data(of: entry),
    ]
  }

  private func data(of entry: ExchangeTrace.Entry) -> JSONValue {
    switch entry.content {
    case .received(let head): return ["request": message(head)]
    case .matched(let facts): return ["configuration": facts.traceValue]
    case .forwarded(let head, let seconds):
      let whole = seconds == seconds.rounded() ? "\(Int(seconds))" : "\(seconds)"
      return [
        "message": .text("Request is being forwarded to the backend service. Timeout set to \(whole) seconds"),
        "request": message(head),
      ]
    case .answered(let head): return ["message": .present(head.text), "response": message(head)]
    case .said(let text, let severity, let pairs):
      let metadata = JSONValue(pairs.map { ($0.name, .text(secrets.text($0.value))) })
      return [
        "message": .text(secrets.text(text)), "severity": severity.map { .text($0.rawValue) },
        "metadata": pairs.isEmpty ? nil : metadata,
      ]
    case .failed(let error):
      let text = error.detail.map { "\(error.message) \($0)" } ?? error.message
      return [
        "message": .text(secrets.text(text)), "reason": .text(error.reason), "scope": .present(error.scope),
        "path": .present(error.path), "policyId": .present(error.policyID),
      ]
    case .step(let step):
      func values(_ side: (ExchangeTrace.Change) -> String?) -> JSONValue {
        JSONValue(
          step.changes.compactMap { change in
            side(change).map { (change.subject, .text(secrets.text($0, of: change.subject, policy: entry.source))) }
          })
      }
      return [
        "scope": .text(step.place.scope.rawValue), "line": .integer(Int64(step.place.line)),
        "path": .text(step.place.path), "policyId": .present(step.place.policyID),
        "resolver": .present(step.resolver), "duration": .text(Self.span(step.elapsedTicks)),
        "bytesBuffered": .integer(Int64(step.bufferedBytes)), "condition": step.condition.map { .bool($0) },
        "input": values(\.before), "output": values(\.after),
      ]
    }
  }

  private func message(_ message: ExchangeTrace.Message) -> JSONValue {
    let status: JSONValue? = message.status.map {
      ["code": .integer(Int64($0)), "reason": .present(message.reason)]
    }
    return [
      "method": .present(message.method), "url": .present(message.url.map(secrets.text)), "status": status,
      "headers": .array(
        message.headers.map { ["name": .text($0.name), "value": .text(secrets.text($0.value, ofHeader: $0.name))] }),
    ]
  }

  private static func fraction(_ ticks: Int64) -> String {
    let digits = String(ticks % 10_000_000)
    return "." + String(repeating: "0", count: 7 - digits.count) + digits
  }

  /// `00:00:00.2983315`, always with its fraction.
  private static func span(_ ticks: Int64) -> String {
    let ticks = max(0, ticks)
    return ((try? TimeSpanText.format(ticks / 10_000_000 * 10_000_000, nil)) ?? "") + fraction(ticks)
  }
}

extension ExchangeFacts {
  /// Which API, operation, user and product a request was found to belong to.
  fileprivate var traceValue: JSONValue {
    func named(_ id: String?, groups: [Group]? = nil) -> JSONValue {
      guard let id else { return .text("-") }
      return ["id": .text(id), "groups": groups.map { .array($0.map { .text($0.id) }) }]
    }
    let api = api?.value
    let operation = operation?.value
    return [
      "api": api.map { api in
        [
          "id": .text(api.id), "from": .text("/" + api.path), "to": backend?.traceValue ?? .null,
          "version": api.version.map { .text($0) } ?? .null, "revision": .text(api.revision),
        ]
      },
      "operation": operation.map { ["method": .text($0.method), "uriTemplate": .text($0.urlTemplate)] },
      "user": named(user?.value.id, groups: user?.value.groups),
      "product": named(product?.value.id, groups: product?.value.groups),
      "subscription": named(subscription?.id),
    ]
  }
}

extension BackendTarget {
  fileprivate var traceValue: JSONValue {
    [
      "scheme": .text(origin.isTLS ? "https" : "http"), "host": .text(origin.host),
      "port": .integer(Int64(origin.port)),
      "path": .text(basePath.isEmpty ? "/" : String(decoding: basePath, as: UTF8.self)), "queryString": .text(""),
      "query": [:], "isDefaultPort": .bool(origin.port == (origin.isTLS ? 443 : 80)),
    ]
  }
}

extension JSONValue {
  fileprivate init(_ members: [(String, JSONValue)]) { self = .object(JSONObject(members)) }
  fileprivate static func present(_ text: String?) -> JSONValue? { text.map { .text($0) } }
}
