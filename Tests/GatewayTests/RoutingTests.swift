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
