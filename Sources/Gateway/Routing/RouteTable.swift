import GatewayConfiguration
import HTTPWire
import PolicyLibrary

/// Which API and operation a request is for. Finding the API costs the length of the path, not the number of APIs.
struct RouteTable: Sendable {
  private struct Entry: Sendable {
    /// In lower case, beginning with a slash; empty for the root.
    var prefix: [UInt8]
    var apis: [RoutedAPI]
  }

  struct Match {
    var api: RoutedAPI
    /// Bytes of the path that name the API, its version and revision.
    var prefixLength: Int
    var operation: Int
    var parameters: [(name: String, range: Range<Int>)]
  }

  private var entries: [UInt64: [Entry]] = [:]
  /// Segments of the deepest prefix.
  private var depth = 0

  init(_ apis: [RoutedAPI]) {
    for routed in apis {
      let api = routed.api
      var path = api.path.isEmpty ? "" : "/" + api.path
      if api.versionSet?.scheme == .path, let version = api.version { path += "/" + version }
      if api.isCurrentRevision { insert(path, routed) }
      insert(path + ";rev=" + api.revision, routed)
    }
  }

  private mutating func insert(_ path: String, _ api: RoutedAPI) {
    var prefix = path.utf8.map(PathHash.lower)
    // An API at the root is addressed as `/;rev=2`.
    if prefix.first == 0x3b { prefix.insert(0x2f, at: 0) }
    depth = max(depth, prefix.count { $0 == 0x2f })
    let hash = PathHash.of(prefix)
    if let index = entries[hash]?.firstIndex(where: { $0.prefix == prefix }) {
      entries[hash]?[index].apis.append(api)
    } else {
      entries[hash, default: []].append(Entry(prefix: prefix, apis: [api]))
    }
  }

  /// The most specific API whose path, version, protocol, method and template fit; nil when none does.
  func find(_ request: borrowing MessageHead, isTLS: Bool) -> Match? {
    let path = request.pathBytes
    // Ends of the prefixes that could name an API, the shortest first.
    var candidates: [(end: Int, hash: UInt64)] = [(0, PathHash().value)]
    var hash = PathHash()
    var i = 0
    while i < path.count, candidates.count <= depth {
      hash.add(path[i])
      i &+= 1
      while i < path.count, path[i] != 0x2f {
        hash.add(path[i])
        i &+= 1
      }
      candidates.append((i, hash.value))
    }
    let method = request.method
    for candidate in candidates.reversed() {
      for entry in entries[candidate.hash] ?? []
      where entry.prefix.count == candidate.end && path.matches(entry.prefix, at: 0) {
        for routed in entry.apis where Self.fits(routed.api, request, isTLS: isTLS) {
          if let match = routed.operations.find(method: method, path, from: candidate.end) {
            return Match(
              api: routed, prefixLength: candidate.end, operation: match.operation, parameters: match.parameters)
          }
        }
      }
    }
    return nil
  }

  /// Whether protocol and version are those the request asks for.
  private static func fits(_ api: API, _ request: borrowing MessageHead, isTLS: Bool) -> Bool {
    guard api.protocols.contains(isTLS ? .https : .http) else { return false }
    guard let set = api.versionSet, let parameter = set.parameterName else { return true }
    switch set.scheme {
    case .path: return true
    case .header: return request.value(of: parameter) == api.version
    case .query:
      let query = request.query ?? ""
      let found = QueryScan.value(of: parameter, in: Array(query.utf8))
      return found == api.version
    }
  }
}

/// Finds one parameter of a query string without taking all of it apart.
enum QueryScan {
  /// The first value of a parameter, percent-decoded; names compare without regard to case.
  static func value(of name: String, in query: [UInt8]) -> String? {
    let wanted = name.utf8.map(PathHash.lower)
    for pair in query.split(separator: 0x26) {
      let key = pair.prefix { $0 != 0x3d }
      guard key.count == wanted.count, zip(key, wanted).allSatisfy({ PathHash.lower($0) == $1 }) else { continue }
      return decode(pair.dropFirst(key.count + 1))
    }
    return nil
  }

  /// `%XX` decoded; in queries `+` stands for a space.
  static func decode(_ bytes: some Collection<UInt8>, plusIsSpace: Bool = true) -> String {
    let source = Array(bytes)
    var result: [UInt8] = []
    var i = 0
    while i < source.count {
      if source[i] == 0x25, i + 2 < source.count,
        let value = UInt8(String(decoding: source[(i + 1)...(i + 2)], as: UTF8.self), radix: 16)
      {
        result.append(value)
        i += 3
      } else {
        result.append(plusIsSpace && source[i] == 0x2b ? 0x20 : source[i])
        i += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
