import HTTPWire
import Testing

@testable import Gateway

/// Finding operations and positions without sockets.
struct RoutingTests {
  private func head(_ line: String) throws -> MessageHead {
    var head = MessageHead()
    let bytes = Array("\(line) HTTP/1.1\r\nHost: g\r\n\r\n".utf8)
    guard case .complete = head.parseRequest(bytes.span, limits: HeadLimits()) else {
      throw WireError(.startLine)
    }
    return head
  }

  @Test func `literals win over parameters, parameters over a remainder, own methods over any`() throws {
    let tree = OperationTree([
      ("GET", "/zones/{zone}"), ("GET", "/zones/utc"), ("*", "/zones/utc"), ("GET", "/*"), ("PURGE", "/zones/utc"),
      ("GET", "/files/v{version}.txt"),
    ])
    func find(_ line: String) throws -> Int? { tree.find(try head(line), from: 0) }
    #expect(try find("GET /zones/paris") == 0)
    #expect(try find("GET /ZONES/utc") == 1)
    #expect(try find("POST /zones/utc") == 2)
    #expect(try find("PURGE /zones/utc") == 4)
    #expect(try find("GET /zones/paris/more") == 3)
    #expect(try find("GET /") == 3)
    #expect(try find("GET /files/v12.txt") == 5)
    #expect(try find("POST /files/v12.txt") == nil)
    let path = Array("/files/v12.txt".utf8)
    let found = tree.parameters(try head("GET /files/v12.txt"), path.span, from: 0)
    #expect(found.map(\.name) == ["version"])
    #expect(found.map(\.range) == [8..<10])
  }

  @Test func `segments of every length are told apart, also where only their ends differ`() throws {
    var operations: [(method: String, template: String)] = []
    for length in 1...40 {
      let text = String(repeating: "a", count: length - 1)
      operations += [("GET", "/\(text)b"), ("GET", "/\(text)c/{id}"), ("GET", "/x/\(text)c/{id}/\(text)b")]
    }
    let tree = OperationTree(operations)
    for length in 1...40 {
      let text = String(repeating: "A", count: length - 1)
      let first = (length - 1) * 3
      #expect(tree.find(try head("GET /\(text)b"), from: 0) == first)
      #expect(tree.find(try head("GET /\(text)C/7"), from: 0) == first + 1)
      #expect(tree.find(try head("GET /x/\(text)c/7/\(text)b"), from: 0) == first + 2)
      #expect(tree.find(try head("GET /\(text)d"), from: 0) == nil)
      #expect(tree.find(try head("GET /\(text)c"), from: 0) == nil)
      #expect(tree.find(try head("POST /\(text)b"), from: 0) == nil)
    }
    let path = Array("/x/ac/seven/ab".utf8)
    let found = tree.parameters(try head("GET /x/ac/seven/ab"), path.span, from: 0)
    #expect(found.map(\.name) == ["id"] && found.map(\.range) == [6..<11])
  }

  @Test func `among several parameters the one with the most fixed text is tried first, and a wrong way is left again`()
    throws
  {
    let tree = OperationTree([
      ("GET", "/{a}/end"), ("GET", "/v{b}/other"), ("GET", "/{c}.json"), ("GET", "/v{d}.json"), ("GET", "/{e}/{f}/*"),
    ])
    func find(_ path: String) throws -> Int? { tree.find(try head("GET \(path)"), from: 0) }
    #expect(try find("/v1/end") == 0 && find("/v1/other") == 1)
    #expect(try find("/x.json") == 2 && find("/v1.json") == 3)
    #expect(try find("/v1/third") == 4 && find("/v1/third/more/of/it") == 4)
    #expect(try find("/v1") == nil)
  }

  @Test func `a segment may hold several parameters with text between them, none of which is empty`() throws {
    let tree = OperationTree([
      ("GET", "/calendar(from='{from}',to='{to}')"), ("GET", "/{name}.{ending}"),
      ("GET", "/v{major}.{minor}.{patch}/notes"),
      ("GET", "/{any}"), ("GET", "/{any}/notes"),
    ])
    func found(_ path: String) throws -> (operation: Int?, values: [String]) {
      let head = try head("GET \(path)")
      let bytes = Array(path.utf8)
      let parameters = tree.parameters(head, bytes.span, from: 0)
      return (
        tree.find(head, from: 0), parameters.map { "\($0.name)=" + String(decoding: bytes[$0.range], as: UTF8.self) }
      )
    }
    func expect(_ path: String, _ operation: Int?, _ values: [String]) throws {
      let found = try found(path)
      #expect(found.operation == operation && found.values == values, "\(path): \(found)")
    }
    try expect("/Calendar(FROM='1',to='2')", 0, ["from=1", "to=2"])
    try expect("/a.tar.gz", 1, ["name=a", "ending=tar.gz"])
    try expect("/.b.c", 1, ["name=.b", "ending=c"])
    try expect("/v1.22.3/notes", 2, ["major=1", "minor=22", "patch=3"])
    for path in ["/a.", "/.a", "/plain", "/calendar(from='1')"] { try expect(path, 3, ["any=" + path.dropFirst()]) }
    try expect("/v1.2/notes", 4, ["any=v1.2"])
    #expect(tree.candidates(try head("POST /a.b"), from: 0).sorted() == [1, 3])
  }

  @Test func `operations of one path are told apart by the queries of their templates, wherever a parameter stands`()
    throws
  {
    let tree = OperationTree([
      ("GET", "/items"), ("GET", "/items?comp=list"), ("GET", "/items?comp=list&id={id}"), ("GET", "/items?comp=tags"),
      ("*", "/items?any={any}"), ("GET", "/one?id={id}"), ("GET", "/{name}?id={id}&more={more}"), ("GET", "/?top={n}"),
    ])
    func find(_ path: String) throws -> Int? { tree.find(try head(path), from: 0) }
    #expect(try find("GET /items") == 0 && find("GET /items?other=1") == 0 && find("GET /items?comp=none") == 0)
    #expect(try find("GET /items?x=1&COMP=List") == 1 && find("GET /items?comp=tags") == 3)
    #expect(try find("GET /items?id=7&comp=list") == 2 && find("GET /items?id=&comp=list") == 2)
    #expect(try find("GET /items?any=1") == 0 && find("PUT /items?any=1") == 4 && find("PUT /items") == nil)
    #expect(try find("GET /one?id=1") == 5 && find("GET /one") == nil && find("GET /one?idx=1") == nil)
    // Where the literal segment's operation asks for what is not there, another template may still fit.
    #expect(try find("GET /one?more=1&ID=2") == 5 && find("GET /two?more=1&ID=2") == 6)
    #expect(try find("GET /?top=1") == 7 && find("GET /") == nil)
  }

  @Test func `a percent sign in a query needs two digits, and a sign is none`() {
    #expect(QueryScan.decode("a%2Bb+c".utf8) == "a+b c")
    #expect(QueryScan.decode("%+5%-0%5".utf8, plusIsSpace: false) == "%+5%-0%5")
  }

  @Test func `an index finds every position of a hash in the order it was given, however much it grows`() {
    var index = HashIndex()
    for position in 0..<500 { index.insert(UInt64(position % 7) << 32, position) }
    for rest in 0..<7 {
      var seen: [Int] = []
      let none: Int? = index.first(UInt64(rest) << 32) { position in
        seen.append(position)
        return nil
      }
      #expect(none == nil)
      #expect(seen == Array(stride(from: rest, to: 500, by: 7)))
    }
    #expect(index.first(99, { $0 }) == nil)
    #expect(HashIndex().first(1, { $0 }) == nil)
  }
}
