import DotNet
import Expressions
import Testing

/// .NET's regular expressions in expressions.
struct RegexTests {
  @Test(arguments: [
    // text, pattern, what matched
    ("abcd", "(?<2>b)(c)", "bc"), ("a\nb", "^b$", "-"), ("a\n", "^a$", "a"), ("x5y", "[\\w-[\\d]]+$", "y"),
    ("hello", "[a-z-[aeiou]]+", "h"), ("q-", "[a\\-z]+$", "-"), ("a]b", "[]a]+", "a]"), ("é", "^\\w$", "é"),
    ("١٢", "^\\d+$", "١٢"), ("((a)b)", "^(?:[^()]|(?<o>\\()|(?<-o>\\)))+(?(o)(?!))$", "((a)b)"),
    ("((a)b", "^(?:[^()]|(?<o>\\()|(?<-o>\\)))+(?(o)(?!))$", "-"), ("foo123bar", "(?<=fo+)\\d+", "123"),
    ("aXbX", "(?i:x)b", "Xb"), ("AB", "(?i)a(?-i)b", "-"), ("a b", "(?x) a\\ b # comment", "a b"),
    ("aab", "(?>a+)ab", "-"), ("abab", "^(ab)\\1$", "abab"), ("aa", "(?<x>a)\\k<x>", "aa"),
    ("ac", "(a)?(?(1)c|d)", "ac"),
    ("d", "^(a)?(?(1)c|d)$", "d"), ("xay", "(?(?=x)xa|y)", "xa"), ("a.b", "a\\.b", "a.b"), ("tab\t", "\\t", "\t"),
    ("A", "\\x41", "A"), ("é", "\\u00e9", "é"), ("a{1", "a{1", "a{1"), ("aaa", "a{2}", "aa"),
    ("\u{1}", "\\cA", "\u{1}"),
    ("Ж", "\\p{IsCyrillic}", "Ж"), ("Ж", "\\P{IsCyrillic}", "-"), ("aB", "\\p{Lu}", "B"), ("😀", "😀", "😀"),
    ("a\r\nb", "a.\nb", "a\r\nb"), ("foo_bar", "\\bbar", "-"), ("ab12", "(?n)(a)(?<y>b)", "ab"),
    ("aXb", "a(?#note)X", "aX"),
    ("$", "[$]", "$"), ("  x", "\\s+", "  "), ("\u{a0}", "\\s", "\u{a0}"), ("a-b", "[a-]+", "a-"),
    ("\n", "[^\\S\\n]", "-"),
    ("x", "[^\\w\\s]|x", "x"), ("!", "[\\W]", "!"), ("", "^$", ""),
  ])
  func `patterns match as .NET matches them`(text: String, pattern: String, expected: String) throws {
    let expression = try RegularExpression(pattern, options: 0)
    let found = try expression.match(in: text, from: 0)
    let bytes = Array(text.utf8)
    #expect((found?[0].map { String(decoding: bytes[$0], as: UTF8.self) } ?? "-") == expected)
  }

  @Test(arguments: [
    "(", ")", "[a", "a**", "*a", "a{2,1}", "\\", "[z-a]", "\\p{Nothing}", "(?<1a>x)", "\\1", "\\k<no>", "(?z)",
    "[a-z-[b]c]",
    "\\q", "(?(1)a|b|c)(d)", "\\x4", "(?<0>a)", "(?#open",
  ])
  func `what is no pattern is an ArgumentException`(pattern: String) {
    #expect(throws: DotNetException.self) { try RegularExpression(pattern, options: 0) }
  }

  @Test(arguments: [
    ("Regex.Replace(\"abc\", \"(?<x>b)\", \"[$`|$'|$&|$1|${x}|$$|$9|${no}|$+|$_]\")", "a[a|c|b|b|b|$|$9|${no}|b|abc]c"),
    ("Regex.Replace(\"a1b22\", @\"\\d+\", m => m.Length + \"\")", "a1b2"),
    ("new Regex(\"a\").Replace(\"aaaa\", \"b\", 2)", "bbaa"),
    ("new Regex(\"a\").Replace(\"aaaa\", \"b\", 1, 2)", "aaba"),
    ("new Regex(\"a\", RegexOptions.RightToLeft).Replace(\"aaaa\", \"b\", 1)", "aaab"),
    ("string.Join(\"|\", Regex.Split(\"a1b2c\", @\"(\\d)\"))", "a|1|b|2|c"),
    ("string.Join(\"|\", new Regex(\",\").Split(\"a,b,c\", 2))", "a|b,c"),
    ("string.Join(\"|\", Regex.Split(\"abc\", \"\"))", "|a|b|c|"),
    ("string.Join(\"|\", Regex.Matches(\"aéb\", \"\").Cast<Match>().Select(m => m.Index))", "0|1|2|3"),
    ("Regex.Match(\"é1\", @\"\\d\").Index", "1"), ("Regex.Match(\"x\", \"y\").Groups[3].Success", "False"),
    ("Regex.Match(\"2024\", @\"(?<y>\\d\\d)(\\d\\d)\").Groups[1].Value", "24"),
    ("Regex.Match(\"2024\", @\"(?<y>\\d\\d)(\\d\\d)\").Groups.Count", "3"),
    (
      "string.Join(\",\", Regex.Match(\"12ab\", @\"(?<n>\\d)+\").Groups[\"n\"].Captures.Cast<Capture>().Select(c => c.Value + c.Index))",
      "10,21"
    ),
    ("Regex.Match(\"aXbX\", \"x\", RegexOptions.IgnoreCase | RegexOptions.RightToLeft).Index", "3"),
    ("Regex.Match(\"12 34\", @\"\\d+\").Result(\"<$0>\")", "<12>"), ("Regex.Unescape(@\"a\\tb\\.\\u0041\")", "a\tb.A"),
    ("Regex.Match(\"x\", \"y\").Result(\"\")", "System.NotSupportedException"),
    ("Regex.IsMatch(\"a\", \"(\")", "System.ArgumentException"),
    ("Regex.Replace(\"Ab\", \"a\", new MatchEvaluator(m => m.Value + \"!\"), RegexOptions.IgnoreCase)", "A!b"),
    (
      "Regex.IsMatch(\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\", \"^(a+)+$\")",
      "System.Text.RegularExpressions.RegexMatchTimeoutException"
    ),
    (
      "Regex.IsMatch(\"!aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\", \"^(a+)+$\", RegexOptions.RightToLeft)",
      "System.Text.RegularExpressions.RegexMatchTimeoutException"
    ),
    ("Regex.Match(\"ab\", \"(?<=(a))b\").Groups[1].Value", "a"),
    ("Regex.IsMatch(\"a\\nb\", \"a.b\", RegexOptions.Singleline)", "True"),
    ("Regex.Match(\"ab\", \"a b\", RegexOptions.IgnorePatternWhitespace).Value", "ab"),
    ("Regex.IsMatch(\"٣\", @\"\\d\", RegexOptions.ECMAScript)", "False"),
  ])
  func `Regex has its members`(source: String, expected: String) {
    #expect(outcome(source) == expected)
  }
}
