import Glibc

/// The second destination of the gateway's log (`telemetry.logs.local`): each record becomes one datagram.
public struct LocalLog: Sendable {
  public enum Format: Sendable, Equatable {
    /// RFC 3164, as a local syslog daemon reads it from `/dev/log`.
    case localSyslog
    /// RFC 5424.
    case rfc5424
    /// The native protocol of systemd's journal.
    case journal
    /// One JSON object.
    case json
  }

  /// Bytes of one datagram at most: what UDP carries. A longer line is cut.
  static let maximumDatagram = 65_000

  public let format: Format
  /// A syslog facility, 0 to 23.
  public let facility: Int
  private let hostName: String
  private let processID: Int32

  public init(format: Format, facility: Int, hostName: String) {
    self.format = format
    self.facility = facility
    self.hostName = hostName.isEmpty ? "-" : hostName
    processID = getpid()
  }

  /// The datagram for one record.
  public func datagram(for record: RequestRecord) -> [UInt8] {
    var bytes: [UInt8] = []
    switch format {
    case .json:
      LogLine.json(record, into: &bytes)
      bytes.removeLast()
    case .localSyslog:
      // The daemon puts time and host in front itself; what it needs is the priority and the tag.
      bytes += Array("<\(priority(record))>postern[\(processID)]: ".utf8)
      LogLine.text(record, into: &bytes)
      bytes.removeLast()
    case .rfc5424:
      bytes += Array("<\(priority(record))>1 ".utf8)
      Timestamp.append(microseconds: record.timeGenerated, zone: true, to: &bytes)
      bytes += Array(" \(hostName) postern \(processID) GatewayLogs - ".utf8)
      LogLine.text(record, into: &bytes)
      bytes.removeLast()
    case .journal:
      bytes += Array("PRIORITY=\(severity(record))\nSYSLOG_FACILITY=\(facility)\nSYSLOG_IDENTIFIER=postern\n".utf8)
      bytes += Array("CORRELATION_ID=\(record.correlationId)\nMESSAGE=".utf8)
      // A log line holds no line break but its last, so the simple form of a field does.
      LogLine.text(record, into: &bytes)
    }
    if bytes.count > Self.maximumDatagram { bytes.removeLast(bytes.count - Self.maximumDatagram) }
    return bytes
  }

  private func priority(_ record: RequestRecord) -> Int { facility * 8 + severity(record) }

  /// Informational, or a warning for a request that failed.
  private func severity(_ record: RequestRecord) -> Int { record.isRequestSuccess ? 6 : 4 }
}
