import Foundation

/// Something that must live through any input: it ends in time, takes bounded memory and does not trap.
///
/// A new case is one more entry in `all`, and its seeds in `Fuzz/Seeds/NAME.txt`.
struct FuzzCase: Sendable {
  let name: String
  /// Words of the language, which mutations put in.
  let dictionary: [String]
  /// Tries an input; says whether it was accepted as valid.
  let attempt: @Sendable (_ input: [UInt8]) -> Bool

  static let all = [
    expression, block, document, graphQL, odata, metadata, message, frames, answers, reply, greeting, socket, tds, sql,
    credential,
  ]

  /// The input that is being tried, which is in `Fuzz/last-input`, does what none may do.
  static func broken(_ what: String) -> Never {
    print(what)
    exit(1)
  }
}
