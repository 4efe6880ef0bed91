import DotNet

/// Filters of numbers and of lists.
extension LiquidFilters {
  private static func arithmetic(
    _ whole: @escaping @Sendable (Int64, Int64) throws -> Int64?,
    _ real: @escaping @Sendable (Double, Double) throws -> Double
  ) -> Filter {
    { value, arguments in
      let other = arguments.first ?? .null
      if case .integer(let a) = value, case .integer(let b) = other, let result = try whole(a, b) {
        return .integer(result)
      }
      guard let a = value.number, let b = other.number else { return .null }
      return .real(try real(a, b))
    }
  }

  private static func exact(
    _ operation: @escaping @Sendable (Int64, Int64) -> (partialValue: Int64, overflow: Bool)
  ) -> @Sendable (Int64, Int64) -> Int64? {
    { a, b in
      let result = operation(a, b)
      return result.overflow ? nil : result.partialValue
    }
  }

  private static func rounded(_ rule: FloatingPointRoundingRule) -> Filter {
    { value, _ in
      guard let number = value.number else { return .null }
      return Int64(exactly: number.rounded(rule)).map { .integer($0) } ?? .real(number.rounded(rule))
    }
  }

  static let numbers: [String: Filter] = [
    "Plus": arithmetic(exact { $0.addingReportingOverflow($1) }) { $0 + $1 },
    "Minus": arithmetic(exact { $0.subtractingReportingOverflow($1) }) { $0 - $1 },
    "Times": arithmetic(exact { $0.multipliedReportingOverflow(by: $1) }) { $0 * $1 },
    "DividedBy": arithmetic(
      { a, b in
        if b == 0 { throw LiquidError("DividedBy: division by zero.") }
        return exact { $0.dividedReportingOverflow(by: $1) }(a, b)
      }, { $0 / $1 }),
    "Modulo": arithmetic(
      { a, b in
        if b == 0 { throw LiquidError("Modulo: division by zero.") }
        return exact { $0.remainderReportingOverflow(dividingBy: $1) }(a, b)
      }, { $0.truncatingRemainder(dividingBy: $1) }),
    "AtLeast": arithmetic({ max($0, $1) }) { max($0, $1) },
    "AtMost": arithmetic({ min($0, $1) }) { min($0, $1) },
    "Abs": { value, _ in
      if case .integer(let number) = value, number != .min { return .integer(abs(number)) }
      return value.number.map { .real(abs($0)) } ?? .null
    },
    "Ceil": rounded(.up),
    "Floor": rounded(.down),
    "Round": { value, arguments in
      guard let number = value.number else { return .null }
      let digits = min(max(Int(clamping: arguments.first?.whole ?? 0), 0), 15)
      var scale = 1.0
      for _ in 0..<digits { scale *= 10 }
      let result = (number * scale).rounded(.toNearestOrAwayFromZero) / scale
      return digits == 0 ? Int64(exactly: result).map { .integer($0) } ?? .real(result) : .real(result)
    },
  ]

  /// The elements of a list; a single value is a list of one.
  private static func list(_ value: LiquidValue) throws -> [LiquidValue] {
    switch value {
    case .array, .object: try value.elements()
    case .null: []
    default: [value]
    }
  }

  private static func key(_ value: LiquidValue, _ name: String) throws -> LiquidValue {
    if case .object(let object) = value { return try object.member(name) ?? .null }
    return .null
  }

  private static func sorted(_ natural: Bool) -> Filter {
    { value, arguments in
      let name = arguments.isEmpty ? nil : try text(arguments, 0)
      let keyed = try list(value).map { element -> (key: LiquidValue, element: LiquidValue) in
        let found = try name.map { try key(element, $0) } ?? element
        return (natural ? .text(try found.text().lowercased()) : found, element)
      }
      // What has no order keeps its place; the sort is stable.
      return .array(
        keyed.enumerated().sorted { a, b in
          let order = a.element.key.order(b.element.key) ?? 0
          return order == 0 ? a.offset < b.offset : order < 0
        }.map(\.element.element))
    }
  }

  static let lists: [String: Filter] = [
    "Size": { value, _ in
      switch value {
      case .text(let text): .integer(Int64(text.count))
      default: .integer(Int64(try value.elements().count))
      }
    },
    "First": { value, _ in try list(value).first ?? .null },
    "Last": { value, _ in try list(value).last ?? .null },
    "Join": { value, arguments in
      let separator = arguments.isEmpty ? " " : try text(arguments, 0)
      return .text(try list(value).map { try $0.text() }.joined(separator: separator))
    },
    "Reverse": { value, _ in .array(try list(value).reversed()) },
    "Compact": { value, _ in .array(try list(value).filter { !$0.isNull }) },
    "Concat": { value, arguments in .array(try list(value) + list(arguments.first ?? .null)) },
    "Uniq": { value, _ in
      var texts: Set<String> = []
      return .array(try list(value).filter { texts.insert(try $0.text()).inserted })
    },
    "Map": { value, arguments in
      let name = try text(arguments, 0)
      return .array(try list(value).map { try key($0, name) })
    },
    "Where": { value, arguments in
      let name = try text(arguments, 0)
      return .array(
        try list(value).filter { element in
          let found = try key(element, name)
          return arguments.count > 1 ? found.isEqual(to: arguments[1]) : found.holds
        })
    },
    "Sum": { value, arguments in
      let name = arguments.isEmpty ? nil : try text(arguments, 0)
      var (whole, real, isWhole): (Int64, Double, Bool) = (0, 0, true)
      for element in try list(value) {
        let value = try name.map { try key(element, $0) } ?? element
        if case .integer(let number) = value { whole &+= number } else { isWhole = value.number == nil && isWhole }
        real += value.number ?? 0
      }
      return isWhole ? .integer(whole) : .real(real)
    },
    "Sort": sorted(false),
    "SortNatural": sorted(true),
  ]
}
