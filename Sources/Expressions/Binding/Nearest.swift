/// The nearest known name, for "did you mean".
enum Nearest {
  static func name(to wanted: String, among candidates: [String]) -> String? {
    let a = Array(wanted.lowercased().unicodeScalars)
    guard a.count > 1, a.count <= 64 else { return nil }
    var best: (cost: Int, name: String)?
    for candidate in Set(candidates) where candidate != wanted {
      let b = Array(candidate.lowercased().unicodeScalars)
      guard abs(a.count - b.count) <= 2 else { continue }
      var previous = Array(0...b.count)
      var before: [Int] = []
      for i in a.indices {
        var row = [i + 1]
        for j in b.indices {
          var cost = min(previous[j] + (a[i] == b[j] ? 0 : 1), previous[j + 1] + 1, row[j] + 1)
          if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
          row.append(cost)
        }
        before = previous
        previous = row
      }
      let cost = previous[b.count]
      if cost <= max(1, a.count / 4), cost < best?.cost ?? .max || (cost == best?.cost && candidate < best?.name ?? "")
      {
        best = (cost, candidate)
      }
    }
    return best?.name
  }
}
