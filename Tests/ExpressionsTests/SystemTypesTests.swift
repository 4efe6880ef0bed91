import Expressions
import Testing

/// Addresses, time zones, random numbers and bits.
struct SystemTypesTests {
  private func value(_ source: String) throws -> String {
    let form: ExpressionForm = source.contains(";") ? .block : .expression
    let compiler = ExpressionCompiler(options: ExpressionOptions(strictAllowList: false))
    let compilation = compiler.compile(source, form: form, target: .object)
    let program = try #require(compilation.program, "\(source): \(compilation.diagnostics)")
    do {
      return try program.evaluateString(BareContext())
    } catch {
      return error.exceptionType
    }
  }

  @Test(arguments: [
    ("Parse(\"1.2.3.4\")", "1.2.3.4"), ("Parse(\"10.1\")", "10.0.0.1"), ("Parse(\"0x7f.1\")", "127.0.0.1"),
    ("Parse(\"::ffff:1.2.3.4\")", "::ffff:1.2.3.4"), ("Parse(\"2001:0db8::0:1\")", "2001:db8::1"),
    ("Parse(\"1:0:0:2::3\")", "1:0:0:2::3"), ("Parse(\"fe80::1%3\")", "fe80::1%3"), ("Parse(\"[::1]:80\")", "::1"),
    ("Parse(\"::\")", "::"), ("Parse(\"1.2.3.256\")", "System.FormatException"),
    ("Parse(\"1:2:3\")", "System.FormatException"), ("Parse(\"1::2::3\")", "System.FormatException"),
    ("Parse(\"\")", "System.FormatException"), ("Parse(null)", "System.ArgumentNullException"),
    ("IsLoopback(System.Net.IPAddress.Parse(\"127.3.2.1\"))", "True"), ("Loopback.MapToIPv6()", "::ffff:127.0.0.1"),
    ("Parse(\"::ffff:9.8.7.6\").MapToIPv4()", "9.8.7.6"), ("Parse(\"1.2.3.4\").AddressFamily", "InterNetwork"),
  ])
  func `addresses are read and written as .NET does`(source: String, expected: String) throws {
    #expect(try value("System.Net.IPAddress.\(source)") == expected)
  }

  @Test(arguments: [
    (
      "new Uri(\"https://u:p@Example.com:8443/a/../b/./c?q=ä b#f\").AbsoluteUri",
      "https://u:p@example.com:8443/b/c?q=%C3%A4%20b#f"
    ),
    ("new Uri(\"https://example.com:443\").Authority", "example.com"), ("new Uri(\"https://e.com\").AbsolutePath", "/"),
    ("new Uri(\"https://[2001:DB8::1]:9/\").DnsSafeHost", "2001:db8::1"),
    ("new Uri(\"mailto:a@b.c\").Scheme", "mailto"), ("new Uri(\"urn:x:y\").AbsolutePath", "x:y"),
    ("string.Join(\"|\", new Uri(\"http://h/a/b/c\").Segments)", "/|a/|b/|c"),
    ("new Uri(new Uri(\"http://h/a/b?c\"), \"../d?e\").AbsoluteUri", "http://h/d?e"),
    ("new Uri(new Uri(\"http://h/a/b?c\"), \"?e\").AbsoluteUri", "http://h/a/b?e"),
    ("new Uri(new Uri(\"http://h/a/b?c\"), \"//i/j\").AbsoluteUri", "http://i/j"),
    ("new Uri(\"http://h/a/b/c\").MakeRelativeUri(new Uri(\"http://h/a/d?x\")).ToString()", "../d?x"),
    ("new Uri(\"http://h/a/\").IsBaseOf(new Uri(\"http://h/a/b\"))", "True"),
    ("new Uri(\"http://h/A\") == new Uri(\"HTTP://H:80/A#x\")", "True"),
    ("new Uri(\"/a\")", "System.UriFormatException"),
    ("new Uri(\"http://h:99999/\")", "System.UriFormatException"),
    ("new Uri(\"http://\")", "System.UriFormatException"),
    ("Uri.TryCreate(\"a b\", UriKind.Absolute, out var u)", "False"),
    ("new Uri(\"a/b\", UriKind.Relative).Host", "System.InvalidOperationException"),
    ("Uri.UnescapeDataString(\"a%20b%C3%A4%zz%ff\")", "a b\u{e4}%zz%ff"),
    ("Uri.EscapeUriString(\"http://h/a b?c=ä\")", "http://h/a%20b?c=%C3%A4"),
  ])
  func `addresses of resources are taken apart as .NET does`(source: String, expected: String) throws {
    #expect(try value(source) == expected)
  }

  // The offsets and changes of clocks are facts of the TZ database.
  @Test(arguments: [
    ("FindSystemTimeZoneById(\"W. Europe Standard Time\").BaseUtcOffset", "01:00:00"),
    ("FindSystemTimeZoneById(\"Europe/Berlin\").GetUtcOffset(new DateTime(2024, 7, 1))", "02:00:00"),
    ("FindSystemTimeZoneById(\"India Standard Time\").GetUtcOffset(new DateTime(2024, 7, 1))", "05:30:00"),
    ("FindSystemTimeZoneById(\"Mars\")", "System.TimeZoneNotFoundException"),
    ("FindSystemTimeZoneById(\"../../etc/passwd\")", "System.TimeZoneNotFoundException"),
    (
      "ConvertTimeFromUtc(new DateTime(2024, 3, 10, 9, 59, 59), TimeZoneInfo.FindSystemTimeZoneById(\"Pacific Standard Time\"))",
      "03/10/2024 01:59:59"
    ),
    (
      "ConvertTimeFromUtc(new DateTime(2024, 3, 10, 10, 0, 0), TimeZoneInfo.FindSystemTimeZoneById(\"Pacific Standard Time\"))",
      "03/10/2024 03:00:00"
    ),
    (
      "ConvertTimeFromUtc(new DateTime(2090, 7, 1), TimeZoneInfo.FindSystemTimeZoneById(\"Australia/Sydney\"))",
      "07/01/2090 10:00:00"
    ),
    (
      "ConvertTimeToUtc(new DateTime(2024, 10, 27, 2, 30, 0), TimeZoneInfo.FindSystemTimeZoneById(\"Europe/Berlin\"))",
      "10/27/2024 01:30:00"
    ),
    (
      "ConvertTimeToUtc(new DateTime(2024, 3, 31, 2, 30, 0), TimeZoneInfo.FindSystemTimeZoneById(\"Europe/Berlin\"))",
      "System.ArgumentException"
    ),
    (
      "ConvertTimeBySystemTimeZoneId(new DateTime(2024, 1, 1), \"Tokyo Standard Time\", \"Eastern Standard Time\")",
      "12/31/2023 10:00:00"
    ),
    ("FindSystemTimeZoneById(\"Europe/Berlin\").IsAmbiguousTime(new DateTime(2024, 10, 27, 2, 30, 0))", "True"),
    ("FindSystemTimeZoneById(\"Europe/Berlin\").IsInvalidTime(new DateTime(2024, 3, 31, 2, 30, 0))", "True"),
    ("FindSystemTimeZoneById(\"Europe/Berlin\").IsDaylightSavingTime(new DateTime(2024, 7, 1))", "True"),
    (
      "FindSystemTimeZoneById(\"Asia/Tokyo\").SupportsDaylightSavingTime || TimeZoneInfo.Utc.SupportsDaylightSavingTime",
      "True"
    ),
    ("FindSystemTimeZoneById(\"Europe/Berlin\").GetAdjustmentRules().Last().DaylightTransitionStart.Week", "5"),
    ("Local.Id", "UTC"),
  ])
  func `time zones follow their clocks`(source: String, expected: String) throws {
    #expect(try value("TimeZoneInfo.\(source)") == expected)
  }

  @Test func `a zone of one's own changes clocks by its rules`() throws {
    let source = """
      var spring = TimeZoneInfo.TransitionTime.CreateFloatingDateRule(new DateTime(1, 1, 1, 2, 0, 0), 4, 1, DayOfWeek.Sunday);
      var autumn = TimeZoneInfo.TransitionTime.CreateFixedDateRule(new DateTime(1, 1, 1, 3, 0, 0), 10, 15);
      var rule = TimeZoneInfo.AdjustmentRule.CreateAdjustmentRule(
        new DateTime(2000, 1, 1), new DateTime(2030, 12, 31), TimeSpan.FromHours(1), spring, autumn);
      var zone = TimeZoneInfo.CreateCustomTimeZone("Own", TimeSpan.FromHours(-2), "d", "s", "ds", new[] { rule });
      return zone.GetUtcOffset(new DateTime(2024, 4, 7, 1, 59, 0)) + " " + zone.GetUtcOffset(new DateTime(2024, 4, 7, 3, 0, 0))
        + " " + zone.GetUtcOffset(new DateTime(2024, 10, 15, 3, 0, 0)) + " " + zone.GetUtcOffset(new DateTime(2031, 7, 1));
      """
    #expect(try value(source) == "-02:00:00 -01:00:00 -02:00:00 -02:00:00")
  }

  // From the .NET Framework's reference source: the generator is documented and never changes for a seed.
  @Test(arguments: [
    ("new Random(42).Next(100)", "66"), ("new Random(0).Next()", "1559595546"), ("new Random(1).Next(5, 10)", "6"),
    ("new Random(5).Next(0)", "0"), ("new Random(5).Next(3, 3)", "3"),
    ("new Random(5).Next(-1)", "System.ArgumentOutOfRangeException"),
    ("new Random(-2147483648).Next() == new Random(2147483647).Next()", "True"),
    ("var r = new Random(9); var b = new byte[3]; r.NextBytes(b); return b.Length;", "3"),
  ])
  func `a seed gives the numbers it gives in .NET`(source: String, expected: String) throws {
    #expect(try value(source) == expected)
  }

  @Test(arguments: [
    ("BitConverter.ToString(BitConverter.GetBytes(1.5))", "00-00-00-00-00-00-F8-3F"),
    ("BitConverter.ToSingle(BitConverter.GetBytes(0.25f), 0)", "0.25"),
    ("BitConverter.ToBoolean(new byte[] {0, 2}, 1)", "True"),
    ("BitConverter.ToString(new byte[] {1, 2, 3}, 1, 1)", "02"),
    ("BitConverter.Int64BitsToDouble(4607182418800017408)", "1"),
    ("BitConverter.ToInt32(new byte[] {1, 2, 3}, 0)", "System.ArgumentException"),
    ("BitConverter.ToInt32(new byte[] {1, 2, 3, 4}, 9)", "System.ArgumentOutOfRangeException"),
  ])
  func `bits become values and values bits`(source: String, expected: String) throws {
    #expect(try value(source) == expected)
  }
}
