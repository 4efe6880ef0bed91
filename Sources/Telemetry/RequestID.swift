/// The identifier of one request, `context.RequestId`: a GUID, kept as bits until somebody reads it.
public struct RequestID: Sendable, Equatable {
  public var high: UInt64
  public var low: UInt64

  /// Of no request.
  public static let none = RequestID(high: 0, low: 0)

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// A GUID of version 4 made of random bits.
  public init(randomHigh high: UInt64, randomLow low: UInt64) {
    self.high = high & ~0xf000 | 0x4000
    self.low = low & ~0xc000_0000_0000_0000 | 0x8000_0000_0000_0000
  }

  /// Bytes of ``text``.
  public static let textBytes = 36

  /// The form `D`: 36 characters in lower case.
  public var text: String {
    var bytes: [UInt8] = []
    ByteRoom.extend(&bytes, by: Self.textBytes) { $0.append(self) }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension ByteRoom {
  mutating func append(_ id: RequestID) {
    for shift in stride(from: UInt64(60), through: 0, by: -4) {
      append(Self.digit(UInt8(truncatingIfNeeded: id.high >> shift) & 15))
      if shift == 32 || shift == 16 || shift == 0 { append(0x2d) }
    }
    for shift in stride(from: UInt64(60), through: 0, by: -4) {
      append(Self.digit(UInt8(truncatingIfNeeded: id.low >> shift) & 15))
      if shift == 48 { append(0x2d) }
    }
  }
}
