import Expressions
import PolicyLibrary
import Testing

/// Where policies may stand: the same table that the policy reference shows.
struct PolicyPlaceTests {
  private static let places = PolicyReference.entries.filter { !$0.isOfResolvers }

  private static func codes(_ name: String, in section: PolicySection, at scope: PolicyScope) -> [String] {
    let section = section.rawValue
    return PolicyCheck.diagnostics(
      "<policies><\(section)><\(name) /></\(section)></policies>", at: scope, in: PolicyEnvironment()
    ).map(\.code)
  }

  @Test func `a policy is refused in every section but its own`() {
    #expect(Self.places.count > 60)
    for entry in Self.places {
      guard let scope = entry.scopes.first else { continue }
      for section in PolicySection.allCases {
        let isRefused = Self.codes(entry.name, in: section, at: scope).contains("PL0102")
        #expect(isRefused == !entry.sections.contains(section), "\(entry.name) in \(section.rawValue)")
      }
    }
  }

  @Test func `a policy is refused at every scope but its own`() {
    for entry in Self.places {
      guard let section = entry.sections.first else { continue }
      for scope in PolicyScope.allCases {
        let isRefused = Self.codes(entry.name, in: section, at: scope).contains("PL0103")
        #expect(isRefused == !entry.scopes.contains(scope), "\(entry.name) at \(scope.rawValue)")
      }
    }
  }
}
