import Crypto
import Foundation
import Testing

@testable import GatewayConfiguration

@Suite struct SnapshotTests {
  private var snapshot: Snapshot {
    Snapshot(
      version: 7, service: .init(name: "acme", resourceID: "/subscriptions/0"),
      gateway: .init(id: "plant", location: "hall 7"),
      apis: [
        API(
          id: "time", displayName: "Time", path: "time", protocols: [.https, .http], serviceURL: "http://10.0.0.5/",
          operations: [.init(id: "now", displayName: "Now", method: "GET", urlTemplate: "/now")],
          policy: .init(rawXML: "<policies/>"))
      ],
      subscriptions: [
        .init(id: "s", displayName: "S", scope: .product("p"), primaryKey: "k1", secondaryKey: "k2")
      ])
  }

  @Test func `a snapshot survives sealing and equal content has equal bytes`() throws {
    let key = Curve25519.Signing.PrivateKey()
    let sealed = try SnapshotCodec.seal(snapshot, key: key)
    #expect(try SnapshotCodec.open(sealed, key: key.publicKey) == snapshot)
    #expect(try SnapshotCodec.seal(snapshot, key: key).bytes == sealed.bytes)
  }

  @Test func `a snapshot of a release without workspaces is read, too`() throws {
    var object = try #require(
      try JSONSerialization.jsonObject(with: JSONEncoder().encode(snapshot)) as? [String: Any])
    #expect(object.removeValue(forKey: "workspaces") != nil)
    let old = try JSONSerialization.data(withJSONObject: object)
    #expect(try JSONDecoder().decode(Snapshot.self, from: old) == snapshot)
  }

  @Test func `a snapshot of a release without hostname configurations is read, too`() throws {
    var object = try #require(
      try JSONSerialization.jsonObject(with: JSONEncoder().encode(snapshot)) as? [String: Any])
    var gateway = try #require(object["gateway"] as? [String: Any])
    #expect(gateway.removeValue(forKey: "hostnameConfigurations") != nil)
    object["gateway"] = gateway
    let old = try JSONSerialization.data(withJSONObject: object)
    #expect(try JSONDecoder().decode(Snapshot.self, from: old) == snapshot)
  }

  @Test(arguments: [
    ("*", "*"), ("*.Contoso.com", "*.contoso.com"), ("API.contoso.com", "api.contoso.com"), ("localhost", "localhost"),
    ("xn--mnchen-3ya.de", "xn--mnchen-3ya.de"), ("my_host", "my_host"),
    ("", nil), ("*.", nil), ("a..b", nil), (".a", nil), ("a.", nil), ("a*.b", nil), ("a.*.b", nil), ("*.*.b", nil),
    ("-a.b", nil), ("a b", nil), ("münchen.de", nil), ("a/b", nil), ("a:443", nil),
    (String(repeating: "a", count: 64), nil),
  ])
  func `a hostname is a name, or one behind a wildcard`(text: String, normal: String?) {
    #expect(HostnameConfiguration.normal(text) == normal)
    #expect(HostnameConfiguration.normal(String(repeating: "ab.", count: 84) + "ab") == nil)
  }

  @Test func `changed bytes, a foreign signature and a newer layout are refused, each with its reason`() throws {
    let key = Curve25519.Signing.PrivateKey()
    var sealed = try SnapshotCodec.seal(snapshot, key: key)
    let other = Curve25519.Signing.PrivateKey().publicKey
    #expect { try SnapshotCodec.open(sealed, key: other) } throws: { ($0 as? SnapshotError)?.code == .signatureInvalid }
    sealed.bytes[10] ^= 1
    #expect { try SnapshotCodec.open(sealed, key: nil) } throws: { ($0 as? SnapshotError)?.code == .digestMismatch }
    var newer = snapshot
    newer.format = Snapshot.currentFormat + 1
    let future = try SnapshotCodec.seal(newer, key: key)
    #expect { try SnapshotCodec.open(future, key: nil) } throws: { ($0 as? SnapshotError)?.code == .newerFormat }
  }

  @Test func `a backup opens with its token only`() throws {
    let key = Curve25519.Signing.PrivateKey()
    let sealed = try SnapshotCodec.seal(snapshot, key: key)
    let file = try SnapshotBackup.seal(
      sealed, signingKey: key.publicKey.rawRepresentation, token: "a", salt: [UInt8](repeating: 7, count: 16))
    #expect(!file.contains(Data("10.0.0.5".utf8)) && file.range(of: Data("time".utf8)) == nil)
    let opened = try SnapshotBackup.open(file, token: "a")
    #expect(opened.snapshot == sealed && opened.signingKey == key.publicKey.rawRepresentation)
    #expect { try SnapshotBackup.open(file, token: "b") } throws: {
      ($0 as? SnapshotBackup.Failure)?.code == .wrongTokenOrDamaged
    }
    #expect { try SnapshotBackup.open(file.prefix(20), token: "a") } throws: {
      ($0 as? SnapshotBackup.Failure)?.code == .notABackup
    }
    for index in stride(from: 8, to: file.count, by: 37) {
      var damaged = file
      damaged[index] ^= 0x10
      #expect(throws: SnapshotBackup.Failure.self) { try SnapshotBackup.open(damaged, token: "a") }
    }
  }
}

@Suite struct GatewayTokenTests {
  @Test func `a token has the documented form and proves its key`() throws {
    let key = Data((0..<64).map { UInt8($0) })
    let token = GatewayToken(gatewayID: "gw1", expirySeconds: 1_587_430_000, key: key)
    #expect(token.expiry == "202004210046" && token.text.hasPrefix("gw1&202004210046&") && token.text.hasSuffix("=="))
    #expect(token.text.utf8.count == "gw1&202004210046&".utf8.count + 88)
    let read = try #require(GatewayToken("GatewayKey \(token.text)\n"))
    #expect(read == token && read.isSigned(with: key) && !read.isSigned(with: key.dropFirst()))
    #expect(read.expirySeconds == 1_587_430_000 / 60 * 60)
  }

  @Test(arguments: [
    "", "GatewayKey", "gw1&202004210046", "gw1&20200421004&AAAA", "&202004210046&AAAA", "gw1&202013210046&AAAA",
    "gw1&202004210046&not base64", "gw1&202004210046&AAAA",
  ])
  func `what is not a token is refused`(text: String) {
    #expect(GatewayToken(text) == nil)
  }

  @Test func `minutes round-trip over four centuries`() {
    for day in stride(from: Int64(-40_000), through: 110_000, by: 997) {
      let seconds = day * 86_400 + 3_660
      #expect(GatewayToken.seconds(fromMinute: GatewayToken.minute(fromSeconds: seconds)) == seconds)
    }
  }
}
