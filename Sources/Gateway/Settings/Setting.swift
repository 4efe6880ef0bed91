/// One setting of the gateway, as `docs/settings.md` lists it.
public struct Setting: Sendable, Equatable {
  /// What a value must look like.
  public enum Kind: Sendable, Equatable {
    case text
    case boolean
    case port
    case number(ClosedRange<Int>)
    case fraction
    /// `hh:mm:ss`, or seconds with an optional unit `ms`, `s`, `m`.
    case duration
    case oneOf([String])
    case secret
  }

  /// What this gateway does with it.
  public enum Effect: Sendable, Equatable {
    case honoured
    /// Accepted, so that files written for the official gateway work as they are, but without effect here.
    case ignored(String)
  }

  public var name: String
  public var kind: Kind
  public var defaultValue: String?
  public var meaning: String
  public var effect: Effect
  /// Whether the setting is Postern's own rather than the official gateway's.
  public var isAddition: Bool

  init(
    _ name: String, _ kind: Kind, _ defaultValue: String? = nil, _ meaning: String, effect: Effect = .honoured,
    isAddition: Bool = false
  ) {
    self.name = name
    self.kind = kind
    self.defaultValue = defaultValue
    self.meaning = meaning
    self.effect = effect
    self.isAddition = isAddition
  }

  /// The name as an environment variable that every platform accepts: `config.service.endpoint` is also
  /// `CONFIG_SERVICE_ENDPOINT`.
  public var environmentName: String {
    String(
      name.unicodeScalars.map { scalar in
        scalar == "." || scalar == "-" ? "_" : Character(scalar)
      }
    ).uppercased()
  }

  /// Why a value is not acceptable; nil if it is.
  func problem(with value: String) -> String? {
    switch kind {
    case .text, .secret: return nil
    case .boolean: return Self.boolean(value) == nil ? "expected true or false" : nil
    case .port: return Int(value).map { (0...65_535).contains($0) } == true ? nil : "expected a port, 0 to 65535"
    case .number(let range):
      return Int(value).map(range.contains) == true
        ? nil : "expected a whole number, \(range.lowerBound) to \(range.upperBound)"
    case .fraction: return Double(value).map { (0...1).contains($0) } == true ? nil : "expected a number from 0 to 1"
    case .duration:
      return Self.milliseconds(value) == nil ? "expected a duration such as 00:01:40, 100s or 500ms" : nil
    case .oneOf(let values):
      return values.contains { $0.lowercased() == value.lowercased() }
        ? nil : "expected one of \(values.joined(separator: ", "))"
    }
  }

  static func boolean(_ text: String) -> Bool? {
    switch text.lowercased() {
    case "true", "1", "yes", "on": true
    case "false", "0", "no", "off": false
    default: nil
    }
  }

  static func milliseconds(_ text: String) -> Int? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    if parts.count == 3 {
      guard let hours = Int(parts[0]), let minutes = Int(parts[1]), let seconds = Double(parts[2]), hours >= 0,
        hours < 1_000_000, (0..<60).contains(minutes), seconds >= 0, seconds < 60
      else { return nil }
      return (hours * 3_600 + minutes * 60) * 1_000 + Int(seconds * 1_000)
    }
    let units: [(String, Double)] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("", 1_000)]
    for (unit, factor) in units where text.hasSuffix(unit) {
      guard let number = Double(text.dropLast(unit.utf8.count)), number >= 0, number < 1e9 else { return nil }
      return Int(number * factor)
    }
    return nil
  }
}
