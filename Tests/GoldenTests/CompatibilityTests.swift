import Foundation
import Testing
import Workbench

/// The numbered behaviours of the reference: each is shown by a case, or told in `docs/compatibility.md`.
struct CompatibilityTests {
  private static let checkout = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  private static let reference = checkout.deletingLastPathComponent()
    .appending(path: "shared/reference/semantics-cases.md")

  /// The numbers in a text, such as `B3` and `O4b`.
  private static func numbers(in text: Substring) -> [String] {
    text.split(whereSeparator: { !$0.isLetter && !$0.isNumber }).map(String.init).filter { word in
      word.wholeMatch(of: /[A-O][0-9]{1,2}b?/) != nil
    }
  }

  /// The numbers in the first cell of every row of a page's tables.
  private static func rows(of page: URL) throws -> [String] {
    try String(contentsOf: page, encoding: .utf8).split(separator: "\n").filter { $0.hasPrefix("|") }
      .flatMap { numbers(in: $0.split(separator: "|")[0]) }
  }

  /// The numbers in the titles of all cases, with the file of each.
  private static func shown() throws -> [(number: String, file: String)] {
    let folder = checkout.appending(path: "Tests/Golden").path()
    return try PolicyTests.list([folder]).flatMap { file in
      let text = try String(contentsOfFile: file, encoding: .utf8)
      return numbers(in: text[..<(text.firstRange(of: "###")?.lowerBound ?? text.endIndex)]).map { ($0, file) }
    }
  }

  private static var told: [String] {
    get throws { try rows(of: checkout.appending(path: "docs/compatibility.md")) }
  }

  @Test(
    .enabled(
      if: FileManager.default.fileExists(atPath: reference.path()),
      "the reference is not beside this checkout: ../shared/reference"))
  func `every behaviour of the reference is shown by a case or told in docs/compatibility.md`() throws {
    let numbers = Set(try Self.rows(of: Self.reference))
    #expect(numbers.count >= 242)
    let found = Set(try Self.shown().map(\.number)).union(try Self.told)
    #expect(numbers.subtracting(found).sorted() == [], "in neither")
    #expect(found.subtracting(numbers).sorted() == [], "not in the reference")
  }

  @Test func `a number is told once`() throws {
    let told = try Self.told
    #expect(!told.isEmpty)
    #expect(told.count == Set(told).count)
  }

  @Test func `the number in a file's name is the first in its title`() throws {
    var firsts: [String: String] = [:]
    for (number, file) in try Self.shown() where firsts[file] == nil { firsts[file] = number }
    for file in GoldenTests.files {
      let name = file.split(separator: "/").last?.prefix { $0 != "-" && $0 != "." } ?? ""
      if let number = Self.numbers(in: name).first { #expect(firsts[file] == number, "\(file)") }
    }
  }
}
