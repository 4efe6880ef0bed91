/// Where each group of a match matched last, in bytes; nil for a group that took no part.
public struct GroupRanges: RandomAccessCollection, Sendable {
  /// Begin and end of each group, one behind the other; -1 for none.
  private var places: [Int]

  init(count: Int) { places = Array(repeating: -1, count: count * 2) }

  init(_ ranges: [Range<Int>?]) {
    self.init(count: ranges.count)
    for (index, range) in ranges.enumerated() { self[index] = range }
  }

  public var startIndex: Int { 0 }
  public var endIndex: Int { places.count / 2 }

  public internal(set) subscript(index: Int) -> Range<Int>? {
    get {
      let begin = places[index * 2]
      return begin < 0 ? nil : begin..<places[index * 2 + 1]
    }
    set {
      places[index * 2] = newValue?.lowerBound ?? -1
      places[index * 2 + 1] = newValue?.upperBound ?? -1
    }
  }
}
