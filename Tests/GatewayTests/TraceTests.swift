import Foundation
import GatewayConfiguration
import Telemetry
import Testing

@testable import Gateway

/// W3C trace context through a gateway, over real sockets.
struct TraceTests {
  private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n12:0"
  private static let caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

  /// What a backend received for a request with these header lines, and the request's record.
  private func send(_ lines: String, joinsTraces: Bool = true) async throws -> (received: String, record: RequestRecord)
  {
    let backend = try await ScriptedBackend { _ in Self.ok }
    let api = API(
      id: "time", displayName: "Time", path: "time", protocols: [.http], serviceURL: "http://127.0.0.1:\(backend.port)",
      subscriptionRequired: false,
      operations: [Operation(id: "now", displayName: "Now", method: "GET", urlTemplate: "/now")])
    var result: (String, RequestRecord)?
    try await RunningGateway.serving([api], joinsTraces: joinsTraces) { gateway in
      let client = try RawClient(port: gateway.httpPort)
      client.send("GET /time/now HTTP/1.1\r\nHost: gateway\r\n\(lines)\r\n")
      #expect(client.answer()?.status == 200)
      await gateway.server.drain(milliseconds: 0)
      result = (try #require(backend.received.first), try #require(gateway.records.all.first))
    }
    await backend.stop()
    return try #require(result)
  }

  /// The values of a header in a received request.
  private func values(_ name: String, in request: String) -> [String] {
    request.components(separatedBy: "\r\n").compactMap { line in
      line.lowercased().hasPrefix(name + ": ") ? String(line.dropFirst(name.count + 2)) : nil
    }
  }

  private func hexadecimal(_ word: UInt64) -> String { String(format: "%016lx", word) }

  @Test func `a caller's trace goes on to the backend under the gateway's own span, and into the record`() async throws
  {
    let (received, record) = try await send("traceparent: \(Self.caller)\r\ntracestate: a=1,b=2\r\n")
    let trace = try #require(record.trace)
    #expect(trace.traceHigh == 0x4bf9_2f35_77b3_4da6 && trace.traceLow == 0xa3ce_929d_0e0e_4736)
    #expect(trace.parentSpanID == 0x00f0_67aa_0ba9_02b7 && trace.isSampled)
    #expect(
      values("traceparent", in: received)
        == ["00-4bf92f3577b34da6a3ce929d0e0e4736-\(hexadecimal(trace.spanID))-01"])
    #expect(values("tracestate", in: received) == ["a=1,b=2"])
  }

  @Test func `a trace begins here when none comes, with the request's own id`() async throws {
    let (received, record) = try await send("")
    let trace = try #require(record.trace)
    #expect(trace.parentSpanID == nil && trace.isSampled)
    let id = hexadecimal(trace.traceHigh) + hexadecimal(trace.traceLow)
    #expect(record.correlationId.filter { $0 != "-" } == id)
    #expect(values("traceparent", in: received) == ["00-\(id)-\(hexadecimal(trace.spanID))-01"])
  }

  @Test func `a trace that is not sampled stays so, and the collector gets no span of it`() async throws {
    let (received, record) = try await send("traceparent: \(Self.caller.dropLast(2))00\r\n")
    #expect(record.trace?.isSampled == false)
    #expect(values("traceparent", in: received).first?.hasSuffix("-00") == true)
    let otlp = OTLP(gatewayID: "g", instanceID: "i", hostName: "h", version: "1", startNanoseconds: 0)
    var sampled = record
    sampled.trace?.isSampled = true
    #expect(otlp.traces([record]) == otlp.traces([]))
    #expect(otlp.traces([sampled]).count > otlp.traces([]).count)
  }

  @Test(arguments: [
    "traceparent: 00-00000000000000000000000000000000-00f067aa0ba902b7-01\r\ntracestate: a=1\r\n",
    "traceparent: evil\r\ntracestate: a=1\r\n",
    "traceparent: \(caller)\r\ntraceparent: \(caller)\r\ntracestate: a=1\r\n",
    "tracestate: a=1\r\n",
  ])
  func `a trace that cannot be believed is replaced, and its state dropped`(_ lines: String) async throws {
    let (received, record) = try await send(lines)
    let trace = try #require(record.trace)
    #expect(trace.parentSpanID == nil)
    #expect(values("traceparent", in: received).count == 1)
    #expect(values("traceparent", in: received).first?.contains(hexadecimal(trace.traceLow)) == true)
    #expect(values("tracestate", in: received).isEmpty)
  }

  @Test(arguments: ["=1", "A=1", "a=1,b", "a=1;b=2=", String(repeating: "a=1,", count: 33)])
  func `a malformed state is dropped, the trace goes on`(_ state: String) async throws {
    let (received, record) = try await send("traceparent: \(Self.caller)\r\ntracestate: \(state)\r\n")
    #expect(record.trace?.parentSpanID == 0x00f0_67aa_0ba9_02b7)
    #expect(values("tracestate", in: received).isEmpty)
  }

  @Test func `a gateway that takes no part in traces passes everything as it came`() async throws {
    let (received, record) = try await send("traceparent: evil\r\ntracestate: =\r\n", joinsTraces: false)
    #expect(record.trace == nil)
    #expect(values("traceparent", in: received) == ["evil"] && values("tracestate", in: received) == ["="])
  }
}
