/// A statement with its parameters, as a call of `sp_executesql` ([MS-TDS] 2.2.6.6).
public struct TDSCall: Sendable {
  public var statement: String
  public var parameters: [TDSParameter]

  /// UTF-16 units of a statement.
  public static let statementBound = 1 << 20

  public init(statement: String, parameters: [TDSParameter]) {
    self.statement = statement
    self.parameters = parameters
  }

  private static let executeSQL = 10

  /// The payload of a message of the type ``TDSPacketType/rpc``.
  public func bytes(_ collation: TDSCollation = .standard) -> [UInt8] {
    var bytes: [UInt8] = []
    // The headers of a request: that it belongs to no transaction, and is the only one under way.
    bytes.append(22, bytes: 4)
    bytes.append(18, bytes: 4)
    bytes.append(2, bytes: 2)
    bytes.append(0, bytes: 8)
    bytes.append(1, bytes: 4)
    bytes.append(0xffff, bytes: 2)
    bytes.append(Self.executeSQL, bytes: 2)
    bytes += [0, 0]
    bytes += TDSParameter.bytes("") + TDSParameter.text(statement, collation)
    guard !parameters.isEmpty else { return bytes }
    let declarations = parameters.map { "\($0.name) \($0.declaration)" }.joined(separator: ",")
    bytes += TDSParameter.bytes("") + TDSParameter.text(declarations, collation)
    for parameter in parameters { bytes += parameter.bytes(collation) }
    return bytes
  }
}
