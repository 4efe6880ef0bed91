import Foundation
import PolicyLibrary
import Testing

/// The cases show all that the policy reference has: a new attribute without a case fails here.
struct PolicyCoverageTests {
  private static let uses = Result { try GoldenUses(files: GoldenTests.files) }

  @Test func `every attribute and child of every policy is used by a case`() throws {
    let uses = try Self.uses.get()
    let wanted = PolicyReference.entries.flatMap { [$0.name] + $0.shape.paths(below: $0.name) }
    #expect(wanted.count > 500)
    let missing = wanted.filter { !uses.paths.contains($0) }
    #expect(missing == [], "write a case in Tests/Golden")
  }

  @Test func `cases use nothing that the reference does not have`() throws {
    let unknown = try Self.uses.get().unknown.sorted()
    #expect(unknown == [])
  }

  @Test func `every policy is used by a case in every section and at every scope where it may stand`() throws {
    let uses = try Self.uses.get()
    var missing: [String] = []
    for entry in PolicyReference.entries where !entry.isOfResolvers {
      missing += entry.sections.map { "\(entry.name) \($0.rawValue)" }.filter { !uses.sections.contains($0) }
    }
    #expect(missing.sorted() == [], "write a case in Tests/Golden")
  }
}
