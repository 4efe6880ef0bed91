/// Request metrics as StatsD lines: `Requests` counted, `DurationInMS`, `BackendDurationInMS` and `ClientDurationInMS`
/// timed.
public struct StatsD: Sendable {
  /// How dimensions stand in a line.
  public enum TagFormat: String, Sendable, CaseIterable {
    /// Not at all.
    case none
    /// `Requests#host=a,code=200:1|c`
    case librato
    /// `Requests:1|c|#host:a,code:200`
    case dogStatsD
    /// `Requests,host=a,code=200:1|c`
    case influxDB
  }

  /// Bytes of a datagram that cross any network whole.
  static let maximumDatagram = 1_432

  public let tagFormat: TagFormat
  /// Share of requests told, above 0 and at most 1; the server multiplies counters by its inverse.
  public let sampling: Double
  private let gatewayID: String
  /// Position in the sequence of shares: deterministic, so that exactly the share is told.
  private var due = 0.0

  public init(gatewayID: String, tagFormat: TagFormat, sampling: Double) {
    self.gatewayID = gatewayID
    self.tagFormat = tagFormat
    self.sampling = min(1, max(0.000_001, sampling))
  }

  /// The datagrams for a batch of records, each with as many lines as fit.
  public mutating func datagrams(for records: [RequestRecord]) -> [[UInt8]] {
    var result: [[UInt8]] = []
    var current: [UInt8] = []
    for record in records {
      due += sampling
      guard due >= 1 else { continue }
      due -= 1
      for line in lines(for: record) {
        let bytes = Array(line.utf8)
        if !current.isEmpty, current.count + 1 + bytes.count > Self.maximumDatagram {
          result.append(current)
          current = []
        }
        if !current.isEmpty { current.append(0x0a) }
        current += bytes
      }
    }
    if !current.isEmpty { result.append(current) }
    return result
  }

  private func lines(for record: RequestRecord) -> [String] {
    var tags: [(String, String)] = [
      ("GatewayId", gatewayID), ("Location", record.region), ("Hostname", record.host),
      ("ResponseCode", "\(record.responseCode)"),
      ("ResponseCodeCategory", RequestRecord.codeClass(record.responseCode)),
      ("Status", record.statusCodeCategory), ("Cache", record.cache.rawValue),
    ]
    if let code = record.backendResponseCode {
      tags += [
        ("BackendResponseCode", "\(code)"), ("BackendResponseCodeCategory", RequestRecord.codeClass(code)),
      ]
    }
    if let reason = record.lastError?.reason { tags.append(("LastErrorReason", reason)) }
    var result = [line("Requests", "1|c", tags)]
    let host = [("Hostname", record.host)]
    result.append(line("DurationInMS", "\(record.totalTime)|ms", host))
    if let time = record.backendTime { result.append(line("BackendDurationInMS", "\(time)|ms", host)) }
    if let time = record.clientTime { result.append(line("ClientDurationInMS", "\(time)|ms", host)) }
    return result
  }

  private func line(_ name: String, _ value: String, _ tags: [(String, String)]) -> String {
    let rate = sampling < 1 ? "|@\(sampling)" : ""
    // Servers refuse a tag without a value, and some of them the line with it.
    let told = tags.filter { !$0.1.isEmpty }
    func joined(_ first: String, _ separator: String) -> String {
      told.isEmpty ? "" : first + told.map { "\($0.0)\(separator)\(Self.cleaned($0.1))" }.joined(separator: ",")
    }
    return switch tagFormat {
    case .none: "\(name):\(value)\(rate)"
    case .librato: "\(name)\(joined("#", "=")):\(value)\(rate)"
    case .influxDB: "\(name)\(joined(",", "=")):\(value)\(rate)"
    case .dogStatsD: "\(name):\(value)\(rate)\(joined("|#", ":"))"
    }
  }

  /// A value without the characters that separate parts of a line: host names come from clients.
  private static func cleaned(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars.prefix(200) {
      switch scalar {
      case "|", "#", ",", ":", "@", "=", " ": result += "_"
      case _ where scalar.value < 0x20: result += "_"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
