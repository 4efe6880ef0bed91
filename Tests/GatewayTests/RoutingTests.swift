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
