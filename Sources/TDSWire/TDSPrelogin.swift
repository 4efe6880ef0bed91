/// What both sides say first: version and encryption ([MS-TDS] 2.2.6.5).
public struct TDSPrelogin: Sendable, Equatable {
  public enum Encryption: UInt8, Sendable {
    /// Of the login alone.
    case off = 0
    case on = 1
    case notSupported = 2
    case required = 3
  }

  public var encryption: Encryption
  /// Of the client: a token takes the place of user and password. Of the server: that it was understood. Nil says nothing.
  public var takesToken: Bool?

  public init(encryption: Encryption, takesToken: Bool? = nil) {
    self.encryption = encryption
    self.takesToken = takesToken
  }

  private enum Option {
    static let version: UInt8 = 0
    static let encryption: UInt8 = 1
    static let instance: UInt8 = 2
    static let thread: UInt8 = 3
    static let mars: UInt8 = 4
    static let token: UInt8 = 6
    static let end: UInt8 = 0xff
  }

  /// The message of a client.
  public var bytes: [UInt8] {
    var options: [(UInt8, [UInt8])] = [
      (Option.version, [1, 0, 0, 0, 0, 0]), (Option.encryption, [encryption.rawValue]), (Option.instance, [0]),
      (Option.thread, [0, 0, 0, 0]), (Option.mars, [0]),
    ]
    if let takesToken { options.append((Option.token, [takesToken ? 1 : 0])) }
    var offset = options.count * 5 + 1
    var (list, data): ([UInt8], [UInt8]) = ([], [])
    for (option, value) in options {
      list += [option, UInt8(offset >> 8), UInt8(offset & 0xff), 0, UInt8(value.count)]
      data += value
      offset += value.count
    }
    return list + [Option.end] + data
  }

  /// Reads a server's message.
  public init(_ bytes: [UInt8]) throws(TDSProtocolError) {
    var (encryption, takesToken) = (Encryption?.none, Bool?.none)
    var index = 0
    while true {
      guard index < bytes.count else { throw TDSProtocolError(message: "the first answer does not end") }
      if bytes[index] == Option.end { break }
      guard index + 5 <= bytes.count else { throw TDSProtocolError(message: "the first answer does not end") }
      let offset = Int(bytes[index + 1]) << 8 | Int(bytes[index + 2])
      let length = Int(bytes[index + 3]) << 8 | Int(bytes[index + 4])
      guard offset + length <= bytes.count else {
        throw TDSProtocolError(message: "the first answer points behind its end")
      }
      if length > 0 {
        switch bytes[index] {
        case Option.encryption:
          // The upper bits are of servers that want a client certificate of their own kind, or extensions.
          encryption = Encryption(rawValue: bytes[offset])
          if encryption == nil { throw TDSProtocolError(message: "the first answer asks for unknown encryption") }
        case Option.token: takesToken = bytes[offset] != 0
        default: break
        }
      }
      index += 5
    }
    guard let encryption else { throw TDSProtocolError(message: "the first answer says nothing of encryption") }
    self.encryption = encryption
    self.takesToken = takesToken
  }

  /// What the encryption of a connection is to be.
  public enum Agreement: Sendable, Equatable {
    case everything, loginAlone, nothing
    case refused(String)
  }

  /// What comes of this question and a server's answer.
  public func agreement(with answer: TDSPrelogin) -> Agreement {
    switch (encryption, answer.encryption) {
    case (.off, .off): .loginAlone
    case (.off, .notSupported) where takesToken == true:
      .refused("it offers no encryption, and a token is not sent without")
    case (.off, .notSupported): .nothing
    case (_, .notSupported): .refused("it offers no encryption, and the connection string asks for it (Encrypt)")
    case (.on, .off):
      .refused("it would encrypt nothing but the login, and the connection string asks for more (Encrypt)")
    default: .everything
    }
  }
}
