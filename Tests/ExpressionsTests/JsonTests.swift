import Expressions
import Testing

/// Newtonsoft's JSON in expressions. In the sources `'` is the escaped quotation mark of C#, a backtick the apostrophe.
struct JsonTests {
  private func value(_ source: String, form: ExpressionForm = .expression) -> String {
    outcome(source.replacing("'", with: "\\\"").replacing("`", with: "'"), form: form)
  }

  @Test(arguments: [
    (
      "{'a':1.0,'b':1.50,'c':1e2,'d':-7,'e':123456789012345678901234567890}",
      "{\"a\":1.0,\"b\":1.5,\"c\":100.0,\"d\":-7,\"e\":123456789012345678901234567890}"
    ),
    ("{a:1,`b`:`x`,$c_1:[1,2,],'d':0x1F,'e':010,}", "{\"a\":1,\"b\":\"x\",\"$c_1\":[1,2],\"d\":31,\"e\":8}"),
    ("/*x*/{'a':NaN,'b':-Infinity,'c':undefined // y\\n}", "{\"a\":\"NaN\",\"b\":\"-Infinity\",\"c\":undefined}"),
    ("{'a':[1,,2]}", "{\"a\":[1,undefined,2]}"), ("{'a':new Date(1,'x')}", "{\"a\":new Date(1,\"x\")}"),
    ("{'a':1,'b':2,'a':{'c':3}}", "{\"a\":{\"c\":3},\"b\":2}"),
    ("{'a':'\\\\u00e9\\\\ud83d\\\\ude00\\\\/\\\\t'}", "{\"a\":\"é😀/\\t\"}"),
    ("{'a':'\\u2028\\u0085\\u0001'}", "{\"a\":\"\\u2028\\u0085\\u0001\"}"),
    ("{'a':'2024-01-15T10:30:00.120Z'}", "{\"a\":\"2024-01-15T10:30:00.12Z\"}"),
    (
      "{'a':'2024-01-15T10:30:00+02:00','b':'2024-01-15T10:30:00','c':'2024-13-15T10:30:00Z'}",
      "{\"a\":\"2024-01-15T08:30:00+00:00\",\"b\":\"2024-01-15T10:30:00\",\"c\":\"2024-13-15T10:30:00Z\"}"
    ),
    ("{'a':'/Date(1705314600000)/'}", "{\"a\":\"2024-01-15T10:30:00Z\"}"),
    ("{'a':0.1,'b':1e21,'c':0.30000000000000004}", "{\"a\":0.1,\"b\":1E+21,\"c\":0.30000000000000004}"),
  ])
  func `JSON is read leniently and written as Newtonsoft writes it`(text: String, expected: String) {
    #expect(value("JObject.Parse(\"\(text)\").ToString(Newtonsoft.Json.Formatting.None)") == expected)
  }

  @Test(arguments: [
    ("JObject.Parse(\"{bad\")", "Unexpected end while parsing unquoted property name. Path '', line 1, position 4."),
    ("JObject.Parse(\"\")", "Error reading JObject from JsonReader. Path '', line 0, position 0."),
    (
      "JObject.Parse(\"[1]\")",
      "Error reading JObject from JsonReader. Current JsonReader item is not an object: StartArray. Path '', line 1, position 1."
    ),
    (
      "JObject.Parse(\"{}x\")",
      "Additional text encountered after finished reading JSON content: x. Path '', line 1, position 3."
    ),
    (
      "JObject.Parse(\"{\\\"a\\\":[1,}]}\")",
      "Unexpected character encountered while parsing value: }. Path 'a[0]', line 1, position 9."
    ),
    (
      "JObject.Parse(\"{\\\"a\\\" 1}\")",
      "Invalid character after parsing property name. Expected ':' but got: 1. Path 'a', line 1, position 6."
    ),
    (
      "JObject.Parse(\"{\\\"a\\\":1\")",
      "Unexpected end of content while loading JObject. Path 'a', line 1, position 6."
    ),
    (
      "JObject.Parse(\"{\\\"a\\\":1 2}\")",
      "After parsing a value an unexpected character was encountered: 2. Path 'a', line 1, position 8."
    ),
    ("JArray.Parse(\"[\\\"x]\")", "Unterminated string. Expected delimiter: \". Path '', line 1, position 4."),
    ("JObject.Parse(\"{}\").SelectToken(\"x\", true)", "Property 'x' does not exist on JObject."),
    ("JObject.Parse(\"{}\").SelectToken(\"$[0]\", true)", "Index 0 not valid on JObject."),
    ("JArray.Parse(\"[1]\").SelectToken(\"[3]\", true)", "Index 3 outside the bounds of JArray."),
    ("JArray.Parse(\"[1,2]\").SelectToken(\"[*]\")", "Path returned multiple tokens."),
    ("JObject.Parse(\"{}\").SelectToken(\"[?(@.a ==)]\")", "Unexpected character while parsing path: )"),
    ("(int)JToken.Parse(\"null\")", "Can not convert Null to Int32."),
    ("(DateTime)JToken.Parse(\"5\")", "Can not convert Integer to DateTime."),
    ("new JValue(1)[0]", "Cannot access child value on Newtonsoft.Json.Linq.JValue."),
    ("new JObject(1)", "Can not add Newtonsoft.Json.Linq.JValue to Newtonsoft.Json.Linq.JObject."),
    (
      "JsonConvert.DeserializeObject<bool>(\"\\\"x\\\"\")",
      "Could not convert string to boolean: x. Path '', line 1, position 3."
    ),
  ])
  func `failures have Newtonsoft's messages`(source: String, message: String) {
    #expect(complaint(source) == message)
  }

  private static let goods =
    "JObject.Parse(\"{'goods':[{'n':'a','p':5,'t':['x']},{'n':'b','p':15.5},{'n':'c','p':'9','q':null}],'max':10,'a.b':{'c d':1}}\")"

  @Test(arguments: [
    ("$.goods[?(@.p > 10)].n", "b"), ("goods[?(@.p>=5&&@.p<15)].n", "a,c"),
    ("$.goods[?(@.n == `a` || @.n == `b`)].p", "5,15.5"),
    ("$..n", "a,b,c"), ("$.goods[0,2].n", "a,c"), ("$.goods[-1:].n", "c"), ("$.goods[::2].n", "a,c"),
    ("$.goods[::-1].n", "c,b,a"), ("$.goods[1:].n", "b,c"), ("$.goods[*].t[0]", "x"), ("$.goods[?(@.t)].n", "a"),
    ("$.goods[?(@.q == null)].n", "c"), ("$.goods[?(@.p < $.max)].n", "a,c"), ("$.goods[?(@.n != `a`)].n", "b,c"),
    ("$.goods[?(@.n =~ /[AB]/i)].n", "a,b"), ("$[`a.b`][`c d`]", "1"), ("[`max`,`none`]", "10"), ("$..[?(@.c)]", ""),
    ("$.goods[?(@.p === `9`)].n", "c"), ("$..t[?(@ == `x`)]", "x"), ("$.max", "10"), ("$.none", ""),
    ("$..p", "5,15.5,9"),
  ])
  func `paths lead where Newtonsoft's lead`(path: String, expected: String) {
    #expect(value("string.Join(\",\", \(Self.goods).SelectTokens(\"\(path)\"))") == expected)
  }

  @Test(arguments: [
    (
      "JObject.Parse(\"{'a':[{'b':{'c.d':1}}]}\").SelectToken(\"a[0].b[`c.d`]\").Path",
      "a[0].b['c.d']"
    ),
    (
      "JObject.Parse(\"{'a':{'b':1}}\")[\"a\"][\"b\"].Root.ToString(Newtonsoft.Json.Formatting.None)",
      "{\"a\":{\"b\":1}}"
    ),
    (
      "string.Join(\"|\", JObject.Parse(\"{'a':{'b':[1]}}\").SelectToken(\"a.b[0]\").Ancestors().Select(t => t.Type))",
      "Array|Property|Object|Property|Object"
    ),
    (
      "string.Join(\"|\", JObject.Parse(\"{'a':[1,{'b':2}]}\").Descendants().Select(t => t.Type))",
      "Property|Array|Integer|Object|Property|Integer"
    ),
    ("JArray.Parse(\"[1,2,3]\")[1].Next.ToString() + JArray.Parse(\"[1,2,3]\")[1].Previous", "31"),
    (
      "string.Join(\",\", JArray.Parse(\"[1,2,3,4]\")[1].AfterSelf()) + \";\" + string.Join(\",\", JArray.Parse(\"[1,2,3,4]\")[2].BeforeSelf())",
      "3,4;1,2"
    ),
    ("JToken.DeepEquals(JObject.Parse(\"{'a':1,'b':[2]}\"), JObject.Parse(\"{'b':[2],'a':1}\"))", "True"),
    ("JToken.Parse(\"1\").Value<object>() is JValue", "True"), ("JToken.Parse(\"'5'\").Value<int?>()", "5"),
    ("JArray.Parse(\"[[1,2],[3]]\").Values<JToken>().Count()", "2"),
    ("JArray.Parse(\"[{'a':1},{'a':2}]\").Select(t => (int)t[\"a\"]).Sum()", "3"),
    ("string.Join(\",\", JArray.Parse(\"[{'a':1},{'a':2}]\").Values<int>(\"a\"))", "1,2"),
    (
      "string.Join(\",\", JArray.Parse(\"[{'a':3},{'a':1},{'a':2}]\").OrderBy(t => t[\"a\"]).Select(t => t[\"a\"]))",
      "1,2,3"
    ),
    ("(decimal)JToken.Parse(\"1.25\") + (decimal?)JToken.Parse(\"1\")", "2.25"), ("(char)JToken.Parse(\"'x'\")", "x"),
    ("(int)JToken.Parse(\"2.5\")", "2"), ("(bool)JToken.Parse(\"1\")", "True"),
    ("(byte)JToken.Parse(\"300\")", "System.OverflowException"),
    ("(TimeSpan)JToken.Parse(\"'01:30:00'\")", "01:30:00"), ("(string)JToken.FromObject(new byte[] {1, 2})", "AQI="),
    ("(DateTimeOffset)JToken.Parse(\"'2024-01-15T10:30:00Z'\")", "01/15/2024 10:30:00 +00:00"),
    ("(Uri)JToken.Parse(\"'http://x/y'\")", "http://x/y"),
    ("(double)JToken.Parse(\"123456789012345678901\") > 1e20", "True"),
    ("JToken.Parse(\"{}\").Value<string>(\"a\") == null", "True"),
    ("JToken.Parse(\"[1]\").Value<string>()", "System.InvalidCastException"),
    ("JToken.Parse(\"null\").Value<int>()", "System.InvalidCastException"),
    ("JToken.Parse(\"[[1],[2,3]]\").ToObject<List<List<int>>>()[1][1]", "3"),
    ("JToken.Parse(\"{'1':true}\").ToObject<Dictionary<int, bool>>()[1]", "True"),
    ("JToken.Parse(\"'ordinal'\").ToObject<StringComparison>()", "Ordinal"),
    ("JsonConvert.DeserializeObject<int[]>(\"{}\")", "Newtonsoft.Json.JsonSerializationException"),
    ("JsonConvert.DeserializeObject<int>(\"null\")", "Newtonsoft.Json.JsonSerializationException"),
    ("JsonConvert.DeserializeObject(\"  \") == null", "True"), ("JsonConvert.SerializeObject(null)", "null"),
    (
      "JsonConvert.SerializeObject(new { d = new DateTime(2024, 1, 15), t = TimeSpan.FromSeconds(1), u = new Uri(\"http://x/\") })",
      "{\"d\":\"2024-01-15T00:00:00\",\"t\":\"00:00:01\",\"u\":\"http://x/\"}"
    ),
    ("new JArray(new[] {1, 2}, \"x\", null).ToString(Newtonsoft.Json.Formatting.None)", "[1,2,\"x\",null]"),
    ("new JProperty(\"a\", new List<int> {1, 2}).ToString(Newtonsoft.Json.Formatting.None)", "\"a\":[1,2]"),
    ("new JObject(new JProperty(\"a\", 1), new JProperty(\"a\", 2))", "System.ArgumentException"),
    ("JArray.Parse(\"[1]\").Contains(new JValue(1))", "False"),
    ("JObject.Parse(\"{'Ab':1}\").Property(\"aB\", StringComparison.OrdinalIgnoreCase).Name", "Ab"),
    ("JToken.Parse(\"'2024-01-15T10:30:00Z'\").Type.ToString() + JToken.Parse(\"'2024-01-15'\").Type", "DateString"),
  ])
  func `tokens have the members of JToken`(source: String, expected: String) {
    #expect(value(source) == expected)
  }

  @Test(arguments: [
    (
      "var a = JArray.Parse(\"[1,2]\"); a[0].AddBeforeSelf(0); a[2].AddAfterSelf(new[] {3, 4}); a.AddFirst(-1); a[1].Remove(); a[0].Replace(\"x\"); return a.ToString(Newtonsoft.Json.Formatting.None);",
      "[\"x\",1,2,3,4]"
    ),
    (
      "var o = JObject.Parse(\"{'a':{'b':1}}\"); o[\"c\"] = o[\"a\"]; o[\"c\"][\"b\"] = 2; return o.ToString(Newtonsoft.Json.Formatting.None);",
      "{\"a\":{\"b\":1},\"c\":{\"b\":2}}"
    ),
    (
      "var o = new JObject(); o[\"self\"] = o; o[\"self\"][\"x\"] = 1; return o.ToString(Newtonsoft.Json.Formatting.None);",
      "{\"self\":{\"x\":1}}"
    ),
    ("var p = new JProperty(\"a\", 1); var o = new JObject(p); p.Value = 2; return (int)o[\"a\"];", "2"),
    (
      "var o = JObject.Parse(\"{'a':1,'b':2}\"); o.Property(\"a\").Replace(new JProperty(\"z\", 9)); return o.ToString(Newtonsoft.Json.Formatting.None);",
      "{\"z\":9,\"b\":2}"
    ),
    ("var s = \"\"; foreach (var p in JObject.Parse(\"{'a':1,'b':2}\")) s += p.Key + p.Value; return s;", "a1b2"),
    ("var a = JArray.Parse(\"[1,2]\"); foreach (var t in a) a.Add(3); return a;", "System.InvalidOperationException"),
    (
      "var o = JObject.Parse(\"{'a':[1],'b':{'x':1},'c':1}\"); o.Merge(JObject.Parse(\"{'a':[1,2],'b':{'y':2},'c':null}\")); return o.ToString(Newtonsoft.Json.Formatting.None);",
      "{\"a\":[1,1,2],\"b\":{\"x\":1,\"y\":2},\"c\":1}"
    ),
    (
      "var o = new JObject(); for (int i = 0; i < 40; i++) o[\"k\" + i] = i; o.Remove(\"k3\"); o[\"k5\"] = -1; return (int)o[\"k39\"] + (int)o[\"k5\"] + o.Count;",
      "77"
    ),
    (
      "int? n = null; var o = new JObject(); o[\"a\"] = n; o[\"b\"] = (int?)5; return o.ToString(Newtonsoft.Json.Formatting.None);",
      "{\"a\":null,\"b\":5}"
    ),
    ("var v = new JValue(1); v.Value = \"x\"; return v.Type + \":\" + v.Value;", "String:x"),
  ])
  func `trees change as in Newtonsoft`(source: String, expected: String) {
    #expect(value(source, form: .block) == expected)
  }

  @Test func `a tree cannot grow by naming itself, nor nest without end`() {
    #expect(
      value("var o = new JArray(1); while (true) o = new JArray(o, o); return 1;", form: .block)
        .contains("Limit"))
    #expect(
      value("var o = new JArray(); for (int i = 0; i < 5000; i++) o = new JArray(o, 1); return 1;", form: .block)
        == "System.InvalidOperationException")
    #expect(value("JArray.Parse(new string(`[`, 129))") == "Newtonsoft.Json.JsonReaderException")
    #expect(value("JArray.Parse(new string(`[`, 128) + new string(`]`, 128)).Count") == "1")
  }
}
