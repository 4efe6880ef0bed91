/// What a server of the Redis protocol says, in version 2 or 3 (RESP2, RESP3).
public indirect enum RedisReply: Sendable, Equatable {
  /// A short text, such as `OK`.
  case simple(String)
  /// A refusal, with its code in front: `ERR unknown command`.
  case error(String)
  case integer(Int64)
  case bulk([UInt8])
  /// A value that was larger than the reader takes, passed over; its size in bytes.
  case oversized(Int)
  case null
  case boolean(Bool)
  /// A number as it was written: a double, or an integer of any size.
  case number(String)
  case array([RedisReply])
  /// Keys and values by turns.
  case map([RedisReply])
  /// A message that answers no command.
  case push([RedisReply])

  /// The value as text, if it is one.
  public var text: String? {
    switch self {
    case .simple(let text), .number(let text): text
    case .bulk(let bytes): String(decoding: bytes, as: UTF8.self)
    case .integer(let number): String(number)
    default: nil
    }
  }

  /// The value of a key of a map, or of an array that is one in version 2.
  public func value(of key: String) -> RedisReply? {
    guard case .map(let items) = self else {
      guard case .array(let items) = self else { return nil }
      return RedisReply.map(items).value(of: key)
    }
    var index = 0
    while index + 1 < items.count {
      if items[index].text == key { return items[index + 1] }
      index += 2
    }
    return nil
  }
}

/// Why bytes are no reply of a server; the connection is of no use any more.
public struct RedisProtocolError: Error, Sendable, Equatable, CustomStringConvertible {
  public var message: String
  public var description: String { message }

  public init(message: String) { self.message = message }
}
