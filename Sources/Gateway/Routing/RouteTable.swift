import GatewayConfiguration
import HTTPWire

/// Which API and operation a request is for. Finding the API costs the length of the path, not the number of APIs.
final class RouteTable: Sendable {
  /// Positions in the arrays of all texts and APIs: looking at one API of many meets few places of memory.
  private struct Entry: Sendable {
    var prefix: Range<Int>
    var apis: Range<Int>
  }

  /// The table while APIs are added.
  private struct GrownEntry {
    /// In lower case, beginning with a slash; empty for the root.
    var prefix: [UInt8]
    var apis: [RoutedAPI]
  }

  private struct Entries: Sendable {
    var list: [GrownEntry] = []
    var index = HashIndex()
    /// Segments of the deepest prefix.
    var depth = 0

    mutating func insert(_ path: String, _ api: RoutedAPI) {
      var prefix = path.utf8.map(PathHash.lower)
      // An API at the root is addressed as `/;rev=2`.
      if prefix.first == 0x3b { prefix.insert(0x2f, at: 0) }
      depth = max(depth, prefix.count { $0 == 0x2f })
      let hash = PathHash.of(prefix)
      if let known = index.first(hash, { list[$0].prefix == prefix ? $0 : nil }) {
        list[known].apis.append(api)
      } else {
        index.insert(hash, list.count)
        list.append(GrownEntry(prefix: prefix, apis: [api]))
      }
    }
  }

  struct Match {
    var api: RoutedAPI
    /// Bytes of the path that name the API, its version and revision.
    var prefixLength: Int
    var operation: Int
  }

  private let entries: [Entry]
  private let texts: [UInt8]
  private let apis: [RoutedAPI]
  private let index: HashIndex
  /// Segments of the deepest prefix.
  let depth: Int

  init(_ apis: [RoutedAPI]) {
    var entries = Entries()
    for routed in apis {
      let api = routed.api.value
      var path = api.path.isEmpty ? "" : "/" + api.path
      if api.versionSet?.scheme == .path, let version = api.version { path += "/" + version }
      if api.isCurrentRevision { entries.insert(path, routed) }
      entries.insert(path + ";rev=" + api.revision, routed)
    }
    var (texts, listed): ([UInt8], [RoutedAPI]) = ([], [])
    self.entries = entries.list.map { entry in
      texts += entry.prefix
      listed += entry.apis
      return Entry(
        prefix: (texts.count - entry.prefix.count)..<texts.count, apis: (listed.count - entry.apis.count)..<listed.count
      )
    }
    self.texts = texts
    self.apis = listed
    index = entries.index
    depth = entries.depth
  }

  /// The APIs whose path ends at that place of a request's.
  func apis(_ hash: UInt64, _ path: Span<UInt8>, _ end: Int) -> [RoutedAPI]? {
    index.first(hash) { position in fits(entries[position], path, end) ? Array(apis[entries[position].apis]) : nil }
  }

  /// Whether the path begins with that prefix, which ends at that place.
  @inline(__always)
  private func fits(_ entry: Entry, _ path: Span<UInt8>, _ end: Int) -> Bool {
    guard entry.prefix.count == end, end <= path.count else { return false }
    var i = 0
    for place in entry.prefix {
      if PathHash.lower(path[i]) != texts[place] { return false }
      i &+= 1
    }
    return true
  }

  /// The most specific API whose path, version, protocol, method and template fit; nil when none does.
  func find(_ request: borrowing MessageHead, isTLS: Bool) -> Match? {
    find(request, isTLS: isTLS, end: 0, PathHash(), level: 0)
  }

  /// Looks first at the prefixes that are longer than `end`, then at that one.
  private func find(_ request: borrowing MessageHead, isTLS: Bool, end: Int, _ hash: PathHash, level: Int) -> Match? {
    let path = request.pathBytes
    if level < depth, end < path.count {
      var longer = hash
      var i = end
      repeat {
        longer.add(path[i])
        i &+= 1
      } while i < path.count && path[i] != 0x2f
      if let match = find(request, isTLS: isTLS, end: i, longer, level: level &+ 1) { return match }
    }
    return index.first(hash.value) { position -> Match? in
      let entry = entries[position]
      guard fits(entry, path, end) else { return nil }
      for i in entry.apis where apis[i].fits(request, isTLS: isTLS) {
        if let operation = apis[i].operations.find(request, from: end) {
          return Match(api: apis[i], prefixLength: end, operation: operation)
        }
      }
      return nil
    }
  }
}

/// Finds one parameter of a query string without taking all of it apart.
enum QueryScan {
  /// The first value of a parameter, percent-decoded; names compare without regard to case.
  static func value(of name: String, in query: [UInt8]) -> String? {
    value(of: name.utf8.map(PathHash.lower), in: query)
  }

  /// The same for a name that is in lower case already.
  static func value(of wanted: [UInt8], in query: [UInt8]) -> String? {
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
        // A sign is none of the two digits.
        source[i + 1] != 0x2b, source[i + 1] != 0x2d,
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
