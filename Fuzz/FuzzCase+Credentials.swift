import Foundation
import GatewayConfiguration

/// What callers say of themselves in headers.
extension FuzzCase {
  private static let key = Data(repeating: 7, count: 32)

  /// Credentials for traces: what bears a gateway's signature reads as it was made.
  static let credential = FuzzCase(name: "credential", dictionary: words) { input in
    let text = String(decoding: input, as: UTF8.self)
    guard let read = DebugCredential(text) else { return false }
    guard read.isSigned(with: key) else { return true }
    let made = DebugCredential(
      apiID: read.apiID, workspaceID: read.workspaceID, expirySeconds: read.expirySeconds, key: key)
    // The signature's last letter has two bits that say nothing.
    if made.text.dropLast() != text.dropLast() {
      broken("credential: a text that nobody made is signed")
    }
    return true
  }

  private static let words = [
    "aid=", "&wid=", "&p=tracing", "&ex=", "&sn=", "%41", "%00", "%", "=", "&", "1800000000", "-1",
    "99999999999999999999",
  ]
}
