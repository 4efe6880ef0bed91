import Foundation
import Testing

/// `postern policy check` as its user reads it.
struct PolicyCheckTests {
  private static let good = """
    <policies>
      <inbound><base /><set-header name="X" exists-action="override"><value>@("a")</value></set-header></inbound>
      <backend><base /></backend>
      <outbound><base /></outbound>
      <on-error><base /></on-error>
    </policies>
    """

  @Test func `a document without mistakes is accepted with exit code 0`() async throws {
    try await withCommandLine { line in
      try line.write(Self.good, to: "api.xml")
      let outcome = try await line.run("policy", "check", "api.xml")
      #expect(outcome.status == 0, "\(outcome)")
      #expect(outcome.output.isEmpty)
      #expect(outcome.errors == "1 file checked: no errors, no warnings\n")
    }
  }

  @Test func `all mistakes are shown with the line, the place below it, and what was meant`() async throws {
    try await withCommandLine { line in
      let text = """
        <policies>
          <inbound>
            <set-headr name="X" />
            <retry condition="@(context.Request.Heders.Count > 1)" count="1" interval="1" />
            <set-header name="X" exist-action="skip"><value>@(1 +)</value></set-header>
          </inbound>
        </policies>
        """
      try line.write(text, to: "api.xml")
      let outcome = try await line.run("policy", "check", "api.xml")
      #expect(outcome.status == 1)
      #expect(
        outcome.output.contains(
          """
          api.xml:3:6: error PL0101: 'set-headr' is not a policy. (did you mean 'set-header'?)
            3 | <set-headr name="X" />
              |  ^^^^^^^^^

          """), "\(outcome.output)")
      #expect(outcome.output.contains("api.xml:4:41: error CS1061"), "\(outcome.output)")
      #expect(outcome.output.contains("(did you mean 'Headers'?)"), "\(outcome.output)")
      #expect(outcome.output.contains("api.xml:5:26: error PL0108"), "\(outcome.output)")
      #expect(outcome.output.contains("(did you mean 'exists-action'?)"), "\(outcome.output)")
      #expect(outcome.output.contains("api.xml:5:58: error CS"), "\(outcome.output)")
    }
  }

  @Test func `JSON has one object a line with everything a tool needs`() async throws {
    try await withCommandLine { line in
      try line.write("<policies>\n  <inbund />\n</policies>", to: "a.xml")
      try line.write(Self.good, to: "b.xml")
      let outcome = try await line.run("policy", "check", "a.xml", "b.xml", "--output", "json")
      #expect(outcome.status == 1)
      #expect(outcome.errors.isEmpty)
      let lines = outcome.output.split(separator: "\n")
      try #require(lines.count == 1)
      let complaint = try #require(try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any])
      #expect(complaint["file"] as? String == "a.xml")
      #expect(complaint["line"] as? Int == 2 && complaint["column"] as? Int == 4 && complaint["length"] as? Int == 6)
      #expect(complaint["severity"] as? String == "error" && complaint["code"] as? String == "PL0116")
      #expect(complaint["offendingText"] as? String == "inbund" && complaint["suggestion"] as? String == "inbound")
    }
  }

  @Test func `named values come from a file, and secrets stay out of messages`() async throws {
    try await withCommandLine { line in
      try line.write(
        "<policies><inbound><set-variable name='a' value='{{pla}}' /><rate-limit calls='{{pin}}' renewal-period='1'/></inbound></policies>",
        to: "api.xml")
      let without = try await line.run("policy", "check", "api.xml")
      #expect(without.status == 0)
      #expect(without.output.contains("warning PL0017"), "\(without.output)")
      try line.write(#"{"plan": "gold", "pin": {"value": "hunter2", "secret": true}}"#, to: "values.json")
      let with = try await line.run("policy", "check", "api.xml", "--named-values", "values.json")
      #expect(with.status == 1)
      #expect(with.output.contains("error PL0017: There is no named value 'pla'. (did you mean '{{plan}}'?)"))
      #expect(with.output.contains("error PL0114") && !with.output.contains("hunter2"), "\(with.output)")
    }
  }

  @Test func `fragments come from a folder, and a mistake in one is told where it is included`() async throws {
    try await withCommandLine { line in
      try line.write("<fragment><set-body>a</set-body></fragment>", to: "fragments/good.xml")
      try line.write("<fragment>\n  <forward-request />\n</fragment>", to: "fragments/late/policy.xml")
      let document = { (name: String) in
        "<policies>\n <inbound>\n  <include-fragment fragment-id='\(name)' />\n </inbound>\n</policies>"
      }
      try line.write(document("good"), to: "good.xml")
      try line.write(document("late"), to: "late.xml")
      try line.write(document("goood"), to: "missing.xml")
      let check = { try await line.run("policy", "check", $0, "--fragments", "fragments") }
      #expect(try await check("good.xml").status == 0)
      let late = try await check("late.xml")
      #expect(late.status == 1)
      #expect(
        late.output.contains("late.xml:3:3: error PL0102: Fragment 'late', line 2, column 4:"), "\(late.output)")
      let missing = try await check("missing.xml")
      #expect(missing.status == 1 && missing.output.contains("(did you mean 'good'?)"), "\(missing.output)")
      #expect(try await check("fragments").status == 0)
      #expect(try await line.run("policy", "check", "missing.xml").status == 0)
    }
  }

  @Test func `a document whose root is a data source is checked as the policy of a resolver`() async throws {
    try await withCommandLine { line in
      try line.write(
        """
        <http-data-source>
          <http-request>
            <set-method>GET</set-method>
            <set-url>@($"https://users/{context.GraphQL.Parent["id"]}")</set-url>
          </http-request>
          <http-response>
            <publish-event><targets><graphql-subscription id="added" /></targets></publish-event>
          </http-response>
        </http-data-source>
        """, to: "resolvers/http.xml")
      try line.write(
        """
        <sql-data-source>
          <connection-info><connection-string>{{database}}</connection-string></connection-info>
          <request><sql-statement>select 1</sql-statement></request>
        </sql-data-source>
        """, to: "resolvers/sql.xml")
      try line.write(
        """
        <cosmosdb-data-source>
          <connection-info>
            <connection-string>AccountEndpoint=https://a.documents.azure.com:443/;AccountKey=a2V5;</connection-string>
            <database-name>shop</database-name>
            <container-name>orders</container-name>
          </connection-info>
          <read-request><id>@(context.GraphQL.Arguments["id"].ToString())</id></read-request>
        </cosmosdb-data-source>
        """, to: "resolvers/cosmos.xml")
      let good = try await line.run("policy", "check", "resolvers", "--scope", "global")
      #expect(good.status == 0, "\(good)")
      #expect(good.errors == "3 files checked: no errors, 1 warning\n" && good.output.contains("PL0017"), "\(good)")
      try line.write(
        """
        <http-data-source>
          <http-request>
            <set-method>GET</set-method>
            <set-url>@(context.GraphQL.Prent["id"])</set-url>
          </http-request>
          <http-respons />
        </http-data-source>
        """, to: "bad.xml")
      let bad = try await line.run("policy", "check", "bad.xml")
      #expect(bad.status == 1)
      #expect(bad.output.contains("bad.xml:4:32: error CS1061"), "\(bad.output)")
      #expect(bad.output.contains("bad.xml:6:4: error PL"), "\(bad.output)")
      #expect(bad.output.contains("(did you mean 'http-response'?)"), "\(bad.output)")
    }
  }

  @Test func `a data source that does not exist is told as one, and a document stays a document`() async throws {
    try await withCommandLine { line in
      for (root, words) in [
        ("http-datasource", "(did you mean 'http-data-source'?)"),
        ("azure-sql-data-source", "The policy of a resolver begins with"),
        ("polices", "(did you mean 'policies'?)"), ("widget", "A policy document begins with <policies>"),
      ] {
        try line.write("<\(root) />", to: "a.xml")
        let outcome = try await line.run("policy", "check", "a.xml")
        #expect(outcome.status == 1 && outcome.output.hasPrefix("a.xml:1:2: error PL0100"), "\(outcome)")
        #expect(outcome.output.contains(words), "\(outcome.output)")
      }
    }
  }

  @Test func `a wrong command line or file ends with exit code 2 and says why`() async throws {
    try await withCommandLine { line in
      try line.write("\u{FEFF}" + Self.good, to: "api.xml")
      for arguments in [
        ["policy", "check"], ["policy", "chekc", "api.xml"], ["policy", "check", "--output", "yaml", "api.xml"],
      ] {
        let outcome = try await line.run(arguments[0], arguments[1], arguments.count > 2 ? arguments[2] : "")
        #expect(outcome.status == 2 && outcome.output.isEmpty && !outcome.errors.isEmpty, "\(outcome)")
      }
      #expect(try await line.run("policy", "check", "api.xml", "--scope", "team").errors.contains("'team' is no scope"))
      let missing = try await line.run("policy", "check", "nowhere.xml")
      #expect(missing.status == 2 && missing.errors.contains("cannot read nowhere.xml: there is no such file"))
      try Data([0x3C, 0xFF, 0xFE]).write(to: line.folder.appending(path: "latin.xml"))
      let latin = try await line.run("policy", "check", "latin.xml")
      #expect(latin.status == 2 && latin.errors.contains("latin.xml is not UTF-8"), "\(latin)")
      try line.write("[]", to: "values.json")
      #expect(try await line.run("policy", "check", "api.xml", "--named-values", "values.json").status == 2)
      #expect(try await line.run("policy", "check", "api.xml").status == 0)
    }
  }
}
