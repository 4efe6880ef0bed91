import Testing

@testable import TDSWire

/// Connection strings of ADO.NET.
struct TDSSettingsTests {
  @Test func `keys have synonyms, whatever their case and spaces`() throws {
    let texts = [
      "Server=tcp:people.example.org,14330;Database=staff;User ID=sa;Password=s=cret;Encrypt=strict;Connect Timeout=5",
      "data source = people.example.org,14330 ; initial catalog = staff; UID=sa; PWD = s=cret ;ENCRYPT=Strict;Timeout=5;",
      "Addr=PEOPLE.example.org, 14330;database=staff;user='sa';password=\"s=cret\";encrypt=strict;connection timeout=5",
      ";;Network Address=[people.example.org],14330;Database=a;Database=staff;UserId=sa;Password=s=cret;Encrypt=strict;"
        + "ConnectTimeout=5;Persist Security Info=False;MultipleActiveResultSets=False;",
    ]
    for text in texts {
      let settings = try TDSSettings(connectionString: text)
      #expect(settings.host == "people.example.org", "\(text)")
      #expect(settings.port == 14_330)
      #expect(settings.database == "staff")
      #expect(settings.user == "sa")
      #expect(settings.password == "s=cret")
      #expect(settings.encryption == .strict)
      #expect(settings.connectTimeoutSeconds == 5)
      #expect(!settings.place.contains("cret"))
    }
  }

  @Test func `what is not said is as ADO.NET has it`() throws {
    let settings = try TDSSettings(connectionString: "Server=.;User ID=sa;Password=")
    #expect(settings.host == "localhost")
    #expect(settings.port == 1_433)
    #expect(settings.password == "")
    #expect(settings.encryption == .mandatory)
    #expect(!settings.trustsCertificate)
    #expect(settings.connectTimeoutSeconds == 15)
    #expect(settings.commandTimeoutSeconds == 30)
    #expect(settings.packetSize == 8_000)
    #expect(settings.isPooled)
    #expect(settings.mostConnections == 100)
    #expect(!settings.isReadOnly)
  }

  @Test func `values may stand in quotation marks, which stand twice for themselves`() throws {
    func password(_ text: String) throws -> String? {
      try TDSSettings(connectionString: "Server=a;UID=u;PWD=\(text);Database=d").password
    }
    #expect(try password("\"a;b\"") == "a;b")
    #expect(try password("'a\"b'") == "a\"b")
    #expect(try password("'it''s'") == "it's")
    #expect(try password("\"a\"\"b\"") == "a\"b")
    #expect(try password("a'b") == "a'b")
    #expect(try password("' a '") == " a ")
  }

  @Test func `an identity needs no user, and may be one of several`() throws {
    let plain = try TDSSettings(connectionString: "Server=a;Database=d", usesIdentity: true)
    #expect(plain.authentication == .identity(client: nil))
    let both = try TDSSettings(connectionString: "Server=a;User ID=u;Password=p", usesIdentity: true)
    #expect(both.authentication == .identity(client: nil))
    #expect(both.password == nil)
    let one = try TDSSettings(connectionString: "Server=a;Authentication=Active Directory Managed Identity;UID=c1")
    #expect(one.authentication == .identity(client: "c1"))
    let msi = try TDSSettings(connectionString: "Server=a;Authentication=ActiveDirectoryMSI")
    #expect(msi.authentication == .identity(client: nil))
  }

  @Test(arguments: [
    "", "Server", "Server=;UID=u;PWD=p", "Database=d;UID=u;PWD=p", "Server=a;UID=u", "Server=a;PWD=p",
    "Server=a;UID=u;PWD=p;Integrated Security=true", "Server=a;UID=u;PWD=p;Trusted_Connection=yes",
    "Server=a;UID=u;PWD=p;Colour=red", "Server=a;UID=u;PWD=p;Encrypt=2", "Server=a;UID=u;PWD=p;Packet Size=100",
    "Server=a,0;UID=u;PWD=p", "Server=a,x;UID=u;PWD=p", "Server=a\\b;UID=u;PWD=p", "Server=np:\\\\a\\pipe;UID=u;PWD=p",
    "Server=(localdb)\\v11;UID=u;PWD=p", "Server=a/b;UID=u;PWD=p", "Server=a;UID=u;PWD='p", "Server=a;UID=u;PWD='p'x",
    "Server=a;UID=u;PWD=p;AttachDbFilename=x.mdf", "Server=a;UID=u;PWD=p;Network Library=dbnmpntw",
    "Server=a;UID=u;PWD=p;Column Encryption Setting=enabled",
    "Server=a;UID=u;PWD=p;Connect Timeout=-1", "Server=a;UID=u;PWD=p;Pooling=perhaps",
    "Server=a;UID=u;PWD=p;Authentication=Active Directory Password", "Server=a;UID=u;PWD=p;ApplicationIntent=Both",
    "Server=a;UID=u;PWD=p;Database=" + String(repeating: "d", count: 129), String(repeating: "x", count: 9_000),
  ]) func `what cannot be done is refused, without showing a value`(_ text: String) {
    let error = #expect(throws: TDSConnectionStringError.self) { try TDSSettings(connectionString: text) }
    #expect(error?.message.contains("connection string") == true)
    #expect(error?.message.contains("ddd") == false)
  }

  @Test func `what is switched off may stand there`() throws {
    let text =
      "Server=a;UID=u;PWD=p;Integrated Security=false;Network=DBMSSOCN;Column Encryption Setting=Disabled;MultiSubnetFailover=True"
    #expect(try TDSSettings(connectionString: text).host == "a")
  }
}
