/// A data type of Transact-SQL as a parameter may have it: `nvarchar(50)`, `decimal(18, 4)`, `datetime2`.
public struct TDSParameterType: Sendable, Equatable {
  public enum Name: String, Sendable, CaseIterable {
    case bigint, binary, bit, char, date, datetime, datetime2, datetimeoffset, decimal, float, image, int, json, money
    case nchar, ntext, numeric, nvarchar, real, rowversion, smalldatetime, smallint, smallmoney
    case sqlVariant = "sql_variant"
    case text, time, timestamp, tinyint, uniqueidentifier, varbinary, varchar, xml
  }

  let name: Name
  /// Characters or bytes; digits; digits of a second. -1 is `max`, nil what the value needs.
  let size: Int?
  /// Of a decimal.
  let scale: Int?

  /// The types that there are, by name.
  public static var names: [String] { Name.allCases.map(\.rawValue) }

  private init(_ name: Name, _ size: Int? = nil, _ scale: Int? = nil) {
    (self.name, self.size, self.scale) = (name, size, scale)
  }

  static let integer = TDSParameterType(.int)
  static let largeInteger = TDSParameterType(.bigint)
  static let float = TDSParameterType(.float)
  static let flag = TDSParameterType(.bit)
  static let text = TDSParameterType(.nvarchar)

  /// Reads a type, in Transact-SQL's words or with the names of .NET's `SqlDbType`, whatever their case; nil for what is
  /// none.
  public init?(_ text: String) {
    let compact = text.lowercased().filter { !$0.isWhitespace }
    guard compact.utf8.count <= 64 else { return nil }
    var word = compact
    var arguments: [Int] = []
    if let open = compact.firstIndex(of: "(") {
      guard compact.last == ")" else { return nil }
      word = String(compact[..<open])
      for part in compact[compact.index(after: open)...].dropLast().split(
        separator: ",", omittingEmptySubsequences: false)
      {
        guard let number = part == "max" ? -1 : Int(part), number >= -1, part != "-1" else { return nil }
        arguments.append(number)
      }
    }
    guard let name = Name(rawValue: word == "variant" ? "sql_variant" : word) else { return nil }
    let (first, second) = (arguments.first, arguments.dropFirst().first)
    let fits: Bool
    switch name {
    case .char, .binary: fits = arguments.count <= 1 && first.map { (1...8_000).contains($0) } ?? true
    case .nchar: fits = arguments.count <= 1 && first.map { (1...4_000).contains($0) } ?? true
    case .varchar, .varbinary: fits = arguments.count <= 1 && first.map { $0 == -1 || (1...8_000).contains($0) } ?? true
    case .nvarchar: fits = arguments.count <= 1 && first.map { $0 == -1 || (1...4_000).contains($0) } ?? true
    case .decimal, .numeric:
      let precision = first ?? 38
      fits =
        arguments.count <= 2 && (1...38).contains(precision) && (second.map { (0...precision).contains($0) } ?? true)
    case .float: fits = arguments.count <= 1 && first.map { (1...53).contains($0) } ?? true
    case .time, .datetime2, .datetimeoffset: fits = arguments.count <= 1 && first.map { (0...7).contains($0) } ?? true
    default: fits = arguments.isEmpty
    }
    guard fits else { return nil }
    self.init(name, first, second ?? (first != nil && [.decimal, .numeric].contains(name) ? 0 : nil))
  }
}
