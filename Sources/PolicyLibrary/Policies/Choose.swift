import Expressions
import PolicySyntax

extension PolicyDefinition {
  /// `choose`: the policies of the first `when` whose condition holds, else of `otherwise`.
  static let choose = PolicyDefinition("choose", in: .everywhere) { element, plan in
    AttributeReader(element, plan).finish()
    plan.allowChildren(["when", "otherwise"], in: element)
    if element.first("when") == nil {
      plan.report(element.diagnostic("PL0120", "'choose' needs at least one <when>."))
    }
    let branches = element.elements
    if let index = branches.firstIndex(where: { $0.name == "otherwise" }), index != branches.count - 1 {
      plan.report(
        branches[index].diagnostic("PL0121", "<otherwise> must be the last element of 'choose', and the only one."))
    }
    var ends: [Int] = []
    for (index, branch) in branches.filter({ $0.name == "when" }).enumerated() {
      let attributes = AttributeReader(branch, plan)
      let condition = attributes.boolean("condition", isRequired: true) ?? .literal(false)
      attributes.finish()
      ends.append(plan.emitBranch(ExpressionCondition(condition: condition), "when[\(index + 1)]", branch))
    }
    if let otherwise = element.first("otherwise") {
      AttributeReader(otherwise, plan).finish()
      plan.nested("otherwise", otherwise)
    }
    plan.land(ends)
  }

  /// `include-fragment`: the policies of a fragment, as if they stood here.
  static let includeFragment = PolicyDefinition("include-fragment", in: .everywhere) { element, plan in
    let attributes = AttributeReader(element, plan)
    let fragmentID = attributes.literal("fragment-id", isRequired: true)
    attributes.finish()
    plan.allowChildren([], in: element)
    if let fragmentID { plan.include(fragmentID, for: element) }
  }
}
