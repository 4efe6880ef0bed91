/// One segment of a resource path, decoded.
struct ODataSegment {
  /// What stands before the parentheses.
  var name: String
  /// For each pair of parentheses the names in it; nil for a value without one.
  var arguments: [[String?]] = []
  var text: String
}

/// Follows a resource path through a model, segment by segment.
struct ODataPath {
  private enum Place {
    case root
    case value(ODataModel.Shape)
    /// Behind a segment that nothing may follow.
    case end(String)
  }

  private let model: ODataModel
  private var place = Place.root
  /// Whether the last segment was a navigation property, whose entities may leave out a part of their keys.
  private var isNavigation = false
  /// What the query options are about.
  private(set) var subject = ODataModel.Shape.unknown

  typealias Shape = ODataModel.Shape

  init(_ model: ODataModel) { self.model = model }

  mutating func follow(_ segment: ODataSegment) throws(ODataProblem) {
    switch place {
    case .end(let name): throw problem("Nothing may stand behind '\(name)'.")
    case .root:
      if segment.name.hasPrefix("$") { try beginSystem(segment) } else { try begin(segment) }
    case .value(let shape):
      if segment.name.hasPrefix("$") { try system(segment, shape) } else { try next(segment, shape) }
    }
  }

  private func problem(_ message: String) -> ODataProblem { ODataProblem(.path, message) }

  private mutating func move(to shape: Shape) {
    place = .value(shape)
    subject = shape
  }

  // MARK: - The first segment

  private mutating func beginSystem(_ segment: ODataSegment) throws(ODataProblem) {
    switch segment.name {
    case "$batch", "$metadata": place = .end(segment.name)
    case "$all", "$entity": move(to: .unknown)
    case "$crossjoin":
      let sets = segment.text.dropFirst("$crossjoin(".count).dropLast().split(separator: ",")
      for name in sets.map(String.init) where !model.hasForeignResources {
        guard case .set? = model.resources[name.trimmingBlanks] else {
          throw problem("The service has no entity set '\(name.trimmingBlanks)'.")
        }
      }
      move(to: .unknown)
    default: throw problem("The segment '\(segment.name)' cannot stand at the beginning.")
    }
  }

  private mutating func begin(_ segment: ODataSegment) throws(ODataProblem) {
    isNavigation = false
    switch model.resources[segment.name] {
    case .set(let shape): try take(segment, shape)
    case .singleton(let shape): try take(segment, shape)
    case .operation(let name, let isFunction):
      let overloads = (model.operations[name] ?? []).filter { $0.isFunction == isFunction && $0.binding == nil }
      if overloads.isEmpty { return move(to: .unknown) }
      try call(overloads, segment)
    case nil:
      guard model.hasForeignResources else {
        throw problem("The service has no entity set, singleton, function or action '\(segment.name)'.")
      }
      move(to: .unknown)
    }
  }

  // MARK: - Further segments

  private mutating func system(_ segment: ODataSegment, _ shape: Shape) throws(ODataProblem) {
    let name = segment.name
    func require(_ isGiven: Bool, _ what: String) throws(ODataProblem) {
      if !isGiven { throw problem("'\(name)' needs \(what), not \(model.name(of: shape)).") }
    }
    switch name {
    case "$count":
      try require(shape.isCollection != false, "a collection")
      place = .end(name)
    case "$ref":
      if case .structured(let type, _) = shape { try require(model.types[type].isEntity, "an entity") }
      if case .scalar = shape { try require(false, "an entity") }
      place = .end(name)
    case "$value":
      try require(shape.isCollection != true, "a single value")
      place = .end(name)
    case "$filter": try require(shape.isCollection != false, "a collection")
    case "$each":
      try require(shape.isCollection != false, "a collection")
      move(to: shape.element)
    case "$query": place = .end(name)
    default: throw problem("The segment '\(name)' cannot stand behind another one.")
    }
  }

  private mutating func next(_ segment: ODataSegment, _ shape: Shape) throws(ODataProblem) {
    if shape == .unknown { return }
    isNavigation = false
    let name = segment.name
    if case .structured(let type, false) = shape, let member = model.member(name, of: type) {
      isNavigation = member.isNavigation
      return try take(segment, member.shape)
    }
    if name.contains("."), let target = model.type(named: name) { return try cast(segment, shape, to: target) }
    if let overloads = model.operations(named: name, on: shape) {
      guard !overloads.isEmpty else {
        throw problem("'\(name)' is not bound to \(model.name(of: shape)).")
      }
      return try call(overloads, segment)
    }
    if let qualified = model.qualified(name), model.isForeign(qualified) { return move(to: .unknown) }
    if case .structured(let type, let isCollection) = shape {
      if !isCollection, model.isOpen(type) { return move(to: .unknown) }
      if isCollection, model.hasKeySegments, model.types[type].isEntity, segment.arguments.isEmpty {
        return move(to: shape.element)
      }
    }
    guard !name.contains(".") else { throw problem("There is no type, function or action '\(name)'.") }
    throw problem(
      shape.isCollection == true
        ? "'\(name)' cannot stand behind \(model.name(of: shape))."
        : "The property '\(name)' of \(model.name(of: shape)) is not known.")
  }

  private mutating func cast(_ segment: ODataSegment, _ shape: Shape, to target: Shape) throws(ODataProblem) {
    if case .structured(let narrow, _) = target, case .structured(let wide, _) = shape {
      guard model.isSame(narrow, orBelow: wide) else {
        throw problem("'\(segment.name)' is not derived from \(model.name(of: shape.element)).")
      }
    }
    try take(segment, shape.isCollection == true ? target.collection : target)
  }

  // MARK: - Parentheses

  /// Goes to a value, or to the one of a collection that a key chooses.
  private mutating func take(_ segment: ODataSegment, _ shape: Shape) throws(ODataProblem) {
    guard let key = segment.arguments.first else { return move(to: shape) }
    guard segment.arguments.count == 1 else { throw problem("'\(segment.name)' has more than one key.") }
    try choose(key, shape, segment)
  }

  private mutating func choose(
    _ given: [String?], _ shape: Shape, _ segment: ODataSegment
  ) throws(ODataProblem) {
    if shape == .unknown { return move(to: .unknown) }
    guard case .structured(let type, true) = shape, model.types[type].isEntity else {
      throw problem("'\(segment.name)' takes no key: it is \(model.name(of: shape)).")
    }
    let key = model.key(of: type)
    let names = given.compactMap { $0 }
    let fits: Bool
    if given.isEmpty {
      fits = false
    } else if key.isEmpty || !names.isEmpty && model.hasAlternateKeys(type) {
      fits = true
    } else if names.isEmpty {
      fits = given.count == 1 && (key.count == 1 || isNavigation)
    } else {
      let isComplete = names.count == key.count || isNavigation && names.count < key.count
      fits =
        names.count == given.count && isComplete && Set(names).count == names.count
        && names.allSatisfy(key.contains)
    }
    guard fits else {
      throw problem(
        "The key in '\(segment.text)' does not fit: the key of '\(model.types[type].name)' is "
          + "\(key.map { "'\($0)'" }.joined(separator: ", ")).")
    }
    move(to: shape.element)
  }

  private mutating func call(_ overloads: [ODataModel.Operation], _ segment: ODataSegment) throws(ODataProblem) {
    let given = segment.arguments.first
    let names = given?.compactMap { $0 }
    guard names?.count == given?.count, segment.arguments.count <= 2,
      let result = model.result(of: overloads, arguments: names)
    else { throw problem("'\(segment.name)' has other parameters than '\(segment.text)' gives it.") }
    guard let result else {
      subject = .unknown
      place = .end(segment.name)
      return
    }
    isNavigation = false
    if segment.arguments.count == 2 { return try choose(segment.arguments[1], result, segment) }
    move(to: result)
  }
}

extension String {
  fileprivate var trimmingBlanks: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
