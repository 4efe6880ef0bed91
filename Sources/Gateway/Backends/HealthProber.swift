import Expressions
import GatewayConfiguration
import NIOCore
import PolicyLibrary

/// Asks backends from time to time whether they are well; on one event loop for the whole process.
final class HealthProber {
  private struct Watched {
    let health: BackendHealth
    let target: BackendTarget
    var isDue: NIODeadline
    var call: (any PendingEffect)?
  }

  private let calls: CallClient
  private var watched: [Watched] = []
  private var ticking: RepeatedTask?

  private static let tick = TimeAmount.milliseconds(100)

  init(calls: CallClient) { self.calls = calls }

  /// Watches the backends of a configuration in place of those of the former one; who stays keeps its rhythm.
  func follow(_ set: BackendSet) {
    let former = watched
    watched = set.entries.compactMap { entry in
      guard let health = entry.health, health.backend.healthCheck != nil, let target = entry.entity.target else {
        return nil
      }
      if let known = former.first(where: { $0.health === health }) { return known }
      return Watched(health: health, target: target, isDue: .now())
    }
    for old in former where !watched.contains(where: { $0.health === old.health }) { old.call?.cancel() }
    if watched.isEmpty {
      ticking?.cancel()
      ticking = nil
    } else if ticking == nil {
      let box = NIOLoopBound(self, eventLoop: calls.loop)
      ticking = calls.loop.scheduleRepeatedTask(initialDelay: .zero, delay: Self.tick) { _ in box.value.onTick() }
    }
  }

  func stop() { follow(.empty) }

  private func onTick() {
    let now = NIODeadline.now()
    for index in watched.indices where watched[index].isDue <= now && watched[index].call == nil { ask(index, now) }
  }

  private func ask(_ index: Int, _ now: NIODeadline) {
    let (health, target) = (watched[index].health, watched[index].target)
    guard let check = health.backend.healthCheck else { return }
    watched[index].isDue = now + .milliseconds(check.intervalMilliseconds)
    var request = OutgoingRequest(method: "GET", target: target, path: check.path)
    request.timeoutMilliseconds = Int(check.timeoutMilliseconds)
    var isOver = false
    let call = calls.send(request) { [self] result in
      isOver = true
      if let place = watched.firstIndex(where: { $0.health === health }) { watched[place].call = nil }
      switch result {
      case .success(let answer):
        health.checked(isGood: check.statusCodeRanges.contains { $0.contains(answer.statusCode) })
      case .failure: health.checked(isGood: false)
      }
    }
    // Refused at once: there is nothing to wait for.
    if !isOver, let place = watched.firstIndex(where: { $0.health === health }) { watched[place].call = call }
  }
}
