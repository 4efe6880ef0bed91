import Foundation
import GatewayConfiguration
import Testing

struct DebugCredentialTests {
  private static let key = Data(repeating: 7, count: 32)

  @Test(arguments: ["echo", "a b%c&d=e", "ünï"], [nil, "crew", "a&sn=b"])
  func `a credential reads as it was made`(_ api: String, _ workspace: String?) throws {
    let made = DebugCredential(apiID: api, workspaceID: workspace, expirySeconds: 1_800_000_000, key: Self.key)
    #expect(made.text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f } && made.text.hasPrefix("aid="))
    let read = try #require(DebugCredential(made.text))
    #expect(read == made && read.apiID == api && read.workspaceID == workspace)
    #expect(read.expirySeconds == 1_800_000_000 && read.isSigned(with: Self.key))
    #expect(!read.isSigned(with: Data(repeating: 8, count: 32)))
  }

  @Test func `whatever is changed in a credential is no credential`() throws {
    let text = DebugCredential(apiID: "echo", expirySeconds: 1_800_000_000, key: Self.key).text
    for index in text.indices {
      for other in ["a", "=", "&", "%", "9"] where String(text[index]) != other {
        var changed = text
        changed.replaceSubrange(index...index, with: other)
        // The last letter of the signature has two bits that say nothing.
        let isSame = changed.dropLast() == text.dropLast()
        #expect(isSame || DebugCredential(changed)?.isSigned(with: Self.key) != true, "\(changed)")
      }
    }
    for text in ["", "aid=echo", "&sn=", String(repeating: "a", count: 5_000), text + text, "ex=1&" + text] {
      #expect(DebugCredential(text)?.isSigned(with: Self.key) != true)
    }
  }

  @Test func `the address of a trace holds for that trace and time alone`() throws {
    let made = TraceLocation(traceID: "t", expirySeconds: 1_800_000_000, key: Self.key)
    let url = made.url(below: "https://service/gateways/plant")
    let signature = try #require(url.split(separator: "=").last.map(String.init))
    #expect(url == "https://service/gateways/plant/traces/t?ex=1800000000&sn=\(signature)")
    func isSigned(_ id: String, _ seconds: Int64) -> Bool? {
      TraceLocation(traceID: id, expirySeconds: seconds, signature: signature)?.isSigned(with: Self.key)
    }
    #expect(isSigned("t", 1_800_000_000) == true && isSigned("u", 1_800_000_000) == false)
    #expect(isSigned("t", 1_800_000_001) == false)
  }
}
