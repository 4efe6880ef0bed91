import DotNet
import Testing

/// Laws that hold for every value, tried on many.
struct PropertyTests {
  private struct Numbers: RandomNumberGenerator {
    var state: UInt64 = 0x5DEE_CE66_D1CE_5EED
    mutating func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
  }

  @Test func `a number read from its text is the number`() throws {
    var numbers = Numbers()
    for _ in 0..<500 {
      let whole = Int64(bitPattern: numbers.next()) >> Int64.random(in: 0...60, using: &numbers)
      #expect(NumberReader("\(whole)", .integer)?.integer == Int128(whole))
      let real = Double(bitPattern: numbers.next())
      if real.isFinite {
        let text = try NumberText.format(.double(real), "R")
        #expect(NumberReader(text, .float)?.double == real, "\(text)")
      }
      let decimal = DecimalNumber(whole)
      #expect(NumberReader(decimal.description, .number)?.decimal == decimal)
      let grouped = try NumberText.format(.integer(Int128(whole), bits: 64), "N0")
      #expect(NumberReader(grouped, .number)?.integer == Int128(whole), "\(grouped)")
    }
  }

  @Test func `decimal arithmetic keeps the laws of arithmetic`() throws {
    var numbers = Numbers()
    func decimal() throws -> DecimalNumber {
      let whole = DecimalNumber(Int64.random(in: -1_000_000_000...1_000_000_000, using: &numbers))
      return try whole / DecimalNumber([Int64(1), 10, 100, 1000].randomElement(using: &numbers) ?? 1)
    }
    for _ in 0..<300 {
      let (a, b, c) = (try decimal(), try decimal(), try decimal())
      #expect(try a + b == b + a)
      #expect(try a * b == b * a)
      #expect(try (a + b) + c == a + (b + c))
      #expect(try a * (b + c) == a * b + a * c)
      #expect(try a - a == .zero)
      #expect(try (a - b) == (b - a).negated)
      if b != .zero { #expect(try (a * b) / b == a) }
      #expect(a.floor <= a && a <= a.ceiling)
    }
  }

  @Test func `a date read from its text is the date`() throws {
    var numbers = Numbers()
    for _ in 0..<500 {
      let date = try DateTimeValue(ticks: Int64.random(in: 0...DateTimeValue.maximumTicks, using: &numbers))
      let text = try date.format("o")
      #expect(try DateTimeValue.read(text, exactly: "o").clock == date, "\(text)")
      #expect(try DateTimeValue.parse(text) == date, "\(text)")
      let (year, month, day) = date.date
      #expect(try DateTimeValue(year: year, month: month, day: day).ticks == date.ticks - date.timeOfDay)
      let custom = "dd MMM yyyy HH:mm:ss.fffffff"
      #expect(try DateTimeValue.read(try date.format(custom), exactly: custom).clock == date)
    }
  }

  @Test func `a time span read from its text is the time span`() throws {
    var numbers = Numbers()
    for _ in 0..<500 {
      let ticks = Int64(bitPattern: numbers.next()) >> Int64.random(in: 0...40, using: &numbers)
      let text = try TimeSpanText.format(ticks, "c")
      #expect(try TimeSpanText.parse(text) == ticks, "\(text)")
      let long = try TimeSpanText.format(ticks, "G")
      #expect(try TimeSpanText.parse(long) == ticks, "\(long)")
    }
  }

  @Test func `the order of texts is an order`() {
    let texts = ["", "a", "A", "b", "B", "é", "e", "f", "ß", "ss", "_", "-", " ", "1", "10", "2", "ab", "aB", "Ab"]
    for a in texts {
      #expect(Collation.compare(a, a) == 0)
      for b in texts {
        #expect(Collation.compare(a, b) == -Collation.compare(b, a), "\(a) \(b)")
        for c in texts where Collation.compare(a, b) < 0 && Collation.compare(b, c) < 0 {
          #expect(Collation.compare(a, c) < 0, "\(a) \(b) \(c)")
        }
      }
    }
  }

  @Test func `changing the case of a text never changes its length in characters`() {
    for value in UInt32(0x20)..<0x3000 {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let text = String(Character(scalar))
      #expect(InvariantCase.upper(text).unicodeScalars.count == 1, "\(value)")
      #expect(InvariantCase.lower(text).unicodeScalars.count == 1, "\(value)")
      #expect(InvariantCase.upper(InvariantCase.upper(text)) == InvariantCase.upper(text), "\(value)")
    }
  }
}
