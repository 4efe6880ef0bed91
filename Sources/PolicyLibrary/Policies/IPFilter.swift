import Expressions
import GatewayConfiguration
import HTTPWire
import PolicySyntax

extension PolicyDefinition {
  /// `ip-filter`: allows or forbids callers by address.
  static let ipFilter = PolicyDefinition("ip-filter", in: [.inbound]) { element, plan in
    let attributes = AttributeReader(element, plan)
    let action = attributes.word("action", isRequired: true, among: ["allow", "forbid"])
    attributes.finish()
    plan.allowChildren(["address", "address-range"], in: element)
    var ranges: [(Argument<String>, Argument<String>)] = []
    for child in element.elements {
      let attributes = AttributeReader(child, plan)
      switch child.name {
      case "address":
        if let text = child.text.flatMap({ plan.string($0) }) { ranges.append((text, text)) }
      case "address-range":
        if let from = attributes.string("from", isRequired: true), let to = attributes.string("to", isRequired: true) {
          ranges.append((from, to))
        }
      default: break
      }
      attributes.finish()
      for literal in [
        child.text?.literal, child.attribute("from")?.value.literal, child.attribute("to")?.value.literal,
      ] {
        if let literal, NetworkAddress(literal.trimmed) == nil {
          plan.report(child.diagnostic("PL0127", "'\(literal)' is no IPv4 or IPv6 address."))
        }
      }
    }
    if ranges.isEmpty {
      plan.report(element.diagnostic("PL0109", "'ip-filter' needs an <address> or <address-range>."))
    }
    if let action { plan.emit(IPFilter(action: action, ranges: ranges), element) }
  }
}

struct IPFilter: PolicyStep {
  let action: Argument<String>
  let ranges: [(from: Argument<String>, to: Argument<String>)]

  /// What the caller is told: neither the address it is seen with, nor which rule it met.
  private static let publicMessage = "Forbidden"

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let text = exchange.facts.clientAddress
    let isAllowList = try action.value(exchange) == "allow"
    guard let caller = NetworkAddress(text) else {
      // What cannot be read is on no list.
      if !isAllowList { return .proceed }
      throw PolicyError(
        source: "ip-filter", reason: "FailedToParseCallerIP",
        message: "Failed to establish IP address for the caller. Access denied.", status: 403,
        responseMessage: Self.publicMessage)
    }
    var isListed = false
    for range in ranges {
      guard let from = NetworkAddress(try range.from.value(exchange).trimmed),
        let to = NetworkAddress(try range.to.value(exchange).trimmed)
      else { continue }
      if from <= caller, caller <= to { isListed = true }
    }
    if isAllowList {
      if isListed { return .proceed }
      throw PolicyError(
        source: "ip-filter", reason: "CallerIpNotAllowed",
        message: "Caller IP address \(text) is not allowed. Access denied.", status: 403,
        responseMessage: Self.publicMessage)
    }
    if !isListed { return .proceed }
    throw PolicyError(
      source: "ip-filter", reason: "CallerIpBlocked", message: "Caller IP address is blocked. Access denied.",
      status: 403, responseMessage: Self.publicMessage)
  }
}

/// An IP address as sixteen bytes; IPv4 in its mapped form, so that both kinds have one order.
struct NetworkAddress: Comparable, Sendable {
  private let high: UInt64
  private let low: UInt64

  init?(_ text: String) {
    if let v4 = Self.v4(Substring(text)) {
      high = 0
      low = 0xffff_0000_0000 | UInt64(v4)
      return
    }
    guard text.contains(":"), text.utf8.count <= 45 else { return nil }
    var groups: [UInt16] = []
    var gap: Int?
    var rest = Substring(text)
    if rest.hasPrefix("::") {
      gap = 0
      rest = rest.dropFirst(2)
    }
    while !rest.isEmpty {
      let part = rest.prefix { $0 != ":" }
      if part.contains("."), part.endIndex == rest.endIndex, let v4 = Self.v4(part) {
        groups += [UInt16(truncatingIfNeeded: v4 >> 16), UInt16(truncatingIfNeeded: v4)]
        break
      }
      guard !part.isEmpty, part.utf8.count <= 4, let group = UInt16(part, radix: 16) else { return nil }
      groups.append(group)
      rest = rest[part.endIndex...]
      if rest.isEmpty { break }
      rest = rest.dropFirst()
      if rest.hasPrefix(":") {
        guard gap == nil else { return nil }
        gap = groups.count
        rest = rest.dropFirst()
      } else if rest.isEmpty {
        return nil
      }
    }
    if let gap {
      guard groups.count < 8 else { return nil }
      groups.insert(contentsOf: [UInt16](repeating: 0, count: 8 - groups.count), at: gap)
    }
    guard groups.count == 8 else { return nil }
    high = groups[..<4].reduce(0) { $0 << 16 | UInt64($1) }
    low = groups[4...].reduce(0) { $0 << 16 | UInt64($1) }
  }

  private static func v4(_ text: Substring) -> UInt32? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var value: UInt32 = 0
    for part in parts {
      guard let byte = UInt8(part), part.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
      value = value << 8 | UInt32(byte)
    }
    return value
  }

  static func < (a: NetworkAddress, b: NetworkAddress) -> Bool { (a.high, a.low) < (b.high, b.low) }
}
