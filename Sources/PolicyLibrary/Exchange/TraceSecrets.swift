public import GatewayConfiguration

/// What a trace does not show: values of secret named values, wherever they stand, and credentials that policies add to
/// requests. What the caller sent itself is shown.
public struct TraceSecrets: Sendable {
  /// With `{{name}}` in place of each, the longest first.
  private let values: [(value: String, shown: String)]
  private let hidesCredentials: Bool
  /// As the caller sent it.
  private var authorization: [String] = []

  /// Nothing is hidden.
  public static let everything = TraceSecrets(values: [], hidesCredentials: false)

  /// Shorter values hide nothing: they stand in any text.
  private static let shortest = 4

  private init(values: [(value: String, shown: String)], hidesCredentials: Bool) {
    self.values = values
    self.hidesCredentials = hidesCredentials
  }

  public init(_ namedValues: [NamedValue]) {
    let secrets = namedValues.filter { $0.isSecret && $0.value.count >= Self.shortest }
    self.init(
      values: secrets.map { ($0.value, "{{\($0.displayName)}}") }.sorted { $0.value.count > $1.value.count },
      hidesCredentials: true)
  }

  /// The same, but for what the caller sent itself.
  func besides(_ trace: ExchangeTrace) -> TraceSecrets {
    var copy = self
    for case .received(let message) in trace.entries.map(\.content) {
      copy.authorization += message.headers.filter { Self.isCredential($0.name) }.map(\.value)
    }
    return copy
  }

  func text(_ text: String) -> String {
    values.reduce(text) { $1.value.isEmpty ? $0 : $0.replacing($1.value, with: $1.shown) }
  }

  func text(_ value: String, ofHeader name: some StringProtocol) -> String {
    if hidesCredentials, Self.isCredential(name), !authorization.contains(value) { return Self.hidden }
    return text(value)
  }

  /// - Parameters:
  ///   - subject: as ``ExchangeTrace/Change`` names it.
  ///   - policy: which one has changed it.
  func text(_ value: String, of subject: String, policy: String) -> String {
    if hidesCredentials, policy.hasPrefix("authentication-") { return Self.hidden }
    guard let mark = subject.firstRange(of: ".headers.") else { return text(value) }
    return text(value, ofHeader: subject[mark.upperBound...])
  }

  private static let hidden = "(hidden)"

  private static func isCredential(_ header: some StringProtocol) -> Bool {
    ["authorization", "proxy-authorization"].contains(header.lowercased())
  }
}
