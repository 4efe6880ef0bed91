import Telemetry

extension HotPathCase {
  private static var record: RequestRecord {
    var record = RequestRecord(
      timeGenerated: 1_732_432_564_050_123, correlationId: "0b9c1c3e-5c26-4a0f-b8ae-2a2d2d1f9d11", gatewayId: "plant",
      region: "Hall 7", isRequestSuccess: true, totalTime: 3, callerIpAddress: "10.1.2.3", method: "GET",
      url: "http://gateway.internal:8080/keyed/things?zone=utc", clientProtocol: "HTTP/1.1", responseCode: 200,
      responseSize: 412, requestSize: 530)
    record.backendTime = 2
    record.backendMethod = "GET"
    record.backendUrl = "http://127.0.0.1:9001/things?zone=utc"
    record.backendProtocol = "HTTP/1.1"
    record.backendResponseCode = 200
    record.apiId = "keyed"
    record.apiRevision = "1"
    record.operationId = "get"
    record.productId = "staff"
    record.apimSubscriptionId = "canteen"
    return record
  }

  private static func writing(_ name: String, _ write: @escaping @Sendable (RequestRecord, inout [UInt8]) -> Void)
    -> HotPathCase
  {
    HotPathCase(name: name) {
      let record = record
      return { count in
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4_096)
        var total = 0
        for _ in 0..<count {
          bytes.removeAll(keepingCapacity: true)
          write(record, &bytes)
          total &+= bytes.count
        }
        return total
      }
    }
  }

  static let records = [
    writing("log-line-text") { LogLine.text($0, into: &$1) },
    writing("log-line-json") { LogLine.json($0, into: &$1) },
    writing("record-encode") { RecordCodec.append($0, to: &$1) },
  ]
}
