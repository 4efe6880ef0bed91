/// Takes replies out of what a connection receives, piece by piece: nothing is read twice, and everything has a bound.
public struct RedisReplyReader {
  /// Bytes of a line: the sign, and a number or a short text.
  public static let lineBound = 65_536
  /// Values within one another.
  public static let depthBound = 16
  /// Values of one aggregate, and of a whole reply.
  public static let countBound = 65_536

  /// An aggregate whose values are still coming.
  private struct Open {
    var kind: UInt8
    var missing: Int
    var items: [RedisReply] = []
  }

  private enum State {
    case line
    /// So many bytes of a bulk string are missing, its line end included.
    case bulk(missing: Int, kind: UInt8)
    case skipping(missing: Int, size: Int)
  }

  private let valueBound: Int
  private var state = State.line
  private var line: [UInt8] = []
  private var bulk: [UInt8] = []
  private var open: [Open] = []
  /// Bytes and values of the reply under way.
  private var used = 0
  private var count = 0

  /// - Parameter valueBound: bytes of all values of one reply; larger ones come as ``RedisReply/oversized(_:)``.
  public init(valueBound: Int) { self.valueBound = valueBound }

  /// Reads on; gives the replies that are complete now. After an error the reader is of no use.
  public mutating func read(_ bytes: Span<UInt8>) throws(RedisProtocolError) -> [RedisReply] {
    var replies: [RedisReply] = []
    var index = 0
    while index < bytes.count {
      switch state {
      case .line:
        let byte = bytes[index]
        index += 1
        line.append(byte)
        guard line.count <= Self.lineBound else { throw RedisProtocolError(message: "a line does not end") }
        guard byte == 0x0a else { continue }
        guard line.count >= 3, line[line.count - 2] == 0x0d else {
          throw RedisProtocolError(message: "a line has no sign, or ends without CR")
        }
        line.removeLast(2)
        if let value = try begin() { finish(value, &replies) }
        line.removeAll(keepingCapacity: true)
      case .bulk(let missing, let kind):
        let length = min(missing, bytes.count - index)
        for at in index..<(index + length) { bulk.append(bytes[at]) }
        index += length
        guard length == missing else {
          state = .bulk(missing: missing - length, kind: kind)
          continue
        }
        guard bulk.suffix(2).elementsEqual([0x0d, 0x0a]) else {
          throw RedisProtocolError(message: "a value does not end where it should")
        }
        bulk.removeLast(2)
        let value = bulk
        bulk = []
        state = .line
        finish(Self.value(value, kind: kind), &replies)
      case .skipping(let missing, let size):
        let length = min(missing, bytes.count - index)
        index += length
        if length < missing {
          state = .skipping(missing: missing - length, size: size)
        } else {
          state = .line
          finish(.oversized(size), &replies)
        }
      }
    }
    return replies
  }

  private static func value(_ bytes: [UInt8], kind: UInt8) -> RedisReply {
    switch kind {
    case 0x21: .error(String(decoding: bytes, as: UTF8.self))
    // A text with its format in front: `txt:`.
    case 0x3d where bytes.count >= 4: .bulk(Array(bytes[4...]))
    default: .bulk(bytes)
    }
  }

  /// What a line says; nil when the value is not complete with it.
  private mutating func begin() throws(RedisProtocolError) -> RedisReply? {
    let sign = line[0]
    let rest = line[1...]
    count += 1
    guard count <= Self.countBound else { throw RedisProtocolError(message: "a reply has too many values") }
    switch sign {
    case 0x2b: return .simple(String(decoding: rest, as: UTF8.self))
    case 0x2d: return .error(String(decoding: rest, as: UTF8.self))
    case 0x3a:
      guard let number = Int64(String(decoding: rest, as: UTF8.self)) else { throw bad(rest) }
      return .integer(number)
    case 0x5f: return .null
    case 0x23:
      guard rest.elementsEqual([0x74]) || rest.elementsEqual([0x66]) else { throw bad(rest) }
      return .boolean(rest.first == 0x74)
    case 0x2c, 0x28: return .number(String(decoding: rest, as: UTF8.self))
    case 0x24, 0x21, 0x3d:
      guard let size = try length(rest) else { return .null }
      used += size
      guard used <= valueBound else {
        used -= size
        state = .skipping(missing: size + 2, size: size)
        return nil
      }
      bulk.reserveCapacity(min(size + 2, 65_536))
      state = .bulk(missing: size + 2, kind: sign)
      return nil
    case 0x2a, 0x25, 0x7e, 0x3e, 0x7c:
      guard let size = try length(rest) else { return .null }
      guard size <= Self.countBound else { throw RedisProtocolError(message: "a reply has too many values") }
      guard open.count < Self.depthBound else { throw RedisProtocolError(message: "a reply is too deep") }
      // An attribute (`|`) is a map that says something of the value behind it: read and dropped.
      let missing = sign == 0x25 || sign == 0x7c ? size * 2 : size
      if missing == 0 { return sign == 0x7c ? nil : Self.aggregate(sign, []) }
      open.append(Open(kind: sign, missing: missing))
      return nil
    default: throw RedisProtocolError(message: "a reply begins with the byte \(sign)")
    }
  }

  private func bad(_ text: ArraySlice<UInt8>) -> RedisProtocolError {
    RedisProtocolError(message: "'\(String(decoding: text.prefix(40), as: UTF8.self))' is no value of its kind")
  }

  /// A length; nil for -1, which is how version 2 says null.
  private func length(_ text: ArraySlice<UInt8>) throws(RedisProtocolError) -> Int? {
    guard text.count <= 12, let number = Int(String(decoding: text, as: UTF8.self)), number >= -1 else {
      throw bad(text)
    }
    return number == -1 ? nil : number
  }

  private static func aggregate(_ kind: UInt8, _ items: [RedisReply]) -> RedisReply {
    switch kind {
    case 0x25: .map(items)
    case 0x3e: .push(items)
    default: .array(items)
    }
  }

  /// A value is complete: it is a reply, or belongs to the aggregate that is open.
  private mutating func finish(_ value: RedisReply, _ replies: inout [RedisReply]) {
    var value = value
    while var last = open.popLast() {
      last.items.append(value)
      last.missing -= 1
      if last.missing > 0 {
        open.append(last)
        return
      }
      if last.kind == 0x7c { return }
      value = Self.aggregate(last.kind, last.items)
    }
    (used, count) = (0, 0)
    replies.append(value)
  }
}
