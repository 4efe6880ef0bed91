/// Values of JSON as values of SQL Server's types.
extension TDSParameter {
  private static func failure(_ message: String) -> TDSParameterError { TDSParameterError(message: message) }

  /// Declaration and content of a value; the error says what the value is, as in "is too large".
  static func make(_ input: TDSInput, _ type: TDSParameterType) throws(TDSParameterError) -> (String, Content) {
    switch type.name {
    case .bigint: return ("bigint", .bytes(try integer(input, 8)))
    case .int: return ("int", .bytes(try integer(input, 4)))
    case .smallint: return ("smallint", .bytes(try integer(input, 2)))
    case .tinyint: return ("tinyint", .bytes(try integer(input, 1)))
    case .bit: return ("bit", .bytes(counted(TDSColumnType.Code.bitN, [1], try flag(input).map { [$0 ? 1 : 0] })))
    case .decimal, .numeric: return try decimal(input, type)
    case .money: return ("money", .bytes(try money(input, 8)))
    case .smallmoney: return ("smallmoney", .bytes(try money(input, 4)))
    case .float where (type.size ?? 53) > 24:
      let bits = try double(input).map { $0.bitPattern }
      return ("float", .bytes(counted(TDSColumnType.Code.floatN, [8], bits.map { little($0, 8) })))
    case .float, .real:
      let value = try double(input)
      if let value, value.magnitude > Double(Float.greatestFiniteMagnitude) { throw failure("is too large") }
      return (
        "real", .bytes(counted(TDSColumnType.Code.floatN, [4], value.map { little(UInt64(Float($0).bitPattern), 4) }))
      )
    case .uniqueidentifier:
      let text = try text(input)
      let bytes = text.flatMap { TDSGuid.bytes($0) }
      if text != nil, bytes == nil { throw failure("is no uniqueidentifier") }
      return ("uniqueidentifier", .bytes(counted(TDSColumnType.Code.guid, [16], bytes)))
    case .date, .time, .datetime, .datetime2, .datetimeoffset, .smalldatetime: return try time(input, type)
    case .binary, .varbinary, .image, .rowversion, .timestamp: return try binary(input, type)
    case .char, .varchar, .nchar, .nvarchar, .text, .ntext, .xml, .json, .sqlVariant: return try text(input, type)
    }
  }

  private static func little(_ number: UInt64, _ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(number, bytes: count)
    return bytes
  }

  /// A type with its properties, and a value with its length in one byte.
  private static func counted(_ code: UInt8, _ properties: [UInt8], _ value: [UInt8]?) -> [UInt8] {
    [code] + properties + [UInt8(value?.count ?? 0)] + (value ?? [])
  }

  private static func number(_ input: TDSInput) throws(TDSParameterError) -> TDSDecimal? {
    switch input {
    case .null: return nil
    case .flag(let flag): return TDSDecimal(flag ? "1" : "0")
    case .number(let text), .text(let text):
      guard let number = TDSDecimal(text) else { throw failure("is no number of 38 digits at most") }
      return number
    }
  }

  private static func integer(_ input: TDSInput, _ size: Int) throws(TDSParameterError) -> [UInt8] {
    guard let number = try number(input) else { return counted(TDSColumnType.Code.intN, [UInt8(size)], nil) }
    guard let integer = number.integer else { throw failure("is no whole number of its type") }
    let bounds: ClosedRange<Int64> =
      switch size {
      case 1: 0...255
      case 2: Int64(Int16.min)...Int64(Int16.max)
      case 4: Int64(Int32.min)...Int64(Int32.max)
      default: .min ... .max
      }
    guard bounds.contains(integer) else { throw failure("is out of the bounds of its type") }
    return counted(TDSColumnType.Code.intN, [UInt8(size)], little(UInt64(bitPattern: integer), size))
  }

  private static func flag(_ input: TDSInput) throws(TDSParameterError) -> Bool? {
    switch input {
    case .null: return nil
    case .flag(let flag): return flag
    case .number, .text:
      if case .text(let text) = input {
        if text.lowercased() == "true" { return true }
        if text.lowercased() == "false" { return false }
      }
      // Any number but 0, as in Transact-SQL.
      return try number(input).map { $0.text.contains { ("1"..."9").contains($0) } }
    }
  }

  private static func double(_ input: TDSInput) throws(TDSParameterError) -> Double? {
    switch input {
    case .null: return nil
    case .flag(let flag): return flag ? 1 : 0
    case .number(let text), .text(let text):
      guard let number = Double(text), number.isFinite else { throw failure("is no number of its type") }
      return number
    }
  }

  private static func decimal(_ input: TDSInput, _ type: TDSParameterType) throws(TDSParameterError) -> (
    String, Content
  ) {
    let number = try number(input)
    let scale = type.scale ?? number?.scale ?? 0
    let precision = type.size ?? max(number?.precision ?? 18, scale, 1)
    var value: [UInt8]?
    if let number {
      guard let scaled = number.rescaled(to: scale, precision: precision) else {
        throw failure("has more digits than its type")
      }
      value = scaled.bytes
    }
    let properties = [17, UInt8(precision), UInt8(scale)]
    return (
      "\(type.name.rawValue)(\(precision),\(scale))", .bytes(counted(TDSColumnType.Code.decimal, properties, value))
    )
  }

  private static func money(_ input: TDSInput, _ size: Int) throws(TDSParameterError) -> [UInt8] {
    guard let number = try number(input) else { return counted(TDSColumnType.Code.moneyN, [UInt8(size)], nil) }
    guard var scaled = number.rescaled(to: 4, precision: 19) else { throw failure("is out of the bounds of its type") }
    scaled.scale = 0
    guard let value = scaled.integer, size == 8 || Int32(exactly: value) != nil else {
      throw failure("is out of the bounds of its type")
    }
    let bits = UInt64(bitPattern: value)
    return counted(TDSColumnType.Code.moneyN, [UInt8(size)], little(size == 8 ? bits << 32 | bits >> 32 : bits, size))
  }

  private static func time(_ input: TDSInput, _ type: TDSParameterType) throws(TDSParameterError) -> (String, Content) {
    var time: TDSTime?
    if let text = try text(input) {
      time = TDSTime(text)
      if time == nil { throw failure("is no date or time in the form of ISO 8601") }
    }
    let scale = type.size ?? 7
    let name = type.name.rawValue
    switch type.name {
    case .date:
      return (name, .bytes(counted(TDSColumnType.Code.date, [], time.map { little(UInt64($0.day), 3) })))
    case .datetime, .smalldatetime:
      let isSmall = type.name == .smalldatetime
      var value: [UInt8]?
      if let time {
        guard let bytes = older(time, isSmall: isSmall) else { throw failure("is out of the bounds of its type") }
        value = bytes
      }
      return (name, .bytes(counted(TDSColumnType.Code.dateTimeN, [isSmall ? 4 : 8], value)))
    default:
      var value: [UInt8]?
      if var time {
        if type.name == .datetimeoffset { time = time.moved(minutes: -(time.offset ?? 0)) }
        var unit: Int64 = 1
        for _ in scale..<7 { unit *= 10 }
        // The last moment of a day stays in it.
        let ticks = min((time.ticks + unit / 2) / unit, TDSTime.ticksPerDay / unit - 1)
        var bytes = little(UInt64(ticks), TDSColumnType.timeBytes(scale))
        if type.name != .time { bytes.append(time.day, bytes: 3) }
        if type.name == .datetimeoffset { bytes.append(time.offset ?? 0, bytes: 2) }
        value = bytes
      }
      let code: UInt8 =
        switch type.name {
        case .time: TDSColumnType.Code.time
        case .datetime2: TDSColumnType.Code.dateTime2
        default: TDSColumnType.Code.dateTimeOffset
        }
      return ("\(name)(\(scale))", .bytes(counted(code, [UInt8(scale)], value)))
    }
  }

  /// A time since 1900 in minutes or three-hundredths of a second; nil where the type has no such day.
  private static func older(_ time: TDSTime, isSmall: Bool) -> [UInt8]? {
    let unit = isSmall ? 60 * TDSTime.ticksPerSecond : 0
    var day = time.day - TDSTime.daysTo1900
    var count: Int64
    if isSmall { count = (time.ticks + unit / 2) / unit } else { count = (time.ticks * 3 + 50_000) / 100_000 }
    let whole: Int64 = isSmall ? 1_440 : 300 * 86_400
    if count == whole { (day, count) = (day + 1, 0) }
    // From 1753-01-01, or 1900-01-01 to 2079-06-06.
    guard isSmall ? (0...65_535).contains(day) : (-53_690...2_958_463).contains(day) else { return nil }
    var bytes: [UInt8] = []
    bytes.append(day, bytes: isSmall ? 2 : 4)
    bytes.append(UInt64(count), bytes: isSmall ? 2 : 4)
    return bytes
  }

  /// Bytes come as Base64, or as `0x` and their digits.
  private static func binary(_ input: TDSInput, _ type: TDSParameterType) throws(TDSParameterError) -> (String, Content)
  {
    var value: [UInt8]?
    if let text = try text(input) {
      value = text.hasPrefix("0x") ? TDSHex.bytes(Array(text.utf8.dropFirst(2))[...]) : TDSBase64.bytes(text)
      if value == nil { throw failure("is neither Base64 nor 0x with pairs of digits") }
    }
    let count = value?.count ?? 0
    var declaration: String
    switch type.name {
    case .binary: declaration = "binary(\(type.size ?? min(max(count, 1), 8_000)))"
    case .rowversion, .timestamp: declaration = "binary(8)"
    case .varbinary where (type.size ?? 1) > 0 && count <= 8_000: declaration = "varbinary(\(type.size ?? 8_000))"
    default: declaration = "varbinary(max)"
    }
    let bound =
      type.name == .binary ? type.size ?? 8_000 : [.rowversion, .timestamp].contains(type.name) ? 8 : type.size ?? -1
    guard bound == -1 || count <= bound else { throw failure("has more bytes than its type") }
    var bytes: [UInt8] = [TDSColumnType.Code.varbinary]
    bytes.append(count > 8_000 ? 0xffff : 8_000, bytes: 2)
    guard let value else { return (declaration, .bytes(bytes + [0xff, 0xff])) }
    if count > 8_000 {
      bytes.append(count, bytes: 8)
      bytes.append(count, bytes: 4)
      return (declaration, .bytes(bytes + value + [0, 0, 0, 0]))
    }
    bytes.append(count, bytes: 2)
    return (declaration, .bytes(bytes + value))
  }

  private static func text(_ input: TDSInput) throws(TDSParameterError) -> String? {
    switch input {
    case .null: nil
    case .flag(let flag): flag ? "true" : "false"
    case .number(let text), .text(let text): text
    }
  }

  private static func text(_ input: TDSInput, _ type: TDSParameterType) throws(TDSParameterError) -> (String, Content) {
    let text = try text(input)
    let count = text?.utf16.count ?? 0
    let declaration: String
    switch type.name {
    case .nvarchar:
      declaration =
        type.size.map { $0 == -1 ? "nvarchar(max)" : "nvarchar(\($0))" }
        ?? (count > 4_000 ? "nvarchar(max)" : "nvarchar(4000)")
    case .varchar:
      declaration =
        type.size.map { $0 == -1 ? "varchar(max)" : "varchar(\($0))" }
        ?? (count > 4_000 ? "varchar(max)" : "varchar(8000)")
    case .nchar: declaration = "nchar(\(type.size ?? min(max(count, 1), 4_000)))"
    case .char: declaration = "char(\(type.size ?? min(max(count, 1), 8_000)))"
    case .text: declaration = "varchar(max)"
    case .xml: declaration = "xml"
    case .sqlVariant: declaration = "sql_variant"
    default: declaration = "nvarchar(max)"
    }
    let bound: Int? =
      switch type.name {
      case .nvarchar, .varchar: type.size == -1 ? nil : type.size
      case .nchar: type.size ?? 4_000
      case .char: type.size ?? 8_000
      case .sqlVariant: 4_000
      default: nil
      }
    if let bound, count > bound { throw failure("has more characters than its type") }
    return (declaration, .text(text))
  }
}
