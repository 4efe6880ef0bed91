import OData
import Testing

@Suite struct ODataRequestTests {
  private func problems(_ path: String, _ options: [(name: String, value: String)], _ version: String = "4.01") throws
    -> [String]
  {
    let version = try #require(ODataVersion(version))
    return ODataRequest(path: path, options: options, version: version).problems.map(\.message)
  }

  @Test(arguments: [
    "Price gt 10 and (Name eq 'O''Neil' or not contains(Name,'x'))", "Items/any(d:d/Quantity gt 100)", "Items/all(x:x)",
    "Date ge 2026-01-02T03:04:05.123Z and Time lt 03:04:05", "Id eq f89dee73-af9f-4cd4-b330-db93c25ff3c7",
    "Colour has NS.Colour'Red'", "Span eq duration'P1DT2H'", "-Price sub -1.5e-3 lt 2 mul (3 divby 4)", "Id in (1,2,3)",
    "NS.Func(a=@p,b=$it/Name)/Name eq null", "Address/$count gt 1", "isof(NS.Manager)", "cast(Price,Edm.Decimal) eq 1",
    "Tags eq [1,\"a\",{\"b\":null}]", "case(Price gt 1:'a',true:'b') eq 'a'",
    "geo.distance(Place,geography'POINT(1 2)') lt 5",
    "Größe eq 1",
  ])
  func `a filter of the standard is taken`(filter: String) throws {
    let found = try problems("Products", [("$filter", filter)])
    #expect(found == [])
  }

  @Test(arguments: [
    "Price gt", "gt 5 6", "(Price", "Price)", "Name eq 'a", "contains(Name,'a'", "Items/any(d)", "a # b", "Price = 5",
    "Id in (1,", "/Name", "Name eq \"", "a,b",
  ])
  func `a filter that is none is refused`(filter: String) throws {
    let found = try problems("Products", [("$filter", filter)])
    #expect(found.count == 1)
  }

  @Test(arguments: [
    ("$orderby", "Price desc,Name asc,length(Name)"), ("$select", "Name,Address/City,NS.*,*,Items($top=1)"),
    (
      "$expand",
      "*,Items/$ref,Customer($expand=Orders($filter=a eq 1;$orderby=b desc);$select=x;$levels=max;$count=true)"
    ),
    ("$search", "blue OR \"red car\" NOT (green AND 7)"), ("$compute", "Price mul Qty as Total,1 as One"),
    ("$apply", "filter(A gt 1)/groupby((B/C),aggregate(D with sum as E))/concat(x,y)"), ("$count", "TRUE"),
    ("$skiptoken", "abc"), ("top", "5"), ("OrderBy", "Name"), ("other", "$"), ("@p", "'text'"), ("$format", "json"),
  ])
  func `options of the standard are taken`(name: String, value: String) throws {
    let found = try problems("Products", [(name, value)])
    #expect(found == [], "\(name)")
  }

  @Test(arguments: [
    ("$orderby", "Name up"), ("$select", "Name,"), ("$expand", "Items($where=1)"), ("$expand", "Items($top=x)"),
    ("$search", "OR a"), ("$compute", "Price mul 2"), ("$apply", "filter(a"), ("$apply", "filter(a gt)"),
    ("$apply", "compute(a)"), ("$apply", "concat(filter(a),)"),
    ("$apply", "groupby((a)"), ("$apply", "/identity"), ("$count", "yes"), ("$skip", ""),
    ("$top", "1.5"), ("$skiptoken", ""), ("@p", "("), ("$", "1"), ("", "x"),
  ])
  func `options that are none are refused`(name: String, value: String) throws {
    let found = try problems("Products", [(name, value)])
    #expect(found.count == 1, "\(name)")
  }

  @Test(arguments: [
    "", "/Products", "/Products/", "/Products('a')/Items(Id=1,Line='x')/$value", "/NS.Func(a=@p)", "/$batch",
    "/$metadata",
    "/Products(%27a%2Fb%27)", "/$crossjoin(A,B)",
  ])
  func `paths of the standard are taken`(path: String) throws {
    let found = try problems(path, [])
    #expect(found == [])
  }

  @Test(arguments: [
    "/Products//Items", "/Products(1", "/Products(1))x", "/(1)", "/$nothing", "/a%2", "/a%zz", "/a%ff", "/P(a=)",
  ])
  func `paths that are none are refused`(path: String) throws {
    let found = try problems(path, [])
    #expect(found.count == 1)
  }

  @Test func `before 4_01 an option without its dollar sign is the service's own`() throws {
    let found = try problems("Products", [("top", "x"), ("$Top", "1")], "4.0")
    #expect(found == ["The query option '$Top' is not known."])
  }

  @Test func `more levels than the bound are refused, not followed`() throws {
    let deep = String(repeating: "(", count: 100_000)
    for option in ["$filter", "$search", "$apply", "$expand"] {
      let value =
        option == "$apply" ? "a" + deep : option == "$expand" ? String(repeating: "a($expand=", count: 50_000) : deep
      let found = try problems("Products", [(option, value)])
      #expect(found.count == 1)
    }
  }

  @Test func `versions compare as their numbers`() throws {
    let texts = ["4.01", "4.0", "3.0", "4.1"]
    let sorted = texts.compactMap { ODataVersion($0) }.sorted().map(\.text)
    #expect(sorted == ["3.0", "4.0", "4.01", "4.1"])
    for text in ["4", "", "4.", ".1", "a.b", "4.0.1", "400.0"] { #expect(ODataVersion(text) == nil) }
  }
}
