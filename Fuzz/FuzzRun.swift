import Foundation

/// Rounds of one case.
final class FuzzRun {
  private let entry: FuzzCase
  private let seeds: [[UInt8]]
  private var mutator: Mutator
  private let journal: URL
  private(set) var rounds = 0
  private(set) var accepted = 0
  /// The longest that one input may take, in seconds; a debug build on a busy machine is far from it.
  private static let patience = 10.0

  init(_ entry: FuzzCase, _ seeds: [[UInt8]], seed: UInt64, journal: URL) {
    self.entry = entry
    self.seeds = seeds
    mutator = Mutator(seed: seed, dictionary: entry.dictionary)
    self.journal = journal
  }

  func run(seconds: Double) throws {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(seconds)
    // Every seed as it is, then mutations.
    for seed in seeds where clock.now < end { try attempt(seed, clock) }
    while clock.now < end {
      let seed = seeds[mutator.below(seeds.count)]
      try attempt(mutator.mutated(seed, with: seeds[mutator.below(seeds.count)]), clock)
    }
    try? FileManager.default.removeItem(at: journal)
  }

  private func attempt(_ input: [UInt8], _ clock: ContinuousClock) throws {
    try Data(input).write(to: journal)
    let start = clock.now
    if entry.attempt(input) { accepted += 1 }
    rounds += 1
    if clock.now - start > .seconds(Self.patience) {
      print("\(entry.name): an input takes \(clock.now - start); it is in \(journal.lastPathComponent)")
      exit(1)
    }
  }
}
