import Foundation
import Testing

/// `postern policy format` as its user reads it.
struct PolicyFormatTests {
  private static let loose = "<policies><inbound>\n<base/></inbound></policies>"
  private static let neat = """
    <policies>
        <inbound>
            <base />
        </inbound>
    </policies>

    """

  @Test func `a document is printed, checked or written`() async throws {
    try await withCommandLine { line in
      try line.write(Self.loose, to: "a.xml")
      try line.write(Self.neat, to: "b.xml")
      let printed = try await line.run("policy", "format", "a.xml")
      #expect(printed.status == 0 && printed.output == Self.neat)
      let checked = try await line.run("policy", "format", "--check", ".")
      #expect(checked.status == 1 && checked.output == "./a.xml\n", "\(checked)")
      #expect(try line.read("a.xml") == Self.loose)
      let written = try await line.run("policy", "format", "--write", "a.xml", "b.xml")
      #expect(written.status == 0 && written.output.isEmpty)
      #expect(try line.read("a.xml") == Self.neat)
      #expect(try await line.run("policy", "format", "--check", "a.xml", "b.xml").status == 0)
    }
  }

  @Test func `the policy of a resolver is laid out like any other`() async throws {
    try await withCommandLine { line in
      try line.write(
        "<sql-data-source><connection-info><connection-string>a</connection-string></connection-info>\n"
          + "<request><sql-statement>select 1</sql-statement></request></sql-data-source>", to: "sql.xml")
      try line.write(
        "<cosmosdb-data-source><read-request><id template=\"liquid\">{% if a < b %}c{% endif %}</id></read-request>"
          + "</cosmosdb-data-source>", to: "cosmos.xml")
      let sql = try await line.run("policy", "format", "sql.xml")
      #expect(
        sql.output == """
          <sql-data-source>
              <connection-info>
                  <connection-string>a</connection-string>
              </connection-info>
              <request>
                  <sql-statement>select 1</sql-statement>
              </request>
          </sql-data-source>

          """, "\(sql)")
      let cosmos = try await line.run("policy", "format", "--write", "cosmos.xml")
      #expect(cosmos.status == 0, "\(cosmos)")
      #expect(try line.read("cosmos.xml").contains("        <id template=\"liquid\">{% if a < b %}c{% endif %}</id>\n"))
    }
  }

  @Test func `a document that cannot be understood is left alone, and the others are done`() async throws {
    try await withCommandLine { line in
      try line.write("<policies><inbound></policies>", to: "a.xml")
      try line.write(Self.loose, to: "b.xml")
      let outcome = try await line.run("policy", "format", "--write", "a.xml", "b.xml")
      #expect(outcome.status == 1 && outcome.errors.hasPrefix("a.xml:1:11: error PL0003"), "\(outcome)")
      #expect(try line.read("a.xml") == "<policies><inbound></policies>")
      #expect(try line.read("b.xml") == Self.neat)
      #expect(try await line.run("policy", "format", "--write", "--check", "b.xml").status == 2)
    }
  }
}
