import ControlPlaneStore
import Crypto
public import Foundation
public import GatewayConfiguration

/// Keeps the newest snapshot of every gateway, sealed. A snapshot's version is the store's revision at which this
/// gateway's content last changed: an edit that does not concern it gives it nothing to fetch.
public actor SnapshotPublisher {
  /// One gateway's newest snapshot.
  public struct Published: Sendable {
    public var snapshot: Snapshot
    public var sealed: SealedSnapshot
  }

  private let store: any ResourceStore
  private let key: Curve25519.Signing.PrivateKey
  private let service: ServiceIdentity
  private var published: [String: (digest: Snapshot, value: Published)] = [:]
  private var builder: (revision: Int64, value: SnapshotBuilder, gateways: [String: String])?

  init(store: any ResourceStore, key: Curve25519.Signing.PrivateKey, service: ServiceIdentity) {
    self.store = store
    self.key = key
    self.service = service
  }

  /// The public half of the signing key.
  public nonisolated var publicKey: Data { key.publicKey.rawRepresentation }

  /// What the credentials for traces of a gateway are signed with, 32 bytes.
  nonisolated func debugKey(_ gatewayID: String) -> Data {
    let key = HKDF<SHA256>.deriveKey(
      inputKeyMaterial: SymmetricKey(data: self.key.rawRepresentation),
      info: Data("postern traces \(gatewayID.lowercased())".utf8), outputByteCount: 32)
    return key.withUnsafeBytes { Data($0) }
  }

  /// The newest snapshot; nil when there is no such gateway. `managed` is the gateway inside the service.
  public func current(_ gatewayID: String) async throws -> Published? {
    let revision = try await store.currentRevision()
    if builder?.revision != revision {
      let (read, resources) = try await store.everything()
      let gateways = resources.filter { $0.path.type == "gateways" }.map {
        ($0.name.lowercased(), $0["locationData"]?["name"]?.stringValue ?? "")
      }
      builder = (
        read, SnapshotBuilder(resources: resources), Dictionary(gateways) { first, _ in first }
      )
    }
    guard let builder else { return nil }
    let isManaged = gatewayID.lowercased() == "managed"
    guard let location = isManaged ? "managed" : builder.gateways[gatewayID.lowercased()] else { return nil }
    let id = gatewayID.lowercased()
    if let known = published[id], known.value.sealed.version == UInt64(builder.revision) { return known.value }
    var snapshot = builder.value.snapshot(
      gatewayID: isManaged ? "managed" : gatewayID, location: location, version: 0, service: service,
      debugKey: debugKey(gatewayID))
    if let known = published[id], known.digest == snapshot { return known.value }
    let content = snapshot
    // A version survives a restart of the service only as "not older": gateways compare digests, too.
    snapshot.version = UInt64(max(1, builder.revision))
    let value = Published(snapshot: snapshot, sealed: try SnapshotCodec.seal(snapshot, key: key))
    published[id] = (content, value)
    return value
  }

  /// A snapshot newer than a version; waits for one, at most so long. Nil when there was none.
  public func newer(than version: UInt64, gatewayID: String, waiting: Duration) async throws -> Published? {
    let end = ContinuousClock.now + waiting
    while true {
      let revision = try await store.currentRevision()
      if let value = try await current(gatewayID), value.sealed.version > version { return value }
      let left = end - ContinuousClock.now
      guard left > .zero, !Task.isCancelled else { return nil }
      _ = try await store.waitForChange(after: revision, upTo: left)
    }
  }
}
