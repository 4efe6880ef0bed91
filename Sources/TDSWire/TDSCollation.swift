/// The collation of a text column: what its bytes mean ([MS-TDS] 2.2.5.1.2).
public struct TDSCollation: Sendable, Equatable {
  public static let size = 5

  /// SQL_Latin1_General_CP1_CI_AS, which servers have unless they were told otherwise.
  public static let standard = TDSCollation([0x09, 0x04, 0xd0, 0x00, 0x34])

  /// As they stand on the wire.
  public let bytes: [UInt8]

  /// - Parameter bytes: five of them.
  init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

  private var info: UInt32 {
    bytes.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// The number of the code page in Windows; 65001 is UTF-8.
  var codePage: Int {
    if info & 0x0400_0000 != 0 { return 65_001 }
    let sort = bytes.count > 4 ? Int(bytes[4]) : 0
    return sort == 0 ? Self.codePage(language: Int(info & 0xf_ffff)) : Self.codePage(sort: sort)
  }

  /// The text that bytes stand for.
  func text(_ value: ArraySlice<UInt8>) throws(TDSProtocolError) -> String {
    if codePage == 65_001 { return String(decoding: value, as: UTF8.self) }
    guard let text = TDSCodePage.text(value, page: codePage) else {
      throw TDSProtocolError(
        message: "a varchar is in the code page \(codePage), which is not read here; convert it to nvarchar")
    }
    return text
  }

  /// Of the collations whose names begin with `SQL_`.
  private static func codePage(sort: Int) -> Int {
    switch sort {
    case 30...34: 437
    case 40...44, 49, 55...61: 850
    case 80...98: 1_250
    case 104...108: 1_251
    case 112...124: 1_253
    case 128...130: 1_254
    case 136...138: 1_255
    case 144...146: 1_256
    case 152...160: 1_257
    case 192, 193, 200: 932
    case 194, 195, 201: 949
    case 196, 197, 202: 950
    case 198, 199, 203: 936
    case 204...206: 874
    default: 1_252
    }
  }

  /// Of Windows collations, by the identifier of their language: its lower ten bits name the language, the others say of
  /// which country or in which script.
  private static func codePage(language: Int) -> Int {
    switch language & 0xffff {
    case 0x0c1a, 0x1c1a, 0x201a, 0x082c, 0x0843: return 1_251
    case 0x0804, 0x1004: return 936
    case 0x0404, 0x0c04, 0x1404: return 950
    default: break
    }
    return switch language & 0x3ff {
    case 0x05, 0x0e, 0x15, 0x18, 0x1a, 0x1b, 0x1c, 0x24, 0x42: 1_250
    case 0x02, 0x19, 0x22, 0x23, 0x28, 0x2f, 0x3f, 0x40, 0x44, 0x50, 0x6d, 0x85: 1_251
    case 0x08: 1_253
    case 0x1f, 0x2c, 0x43: 1_254
    case 0x0d: 1_255
    case 0x01, 0x20, 0x29, 0x65, 0x80, 0x8c: 1_256
    case 0x25, 0x26, 0x27: 1_257
    case 0x2a: 1_258
    case 0x1e: 874
    case 0x11: 932
    case 0x12: 949
    default: 1_252
    }
  }
}
