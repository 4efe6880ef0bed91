import ControlPlaneStore
import GatewayConfiguration

extension ExternalCache {
  /// A location as it is compared: `West Europe` and `westeurope` are the same.
  static func place(_ location: String) -> String { location.lowercased().filter { !$0.isWhitespace } }
}

extension SnapshotBuilder {
  /// The cache for a gateway's location, else the one for `default`; nil where its connection string is none.
  func externalCache(location: String) -> ExternalCache? {
    let caches = all("caches")
    func cache(for location: String) -> StoredResource? {
      caches.first { ExternalCache.place($0.string("useFromLocation") ?? "") == ExternalCache.place(location) }
    }
    guard let cache = cache(for: location) ?? cache(for: "default"),
      var text = cache.secrets["connectionString"]
    else { return nil }
    for value in namedValues { text = text.replacing("{{\(value.displayName)}}", with: value.value) }
    return (try? RedisConnection(text)).map { ExternalCache(id: cache.name, connection: $0) }
  }
}
