/// Looks settings up by name in an environment file and the environment, collecting problems and warnings.
struct SettingReader {
  var problems: [String] = []
  var warnings: [String] = []
  private let byName: [String: Setting]
  private let file: [String: String]
  private let environment: [String: String]

  init(file: [String: String], environment: [String: String]) {
    byName = Dictionary(Setting.catalogue.map { ($0.name.lowercased(), $0) }) { first, _ in first }
    self.file = Dictionary(file.map { ($0.key.lowercased(), $0.value) }) { _, last in last }
    self.environment = environment
  }

  /// The value given for a setting, else its default.
  func text(_ name: String) -> String? {
    let setting = byName[name.lowercased()]
    let given =
      environment[name] ?? setting.flatMap { environment[$0.environmentName] }
      ?? file[name.lowercased()] ?? setting.flatMap { file[$0.environmentName.lowercased()] }
    if let given, !given.isEmpty { return given }
    return setting?.defaultValue
  }

  func boolean(_ name: String) -> Bool { text(name).flatMap(Setting.boolean) ?? false }
  func number(_ name: String) -> Int { text(name).flatMap { Int($0) } ?? 0 }
  func duration(_ name: String) -> Int { text(name).flatMap(Setting.milliseconds) ?? 0 }

  /// Checks every value that was given and names those in the file that are no settings.
  mutating func finish() {
    for setting in Setting.catalogue {
      guard let value = text(setting.name), value != setting.defaultValue else { continue }
      if let problem = setting.problem(with: value) {
        let shown = setting.kind == .secret ? "the value given" : "\"\(value)\""
        problems.append("\(setting.name): \(problem), found \(shown)")
        continue
      }
      if case .ignored(let reason) = setting.effect { warnings.append("\(setting.name) has no effect: \(reason)") }
    }
    let environmentNames = Set(Setting.catalogue.map { $0.environmentName.lowercased() })
    let proxies: Set = ["http_proxy", "https_proxy", "no_proxy"]
    for name in file.keys.sorted() {
      if byName[name] != nil || environmentNames.contains(name) || proxies.contains(name) { continue }
      let near = Setting.catalogue.map(\.name).min { distance($0, name) < distance($1, name) }
      let hint = near.flatMap { distance($0, name) <= 3 ? "; did you mean \($0)?" : nil } ?? ""
      warnings.append("unknown setting \(name)\(hint)")
    }
  }

  /// How many insertions, deletions and replacements lead from one name to the other, upper and lower case alike.
  private func distance(_ first: String, _ second: String) -> Int {
    let first = Array(first.lowercased().utf8)
    let second = Array(second.lowercased().utf8)
    if abs(first.count - second.count) > 3 { return 4 }
    var row = Array(0...second.count)
    for (i, a) in first.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, b) in second.enumerated() {
        let cost = min(row[j] + 1, row[j + 1] + 1, diagonal + (a == b ? 0 : 1))
        diagonal = row[j + 1]
        row[j + 1] = cost
      }
    }
    return row[second.count]
  }
}
