import ControlPlaneStore
import Foundation
import GatewayConfiguration
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import ManagementAPI
import Testing

/// `caches`: external caches of gateways.
struct CacheResourceTests {
  private func body(_ location: String, _ connection: String?) -> String {
    let text = connection.map { #""connectionString":"\#($0)","# } ?? ""
    return #"{"properties":{\#(text)"useFromLocation":"\#(location)","description":"Plant"}}"#
  }

  private func expect(_ status: Int, _ answer: Answer) { #expect(answer.status == status) }
  private func expect(_ wanted: [String?], _ hosts: [String?]) { #expect(hosts == wanted) }

  @Test func `a cache is created, read and changed, and its connection string is never shown`() async throws {
    try await withService { client, service in
      let created = try await client.call(
        .put, "/caches/default", body("default", "cache.plant:6380,password=s3cret,ssl=True,abortConnect=False"))
      #expect(created.status == 201)
      #expect(created.body["properties"]?["useFromLocation"] == "default")
      let read = try await client.call(.get, "/caches/default")
      #expect(read.body["properties"]?["connectionString"] == nil)
      let all = try await client.call(.get, "/caches")
      #expect(all.body["count"] == 1 && !all.body.text.contains("s3cret"))
      let etag = try #require(read.etag)
      let changed = try await client.call(
        .patch, "/caches/default", #"{"properties":{"description":"Other"}}"#, headers: [.ifMatch: etag])
      #expect(changed.status == 200 && changed.body["properties"]?["description"] == "Other")
      let published = try #require(try await service.publisher.current("managed"))
      #expect(published.snapshot.externalCache?.connection.password == "s3cret")
      #expect(published.snapshot.externalCache?.connection.isTLS == true)
    }
  }

  @Test func `a gateway gets the cache of its location, else the default one`() async throws {
    try await withService { client, service in
      for (name, location) in [("plant", "Hall 7"), ("yard", "Yard")] {
        let gateway = #"{"properties":{"locationData":{"name":"\#(location)"}}}"#
        expect(201, try await client.call(.put, "/gateways/\(name)", gateway))
      }
      func hosts() async throws -> [String?] {
        var hosts: [String?] = []
        for name in ["plant", "yard", "managed"] {
          hosts.append(
            try await service.publisher.current(name)?.snapshot.externalCache?.connection.endpoints.first?.host)
        }
        return hosts
      }
      expect([nil, nil, nil], try await hosts())
      expect(201, try await client.call(.put, "/caches/hall", body("hall 7", "hall:6379")))
      expect(["hall", nil, nil], try await hosts())
      expect(201, try await client.call(.put, "/caches/default", body("default", "{{redis}}")))
      expect(["hall", nil, nil], try await hosts())
      let value = #"{"properties":{"displayName":"redis","value":"all:6379,password=p","secret":true}}"#
      expect(201, try await client.call(.put, "/namedValues/redis", value))
      expect(["hall", "all", "all"], try await hosts())
      expect(204, try await client.call(.delete, "/caches/hall"))
      expect(["all", "all", "all"], try await hosts())
    }
  }

  @Test func `what is no connection string is refused, as is a second cache for a location`() async throws {
    try await withService { client, _ in
      for (location, connection) in [("default", nil), ("default", ""), ("default", "a,colour=red"), ("", "a")] {
        let refused = try await client.call(.put, "/caches/one", body(location, connection))
        #expect(refused.status == 400 && refused.body["error"]?["code"] == "ValidationError")
      }
      expect(201, try await client.call(.put, "/caches/one", body("West Europe", "a")))
      expect(400, try await client.call(.put, "/caches/two", body("westeurope", "a")))
      expect(200, try await client.call(.put, "/caches/one", body("westeurope", "b")))
    }
  }

  @Test func `replicas of a gateway get a key of their own, and another when one of the gateway's keys is made anew`()
    async throws
  {
    try await withService { client, service in
      let gateway = #"{"properties":{"locationData":{"name":"Hall 7"}}}"#
      for name in ["plant", "yard"] { expect(201, try await client.call(.put, "/gateways/\(name)", gateway)) }
      func key(_ name: String) async throws -> Data? {
        try await service.publisher.current(name)?.snapshot.gateway.replicaKey
      }
      let first = try #require(try await key("plant"))
      let (other, managed) = (try await key("yard"), try await key("managed"))
      #expect(first.count == 32 && other?.count == 32 && other != first && managed == nil)
      expect(204, try await client.call(.post, "/gateways/plant/regenerateKey", #"{"keyType":"secondary"}"#))
      let (second, unchanged) = (try await key("plant"), try await key("yard"))
      #expect(second != first && unchanged == other)
    }
  }
}
