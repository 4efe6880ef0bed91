/// Metrics in Prometheus' text exposition format 0.0.4.
///
/// Names become Prometheus' own: `postern_` in front, snake case, seconds for milliseconds, `_total` for counters.
/// `BackendDurationInMs` is `postern_backend_duration_seconds`; `process.cpu.time` is `process_cpu_seconds_total`.
public enum PrometheusText {
  public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  /// Names that policies choose cannot spoil the page, which servers take or leave as a whole: metrics whose names are one
  /// name here stand under it once, series whose labels are the same are added up, and a name that another kind of metric
  /// has already gets `_values` behind it.
  public static func write(_ metrics: [Metric]) -> String {
    var text = ""
    for (name, metric) in families(metrics) {
      text += "# HELP \(name) \(escaped(metric.description, quote: false))\n"
      switch metric.kind {
      case .counter: text += "# TYPE \(name) counter\n"
      case .gauge: text += "# TYPE \(name) gauge\n"
      case .histogram: text += "# TYPE \(name) histogram\n"
      }
      let scale = metric.unit == .milliseconds ? 0.001 : 1
      for (labels, value) in series(of: metric) { write(labels, value, metric.kind, name, scale, to: &text) }
    }
    return text
  }

  private static func families(_ metrics: [Metric]) -> [(name: String, metric: Metric)] {
    var places: [String: Int] = [:]
    var families: [(name: String, metric: Metric)] = []
    for metric in metrics where !metric.points.isEmpty {
      var name = exposedName(of: metric)
      while let place = places[name], families[place].metric.kind != metric.kind { name += "_values" }
      if let place = places[name] {
        families[place].metric.points += metric.points
      } else {
        places[name] = families.count
        families.append((name, metric))
      }
    }
    return families
  }

  /// The values by their labels as they are written.
  private static func series(of metric: Metric) -> [(labels: String, value: Metric.Point.Value)] {
    var places: [String: Int] = [:]
    var series: [(labels: String, value: Metric.Point.Value)] = []
    var reserved: Set<String> = []
    if case .histogram = metric.kind { reserved = ["le"] }
    for point in metric.points {
      let labels = labels(point.attributes, besides: reserved)
      if let place = places[labels] {
        series[place].value = sum(series[place].value, point.value)
      } else {
        places[labels] = series.count
        series.append((labels, point.value))
      }
    }
    return series
  }

  /// Of labels whose names are one here, each further one gets a `_` behind its name.
  private static func labels(_ attributes: [Metric.Attribute], besides reserved: Set<String>) -> String {
    var taken = reserved
    return attributes.map { attribute in
      var name = snakeCase(attribute.name)
      while name.isEmpty || !taken.insert(name).inserted { name += "_" }
      return "\(name)=\"\(escaped(attribute.value, quote: true))\""
    }
    .joined(separator: ",")
  }

  private static func sum(_ first: Metric.Point.Value, _ second: Metric.Point.Value) -> Metric.Point.Value {
    switch (first, second) {
    case (.number(let a), .number(let b)): .number(a + b)
    case (.distribution(let counts, let a), .distribution(let more, let b)):
      .distribution(counts: zip(counts, more).map { $0 + $1 }, sum: a + b)
    default: first
    }
  }

  private static func write(
    _ labels: String, _ value: Metric.Point.Value, _ kind: Metric.Kind, _ name: String, _ scale: Double,
    to text: inout String
  ) {
    switch value {
    case .number(let value):
      text += labels.isEmpty ? "\(name) \(number(value * scale))\n" : "\(name){\(labels)} \(number(value * scale))\n"
    case .distribution(let counts, let sum):
      guard case .histogram(let bounds) = kind else { return }
      let comma = labels.isEmpty ? "" : ","
      var total: UInt64 = 0
      for (index, count) in counts.enumerated() {
        total += count
        let bound = index < bounds.count ? number(bounds[index] * scale) : "+Inf"
        text += "\(name)_bucket{\(labels)\(comma)le=\"\(bound)\"} \(total)\n"
      }
      let set = labels.isEmpty ? "" : "{\(labels)}"
      text += "\(name)_sum\(set) \(number(sum * scale))\n\(name)_count\(set) \(total)\n"
    }
  }

  static func exposedName(of metric: Metric) -> String {
    if let name = processNames[metric.name] { return name }
    var base = metric.name
    for suffix in ["InMs", "InMS"] where base.hasSuffix(suffix) { base.removeLast(suffix.count) }
    var name = "postern_" + snakeCase(base)
    switch metric.unit {
    case .milliseconds, .seconds: name += "_seconds"
    case .bytes: name += "_bytes"
    case .none: break
    }
    return metric.kind == .counter ? name + "_total" : name
  }

  /// The names every Prometheus client library gives the figures of a process.
  private static let processNames = [
    "process.cpu.time": "process_cpu_seconds_total", "process.memory.usage": "process_resident_memory_bytes",
    "process.memory.virtual": "process_virtual_memory_bytes",
    "process.open_file_descriptor.count": "process_open_fds", "process.thread.count": "process_threads",
  ]

  /// `BackendResponseCode` → `backend_response_code`; what no label may hold becomes `_`.
  static func snakeCase(_ name: String) -> String {
    var result = ""
    var wasLower = false
    for scalar in name.unicodeScalars {
      switch scalar {
      case "A"..."Z":
        if wasLower { result += "_" }
        result.unicodeScalars.append(Unicode.Scalar(scalar.value + 32) ?? scalar)
        wasLower = false
      case "a"..."z", "0"..."9":
        if result.isEmpty, ("0"..."9").contains(scalar) { result += "_" }
        result.unicodeScalars.append(scalar)
        wasLower = true
      default:
        result += "_"
        wasLower = false
      }
    }
    return result
  }

  private static func number(_ value: Double) -> String {
    if let whole = Int64(exactly: value) { return "\(whole)" }
    // A scaled sum of whole milliseconds has at most three decimals; the rest is the rounding of binary fractions.
    let thousandths = (value * 1_000).rounded()
    if abs(thousandths - value * 1_000) < 1e-6, abs(thousandths) < 1e15 { return "\(thousandths / 1_000)" }
    return "\(value)"
  }

  private static func escaped(_ text: String, quote: Bool) -> String {
    guard text.utf8.contains(where: { $0 == 0x5c || $0 == 0x0a || $0 == 0x22 }) else { return text }
    var result = ""
    for character in text.unicodeScalars {
      switch character {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\"" where quote: result += "\\\""
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }
}
