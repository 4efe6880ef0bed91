import Foundation
import Testing

@testable import Telemetry

@Suite struct LogLineTests {
  private var record: RequestRecord {
    var record = RequestRecord(
      timeGenerated: 1_740_467_764_050_000, correlationId: "6ba7b810-9dad-11d1-80b4-00c04fd430c8", gatewayId: "plant",
      region: "hall \"7\"", isRequestSuccess: false, totalTime: 12, callerIpAddress: "10.1.2.3", method: "GET",
      url: "http://gw/time\n", clientProtocol: "HTTP/1.1", responseCode: 429, responseSize: 210, requestSize: 99)
    record.apiId = "time"
    record.trace = TraceContext(
      traceHigh: 0x4bf9_2f35_77b3_4da6, traceLow: 0xa3ce_929d_0e0e_4736, spanID: 0x0102_0304_0506_0708,
      parentSpanID: 0x00f0_67aa_0ba9_02b7, isSampled: true)
    record.errors = [
      .init(
        elapsed: 3, source: "rate-limit-by-key", scope: "api", section: "inbound", reason: "RateLimitExceeded",
        message: "Rate limit is exceeded")
    ]
    return record
  }

  @Test func `the text line has the official gateway's shape`() {
    var bytes: [UInt8] = []
    LogLine.text(record, into: &bytes)
    let line = String(decoding: bytes, as: UTF8.self)
    #expect(
      line.hasPrefix(
        "[Info] 2025-02-25T07:16:04.050 [GatewayLogs], correlationId: 6ba7b810-9dad-11d1-80b4-00c04fd430c8, isRequestSuccess: false, totalTime: 12, category: \"GatewayLogs\", callerIpAddress: \"10.1.2.3\""
      ))
    #expect(line.contains(#"region: "hall \"7\"""#) && line.contains(#"url: "http://gw/time\u000a""#))
    #expect(line.filter { $0 == "\n" }.count == 1)
  }

  @Test func `the JSON line is one valid object with every field`() throws {
    var bytes: [UInt8] = []
    LogLine.json(record, into: &bytes)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    #expect(object["eventType"] as? String == "GatewayLogs" && object["responseCode"] as? Int == 429)
    #expect(object["lastErrorReason"] as? String == "RateLimitExceeded")
    #expect(object["httpStatusCodeCategory"] as? String == "Unauthorized")
    #expect(object["traceId"] as? String == "4bf92f3577b34da6a3ce929d0e0e4736")
    #expect(object["spanId"] as? String == "0102030405060708")
    #expect(object["parentSpanId"] as? String == "00f067aa0ba902b7")
    #expect(object["timestamp"] as? String == "2025-02-25T07:16:04.050Z")
  }

  @Test func `a record survives its own codec`() throws {
    var bytes: [UInt8] = []
    RecordCodec.append(record, to: &bytes)
    #expect(try JSONDecoder().decode(RequestRecord.self, from: Data(bytes)) == record)
    #expect(try JSONDecoder().decode(RequestRecord.self, from: try JSONEncoder().encode(record)) == record)
  }

  @Test func `text of any length, with something to escape anywhere in it, comes back as it was`() throws {
    for length in 0...40 {
      for (place, character) in [(length, "a")]
        + (0..<length).flatMap({ place in
          ["\"", "\\", "\n", "\u{1}", "\u{7f}", "é", "!", "~"].map { (place, $0) }
        })
      {
        var record = record
        record.url =
          String(repeating: "x", count: place) + character + String(repeating: "y", count: max(0, length - place))
        var bytes: [UInt8] = []
        RecordCodec.append(record, to: &bytes)
        #expect(try JSONDecoder().decode(RequestRecord.self, from: Data(bytes)) == record)
      }
    }
  }

  @Test func `times are right on leap days and before 1970`() {
    #expect(Timestamp.text(microseconds: 1_709_164_800_000_000) == "2024-02-29T00:00:00.000Z")
    #expect(Timestamp.text(microseconds: -1_000) == "1969-12-31T23:59:59.999Z")
  }
}
