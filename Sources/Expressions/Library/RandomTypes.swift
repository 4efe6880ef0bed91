import DotNet

/// `System.Random`: the numbers .NET gives for a seed; without one the context gives the seed, so that a test can pin it.
extension LibraryCatalog {
  static let randomTypes: [LibraryType] = [
    LibraryType("class System.Random") { type in
      type.member("Random()", usage: .hiddenState) { call in
        .object(RandomObject(Int32(truncatingIfNeeded: call.machine.context.random())))
      }
      type.member("Random(int Seed)") { call in .object(RandomObject(Int32(truncatingIfNeeded: call.int(0)))) }
      type.member("int Next()") { call in .int32(try call.receiver(RandomObject.self).sequence.number()) }
      type.member("int Next(int maxValue)") { call in
        if call.int(0) < 0 { throw Thrown.outOfRange("maxValue", "'maxValue' must be greater than zero.") }
        return .int32(
          try call.receiver(RandomObject.self).sequence.number(from: 0, to: Int32(truncatingIfNeeded: call.int(0))))
      }
      type.member("int Next(int minValue, int maxValue)") { call in
        if call.int(0) > call.int(1) {
          throw Thrown.outOfRange("minValue", "'minValue' cannot be greater than maxValue.")
        }
        return .int32(
          try call.receiver(RandomObject.self).sequence.number(
            from: Int32(truncatingIfNeeded: call.int(0)), to: Int32(truncatingIfNeeded: call.int(1))))
      }
      type.member("double NextDouble()") { call in .double(try call.receiver(RandomObject.self).sequence.fraction()) }
      type.member("void NextBytes(byte[] buffer)") { call in
        let (array, random): (ArrayObject, RandomObject) = (try call.object(0), try call.receiver(RandomObject.self))
        try call.machine.process(bytes: array.count * 8)
        array.bytes = (0..<array.count).map { _ in random.sequence.byte() }
        return .null
      }
    }
  ]
}

/// A `Random`.
final class RandomObject: RuntimeObject {
  var sequence: RandomSequence

  init(_ seed: Int32) { sequence = RandomSequence(seed: seed) }

  var runtimeType: TypeSymbol { .named("System.Random") }
}
