import Crypto
public import FoundationEssentials

/// The access token of a self-hosted gateway: `{gatewayId}&{yyyyMMddHHmm}&{signature}`, with or without the prefix
/// `GatewayKey `. The signature is HMAC-SHA512 over `{gatewayId}\n{yyyyMMddHHmm}` with one of the gateway's keys.
public struct GatewayToken: Sendable, Equatable {
  /// The longest token accepted, in bytes.
  public static let maximumLength = 512
  /// The longest life a token may be given: 30 days, in seconds.
  public static let maximumLifetime: Int64 = 30 * 86_400

  public var gatewayID: String
  /// The minute it ends, UTC, as twelve digits.
  public var expiry: String
  public var signature: Data

  /// The end of the token's life, in seconds since 1970-01-01 UTC.
  public var expirySeconds: Int64 { Self.seconds(fromMinute: expiry) ?? 0 }

  /// Reads a token. Nil unless it has the three parts in their documented form.
  public init?(_ text: String) {
    var text = Substring(text)
    while text.first == " " { text.removeFirst() }
    while let last = text.last, last == " " || last == "\n" || last == "\r" { text.removeLast() }
    guard text.utf8.count <= Self.maximumLength else { return nil }
    if text.lowercased().hasPrefix("gatewaykey ") { text = text.dropFirst(11) }
    let parts = text.split(separator: "&", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, !parts[0].isEmpty, parts[0].utf8.count <= 80,
      Self.seconds(fromMinute: String(parts[1])) != nil, let signature = Data(base64Encoded: String(parts[2])),
      signature.count == 64
    else { return nil }
    self.gatewayID = String(parts[0])
    self.expiry = String(parts[1])
    self.signature = signature
  }

  /// Makes a token with one of a gateway's keys.
  /// - Parameter expirySeconds: seconds since 1970-01-01 UTC; cut to its minute.
  public init(gatewayID: String, expirySeconds: Int64, key: Data) {
    self.gatewayID = gatewayID
    self.expiry = Self.minute(fromSeconds: expirySeconds)
    self.signature = Self.sign(gatewayID: gatewayID, expiry: expiry, key: key)
  }

  /// The token without its prefix, as `generateToken` returns it.
  public var text: String { "\(gatewayID)&\(expiry)&\(signature.base64EncodedString())" }

  /// Whether the signature was made with this key; compared in constant time.
  public func isSigned(with key: Data) -> Bool {
    HMAC<SHA512>.isValidAuthenticationCode(
      signature, authenticating: Data("\(gatewayID)\n\(expiry)".utf8), using: SymmetricKey(data: key))
  }

  private static func sign(gatewayID: String, expiry: String, key: Data) -> Data {
    let code = HMAC<SHA512>.authenticationCode(
      for: Data("\(gatewayID)\n\(expiry)".utf8), using: SymmetricKey(data: key))
    return Data(code)
  }

  static func minute(fromSeconds seconds: Int64) -> String {
    let date = CivilMinute(secondsSince1970: seconds)
    func pad(_ value: Int, _ width: Int) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    return pad(date.year, 4) + pad(date.month, 2) + pad(date.day, 2) + pad(date.hour, 2) + pad(date.minute, 2)
  }

  static func seconds(fromMinute text: String) -> Int64? {
    let digits = Array(text.utf8)
    guard digits.count == 12, digits.allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return nil }
    func number(_ range: Range<Int>) -> Int { range.reduce(0) { $0 * 10 + Int(digits[$1]) - 48 } }
    let date = CivilMinute(
      year: number(0..<4), month: number(4..<6), day: number(6..<8), hour: number(8..<10), minute: number(10..<12))
    guard (1...12).contains(date.month), (1...31).contains(date.day), date.hour < 24, date.minute < 60 else {
      return nil
    }
    return date.secondsSince1970
  }
}

/// A minute of the proleptic Gregorian calendar, UTC.
struct CivilMinute: Equatable {
  var year: Int
  var month: Int
  var day: Int
  var hour: Int
  var minute: Int

  init(year: Int, month: Int, day: Int, hour: Int, minute: Int) {
    self.year = year
    self.month = month
    self.day = day
    self.hour = hour
    self.minute = minute
  }

  init(secondsSince1970 seconds: Int64) {
    // Days since 0000-03-01, so that the leap day ends its year.
    let dayNumber = Int((Double(seconds) / 86_400).rounded(.down))
    let secondOfDay = Int(seconds) - dayNumber * 86_400
    let shifted = dayNumber + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    hour = secondOfDay / 3_600
    minute = secondOfDay % 3_600 / 60
  }

  var secondsSince1970: Int64 {
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    let days = era * 146_097 + dayOfEra - 719_468
    return Int64(days) * 86_400 + Int64(hour * 3_600 + minute * 60)
  }
}
