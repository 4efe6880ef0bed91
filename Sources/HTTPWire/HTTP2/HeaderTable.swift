/// The fields that both ends of an HTTP/2 connection refer to by number (RFC 7541, section 2.3): the fixed ones, then those
/// seen before, the newest first.
struct HeaderTable: Sendable {
  struct Entry: Sendable {
    var name: [UInt8]
    var value: [UInt8]
    /// As the RFC counts it.
    var size: Int { name.count + value.count + 32 }

    init(_ name: String, _ value: String = "") {
      self.name = Array(name.utf8)
      self.value = Array(value.utf8)
    }

    init(name: [UInt8], value: [UInt8]) {
      self.name = name
      self.value = value
    }
  }

  /// Appendix A; the first has the number 1.
  static let fixed: [Entry] = [
    Entry(":authority"), Entry(":method", "GET"), Entry(":method", "POST"), Entry(":path", "/"),
    Entry(":path", "/index.html"), Entry(":scheme", "http"), Entry(":scheme", "https"), Entry(":status", "200"),
    Entry(":status", "204"), Entry(":status", "206"), Entry(":status", "304"), Entry(":status", "400"),
    Entry(":status", "404"), Entry(":status", "500"), Entry("accept-charset"),
    Entry("accept-encoding", "gzip, deflate"), Entry("accept-language"), Entry("accept-ranges"), Entry("accept"),
    Entry("access-control-allow-origin"), Entry("age"), Entry("allow"), Entry("authorization"),
    Entry("cache-control"), Entry("content-disposition"), Entry("content-encoding"), Entry("content-language"),
    Entry("content-length"), Entry("content-location"), Entry("content-range"), Entry("content-type"),
    Entry("cookie"), Entry("date"), Entry("etag"), Entry("expect"), Entry("expires"), Entry("from"), Entry("host"),
    Entry("if-match"), Entry("if-modified-since"), Entry("if-none-match"), Entry("if-range"),
    Entry("if-unmodified-since"), Entry("last-modified"), Entry("link"), Entry("location"), Entry("max-forwards"),
    Entry("proxy-authenticate"), Entry("proxy-authorization"), Entry("range"), Entry("referer"), Entry("refresh"),
    Entry("retry-after"), Entry("server"), Entry("set-cookie"), Entry("strict-transport-security"),
    Entry("transfer-encoding"), Entry("user-agent"), Entry("vary"), Entry("via"), Entry("www-authenticate"),
  ]

  /// Seen before, the oldest first.
  private var seen: [Entry] = []
  private var size = 0
  /// Bytes that `seen` may take, as the RFC counts them.
  private(set) var capacity: Int
  /// What our settings allow; the other end may choose less.
  let bound: Int

  init(bound: Int) {
    self.bound = bound
    capacity = bound
  }

  /// Entries beyond the fixed ones.
  var seenCount: Int { seen.count }

  /// The entry of that number; nil when there is none.
  subscript(number: Int) -> Entry? {
    if number < 1 { return nil }
    if number <= Self.fixed.count { return Self.fixed[number - 1] }
    let index = seen.count - (number - Self.fixed.count)
    return index >= 0 ? seen[index] : nil
  }

  mutating func insert(_ entry: Entry) {
    // One that is larger than the table empties it (RFC 7541, section 4.4).
    evict(toFit: entry.size)
    guard entry.size <= capacity else { return }
    seen.append(entry)
    size += entry.size
  }

  /// The other end resizes the table; false when it is not allowed to.
  mutating func resize(_ capacity: Int) -> Bool {
    guard capacity <= bound else { return false }
    self.capacity = capacity
    evict(toFit: 0)
    return true
  }

  private mutating func evict(toFit extra: Int) {
    var gone = 0
    while gone < seen.count, size + extra > capacity {
      size -= seen[gone].size
      gone += 1
    }
    if gone > 0 { seen.removeFirst(gone) }
  }
}
