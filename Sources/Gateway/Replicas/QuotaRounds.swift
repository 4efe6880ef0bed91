/// What a replica says of quotas in a round, and to whom: what has changed, to everybody and some times over; everything, to
/// one that has just come; and everything to everybody, slowly and ever again. Periods last for days, so that nobody may
/// miss a count for good, whatever the network did.
struct QuotaRounds {
  /// Everything that is known, in parts that are asked for one after the other: 0 to ``ReplicatedQuotas/partCount`` - 1.
  typealias Part = (Int) -> [QuotaCount]

  /// What is said in a round, and to whom.
  struct Words {
    var counts: [QuotaCount]
    var targets: [ReplicaDatagram.Instance]
  }

  /// From the beginning of one telling of everything until the next, in milliseconds at least.
  static let sweepInterval: Int64 = 10_000
  /// Datagrams in a round to one that has just come.
  static let welcomeBound = 16
  /// Datagrams of changes in a round; what has no room is told with everything else.
  static let changeBound = 128

  /// A way through everything, of which no more than a part is held.
  private struct Walk {
    private var part = 0
    private var rest: ArraySlice<QuotaCount> = []

    var isOver: Bool { rest.isEmpty && part >= ReplicatedQuotas.partCount }

    /// The next counts, as many as have room.
    mutating func next(_ room: Int, _ make: Part) -> [QuotaCount] {
      var counts: [QuotaCount] = []
      while counts.count < room, !isOver {
        if rest.isEmpty {
          rest = make(part)[...]
          part += 1
        }
        let piece = rest.prefix(room - counts.count)
        rest = rest.dropFirst(piece.count)
        counts += piece
      }
      return counts
    }
  }

  private var repeats = Repeats<QuotaPeriod, QuotaCount>()
  private var welcomes: [ReplicaDatagram.Instance: Walk] = [:]
  private var sweep = Walk()
  private var nextSweep = Int64.min

  /// One has come, and is told everything.
  mutating func joined(_ instance: ReplicaDatagram.Instance) { welcomes[instance] = Walk() }

  /// - Parameters:
  ///   - changes: what this replica has counted since the last round.
  ///   - present: the replicas that hear it.
  mutating func next(
    _ now: Int64, changes: [QuotaCount], present: [ReplicaDatagram.Instance], _ part: Part
  ) -> [Words] {
    guard !present.isEmpty else {
      repeats.clear()
      welcomes = [:]
      return []
    }
    for count in changes { repeats.note(count, of: count.period, now: now) }
    let bound = ReplicaDatagram.quotaBound
    var words = [Words(counts: Array((changes + repeats.due(now)).prefix(Self.changeBound * bound)), targets: present)]
    for (instance, walk) in welcomes {
      var walk = walk
      words.append(Words(counts: walk.next(Self.welcomeBound * bound, part), targets: [instance]))
      welcomes[instance] = walk.isOver || !present.contains(instance) ? nil : walk
    }
    if sweep.isOver, now >= nextSweep {
      sweep = Walk()
      nextSweep = now + Self.sweepInterval
    }
    words.append(Words(counts: sweep.next(bound, part), targets: present))
    return words.filter { !$0.counts.isEmpty }
  }
}
