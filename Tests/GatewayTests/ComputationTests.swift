import Foundation
import Logging
import NIOCore
import NIOPosix
import PolicyLibrary
import Synchronization
import Telemetry
import Testing

@testable import Gateway

/// Work of policies beside their event loop.
struct ComputationTests {
  @Test func `work is done on another thread, reported on the loop, and not reported once it is given up`() async throws
  {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let gate = DispatchSemaphore(value: 0)
    let kept = loop.makePromise(of: Bool.self)
    let late = Mutex(false)
    try await loop.submit {
      let effects = LoopEffects(
        memory: ProcessMemory(metrics: CustomMetrics(), meters: GatewayMeters(), limits: LimitTable(), replicated: nil),
        counters: nil,
        logger: Logger(label: "test"), loop: loop)
      _ = effects.compute({ loop.inEventLoop }) { wasOnLoop in
        kept.succeed(!wasOnLoop && loop.inEventLoop)
      }
      let given = effects.compute({ gate.wait() }) { late.withLock { $0 = true } }
      given.cancel()
      gate.signal()
    }.get()
    let isRight = try await kept.futureResult.get()
    #expect(isRight)
    // Behind everything that the pool reports to the loop meanwhile.
    try await NIOThreadPool.singleton.runIfActive {}
    try await loop.submit {}.get()
    #expect(late.withLock { !$0 })
  }
}
