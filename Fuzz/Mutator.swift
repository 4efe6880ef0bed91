/// Changes inputs at random, the same way for the same seed.
struct Mutator {
  private var state: UInt64
  private let dictionary: [[UInt8]]
  private static let largest = 4_096

  init(seed: UInt64, dictionary: [String]) {
    state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    self.dictionary = dictionary.map { Array($0.utf8) }
  }

  /// A number in `0..<bound`.
  mutating func below(_ bound: Int) -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return bound <= 1 ? 0 : Int(state % UInt64(bound))
  }

  /// One to eight changes, mostly few; `other` gives pieces to put in.
  mutating func mutated(_ input: [UInt8], with other: [UInt8]) -> [UInt8] {
    var result = input
    for _ in 0...below(below(8) + 1) { change(&result, other) }
    if result.count > Self.largest { result.removeLast(result.count - Self.largest) }
    return result
  }

  private mutating func part(of count: Int) -> Range<Int> {
    let start = below(count + 1)
    return start..<(start + below(min(count - start, 24) + 1))
  }

  private mutating func change(_ input: inout [UInt8], _ other: [UInt8]) {
    let place = below(input.count + 1)
    switch below(9) {
    case 0 where !input.isEmpty: input[below(input.count)] = UInt8(below(256))
    case 1: input.insert(UInt8(0x20 + below(95)), at: place)
    case 2: input.removeSubrange(part(of: input.count))
    case 3: input.insert(contentsOf: input[part(of: input.count)], at: place)
    case 4, 5: if !dictionary.isEmpty { input.insert(contentsOf: dictionary[below(dictionary.count)], at: place) }
    case 6: input.insert(contentsOf: other[part(of: other.count)], at: place)
    case 7:
      // A piece many times: depth and length.
      let piece = Array(input[part(of: input.count)])
      for _ in 0..<below(200) where input.count < Self.largest { input.insert(contentsOf: piece, at: place) }
    default:
      let (from, to) = (part(of: input.count), part(of: other.count))
      input.replaceSubrange(from, with: other[to])
    }
  }
}
