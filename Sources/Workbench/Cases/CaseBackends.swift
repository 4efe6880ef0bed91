import DotNet
import GatewayConfiguration

extension CircuitBreakerRule {
  /// Reads lines `name=value` with the names of the management API: `count` or `percentage`, `interval`, `tripDuration`,
  /// `statusCodeRanges`, `errorReasons`, `acceptRetryAfter`.
  init(_ pairs: [String: String], _ heading: CaseLine) throws(CaseProblem) {
    func problem(_ message: String) -> CaseProblem { CaseProblem(line: heading.number, message: message) }
    let known: Set<String> = [
      "acceptRetryAfter", "count", "errorReasons", "interval", "percentage", "statusCodeRanges", "tripDuration",
    ]
    for name in pairs.keys.sorted() where !known.contains(name) {
      throw problem("'\(name)' is nothing of a circuit breaker; expected \(known.sorted().joined(separator: ", ")).")
    }
    func number(_ name: String, _ bounds: ClosedRange<Int>) throws(CaseProblem) -> Int? {
      guard let text = pairs[name] else { return nil }
      if let number = Int(text), bounds.contains(number) { return number }
      throw problem("'\(name)' must be a number from \(bounds.lowerBound) to \(bounds.upperBound).")
    }
    func duration(_ name: String) throws(CaseProblem) -> Int64 {
      if let ticks = pairs[name].flatMap({ try? XmlDuration.parse($0) }), ticks >= 10_000_000 { return ticks / 10_000 }
      throw problem("'\(name)' must be a duration of a second at least, such as PT10S.")
    }
    let (count, percentage) = (try number("count", 1...10_000), try number("percentage", 1...100))
    let threshold: Threshold
    switch (count, percentage) {
    case (let count?, nil): threshold = .count(count)
    case (nil, let percentage?): threshold = .percentage(percentage)
    default: throw problem("Either 'count' or 'percentage' is required.")
    }
    var ranges: [StatusCodeRange] = []
    for text in Self.list(pairs["statusCodeRanges"]) {
      let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard (1...2).contains(ends.count), let low = ends[0], let high = ends[ends.count - 1], low <= high,
        200 <= low, high <= 599
      else { throw problem("'\(text)' is no range of status codes such as 500-599, or 429.") }
      ranges.append(StatusCodeRange(min: low, max: high))
    }
    let reasons = Self.list(pairs["errorReasons"])
    if ranges.isEmpty, reasons.isEmpty {
      throw problem("'statusCodeRanges' or 'errorReasons' must say what a failure is.")
    }
    let takesRetryAfter = pairs["acceptRetryAfter"] ?? "false"
    guard takesRetryAfter == "true" || takesRetryAfter == "false" else {
      throw problem("'acceptRetryAfter' must be true or false.")
    }
    self.init(
      name: "rule", threshold: threshold, intervalMilliseconds: try duration("interval"), statusCodeRanges: ranges,
      errorReasons: reasons, tripMilliseconds: try duration("tripDuration"),
      acceptsRetryAfter: takesRetryAfter == "true")
  }

  private static func list(_ text: String?) -> [String] {
    (text ?? "").split(separator: ",").map { $0.trimmed }.filter { !$0.isEmpty }
  }
}

extension PolicyCase.Names {
  /// Reads a file of backends: the headings `### backends` and `### circuit-breaker ID` of a case.
  static func backends(in text: String) throws(CaseProblem) -> PolicyCase.Names {
    var policyCase = PolicyCase()
    for (heading, lines) in PolicyCase.blocks(of: text).blocks {
      let words = heading.text.dropFirst(3).split(separator: " ")
      guard let kind = words.first, ["backends", "circuit-breaker"].contains(kind), !words.contains("workspace") else {
        throw CaseProblem(line: heading.number, message: "Expected '### backends' or '### circuit-breaker ID'.")
      }
      try policyCase.add(heading, lines)
    }
    try policyCase.checkCircuitBreakers()
    return policyCase.service
  }
}
