import GatewayConfiguration
import Testing

@testable import Gateway
@testable import PolicyLibrary

/// The circuit breaker on a clock of the test's own.
struct CircuitBreakerTests {
  private func breaker(
    _ threshold: CircuitBreakerRule.Threshold = .count(3), acceptsRetryAfter: Bool = false
  ) -> CircuitBreaker {
    CircuitBreaker(
      CircuitBreakerRule(
        name: "rule", threshold: threshold, intervalMilliseconds: 10_000,
        statusCodeRanges: [StatusCodeRange(min: 500, max: 599)], tripMilliseconds: 5_000,
        acceptsRetryAfter: acceptsRetryAfter))
  }

  private func fail(_ breaker: inout CircuitBreaker, at moments: Int64..., retryAfter: Int64? = nil) {
    for moment in moments {
      #expect(breaker.admit(moment) == .normal)
      breaker.settle(isFailure: true, isProbe: false, retryAfter: retryAfter, moment)
    }
  }

  @Test func `failures within the interval open the circuit for the trip time`() {
    var breaker = breaker()
    fail(&breaker, at: 1_000, 2_000, 3_000)
    #expect(breaker.state == .open(until: 8_000))
    #expect(breaker.admit(3_000) == .refused(5_000))
    #expect(breaker.admit(7_999) == .refused(1))
  }

  @Test func `failures that lie further apart than the interval open nothing`() {
    var breaker = breaker()
    fail(&breaker, at: 1_000, 8_000, 15_000, 22_000, 29_000)
    #expect(breaker.state == .closed)
  }

  @Test func `after the trip one call at a time shows whether the backend is well`() {
    var breaker = breaker()
    fail(&breaker, at: 1_000, 1_000, 1_000)
    #expect(breaker.admit(6_000) == .probe)
    #expect(breaker.admit(6_001) == .refused(4_999))
    breaker.settle(isFailure: true, isProbe: true, retryAfter: nil, 6_100)
    #expect(breaker.admit(11_099) == .refused(1))
    #expect(breaker.admit(11_100) == .probe)
    breaker.settle(isFailure: false, isProbe: true, retryAfter: nil, 11_200)
    #expect(breaker.state == .closed)
    // What was before the trip is forgotten.
    fail(&breaker, at: 11_300, 11_400)
    #expect(breaker.state == .closed)
  }

  @Test func `a probe that tells nothing leaves the next call to try, and one that hangs does not block for ever`() {
    var breaker = breaker()
    fail(&breaker, at: 0, 0, 0)
    #expect(breaker.admit(5_000) == .probe)
    breaker.cancel(isProbe: true)
    #expect(breaker.admit(5_001) == .probe)
    #expect(breaker.admit(10_000) == .refused(1))
    #expect(breaker.admit(10_001) == .probe)
  }

  @Test func `calls begun before the circuit opened change nothing when they end`() {
    var breaker = breaker()
    #expect(breaker.admit(0) == .normal)
    fail(&breaker, at: 0, 0, 0)
    breaker.settle(isFailure: false, isProbe: false, retryAfter: nil, 100)
    #expect(breaker.state == .open(until: 5_000))
    #expect(breaker.admit(5_000) == .probe)
    breaker.settle(isFailure: true, isProbe: false, retryAfter: nil, 5_001)
    #expect(breaker.state == .halfOpen(since: 5_000))
  }

  @Test func `Retry-After takes the trip time's place only where the rule says so`() {
    var deaf = breaker()
    fail(&deaf, at: 0, 0, 0, retryAfter: 60_000)
    #expect(deaf.state == .open(until: 5_000))
    var listening = breaker(acceptsRetryAfter: true)
    fail(&listening, at: 0, 0, 0, retryAfter: 60_000)
    #expect(listening.state == .open(until: 60_000))
    var bounded = breaker(acceptsRetryAfter: true)
    fail(&bounded, at: 0, 0, 0, retryAfter: .max)
    #expect(bounded.state == .open(until: 86_400_000))
  }

  @Test func `a share of failures counts once there are enough calls`() {
    var breaker = breaker(.percentage(50))
    for moment in 0..<9 as Range<Int64> {
      #expect(breaker.admit(moment) == .normal)
      breaker.settle(isFailure: moment % 2 == 0, isProbe: false, retryAfter: nil, moment)
    }
    #expect(breaker.state == .closed)
    breaker.settle(isFailure: true, isProbe: false, retryAfter: nil, 9)
    #expect(breaker.state == .open(until: 5_009))
  }

  @Test(arguments: [
    ("7", 7_000), ("0", 0), ("99999999999", 86_400_000), ("Sun, 06 Nov 1994 08:49:47 GMT", 10_000),
    ("Sun, 06 Nov 1994 08:49:07 GMT", 0),
  ])
  func `Retry-After is read in seconds and as a date`(_ text: String, _ expected: Int64) {
    // 1994-11-06T08:49:37Z
    let now = Clock.unixEpochTicks + 784_111_777 * 10_000_000
    #expect(RetryAfter.milliseconds(text, now: now) == expected)
  }

  @Test(arguments: ["", "soon", "-3", "1.5"])
  func `a Retry-After that says nothing is passed over`(_ text: String) {
    #expect(RetryAfter.milliseconds(text, now: Clock.ticks()) == nil)
  }
}
