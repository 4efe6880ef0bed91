/// The numbers of `System.Random` for a seed: Knuth's subtractive generator as .NET documents and keeps it.
public struct RandomSequence: Sendable {
  private static let limit: Int32 = .max
  /// Places 1…55 hold the state.
  private var state = [Int32](repeating: 0, count: 56)
  private var next = 0
  private var tap = 21

  public init(seed: Int32) {
    var current = 161_803_398 &- (seed == .min ? .max : abs(seed))
    state[55] = current
    var following: Int32 = 1
    for index in 1..<55 {
      let place = 21 * index % 55
      state[place] = following
      following = current &- following
      if following < 0 { following &+= Self.limit }
      current = state[place]
    }
    for _ in 0..<4 {
      for index in 1...55 {
        state[index] = state[index] &- state[1 + (index + 30) % 55]
        if state[index] < 0 { state[index] &+= Self.limit }
      }
    }
  }

  /// `Next()`: 0…2147483646.
  public mutating func number() -> Int32 {
    next = next < 55 ? next + 1 : 1
    tap = tap < 55 ? tap + 1 : 1
    var result = state[next] &- state[tap]
    if result == Self.limit { result -= 1 }
    if result < 0 { result &+= Self.limit }
    state[next] = result
    return result
  }

  /// `NextDouble()`: 0 and more, below 1.
  public mutating func fraction() -> Double { Double(number()) * (1.0 / Double(Self.limit)) }

  /// `Next(min, max)`; `max` is never drawn unless it equals `min`, which is not above it.
  public mutating func number(from low: Int32, to high: Int32) -> Int32 {
    let range = Int64(high) - Int64(low)
    if range <= Int64(Self.limit) { return Int32(truncatingIfNeeded: Int64(fraction() * Double(range)) + Int64(low)) }
    var wide = Double(number())
    if number() % 2 == 0 { wide = -wide }
    wide = (wide + Double(Self.limit - 1)) / (2 * Double(Self.limit) - 1)
    return Int32(truncatingIfNeeded: Int64(wide * Double(range)) + Int64(low))
  }

  /// A byte of `NextBytes`.
  public mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: number() % 256) }
}
