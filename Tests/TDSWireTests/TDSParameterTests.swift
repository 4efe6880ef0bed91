import Testing

@testable import TDSWire

/// Parameters of statements: which types there are, and which values they take.
struct TDSParameterTests {
  @Test(arguments: [
    ("int", "int"), ("NVarChar(50)", "nvarchar(50)"), (" nvarchar ( max ) ", "nvarchar(max)"),
    ("varchar", "varchar(8000)"),
    ("decimal(10)", "decimal(10,0)"), ("decimal(10, 4)", "decimal(10,4)"), ("numeric", "numeric(18,0)"),
    ("datetime2(3)", "datetime2(3)"), ("time", "time(7)"), ("float(24)", "real"), ("float(25)", "float"),
    ("char(3)", "char(3)"), ("rowversion", "binary(8)"), ("Variant", "sql_variant"), ("image", "varbinary(max)"),
  ]) func `types have the words of Transact-SQL and of SqlDbType`(_ text: String, _ declaration: String) throws {
    let type = try #require(TDSParameterType(text))
    #expect(try TDSParameter("@a", .null, as: type).declaration == declaration)
  }

  @Test(arguments: [
    "", "string", "int(4)", "nvarchar(4001)", "nvarchar(0)", "nvarchar(-1)", "varchar(8001)", "decimal(39)",
    "decimal(3,4)", "decimal(3,4,5)", "time(8)", "float(54)", "char(max)", "nvarchar(50", "nvarchar 50)", "xml(1)",
    "table", "cursor", "geography", "nvarchar()", String(repeating: "x", count: 100),
  ]) func `what is no type is refused`(_ text: String) {
    #expect(TDSParameterType(text) == nil)
  }

  @Test(arguments: [
    ("int", "1.5"), ("int", "2147483648"), ("tinyint", "-1"), ("bigint", "9223372036854775808"), ("int", ""),
    ("int", "1e400"), ("bit", "yes"), ("decimal(3,1)", "999.95"), ("decimal", String(repeating: "9", count: 39)),
    ("money", "922337203685477.5808"), ("smallmoney", "214748.3648"), ("real", "1e39"), ("float", "1e999"),
    ("float", "nan"), ("date", "2026-02-29"), ("date", "2026-13-01"), ("date", "31.01.2026"), ("time", "24:00"),
    ("datetime", "1752-12-31"), ("smalldatetime", "2079-06-07"), ("datetimeoffset", "2026-01-01T00:00+15:00"),
    ("uniqueidentifier", "0f8fad5b"), ("varbinary(1)", "0x0102"), ("varbinary", "0x012"), ("binary(2)", "AQID"),
    ("nvarchar(2)", "abc"), ("char(1)", "ab"), ("rowversion", "0x010203040506070809"),
  ]) func `a value that its type does not have is refused, without showing it`(_ type: String, _ text: String) throws {
    let type = try #require(TDSParameterType(type))
    let error = #expect(throws: TDSParameterError.self) { try TDSParameter("@a", .text(text), as: type) }
    #expect(error?.message.hasPrefix("The value of the parameter '@a' ") == true)
  }

  @Test(arguments: [
    ("999.94", 1, 4, "999.9"), ("999.95", 1, 5, "1000.0"), ("-0.05", 1, 4, "-0.1"), ("0.04", 1, 4, "0.0"),
    ("1e3", 0, 4, "1000"), ("1.5e-2", 3, 5, "0.015"), ("+7", 2, 5, "7.00"), (".5", 0, 5, "1"), ("5.", 0, 5, "5"),
    ("-0", 0, 5, "0"), ("1e-30", 0, 5, "0"),
  ]) func `decimals are rounded half away from zero`(_ text: String, _ scale: Int, _ precision: Int, _ rounded: String)
  {
    #expect(TDSDecimal(text)?.rescaled(to: scale, precision: precision)?.text == rounded)
  }

  @Test(arguments: ["", "-", ".", "1.2.3", "1e", "e1", "1e1e1", "0x10", "1,5", " 1", "1e401"])
  func `what is no number is none`(_ text: String) {
    #expect(TDSDecimal(text) == nil)
  }

  @Test(arguments: [
    "2026-01-31", "2026-01-31T12:34:56.1234567+02:00", "2026-01-31 12:34", "12:34:56", "2026-01-31t12:34:56z",
    "2026-01-31T12:34:56.12345678901",
  ]) func `dates and times are those of ISO 8601`(_ text: String) {
    #expect(TDSTime(text) != nil)
  }

  @Test(arguments: [
    "", "2026", "2026-1-31", "2026-01-31T", "2026-01-31T12", "2026-01-31T12:60", "2026-01-31T12:34:60", "12:34:56.",
    "2026-01-31T12:34+2", "2026-01-31T12:34+02:00x", "0000-01-01",
  ]) func `what is none of them is refused`(_ text: String) {
    #expect(TDSTime(text) == nil)
  }

  @Test func `names begin with @`() {
    for name in ["@a", "@A_1", "@@x", "@größe", "@a#$"] { #expect(TDSParameter.isName(name), "\(name)") }
    for name in ["", "@", "a", "@a b", "@a;", "@a'", "@" + String(repeating: "x", count: 128)] {
      #expect(!TDSParameter.isName(name), "\(name)")
    }
  }

  @Test func `code pages have 128 characters above ASCII`() {
    for page in [437, 850, 874] + Array(1_250...1_258) {
      #expect(TDSCodePage.characters(page)?.count == 128, "\(page)")
    }
    #expect(TDSCodePage.characters(932) == nil)
  }
}
