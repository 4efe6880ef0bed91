/// The message that enters a server: LOGIN7 of version 7.4 or 8.0 ([MS-TDS] 2.2.6.4).
public struct TDSLogin: Sendable {
  public var settings: TDSSettings
  /// The server's name as it was reached, which may be another one than the settings have.
  public var server: String
  /// An access token in place of user and password.
  public var token: String?
  /// What the server's first answer said of tokens, which the login repeats.
  public var echoesToken: Bool

  /// UTF-16 units of a token: a login has 128 KB at most.
  public static let tokenBound = 60_000

  public init(_ settings: TDSSettings, server: String, token: String?, echoesToken: Bool) {
    self.settings = settings
    self.server = server
    self.token = token
    self.echoesToken = echoesToken
  }

  private static let fixedBytes = 94

  public var bytes: [UInt8] {
    var data: [UInt8] = []
    var fields: [UInt8] = []
    func place(_ bytes: [UInt8], count: Int) {
      fields.append(Self.fixedBytes + data.count, bytes: 2)
      fields.append(count, bytes: 2)
      data += bytes
    }
    func place(_ text: String) {
      var bytes: [UInt8] = []
      bytes.append(utf16: text)
      place(bytes, count: bytes.count / 2)
    }
    place(settings.workstation)
    place(token == nil ? settings.user ?? "" : "")
    place(
      Self.obscured(token == nil ? settings.password ?? "" : ""),
      count: token == nil ? settings.password?.utf16.count ?? 0 : 0)
    place(settings.applicationName)
    place(server)
    // Four bytes that say where the extensions begin, which is behind everything else.
    let pointer = data.count
    place([0, 0, 0, 0], count: 4)
    place("Postern")
    place(settings.language)
    place(settings.database)
    fields += [0, 0, 0, 0, 0, 0]
    // No SSPI, no file to attach, no new password.
    for _ in 0..<3 { place("") }
    fields.append(0, bytes: 4)
    let extensions = UInt64(Self.fixedBytes + data.count)
    for index in 0..<4 { data[pointer + index] = UInt8(truncatingIfNeeded: extensions >> UInt64(8 * index)) }
    data += self.extensions
    var bytes: [UInt8] = []
    bytes.append(Self.fixedBytes + data.count, bytes: 4)
    bytes.append(settings.encryption == .strict ? 0x0800_0000 : 0x7400_0004, bytes: 4)
    bytes.append(settings.packetSize, bytes: 4)
    bytes.append(0x0100_0000, bytes: 4)
    bytes += [0, 0, 0, 0, 0, 0, 0, 0]
    // The database and language that are asked for, or an error; ANSI settings as ODBC and .NET have them.
    bytes += [0xe0, 0x03, settings.isReadOnly ? 0x20 : 0, 0x18]
    bytes += [0, 0, 0, 0]
    bytes.append(0x0409, bytes: 4)
    return bytes + fields + data
  }

  private var extensions: [UInt8] {
    var bytes: [UInt8] = []
    if let token {
      var value: [UInt8] = []
      value.append(utf16: token)
      bytes.append(0x02)
      bytes.append(value.count + 5, bytes: 4)
      // The kind of token: one that the client has got by itself.
      bytes.append(0x01 << 1 | (echoesToken ? 1 : 0))
      bytes.append(value.count, bytes: 4)
      bytes += value
    }
    // UTF-8 in varchar columns.
    return bytes + [0x0a, 0, 0, 0, 0, 0xff]
  }

  /// A password as the protocol hides it, which is no protection: nibbles exchanged, and every other bit turned.
  static func obscured(_ password: String) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(utf16: password)
    return bytes.map { ($0 << 4 | $0 >> 4) ^ 0xa5 }
  }
}
