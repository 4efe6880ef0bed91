/// What is wrong with a request to an OData API.
public struct ODataProblem: Error, Sendable, Equatable {
  public enum Place: Sendable, Equatable {
    case path
    /// A query option by its name as written.
    case option(String)
  }

  public var place: Place
  public var message: String

  public init(_ place: Place, _ message: String) {
    self.place = place
    self.message = message
  }
}

/// A version of the protocol: `4.0`, `4.01`.
public struct ODataVersion: Sendable, Comparable {
  /// `4.01` is 401, `4.0` is 400.
  private let number: Int
  public let text: String

  public init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, (1...2).contains(parts[0].utf8.count), (1...2).contains(parts[1].utf8.count),
      parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }), let major = Int(parts[0]),
      let minor = Int(parts[1])
    else { return nil }
    number = major * 100 + (parts[1].utf8.count == 1 ? minor * 10 : minor)
    self.text = text
  }

  public static func < (a: ODataVersion, b: ODataVersion) -> Bool { a.number < b.number }

  /// From 4.01 on system query options may do without their dollar sign, in any case.
  var hasPlainOptions: Bool { number >= 401 }
  /// From 4.0 on there are the options that this target knows.
  var isKnown: Bool { number >= 400 }
}
