import ControlPlaneStore
import Hummingbird

/// `quotas/{quotaCounterKey}` and `quotas/{quotaCounterKey}/periods/{quotaPeriodKey}`; below `gateways/{gatewayId}` the same
/// of what one gateway counts.
struct QuotaCalls {
  let service: ManagementService
  private let counterKey: String
  private let periodKey: String?
  private let gatewayID: String?

  /// Nil where the path leads elsewhere.
  /// - Parameter parts: what stands behind the service, each part decoded by itself: keys may hold anything.
  init?(_ parts: [String], _ service: ManagementService) {
    var rest = parts[...]
    if rest.count > 2, rest.first?.lowercased() == "gateways", rest.dropFirst(2).first?.lowercased() == "quotas" {
      gatewayID = rest[1]
      rest = rest.dropFirst(2)
    } else {
      gatewayID = nil
    }
    guard rest.popFirst()?.lowercased() == "quotas", let key = rest.popFirst() else { return nil }
    if rest.isEmpty {
      periodKey = nil
    } else {
      guard rest.count == 2, rest.first?.lowercased() == "periods" else { return nil }
      periodKey = rest.last
    }
    counterKey = key
    self.service = service
  }

  func answer(_ request: Request) async throws -> Response {
    switch request.method {
    case .get: return ManagementRoutes.json(try contract(try await periods()))
    case .patch:
      let (calls, bytes) = try Self.values(try await ManagementRoutes.body(request))
      try await service.quotas.set(try await periods(), calls: calls, bytes: bytes)
      return ManagementRoutes.json(try contract(try await periods()))
    default: throw ManagementError.badRequest("MethodNotAllowed", "\(request.method) is not possible here.")
    }
  }

  /// Of the periods that are asked for; at least one.
  private func periods() async throws(ManagementError) -> [QuotaCounterPeriod] {
    if let gatewayID, gatewayID.lowercased() != "managed" {
      _ = try await service.get(ResourcePath.service.child("gateways", gatewayID))
    }
    let all = try await service.quotas.periods(of: counterKey, gatewayID: gatewayID)
    let wanted = all.filter { periodKey == nil || $0.periodKey == periodKey }
    guard !wanted.isEmpty else {
      throw .notFound(
        periodKey == nil || all.isEmpty
          ? "Quota counter '\(counterKey.prefix(300))'"
          : "Period '\(periodKey?.prefix(300) ?? "")' of the quota counter")
    }
    return wanted
  }

  private func contract(_ periods: [QuotaCounterPeriod]) throws(ManagementError) -> JSON {
    // Policies that begin their periods at different times may mean the same key: of these, what was begun last.
    if periodKey != nil { return periods.max { $0.start < $1.start }?.json ?? .null }
    return ["value": .array(periods.map(\.json)), "count": .integer(Int64(periods.count)), "nextLink": ""]
  }

  /// The largest number of a policy's attributes, and so the largest count that means anything.
  private static let largest = Int64(Int32.max)

  /// `QuotaCounterValueUpdateContract`; kilobytes as bytes.
  private static func values(_ body: JSON) throws(ManagementError) -> (calls: Int64?, bytes: Int64?) {
    guard let properties = body["properties"]?.objectValue else {
      throw .validation("properties", "'properties' with 'callsCount' or 'kbTransferred' is needed.")
    }
    var details: [ManagementError.Detail] = []
    var calls: Int64?
    var bytes: Int64?
    for (name, value) in properties where !value.isNull {
      switch name {
      case "callsCount":
        calls = value.integerValue
        if calls.map({ (0...largest).contains($0) }) != true {
          details.append(.init(target: name, message: "'callsCount' must be a whole number from 0 to \(largest)."))
        }
      case "kbTransferred":
        guard let kilobytes = value.doubleValue, (0...Double(largest)).contains(kilobytes) else {
          details.append(.init(target: name, message: "'kbTransferred' must be a number from 0 to \(largest)."))
          continue
        }
        bytes = Int64((kilobytes * 1_024).rounded())
      default: details.append(.init(target: name, message: "'\(name.prefix(80))' is no property of a quota counter."))
      }
    }
    if details.isEmpty, calls == nil, bytes == nil {
      details.append(.init(target: "properties", message: "'callsCount' or 'kbTransferred' is needed."))
    }
    guard details.isEmpty else { throw .validation(details) }
    return (calls, bytes)
  }
}
