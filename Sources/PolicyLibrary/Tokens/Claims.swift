import JSONSchema

extension JSONObject {
  /// The members of a JSON object; nil for other text.
  init?(json: [UInt8]) {
    guard let object = (try? JSONValue(json))?.object else { return nil }
    self = object
  }
}

/// What a token says in a claim.
extension JSONValue {
  /// A number of seconds, as times are given; nil for what is no number.
  var seconds: Double? { number.flatMap { $0.isFinite ? $0 : nil } }

  /// The value as the texts a policy compares with: an array has several.
  var texts: [String] {
    switch self {
    case .null: []
    case .bool(let flag): [flag ? "true" : "false"]
    case .integer(let number): ["\(number)"]
    // A whole number may be written with a fraction: 1.0 is 1.
    case .real(let number): [Int64(exactly: number).map { "\($0)" } ?? "\(number)"]
    case .text(let text): [text]
    case .array(let values): values.flatMap(\.texts)
    case .object: []
    }
  }

  /// Whether it is among the value's texts.
  func hasText(_ text: String) -> Bool {
    switch self {
    case .text(let own): own == text
    case .array(let values): values.contains { $0.hasText(text) }
    default: texts.contains(text)
    }
  }
}
