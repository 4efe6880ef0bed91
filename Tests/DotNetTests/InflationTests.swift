import DotNet
import Testing

struct InflationTests {
  /// `hello hello hello` as gzip, zlib and raw deflate write it.
  private static let gzip: [UInt8] = [
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 203, 72, 205, 201, 201, 87, 200, 64, 144, 0, 128, 136, 249, 229, 17, 0, 0, 0,
  ]
  private static let zlib: [UInt8] = [120, 156, 203, 72, 205, 201, 201, 87, 200, 64, 144, 0, 58, 46, 6, 125]
  private static let raw: [UInt8] = [203, 72, 205, 201, 201, 87, 200, 64, 144, 0]
  private static let text = Array("hello hello hello".utf8)

  @Test func `each form is read`() {
    #expect(Inflation.inflate(Self.gzip, .gzip, limit: 100) == .bytes(Self.text))
    #expect(Inflation.inflate(Self.zlib, .deflate, limit: 100) == .bytes(Self.text))
    #expect(Inflation.inflate(Self.raw, .deflate, limit: 100) == .bytes(Self.text))
  }

  @Test func `what is larger than the bound is not kept`() {
    #expect(Inflation.inflate(Self.gzip, .gzip, limit: 16) == .tooLarge)
    #expect(Inflation.inflate(Self.gzip, .gzip, limit: 17) == .bytes(Self.text))
  }

  @Test func `damaged data is told`() {
    #expect(Inflation.inflate(Array(Self.gzip.dropLast(9)), .gzip, limit: 100) == .broken)
    #expect(Inflation.inflate(Self.text, .gzip, limit: 100) == .broken)
    #expect(Inflation.inflate([], .deflate, limit: 100) == .broken)
  }

  @Test func `further members belong to the content, other bytes behind the end to none`() {
    #expect(Inflation.inflate(Self.gzip + Self.gzip, .gzip, limit: 100) == .bytes(Self.text + Self.text))
    #expect(Inflation.inflate(Self.gzip + Self.gzip, .gzip, limit: Self.text.count + 1) == .tooLarge)
    #expect(Inflation.inflate(Self.gzip + [1, 2, 3], .gzip, limit: 100) == .broken)
    #expect(Inflation.inflate(Self.zlib + [1, 2, 3], .deflate, limit: 100) == .broken)
  }
}
