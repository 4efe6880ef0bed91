import Glibc

/// Wall-clock measurements: the least and the median nanoseconds of one run of a case.
enum Timing {
  private static let repetitions = 25
  /// How long one repetition takes about.
  private static let repetitionNanoseconds = 20_000_000

  static func report(_ cases: [HotPathCase]) {
    print("| case | min ns | median ns | CoreCLR 3.1 min ns | ratio |")
    print("|---|---:|---:|---:|---:|")
    for one in cases {
      let times = measure(one)
      let (least, median) = (times[0], times[times.count / 2])
      var line = "| `\(one.name)` | \(text(least)) | \(text(median)) |"
      if let recorded = one.recorded {
        line += " \(text(recorded)) | \(text(least / recorded, digits: 2)) |"
      } else {
        line += " | |"
      }
      print(line)
    }
  }

  /// Sorted nanoseconds of one run, one for each repetition.
  private static func measure(_ one: HotPathCase) -> [Double] {
    let run = one.prepare()
    var count = 16
    while time(run, count, one.name) < Double(repetitionNanoseconds) / 4, count < 1 << 26 { count *= 2 }
    return (0..<repetitions).map { _ in time(run, count, one.name) / Double(count) }.sorted()
  }

  private static func time(_ run: (Int) -> Int, _ count: Int, _ name: String) -> Double {
    let start = now()
    if run(count) < 0 { HotPath.fail("\(name) did not do its work") }
    return Double(now() - start)
  }

  static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  static func text(_ number: Double, digits: Int = 1) -> String {
    let scale = digits == 1 ? 10.0 : 100.0
    return "\((number * scale).rounded() / scale)"
  }
}
