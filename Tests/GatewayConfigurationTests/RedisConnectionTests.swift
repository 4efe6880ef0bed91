import Foundation
import GatewayConfiguration
import Testing

/// Connection strings in the form of StackExchange.Redis.
struct RedisConnectionTests {
  @Test func `the string that Azure shows is understood`() throws {
    let read = try RedisConnection(
      "contoso5.redis.cache.windows.net:6380,password=ab=c/d+e=,ssl=True,abortConnect=False")
    #expect(read.endpoints == [.init(host: "contoso5.redis.cache.windows.net", port: 6_380)])
    #expect(read.password == "ab=c/d+e=" && read.isTLS && read.user == nil && read.database == 0)
  }

  @Test func `several servers and options in any order and letters`() throws {
    let read = try RedisConnection(
      " one , user = gate ,[::1]:7000,PASSWORD=p,10.0.0.1:7001, fe80::1,SSL=yes,sslHost=Cache.Plant,defaultDatabase=3,"
        + "connectTimeout=100,syncTimeout=900,asyncTimeout=300,name=plant,$CONFIG=,allowAdmin=true,keepAlive=60,")
    #expect(
      read.endpoints == [
        .init(host: "one", port: 6_380), .init(host: "::1", port: 7_000), .init(host: "10.0.0.1", port: 7_001),
        .init(host: "fe80::1", port: 6_380),
      ])
    #expect(read.user == "gate" && read.password == "p" && read.tlsHost == "cache.plant" && read.database == 3)
    #expect(read.connectTimeoutMilliseconds == 100 && read.commandTimeoutMilliseconds == 300)
    #expect(try RedisConnection("a").endpoints.first?.port == 6_379)
    let watched = try RedisConnection("a,b:7,serviceName=plant,ssl=true")
    #expect(watched.serviceName == "plant" && watched.endpoints.map(\.port) == [26_379, 7])
    #expect(try RedisConnection("a,serviceName=").serviceName == nil)
  }

  @Test(arguments: [
    "", "password=s3cret", "a:0,password=s3cret", "a:x,password=s3cret", "a b,password=s3cret", "[::1,password=s3cret",
    "a,ssl=maybe,password=s3cret", "a,defaultDatabase=-1,password=s3cret", "a,colour=red,password=s3cret",
    "a,proxy=Twemproxy,password=s3cret", "a,connectTimeout=0,password=s3cret",
    "redis://:s3cret@host:6379/0", String(repeating: "a,", count: 17), String(repeating: "a", count: 3_000),
  ]) func `what is none is refused, and the message has no secret in it`(_ text: String) {
    do {
      _ = try RedisConnection(text)
      Issue.record("\(text) was accepted")
    } catch {
      #expect(!error.message.contains("s3cret") && !error.message.isEmpty)
    }
  }

  @Test func `a snapshot without a cache is read, too`() throws {
    let snapshot = Snapshot(
      version: 1, service: .init(name: "postern", resourceID: "/s"), gateway: .init(id: "plant", location: "Hall 7"))
    let text = String(decoding: try JSONEncoder().encode(snapshot), as: UTF8.self)
    #expect(!text.contains("externalCache"))
    #expect(try JSONDecoder().decode(Snapshot.self, from: Data(text.utf8)) == snapshot)
  }
}
