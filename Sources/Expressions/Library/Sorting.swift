/// A stable sort with an order that may throw.
enum Sorting {
  static func sorted(
    _ values: [Value], _ machine: Machine, _ order: (Value, Value) throws -> Int
  ) throws -> [Value] {
    guard values.count > 1 else { return values }
    try machine.charge(steps: values.count)
    let middle = values.count / 2
    let (left, right) = (
      try sorted(Array(values[..<middle]), machine, order), try sorted(Array(values[middle...]), machine, order)
    )
    var result: [Value] = []
    result.reserveCapacity(values.count)
    var (i, j) = (0, 0)
    while i < left.count, j < right.count {
      if try order(left[i], right[j]) <= 0 {
        result.append(left[i])
        i += 1
      } else {
        result.append(right[j])
        j += 1
      }
    }
    return result + left[i...] + right[j...]
  }

  /// The places of values in sorted order.
  static func order(
    of values: [Value], _ machine: Machine, _ order: (Value, Value) throws -> Int
  ) throws -> [Int] {
    let rows = values.enumerated().map { Value.object(TupleObject(.object, [$1, .int32(Int32(clamping: $0))])) }
    func key(_ row: Value) -> TupleObject? { if case .object(let object) = row { object as? TupleObject } else { nil } }
    let sorted = try sorted(rows, machine) { try order(key($0)?.values[0] ?? .null, key($1)?.values[0] ?? .null) }
    return sorted.compactMap { row in key(row).flatMap { Operation.integer($0.values[1]) }.map { Int($0) } }
  }

  /// The place of a value in a sorted list; when it is not there, the complement of where it would stand.
  static func place(
    of wanted: Value, in values: [Value], _ machine: Machine,
    _ order: (Value, Value) throws -> Int = { try Operation.compare($0, $1) }
  ) throws -> Int {
    var (low, high) = (0, values.count - 1)
    while low <= high {
      try machine.charge()
      let middle = (low + high) / 2
      let found = try order(values[middle], wanted)
      if found == 0 { return middle }
      if found < 0 { low = middle + 1 } else { high = middle - 1 }
    }
    return ~low
  }
}
