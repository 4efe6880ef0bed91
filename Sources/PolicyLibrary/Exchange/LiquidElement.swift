import DotNet
import Liquid

/// An element of an XML body as a template sees it: its child elements by their local names, whatever their case; several
/// of one name are an array. An element without child elements is its text.
final class LiquidElement: LiquidObject {
  /// What an element with `xsi:nil="true"` stands for.
  enum Nil: String, CaseIterable, Sendable {
    case blank, null
  }

  private static let instance = "http://www.w3.org/2001/XMLSchema-instance"

  private let whole: XmlContainer
  private let standsForNil: Nil
  /// Made when first asked for, and kept: a template may ask for the same path in every round of a loop.
  private var made: (values: [LiquidValue], byName: [String: LiquidValue])?

  /// - Parameter whole: the document, whose only member is its root, or an element.
  init(_ whole: XmlContainer, standsForNil: Nil) {
    self.whole = whole
    self.standsForNil = standsForNil
  }

  private var members: (values: [LiquidValue], byName: [String: LiquidValue]) {
    if let made { return made }
    var values: [LiquidValue] = []
    var byName: [String: [LiquidValue]] = [:]
    for case let element as XmlElement in whole.nodes {
      let value = value(of: element)
      values.append(value)
      byName[element.name.local.lowercased(), default: []].append(value)
    }
    let members = (values, byName.mapValues { $0.count == 1 ? $0[0] : .array($0) })
    made = members
    return members
  }

  private func value(of element: XmlElement) -> LiquidValue {
    let isNil = element.attributes.contains {
      $0.name.local == "nil" && $0.name.namespace == Self.instance
        && ["true", "1"].contains($0.value.trimmed)
    }
    if isNil { return standsForNil == .null ? .null : .text("") }
    if element.nodes.contains(where: { $0 is XmlElement }) {
      return .object(LiquidElement(element, standsForNil: standsForNil))
    }
    return .text(element.value)
  }

  func member(_ name: String) -> LiquidValue? { members.byName[name.lowercased()] }
  func elements() -> [LiquidValue] { members.values }
  func text() -> String { whole.innerText }
}
