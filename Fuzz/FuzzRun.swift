import Foundation

/// Rounds of one case.
final class FuzzRun {
  private let entry: FuzzCase
  /// The committed inputs, and mutations of them that were accepted.
  private var pool: [[UInt8]]
  private var mutator: Mutator
  private let journal: FileHandle
  private let place: URL
  private(set) var rounds = 0
  private(set) var accepted = 0
  /// The longest that one input took.
  private(set) var slowest = Duration.zero
  private(set) var slowestInput: [UInt8] = []
  /// The longest that one input may take, in seconds; a debug build on a busy machine is far from it.
  private static let patience = 10.0
  /// Accepted mutations that it keeps; later ones take the place of one of them.
  private static let kept = 2_000

  init(_ entry: FuzzCase, _ seeds: [[UInt8]], seed: UInt64, journal: URL) throws {
    self.entry = entry
    pool = seeds
    mutator = Mutator(seed: seed, dictionary: entry.dictionary)
    place = journal
    try Data().write(to: journal)
    self.journal = try FileHandle(forWritingTo: journal)
  }

  func run(seconds: Double) throws {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(seconds)
    let seeds = pool.count
    // Every seed as it is, then mutations.
    for seed in pool where clock.now < end { _ = try attempt(seed, clock) }
    while clock.now < end {
      // Every other round begins at a committed input: mutations of mutations drift to what is always accepted, such as a
      // long comment.
      let seed = pool[mutator.below(mutator.below(2) == 0 ? seeds : pool.count)]
      let input = mutator.mutated(seed, with: pool[mutator.below(pool.count)])
      guard try attempt(input, clock) else { continue }
      if pool.count < seeds + Self.kept { pool.append(input) } else { pool[seeds + mutator.below(Self.kept)] = input }
    }
    try? FileManager.default.removeItem(at: place)
  }

  private func attempt(_ input: [UInt8], _ clock: ContinuousClock) throws -> Bool {
    try journal.seek(toOffset: 0)
    try journal.write(contentsOf: input)
    try journal.truncate(atOffset: UInt64(input.count))
    let start = clock.now
    let isAccepted = entry.attempt(input)
    if isAccepted { accepted += 1 }
    rounds += 1
    let taken = clock.now - start
    if taken > slowest { (slowest, slowestInput) = (taken, input) }
    if taken > .seconds(Self.patience) {
      print("\(entry.name): an input takes \(taken); it is in \(place.lastPathComponent)")
      exit(1)
    }
    return isAccepted
  }
}
