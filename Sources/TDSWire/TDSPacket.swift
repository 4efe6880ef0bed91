/// What a packet is part of ([MS-TDS] 2.2.3.1.1).
public enum TDSPacketType: UInt8, Sendable {
  case batch = 0x01
  case rpc = 0x03
  case response = 0x04
  case attention = 0x06
  case login = 0x10
  case prelogin = 0x12
}

/// Messages as they stand on the wire: packets with a head of eight bytes each.
public enum TDSPacket {
  public static let headBytes = 8
  /// Bytes of a packet before the login has agreed on another size.
  public static let firstSize = 4_096
  /// Bytes of a packet that may be agreed on.
  public static let sizes = 512...32_767

  /// A message in packets.
  ///
  /// - Parameters:
  ///   - size: bytes of a packet at most, of ``sizes``.
  ///   - resets: the server is to forget what the session has been before it begins with the message (RESETCONNECTION).
  public static func bytes(
    _ type: TDSPacketType, _ payload: [UInt8], size: Int = firstSize, resets: Bool = false
  ) -> [UInt8] {
    let room = min(max(size, sizes.lowerBound), sizes.upperBound) - headBytes
    var bytes: [UInt8] = []
    bytes.reserveCapacity(payload.count + (payload.count / room + 1) * headBytes)
    var (start, number) = (0, UInt8(1))
    repeat {
      let end = min(start + room, payload.count)
      let length = end - start + headBytes
      let status: UInt8 = (end == payload.count ? 0x01 : 0) | (resets && start == 0 ? 0x08 : 0)
      bytes += [type.rawValue, status, UInt8(length >> 8), UInt8(length & 0xff), 0, 0, number, 0]
      bytes += payload[start..<end]
      start = end
      number &+= 1
    } while start < payload.count
    return bytes
  }
}

/// A whole message of the other side.
public struct TDSMessage: Sendable, Equatable {
  public var type: UInt8
  /// Of a message that was larger than the reader takes, only its last bytes.
  public var payload: [UInt8]
  public var isCut: Bool

  /// The server has stopped what it was doing, because it was told to.
  public var endsWithAttention: Bool {
    let count = payload.count
    return count >= TDSMessageReader.tailBytes && payload[count - TDSMessageReader.tailBytes] == TDSToken.done
      && payload[count - TDSMessageReader.tailBytes + 1] & 0x20 != 0
  }
}

/// Takes messages out of what a connection receives, piece by piece: nothing is read twice, and everything has a bound.
public struct TDSMessageReader: Sendable {
  /// Of a message that is dropped so much is kept: the token that ends it.
  static let tailBytes = 13

  private let bound: Int
  private var head: [UInt8] = []
  /// Bytes of the packet under way that are missing.
  private var missing = 0
  private var isLast = false
  private var type: UInt8 = 0
  private var payload: [UInt8] = []
  /// The message under way is larger than the bound, or of no use: it is read to its end and dropped.
  public private(set) var isDropping = false
  private var isOpen = false
  /// Bytes that were dropped since ``drop()`` or the bound.
  public private(set) var dropped = 0

  /// - Parameter bound: bytes of a message.
  public init(bound: Int) { self.bound = bound }

  /// The message under way, or the next one, is of no use.
  public mutating func drop() {
    isDropping = true
    cut()
  }

  private mutating func cut() {
    guard payload.count > Self.tailBytes else { return }
    dropped += payload.count - Self.tailBytes
    payload = Array(payload.suffix(Self.tailBytes))
  }

  /// Reads on; gives the messages that are complete now. After an error the reader is of no use.
  public mutating func read(_ bytes: Span<UInt8>) throws(TDSProtocolError) -> [TDSMessage] {
    var messages: [TDSMessage] = []
    var index = 0
    while index < bytes.count {
      if missing == 0 {
        while head.count < TDSPacket.headBytes, index < bytes.count {
          head.append(bytes[index])
          index += 1
        }
        guard head.count == TDSPacket.headBytes else { break }
        try begin()
      }
      let length = min(missing, bytes.count - index)
      bytes.extracting(index..<(index + length)).withUnsafeBufferPointer { payload.append(contentsOf: $0) }
      index += length
      missing -= length
      if isDropping {
        cut()
      } else if payload.count > bound {
        isDropping = true
        cut()
      }
      guard missing == 0, isLast else { continue }
      messages.append(TDSMessage(type: type, payload: payload, isCut: isDropping))
      (payload, isOpen, isDropping, dropped, isLast) = ([], false, false, 0, false)
    }
    return messages
  }

  private mutating func begin() throws(TDSProtocolError) {
    let length = Int(head[2]) << 8 | Int(head[3])
    guard length >= TDSPacket.headBytes else { throw TDSProtocolError(message: "a packet is shorter than its head") }
    if isOpen, head[0] != type { throw TDSProtocolError(message: "a packet belongs to no message") }
    guard TDSPacketType(rawValue: head[0]) != nil else {
      throw TDSProtocolError(message: "a packet is of the type \(head[0])")
    }
    (type, isLast, isOpen) = (head[0], head[1] & 0x01 != 0, true)
    missing = length - TDSPacket.headBytes
    head.removeAll(keepingCapacity: true)
  }
}
