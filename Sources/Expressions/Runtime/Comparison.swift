import DotNet

extension Value {
  /// `GetHashCode()`, equal for equal values.
  func hash(into hasher: inout Hasher) {
    switch self {
    case .null: hasher.combine(0)
    case .bool(let v): hasher.combine(v)
    case .string(let v): hasher.combine(v)
    case .decimal(let v): hasher.combine(v)
    case .double, .float: hasher.combine(Operation.real(self))
    case .uint64(let v): hasher.combine(Int64(truncatingIfNeeded: v))
    case .object(let object): object.hash(into: &hasher)
    case .cell(let cell): cell.value.hash(into: &hasher)
    default: hasher.combine(Operation.integer(self) ?? 0)
    }
  }
}

/// A value as the key of a dictionary or a set.
struct ValueKey: Hashable {
  let value: Value

  init(_ value: Value) { self.value = value }

  /// A key that texts share when they differ by case alone.
  init(_ value: Value, ignoresCase: Bool) {
    if ignoresCase, case .string(let text) = value {
      self.value = .string(InvariantCase.upper(text))
    } else {
      self.value = value
    }
  }

  static func == (a: ValueKey, b: ValueKey) -> Bool { Operation.areEqual(a.value, b.value) }
  func hash(into hasher: inout Hasher) { value.hash(into: &hasher) }
}

extension Operation {
  /// `CompareTo`: the default order of .NET. Strings compare as culture does: letters before their case.
  static func compare(_ a: Value, _ b: Value) throws -> Int {
    switch (a, b) {
    case (.null, .null): return 0
    case (.null, _): return -1
    case (_, .null): return 1
    case (.string(let x), .string(let y)): return Collation.compare(x, y)
    case (.bool(let x), .bool(let y)): return x == y ? 0 : x ? 1 : -1
    case (.decimal(let x), .decimal(let y)): return x.compare(y)
    case (.uint64(let x), .uint64(let y)): return x == y ? 0 : x < y ? -1 : 1
    case (.double, _), (.float, _):
      let (x, y) = (real(a), real(b))
      if x.isNaN || y.isNaN { return x.isNaN ? (y.isNaN ? 0 : -1) : 1 }
      return x == y ? 0 : x < y ? -1 : 1
    case (.object(let x), _):
      if let order = try x.compare(to: b) { return order }
      throw Thrown.argument("At least one object must implement IComparable.")
    default:
      guard let x = integer(a), let y = integer(b) else {
        throw Thrown.argument("At least one object must implement IComparable.")
      }
      return x == y ? 0 : x < y ? -1 : 1
    }
  }

  /// Code unit by code unit.
  static func compareOrdinal(_ a: String, _ b: String) -> Int {
    let (x, y) = (a.utf16, b.utf16)
    for (p, q) in zip(x, y) where p != q { return Int(p) - Int(q) }
    let (m, n) = (x.count, y.count)
    // .NET compares the first two places with the zero behind a text that ends there.
    if m != n, min(m, n) < 2 {
      let longer = m > n ? x : y
      let unit = Int(longer[longer.index(longer.startIndex, offsetBy: min(m, n))])
      return m > n ? unit : -unit
    }
    return m - n
  }
}
