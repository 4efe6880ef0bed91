/// What the names of an expression stand for: the model, what the expression is about, and names that the request makes
/// itself. Without a model every name is taken.
struct ODataNames {
  /// What names without anything in front of them belong to.
  struct Scope {
    var shape: ODataModel.Shape
    /// Of `$compute` and `$apply`.
    var aliases: Set<String> = []
  }

  let model: ODataModel?
  /// What `$it` is, however deep in `$expand`.
  let root: ODataModel.Shape
  var scope: Scope
  /// Of `any` and `all`, the innermost last.
  var variables: [(name: String, shape: ODataModel.Shape)] = []

  init(_ model: ODataModel? = nil, about shape: ODataModel.Shape = .unknown, aliases: Set<String> = []) {
    self.model = model
    root = shape.element
    scope = Scope(shape: shape.element, aliases: aliases)
  }

  typealias Failure = ODataLexer.Unreadable

  private func unknown(_ message: String) -> Failure { Failure(message: message, isUnknownName: true) }

  /// Before the request has made names of its own.
  var withoutAliases: ODataNames {
    var names = self
    names.scope.aliases = []
    return names
  }

  private static let literals: Set<String> = ["null", "true", "false", "INF", "NaN"]

  /// The functions of the standard, in lower case.
  private static let functions: Set<String> = [
    "case", "cast", "ceiling", "concat", "contains", "date", "day", "endswith", "floor", "fractionalseconds",
    "geo.distance", "geo.intersects", "geo.length", "hassubsequence", "hassubset", "hour", "indexof", "isof", "length",
    "matchespattern", "maxdatetime", "mindatetime", "minute", "month", "now", "round", "second", "startswith",
    "substring", "time", "tolower", "totaloffsetminutes", "totalseconds", "toupper", "trim", "year",
  ]

  // MARK: - Names

  /// - Parameter place: what the name stands behind; nil for the first of a path.
  func shape(of name: String, in place: ODataModel.Shape?) throws(Failure) -> ODataModel.Shape {
    guard let model else { return .unknown }
    if place == nil {
      if Self.literals.contains(name) { return .unknown }
      if let variable = variables.last(where: { $0.name == name }) { return variable.shape }
      if scope.aliases.contains(name) { return .unknown }
    }
    let owner = place ?? scope.shape
    if owner == .unknown { return .unknown }
    if name.contains(".") {
      // At the beginning it may be an argument of isof() or cast(), which may name any type.
      if place == nil, let type = model.type(named: name) { return type }
      return try typeOrOperation(name, model, on: owner)
    }
    return try member(name, model, of: owner).shape
  }

  private func member(
    _ name: String, _ model: ODataModel, of owner: ODataModel.Shape
  ) throws(Failure) -> ODataModel.Member {
    if case .structured(let type, _) = owner {
      if let member = model.member(name, of: type) { return member }
      if model.isOpen(type) { return ODataModel.Member(shape: .unknown, isNavigation: false) }
    }
    throw unknown("\(model.name(of: owner.element)) has no property '\(name)'")
  }

  private func typeOrOperation(
    _ name: String, _ model: ODataModel, on owner: ODataModel.Shape
  ) throws(Failure) -> ODataModel.Shape {
    if let type = model.type(named: name) {
      if case .structured(let narrow, _) = type, case .structured(let wide, _) = owner,
        !model.isSame(narrow, orBelow: wide), !model.isSame(wide, orBelow: narrow)
      {
        throw unknown("'\(name)' is not derived from \(model.name(of: owner.element))")
      }
      return type
    }
    return try call(name, model, on: owner, arguments: nil)
  }

  // MARK: - Calls

  /// What a function returns, or which entity a key chooses.
  ///
  /// - Parameter arguments: their names; nil for one without.
  func result(
    of name: String, in place: ODataModel.Shape?, arguments: [String?]
  ) throws(Failure) -> ODataModel.Shape {
    guard let model else { return .unknown }
    if place == nil, Self.functions.contains(name.lowercased()) { return .unknown }
    let owner = place ?? scope.shape
    if owner == .unknown { return .unknown }
    if case .structured(let type, _) = owner, let member = model.member(name, of: type) { return member.shape.element }
    return try call(name, model, on: owner, arguments: arguments)
  }

  /// - Parameter arguments: nil where they are not given.
  private func call(
    _ name: String, _ model: ODataModel, on owner: ODataModel.Shape, arguments: [String?]?
  ) throws(Failure) -> ODataModel.Shape {
    // A function may be called on one entity or on all of a path's end.
    let (single, whole) = (
      model.operations(named: name, on: owner.element), model.operations(named: name, on: owner.collection)
    )
    guard let bound = single, let others = whole else {
      if let qualified = model.qualified(name), model.isForeign(qualified) { return .unknown }
      throw Failure(
        message: arguments == nil ? "the type '\(name)' is not known" : "the function '\(name)' is not known")
    }
    let fitting = bound + others
    if fitting.isEmpty {
      if model.hasUnbound(name) { return .unknown }
      throw unknown("'\(name)' is not bound to \(model.name(of: owner.element))")
    }
    let names = arguments?.compactMap { $0 }
    guard names?.count == arguments?.count, let result = model.result(of: fitting, arguments: names) else {
      throw unknown("'\(name)' has other parameters")
    }
    return result ?? .unknown
  }

  // MARK: - Items of $select and $expand

  func check(namespace: String) throws(Failure) {
    guard let model, model.namespaces[namespace] == nil else { return }
    throw unknown("the namespace '\(namespace)' is not known")
  }

  /// One more name of an item.
  func follow(_ name: String, in path: inout ODataItemPath) throws(Failure) {
    let owner = path.shape ?? scope.shape
    guard let model, owner != .unknown else { return path.end() }
    if path.shape == nil, scope.aliases.contains(name), !path.isExpanded { return path.end() }
    if name.contains(".") {
      path.shape = try typeOrOperation(name, model, on: owner)
    } else {
      let member = try member(name, model, of: owner)
      path.shape = member.shape
      path.last = (name, member.isNavigation || member.isStream || member.shape == .unknown)
    }
  }

  /// Whether an item may be expanded, which only navigation properties and streams may.
  func check(_ path: ODataItemPath) throws(Failure) {
    guard path.isExpanded, let last = path.last, !last.isExpandable else { return }
    throw unknown("'\(last.name)' is no navigation property")
  }
}

/// One item of `$select` or `$expand` as far as it was read.
struct ODataItemPath {
  let isExpanded: Bool
  /// Nil before the first name.
  var shape: ODataModel.Shape?
  /// The last property; nil where nothing is known of it.
  var last: (name: String, isExpandable: Bool)?

  init(isExpanded: Bool) { self.isExpanded = isExpanded }

  /// Nothing is known of what follows.
  mutating func end() {
    shape = .unknown
    last = nil
  }
}

extension ODataModel {
  /// Whether an operation of that name may be called without a value that it is bound to.
  func hasUnbound(_ name: String) -> Bool {
    (qualified(name).map { [$0] } ?? operationNames[name] ?? []).contains { name in
      operations[name]?.contains { $0.binding == nil } == true
    }
  }
}
