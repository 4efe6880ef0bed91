/// Guesses what a misspelt name was meant to be.
public enum Spelling {
  /// The candidate that is nearest to the name, nil when none is near: at most a third of the letters may differ.
  /// Case counts as half a letter.
  public static func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
    let wanted = Array(name.utf8.prefix(64))
    guard !wanted.isEmpty else { return nil }
    var best: (cost: Int, name: String)?
    for candidate in candidates {
      let letters = Array(candidate.utf8.prefix(64))
      let bound = max(2, 2 * (max(wanted.count, letters.count) / 3))
      guard abs(wanted.count - letters.count) * 2 <= bound else { continue }
      let cost = distance(wanted, letters)
      if cost <= bound, cost < best?.cost ?? .max || (cost == best?.cost && candidate < best?.name ?? "") {
        best = (cost, candidate)
      }
    }
    return best?.name
  }

  /// Twice the number of letters to insert, delete, replace or swap; a change of case costs one.
  private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var before: [Int] = []
    var previous = (0...b.count).map { $0 * 2 }
    for i in 0..<a.count {
      var current = [(i + 1) * 2]
      current.reserveCapacity(b.count + 1)
      for j in 0..<b.count {
        let change = a[i] == b[j] ? 0 : (a[i] | 0x20) == (b[j] | 0x20) && Octet.isLetter(a[i]) ? 1 : 2
        var cost = min(previous[j] + change, previous[j + 1] + 2, current[j] + 2)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 2) }
        current.append(cost)
      }
      before = previous
      previous = current
    }
    return previous[b.count]
  }

  /// Every occurrence of one text replaced by another.
  static func replacing(_ wanted: String, with replacement: String, in text: String) -> String {
    let wanted = Array(wanted.utf8)
    let source = Array(text.utf8)
    guard !wanted.isEmpty, source.count >= wanted.count else { return text }
    var result: [UInt8] = []
    var i = 0
    while i < source.count {
      if source[i] == wanted[0], source[i...].starts(with: wanted) {
        result.append(contentsOf: replacement.utf8)
        i += wanted.count
      } else {
        result.append(source[i])
        i += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
