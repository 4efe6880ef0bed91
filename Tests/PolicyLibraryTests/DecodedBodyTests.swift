import Testing

@testable import PolicyLibrary

struct DecodedBodyTests {
  /// `hello hello hello` as gzip writes it.
  private static let gzip: [UInt8] = [
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 203, 72, 205, 201, 201, 87, 200, 64, 144, 0, 128, 136, 249, 229, 17, 0, 0, 0,
  ]

  @Test func `codings are undone in turn, and a long row of them is refused`() {
    guard case .bytes(let bytes) = DecodedBody(Self.gzip, encoding: "gzip, identity", limit: 100) else {
      Issue.record("not read")
      return
    }
    #expect(bytes == Array("hello hello hello".utf8))
    let row = "gzip" + String(repeating: ", identity", count: 4)
    guard case .unreadable = DecodedBody(Self.gzip, encoding: row, limit: 100) else {
      Issue.record("read")
      return
    }
  }
}
