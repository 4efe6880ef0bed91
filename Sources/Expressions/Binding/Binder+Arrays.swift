/// Arrays: made by their sizes or their elements, of any number of dimensions.
extension Binder {
  func array(_ syntax: ArraySyntax, _ at: Int) throws(SyntaxError) -> Bound {
    guard syntax.rank <= TypeDefinition.largestRank else {
      throw fail("PL0201", "An array has more than \(TypeDefinition.largestRank) dimensions.", at)
    }
    guard let elements = syntax.elements else { return try emptyArray(syntax, at) }
    var lengths: [Int?] = Array(repeating: nil, count: syntax.rank)
    var bounds: [Bound] = []
    try collect(elements, 0, &lengths, &bounds, at)
    let element = try elementType(syntax, bounds, at)
    let dimensions = lengths.map { $0 ?? 0 }
    for (size, length) in zip(syntax.sizes, dimensions) {
      guard let constant = try bind(size).constant.flatMap(Operation.integer) else {
        throw fail("CS0150", "A constant value is expected", size.offset)
      }
      if constant != Int64(length) {
        throw fail("CS0847", "An array initializer of length '\(constant)' is expected", at)
      }
    }
    var runs: [Evaluation] = []
    for bound in bounds { runs.append(try convert(bound, to: element).run) }
    let all = runs
    return Bound(element.array(rank: syntax.rank), at) { machine in
      var values: [Value] = []
      values.reserveCapacity(all.count)
      for run in all { values.append(try run(machine)) }
      try machine.charge(objectOf: values.count)
      return .object(ArrayObject(of: element, dimensions: dimensions, values))
    }
  }

  /// The elements of an initialiser in order; every part of a dimension has the same length.
  private func collect(
    _ elements: [ArrayElementSyntax], _ dimension: Int, _ lengths: inout [Int?], _ bounds: inout [Bound], _ at: Int
  ) throws(SyntaxError) {
    if let length = lengths[dimension], length != elements.count {
      throw fail("CS0847", "An array initializer of length '\(length)' is expected", at)
    }
    lengths[dimension] = elements.count
    let isInnermost = dimension == lengths.count - 1
    for element in elements {
      switch element {
      case .value(let value):
        guard isInnermost else { throw fail("CS0846", "A nested array initializer is expected", value.offset) }
        bounds.append(try bindAny(value))
      case .nested(let inner, let place):
        guard !isInnermost else {
          throw fail(
            "CS0623",
            "Array initializers can only be used in a variable or field initializer. Try using a new "
              + "expression instead.", place)
        }
        try collect(inner, dimension + 1, &lengths, &bounds, place)
      }
    }
  }

  private func elementType(_ syntax: ArraySyntax, _ bounds: [Bound], _ at: Int) throws(SyntaxError) -> TypeSymbol {
    if let written = syntax.element { return try resolve(written) }
    let best = bounds.first { candidate in
      !candidate.type.isNullLiteral && !candidate.type.isError
        && bounds.allSatisfy { implicit($0, to: candidate.type) != nil }
    }
    guard let best, !best.type.isVoid else { throw fail("CS0826", "No best type found for implicitly-typed array", at) }
    return best.type
  }

  /// `new T[2, 3]`.
  private func emptyArray(_ syntax: ArraySyntax, _ at: Int) throws(SyntaxError) -> Bound {
    guard let written = syntax.element else {
      throw fail("CS0826", "No best type found for implicitly-typed array", at)
    }
    let element = try resolve(written)
    var sizes: [Evaluation] = []
    for size in syntax.sizes {
      let bound = try convert(try bind(size), to: .int64)
      if let constant = bound.constant.flatMap(Operation.integer), constant < 0 {
        throw fail("CS0248", "Cannot create an array with a negative size", bound.offset)
      }
      sizes.append(bound.run)
    }
    let (runs, empty) = (sizes, Value.defaultValue(of: element))
    return Bound(element.array(rank: runs.count), at) { machine in
      var (dimensions, count): ([Int], Int) = ([], 1)
      for run in runs {
        let length = Int(Operation.integer(try run(machine)) ?? 0)
        if length < 0 { throw Thrown.overflow() }
        dimensions.append(length)
        let (product, overflow) = count.multipliedReportingOverflow(by: length)
        try machine.allocate(bytes: overflow || product > 1 << 40 ? .max / 2 : 0)
        count = product
      }
      try machine.process(bytes: count * 24)
      return .object(ArrayObject(of: element, dimensions: dimensions, Array(repeating: empty, count: count)))
    }.placed()
  }

  // MARK: - Elements

  /// `array[i, j]`.
  func element(
    of array: Bound, _ type: TypeSymbol, _ syntax: [ArgumentSyntax], _ at: Int
  ) throws(SyntaxError) -> Bound {
    let rank = array.type.definition.rank
    guard syntax.count == rank else {
      throw fail("CS0022", "Wrong number of indices inside []; expected \(rank)", at)
    }
    var indices: [Bound] = []
    for argument in syntax {
      let index = try bind(argument.value)
      indices.append(index.type == .int32 && rank == 1 ? index : try convert(index, to: .int64))
    }
    let place = Place.element(array: array, indices: indices, type: type)
    var result = reading(place, at)
    result.form = .reference(place)
    return result
  }

  /// Reading an element of an array of one dimension.
  func element(of array: Bound, at index: Bound, _ type: TypeSymbol, _ at: Int) -> Bound {
    let run = array.run
    func read(_ value: Value, _ place: Int) throws -> Value {
      guard case .object(let object) = value, let array = object as? ArrayObject else { throw Thrown.nullReference() }
      guard place >= 0, place < array.count else { throw Thrown.indexOutOfRange() }
      return array[place]
    }
    if case .int32(let constant)? = index.constant {
      let place = Int(constant)
      return Bound(type, at) { machine in
        try Thrown.placing(at) { try read(try run(machine), place) }
      }
    }
    let index = index.index
    return Bound(type, at) { machine in
      try Thrown.placing(at) {
        let array = try run(machine)
        return try read(array, try index(machine))
      }
    }
  }

  /// What finds the array and the flat index of an element.
  func finding(
    _ array: Bound, _ indices: [Bound]
  ) -> (Machine) throws -> (array: ArrayObject, index: Int) {
    let run = array.run
    @Sendable func object(_ value: Value) throws -> ArrayObject {
      guard case .object(let object) = value, let array = object as? ArrayObject else { throw Thrown.nullReference() }
      return array
    }
    if indices.count == 1 {
      let index = indices[0].index
      return { machine in
        let array = try object(try run(machine))
        let place = try index(machine)
        guard place >= 0, place < array.count else { throw Thrown.indexOutOfRange() }
        return (array, place)
      }
    }
    let runs = indices.map(\.run)
    return { machine in
      let array = try object(try run(machine))
      var places: [Int] = []
      for run in runs { places.append(Int(Operation.integer(try run(machine)) ?? -1)) }
      return (array, try array.place(places))
    }
  }
}

extension Bound {
  /// Runs it as an index: an `int` or a `long`.
  fileprivate var index: (Machine) throws -> Int {
    guard type != .int32 else {
      let number = operand.evaluation
      return { machine in Int(try number(machine)) }
    }
    let run = run
    return { machine in Int(Operation.integer(try run(machine)) ?? -1) }
  }
}
