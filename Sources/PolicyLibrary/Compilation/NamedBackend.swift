import Expressions
import PolicySyntax

/// An attribute that names a backend entity which a policy calls on its own.
struct NamedBackend: Sendable {
  private let id: Argument<String>
  private let directory: BackendDirectory

  /// Nil after a complaint.
  init?(_ name: String, _ element: PolicyElement, _ attributes: AttributeReader, _ plan: PolicyCompilation) {
    guard let id = attributes.string(name, isRequired: true) else { return nil }
    self.init(id, attribute: name, element, plan)
  }

  /// Nil after a complaint about a literal that names no backend, or one that cannot be reached.
  init?(_ id: Argument<String>, attribute: String, _ element: PolicyElement, _ plan: PolicyCompilation) {
    self.id = id
    directory = plan.environment.directory
    guard let literal = id.literal else { return }
    let value = element.attribute(attribute)?.value
    if plan.environment.backends[literal] == nil {
      let suggestion = Spelling.nearest(to: literal, among: plan.environment.backends.keys)
      let message = "There is no backend '\(literal)'."
      plan.report(
        value?.diagnostic("PL0126", message, suggestion: suggestion)
          ?? element.diagnostic("PL0126", message, suggestion: suggestion))
      return nil
    }
    if directory[literal]?.isUsable == false {
      let message = "The backend '\(literal)' has no usable URL, or it is a pool without members."
      plan.report(value?.diagnostic("PL0106", message) ?? element.diagnostic("PL0106", message))
      return nil
    }
  }

  func entity(_ exchange: Exchange) throws(PolicyError) -> BackendEntity {
    let id = try id.value(exchange)
    guard let entity = directory[id], entity.isUsable else {
      throw .internal(
        source: exchange.place?.policy ?? "", reason: "BackendNotFound", message: "There is no backend '\(id)'.")
    }
    return entity
  }

  /// Where to call it; of a pool, its first member.
  func target(_ exchange: Exchange) throws(PolicyError) -> BackendTarget {
    guard let target = try entity(exchange).address else {
      throw .internal(
        source: exchange.place?.policy ?? "", reason: "BackendNotFound", message: "The backend has no usable URL.")
    }
    return target
  }
}
