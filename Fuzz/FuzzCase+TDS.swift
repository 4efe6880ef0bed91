import TDSWire

/// What a SQL Server answers, and what a policy's author and its callers give a client of one.
extension FuzzCase {
  /// An answer in packets, in one piece and byte by byte, and its tokens.
  static let tds = FuzzCase(name: "tds", dictionary: tdsWords) { input in
    var whole = TDSMessageReader(bound: 65_536)
    var pieces = TDSMessageReader(bound: 65_536)
    let messages: [TDSMessage]
    do throws(TDSProtocolError) { messages = try whole.read(input.span) } catch {
      look(input)
      return false
    }
    var again: [TDSMessage] = []
    for byte in input {
      do throws(TDSProtocolError) { again += try pieces.read([byte].span) } catch {
        broken("tds: what is read in one piece is refused byte by byte")
      }
    }
    if messages != again { broken("tds: another message when it comes byte by byte") }
    var isRead = false
    for message in messages where look(message.payload) { isRead = true }
    return isRead
  }

  /// A payload, as an answer and as the first message.
  @discardableResult private static func look(_ payload: [UInt8]) -> Bool {
    _ = try? TDSPrelogin(payload)
    guard let response = try? TDSResponseReader.read(payload) else { return false }
    if response.rows.contains(where: { $0.count != response.columns.count }) {
      broken("tds: a row has another number of values than there are columns")
    }
    if let route = response.route, route.host.isEmpty || !(1...65_535).contains(route.port) {
      broken("tds: sent to a place that is none")
    }
    if let size = response.packetSize, !TDSPacket.sizes.contains(size) { broken("tds: a packet of \(size) bytes") }
    return true
  }

  /// `CONNECTION STRING|TYPE|VALUE`: settings, and a parameter of the type.
  static let sql = FuzzCase(
    name: "sql",
    dictionary: [
      "Server=", "tcp:", ",1433", "User ID=", "Password=", "Encrypt=strict", ";", "'", "\"", "=", "\\", "max", "(", ")",
      ",",
      "nvarchar(max)", "decimal(38,38)", "datetimeoffset(7)", "money", "0x", "e-38", "-", ".", "T", "+14:00", "{",
    ]
  ) { input in
    let parts = String(decoding: input, as: UTF8.self).split(separator: "|", omittingEmptySubsequences: false)
    let settings = try? TDSSettings(connectionString: String(parts[0]))
    if let settings {
      let login = TDSLogin(settings, server: settings.host, token: nil, echoesToken: false).bytes
      if login.count < 94 || login.count != Int(login[0]) | Int(login[1]) << 8 {
        broken("sql: a login of another length")
      }
    }
    guard parts.count > 2, let type = TDSParameterType(String(parts[1])) else { return settings != nil }
    for value in [TDSInput.text(String(parts[2])), .number(String(parts[2]))] {
      guard let parameter = try? TDSParameter("@a", value, as: type) else { continue }
      _ = TDSCall(statement: String(parts[0]), parameters: [parameter]).bytes()
      if parameter.declaration.isEmpty { broken("sql: a parameter has no type") }
    }
    return true
  }

  private static let tdsWords = [
    "\u{4}\u{1}\u{0}", "\u{0}\u{0}\u{0}\u{0}", "\u{1}\u{0}", "\u{26}\u{4}", "\u{68}\u{1}", "\u{24}\u{10}", "\u{7f}",
    "\u{62}",
    "\u{22}", "\u{23}", "\u{63}", "\u{28}", "\u{29}\u{7}", "\u{2a}\u{3}", "\u{2b}\u{0}",
  ]
}
