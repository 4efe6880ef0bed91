/// The first message of a TLS client, read for the name of the server that it wants to speak to (RFC 8446 §4.1.2,
/// RFC 6066 §3), before anything of TLS is answered.
public enum ClientHello {
  /// What bytes at the beginning of a connection are.
  public enum Outcome: Sendable, Equatable {
    /// More is needed to tell.
    case incomplete
    /// A greeting, with the name in small letters; nil where the client names nobody, or nothing that is a name.
    case complete(serverName: String?)
    /// Nothing that TLS begins with, or more than ``byteBound`` of it: for the TLS library to refuse.
    case refused
  }

  /// Bytes of the greeting, its records included. Real ones have up to 2 KB.
  public static let byteBound = 32 << 10

  private static let recordHeader = 5
  private static let handshakeHeader = 4

  /// Reads the beginning of a connection. The greeting may be spread over several records.
  public static func read(_ bytes: Span<UInt8>) -> Outcome {
    // First only counted, so that a client that sends it in crumbs costs no copies.
    var (at, length) = (0, 0)
    var header = (bytes: 0, type: UInt8(0), length: 0)
    while header.bytes < handshakeHeader || length < handshakeHeader + header.length {
      guard at < byteBound else { return .refused }
      guard at < bytes.count else { return .incomplete }
      guard bytes[at] == 22 else { return .refused }
      if at + 1 < bytes.count, bytes[at + 1] != 3 { return .refused }
      guard at + recordHeader <= bytes.count else { return .incomplete }
      let record = Int(bytes[at + 3]) << 8 | Int(bytes[at + 4])
      // 2^14 is what a record holds (RFC 8446 §5.1), and an empty one of this kind is forbidden.
      guard (1...(1 << 14)).contains(record) else { return .refused }
      at += recordHeader
      for offset in at..<min(at + record, bytes.count) where header.bytes < handshakeHeader {
        if header.bytes == 0 {
          header.type = bytes[offset]
        } else {
          header.length = header.length << 8 | Int(bytes[offset])
        }
        header.bytes += 1
      }
      if header.bytes > 0, header.type != 1 { return .refused }
      guard at + record <= bytes.count else { return at + record > byteBound ? .refused : .incomplete }
      at += record
      length += record
    }
    guard at <= byteBound else { return .refused }
    var message: [UInt8] = []
    message.reserveCapacity(length)
    var record = 0
    while record < at {
      let end = record + recordHeader + (Int(bytes[record + 3]) << 8 | Int(bytes[record + 4]))
      for offset in (record + recordHeader)..<end { message.append(bytes[offset]) }
      record = end
    }
    return .complete(serverName: serverName(message[handshakeHeader..<(handshakeHeader + header.length)]))
  }

  private static func serverName(_ hello: ArraySlice<UInt8>) -> String? {
    var fields = Fields(rest: hello)
    // Version and random; then the session's identifier, the cipher suites and the compression methods.
    guard fields.take(34) != nil, fields.vector(1) != nil, fields.vector(2) != nil, fields.vector(1) != nil,
      let extensions = fields.vector(2)
    else { return nil }
    fields = Fields(rest: extensions)
    while let type = fields.number(2), let content = fields.vector(2) {
      guard type == 0 else { continue }
      var names = Fields(rest: content)
      guard let list = names.vector(2) else { return nil }
      names = Fields(rest: list)
      while let kind = names.number(1), let name = names.vector(2) {
        if kind == 0 { return text(name) }
      }
      return nil
    }
    return nil
  }

  /// A name of printable ASCII, in small letters and without the dot of the root.
  private static func text(_ name: ArraySlice<UInt8>) -> String? {
    var name = name
    if name.last == 0x2e { name.removeLast() }
    guard (1...253).contains(name.count), name.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
    return String(decoding: name, as: UTF8.self).lowercased()
  }

  /// Numbers and vectors as TLS writes them; nil at the end.
  private struct Fields {
    var rest: ArraySlice<UInt8>

    mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
      guard count <= rest.count else { return nil }
      defer { rest = rest.dropFirst(count) }
      return rest.prefix(count)
    }

    mutating func number(_ bytes: Int) -> Int? { take(bytes)?.reduce(0) { $0 << 8 | Int($1) } }

    mutating func vector(_ lengthBytes: Int) -> ArraySlice<UInt8>? { number(lengthBytes).flatMap { take($0) } }
  }
}
