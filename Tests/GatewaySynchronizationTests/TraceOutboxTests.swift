import PolicyLibrary
import Synchronization
import Testing

@testable import Gateway

/// Traces that wait for the management service.
struct TraceOutboxTests {
  private static func trace(_ number: Int, characters: Int = 10) -> FinishedTrace {
    let steps = ExchangeTrace(startTicks: 0)
    steps.add("a", .inbound, .said(String(repeating: "x", count: characters), nil, []), ticks: 0)
    return FinishedTrace(
      id: "\(number)",
      document: TraceDocument(steps, serviceName: "postern", traceID: "\(number)", workspaceID: nil))
  }

  private func delivered(_ outbox: TraceOutbox) async -> [Int] {
    let seen = Mutex<[Int]>([])
    await outbox.deliver { trace in seen.withLock { $0.append(Int(trace.id) ?? -1) } }
    return seen.withLock { $0 }
  }

  @Test func `the latest hundred wait, in order, and once delivered they are gone`() async {
    let outbox = TraceOutbox()
    for number in 0..<130 { outbox.add(Self.trace(number)) }
    #expect(await delivered(outbox) == Array(30..<130))
    #expect(await delivered(outbox) == [])
  }

  @Test func `large ones are fewer`() async {
    let outbox = TraceOutbox()
    for number in 0..<40 { outbox.add(Self.trace(number, characters: 1 << 20)) }
    #expect(await delivered(outbox) == Array(24..<40))
  }

  @Test func `what cannot be delivered waits, and whoever listens later hears of it`() async throws {
    struct Refused: Error {}
    let outbox = TraceOutbox()
    outbox.add(Self.trace(1))
    await #expect(throws: Refused.self) { try await outbox.deliver { _ in throw Refused() } }
    var listener = outbox.arrivals().makeAsyncIterator()
    #expect(await listener.next() != nil)
    #expect(await delivered(outbox) == [1])
    outbox.add(Self.trace(2))
    #expect(await listener.next() != nil)
    #expect(await delivered(outbox) == [2])
  }
}
