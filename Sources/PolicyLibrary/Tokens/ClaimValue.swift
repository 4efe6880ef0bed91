import FoundationEssentials

/// A value of a token's JSON.
enum ClaimValue: Sendable, Equatable, Decodable {
  case null
  case bool(Bool)
  case integer(Int64)
  case real(Double)
  case string(String)
  case array([ClaimValue])
  case object([String: ClaimValue])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int64.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Double.self) {
      self = .real(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([ClaimValue].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: ClaimValue].self))
    }
  }

  /// The members of a JSON object; nil for other text.
  static func members(_ json: [UInt8]) -> [String: ClaimValue]? {
    try? JSONDecoder().decode([String: ClaimValue].self, from: Data(json))
  }

  var string: String? {
    if case .string(let text) = self { return text }
    return nil
  }

  /// A number of seconds, as times are given; nil for what is no number.
  var seconds: Double? {
    switch self {
    case .integer(let number): Double(number)
    case .real(let number) where number.isFinite: number
    default: nil
    }
  }

  /// The value as the texts a policy compares with: an array has several.
  var texts: [String] {
    switch self {
    case .null: []
    case .bool(let flag): [flag ? "true" : "false"]
    case .integer(let number): ["\(number)"]
    case .real(let number): ["\(number)"]
    case .string(let text): [text]
    case .array(let values): values.flatMap(\.texts)
    case .object: []
    }
  }
}

/// Base64 for URLs, without padding (RFC 7515, 2).
enum Base64URL {
  /// nil for text with other characters.
  static func bytes(_ text: some StringProtocol) -> [UInt8]? {
    guard text.utf8.allSatisfy({ $0 != 0x2B && $0 != 0x2F }) else { return nil }
    var padded = String(text).replacing("-", with: "+").replacing("_", with: "/")
    while padded.utf8.count % 4 != 0 { padded += "=" }
    return Data(base64Encoded: padded).map { Array($0) }
  }
}
