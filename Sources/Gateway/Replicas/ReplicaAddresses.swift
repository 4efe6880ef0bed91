#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Where the names of `neighborhood.host` lead.
enum ReplicaAddresses {
  /// Every address of every name, as text, without doubles; empty when nothing resolves. Waits for the system's resolver.
  /// - Parameter names: separated by commas or white space.
  static func resolve(_ names: String) -> [String] {
    var found: Set<String> = []
    for name in names.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
      found.formUnion(addresses(String(name)))
    }
    return found.sorted()
  }

  private static func addresses(_ name: String) -> [String] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(name, nil, &hints, &list) == 0 else { return [] }
    defer { freeaddrinfo(list) }
    var result: [String] = []
    var entry = list
    while let info = entry?.pointee {
      var text = [UInt8](repeating: 0, count: Int(NI_MAXHOST))
      let status = text.withUnsafeMutableBytes {
        getnameinfo(
          info.ai_addr, info.ai_addrlen, $0.baseAddress?.assumingMemoryBound(to: CChar.self), socklen_t($0.count), nil,
          0,
          NI_NUMERICHOST)
      }
      if status == 0 { result.append(String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)) }
      entry = info.ai_next
    }
    return result
  }
}
