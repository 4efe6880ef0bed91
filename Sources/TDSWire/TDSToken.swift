/// The tokens that a server's answer is made of ([MS-TDS] 2.2.7).
enum TDSToken {
  static let columns: UInt8 = 0x81
  static let returnStatus: UInt8 = 0x79
  static let tableNames: UInt8 = 0xa4
  static let columnInfo: UInt8 = 0xa5
  static let order: UInt8 = 0xa9
  static let error: UInt8 = 0xaa
  static let info: UInt8 = 0xab
  static let returnValue: UInt8 = 0xac
  static let loginAnswer: UInt8 = 0xad
  static let features: UInt8 = 0xae
  static let row: UInt8 = 0xd1
  static let rowWithNulls: UInt8 = 0xd2
  static let change: UInt8 = 0xe3
  static let sessionState: UInt8 = 0xe4
  static let sspi: UInt8 = 0xed
  static let tokenInfo: UInt8 = 0xee
  static let done: UInt8 = 0xfd
  static let doneProcedure: UInt8 = 0xfe
  static let doneInProcedure: UInt8 = 0xff
}

/// What a server complains of.
public struct TDSServerError: Error, Sendable, Equatable {
  public var number: Int
  public var state: Int
  /// The severity: 11 and above are errors; from 20 on the server closes the connection.
  public var severity: Int
  public var line: Int
  public var message: String

  public init(number: Int, state: Int = 1, severity: Int = 16, line: Int = 1, message: String) {
    (self.number, self.state, self.severity, self.line, self.message) = (number, state, severity, line, message)
  }
}

/// A server's answer: to a login, or to a statement.
public struct TDSResponse: Sendable, Equatable {
  /// Of the last result.
  public var columns: [TDSColumn] = []
  public var rows: [[TDSValue]] = []
  /// There was a result, be it without rows.
  public var hasResult = false
  public var errors: [TDSServerError] = []
  /// The server has let the client in.
  public var isLoginAccepted = false
  /// It has taken a token in place of user and password.
  public var isTokenAccepted = false
  /// It wants to be asked in another place.
  public var route: Route?
  /// Bytes of a packet from now on.
  public var packetSize: Int?
  public var collation: TDSCollation?
  /// A transaction is left open.
  public var isInTransaction = false
  /// The last token says that the statement failed.
  public var hasFailed = false
  public var returnStatus: Int32?

  public struct Route: Sendable, Equatable {
    public var host: String
    public var port: Int
    /// Of several servers there, to be named in the login.
    public var instance: String?

    public init(host: String, port: Int, instance: String? = nil) {
      (self.host, self.port, self.instance) = (host, port, instance)
    }
  }
}

/// Reads answers.
public struct TDSResponseReader {
  /// Rows of a result, and its values in all.
  public static let rowBound = 100_000
  public static let valueBound = 2_000_000
  private static let columnBound = 4_096
  private static let errorBound = 64

  private var bytes: TDSBytes
  private var response = TDSResponse()
  private var valueCount = 0

  private init(_ payload: [UInt8]) { bytes = TDSBytes(payload) }

  /// Reads a whole message.
  public static func read(_ payload: [UInt8]) throws(TDSProtocolError) -> TDSResponse {
    var reader = TDSResponseReader(payload)
    var isDone = false
    while !reader.bytes.isAtEnd { isDone = try reader.token() }
    guard isDone else { throw TDSProtocolError(message: "an answer does not say that it is complete") }
    return reader.response
  }

  /// Reads on; says whether the token ends a statement.
  private mutating func token() throws(TDSProtocolError) -> Bool {
    let kind = try bytes.byte()
    switch kind {
    case TDSToken.columns: try readColumns()
    case TDSToken.row: try readRow(nulls: nil)
    case TDSToken.rowWithNulls: try readRow(nulls: try bytes.take((response.columns.count + 7) / 8))
    case TDSToken.done, TDSToken.doneProcedure, TDSToken.doneInProcedure:
      let status = try bytes.uint16()
      try bytes.skip(10)
      response.hasFailed = status & 0x0102 != 0
      return true
    case TDSToken.error: try readError()
    case TDSToken.change: try readChange()
    case TDSToken.loginAnswer:
      try bytes.skip(try bytes.uint16())
      response.isLoginAccepted = true
    case TDSToken.features: try readFeatures()
    case TDSToken.returnStatus: response.returnStatus = try bytes.int32()
    case TDSToken.returnValue:
      try bytes.skip(2)
      _ = try bytes.shortText()
      try bytes.skip(7)
      _ = try TDSColumnType(&bytes).value(&bytes)
    case TDSToken.info, TDSToken.order, TDSToken.columnInfo, TDSToken.tableNames, TDSToken.sspi:
      try bytes.skip(try bytes.uint16())
    case TDSToken.sessionState, TDSToken.tokenInfo: try bytes.skip(Int(try bytes.uint32()))
    default: throw TDSProtocolError(message: "an answer has the unknown token \(kind)")
    }
    return false
  }

  private mutating func readColumns() throws(TDSProtocolError) {
    let count = try bytes.uint16()
    response.rows = []
    response.columns = []
    response.hasResult = true
    if count == 0xffff { return }
    guard count <= Self.columnBound else { throw TDSProtocolError(message: "a result has \(count) columns") }
    for _ in 0..<count {
      try bytes.skip(6)
      let type = try TDSColumnType(&bytes)
      if type.hasTable { for _ in 0..<(try bytes.byte()) { _ = try bytes.longText() } }
      response.columns.append(TDSColumn(name: try bytes.shortText(), type: type))
    }
  }

  private mutating func readRow(nulls: ArraySlice<UInt8>?) throws(TDSProtocolError) {
    guard !response.columns.isEmpty else { throw TDSProtocolError(message: "a row has no columns") }
    valueCount += response.columns.count
    guard response.rows.count < Self.rowBound, valueCount <= Self.valueBound else {
      throw TDSProtocolError(
        message: "a result has more than \(Self.rowBound) rows or \(Self.valueBound) values; ask for fewer")
    }
    var row: [TDSValue] = []
    row.reserveCapacity(response.columns.count)
    for (index, column) in response.columns.enumerated() {
      if let nulls, nulls[nulls.startIndex + index / 8] & UInt8(1 << (index % 8)) != 0 {
        row.append(.null)
      } else {
        row.append(try column.type.value(&bytes))
      }
    }
    response.rows.append(row)
  }

  private mutating func readError() throws(TDSProtocolError) {
    let length = try bytes.uint16()
    let end = bytes.index + length
    let number = Int(try bytes.int32())
    let (state, severity) = (Int(try bytes.byte()), Int(try bytes.byte()))
    let message = try bytes.longText()
    _ = try bytes.shortText()
    _ = try bytes.shortText()
    let line = Int(try bytes.int32())
    guard bytes.index == end else { throw TDSProtocolError(message: "an error has another length than it said") }
    guard response.errors.count < Self.errorBound else { return }
    response.errors.append(
      TDSServerError(number: number, state: state, severity: severity, line: line, message: message))
  }

  private mutating func readChange() throws(TDSProtocolError) {
    let length = try bytes.uint16()
    let content = Array(try bytes.take(length))
    var change = TDSBytes(content)
    switch try change.byte() {
    case 4:
      if let size = Int(try change.shortText()), TDSPacket.sizes.contains(size) { response.packetSize = size }
    case 7:
      let value = try change.take(Int(try change.byte()))
      if value.count == TDSCollation.size { response.collation = TDSCollation(value) }
    case 8: response.isInTransaction = true
    case 9, 10, 17: response.isInTransaction = false
    case 20:
      guard try change.uint16() >= 5, try change.byte() == 0 else { return }
      let port = try change.uint16()
      let parts = try change.longText().split(separator: "\\", maxSplits: 1, omittingEmptySubsequences: false)
      let host = String(parts[0])
      guard port > 0, !host.isEmpty, host.utf8.count <= 255, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
        throw TDSProtocolError(message: "it sends to a place that is none")
      }
      response.route = .init(host: host, port: port, instance: parts.count > 1 ? String(parts[1].prefix(64)) : nil)
    default: break
    }
  }

  private mutating func readFeatures() throws(TDSProtocolError) {
    while true {
      let feature = try bytes.byte()
      if feature == 0xff { return }
      try bytes.skip(Int(try bytes.uint32()))
      if feature == 0x02 { response.isTokenAccepted = true }
    }
  }
}
