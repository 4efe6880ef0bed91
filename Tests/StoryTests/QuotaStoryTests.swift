import ChildProcesses
import Foundation
import Testing

/// Quota counters of a real gateway, read and set at the real service with Azure's SDK.
@Suite(.enabled(if: Plant.havePython("azure/mgmt/apimanagement")), .timeLimit(.minutes(3))) struct QuotaStoryTests {
  private static let policy = """
    <policies><inbound><base/>\
    <quota-by-key calls="5" bandwidth="100" renewal-period="86400" \
    counter-key="@("caller/"+context.Request.Url.Query.GetValueOrDefault("who",""))"/>\
    </inbound><backend><base/></backend><outbound><base/></outbound><on-error><base/></on-error></policies>
    """

  private struct Counter: Decodable, Equatable {
    var counterKey: String
    var periodKey: String
    var seconds: Double
    var calls: Int
    var kilobytes: Double
  }

  private func ask(_ plant: Plant, _ words: String...) async throws -> [Counter] {
    let text = try await plant.python("azure_quotas.py", words)
    guard let counters = try? JSONDecoder().decode([Counter].self, from: Data(text.utf8)) else {
      throw PlainConnection.Failure(description: text)
    }
    return counters
  }

  private func call(_ plant: Plant, _ who: String) throws -> Int {
    try PlainConnection(port: plant.port, seconds: 20).ask("GET", "/time/now?who=\(who)").status
  }

  @Test func `a caller that has used its quota up calls again once the counter is set, also after a restart`()
    async throws
  {
    let backend = try EchoBackend()
    let plant = try await Plant(backendPort: backend.port, policy: Self.policy)
    var gateway = try await plant.startGateway()
    for expected in [200, 200, 200, 200, 200, 403] { #expect(try call(plant, "a") == expected) }
    #expect(try call(plant, "b") == 200)
    // The gateway tells of them along with its heartbeat.
    var counters: [Counter] = []
    try await Plant.wait("the service knows the counter") {
      try plant.call("GET", "/gateways/plant/nodes").status == 200
        && (try? plant.call("GET", "/quotas/caller%2Fa")) != nil
    }
    counters = try await ask(plant, "list", "caller/a")
    let counter = try #require(counters.first)
    #expect(counters.count == 1 && counter.counterKey == "caller/a" && counter.seconds == 86_400)
    #expect(counter.periodKey.hasSuffix("_P1D") && counter.calls == 5 && counter.kilobytes > 0)
    #expect(try await ask(plant, "get", "caller/a", counter.periodKey) == [counter])
    let missing = try await plant.python("azure_quotas.py", ["list", "nobody"])
    #expect(missing.contains(#""status": 404"#) && missing.contains("ResourceNotFound"))

    // Set, it holds with the gateway's open question, without waiting for the next report.
    let set = try await ask(plant, "update-period", "caller/a", counter.periodKey, "3", "0.5")
    #expect(set.map(\.calls) == [3] && set.map(\.kilobytes) == [0.5])
    try await Plant.wait("the caller may call again", seconds: 8) { try call(plant, "a") == 200 }
    #expect(try call(plant, "a") == 200)
    #expect(try call(plant, "a") == 403)
    #expect(try call(plant, "b") == 200)

    // While the gateway is away: its last known values, and what is set meanwhile is set when it is back, once.
    gateway.terminate()
    #expect(await gateway.end(withinSeconds: 20) != nil)
    #expect(try await ask(plant, "list", "caller/b").map(\.calls) == [2])
    #expect(try await ask(plant, "update", "caller/a", "-", "4", "0").map(\.calls) == [4])
    gateway = try await plant.startGateway(awaiting: "Connected to")
    try await Plant.wait("the caller may call again after the restart", seconds: 20) { try call(plant, "a") == 200 }
    #expect(try call(plant, "a") == 403)
    gateway.terminate()
    #expect(await gateway.end(withinSeconds: 20) != nil)
    gateway = try await plant.startGateway(awaiting: "Connected to")
    for _ in 0..<3 { #expect(try call(plant, "a") == 403) }
    await gateway.stop()
    try await plant.stop()
    withExtendedLifetime(backend) {}
  }
}
