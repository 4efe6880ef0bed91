import DotNet
import Expressions
import HTTPWire

/// What a policy demands of tokens, as it was written: the same for `validate-jwt` and `validate-azure-ad-token`.
struct TokenRules: Sendable {
  /// A claim that has to be there, with these values if any.
  struct RequiredClaim: Sendable {
    let name: String
    /// Every value of the policy has to be in the token; one is enough when false.
    let matchesAll: Bool
    /// What stands between values in a claim that is one text.
    let separator: String?
    let values: [Argument<String>]
  }

  /// A key of the policy itself.
  enum Key: Sendable {
    case known(KeySet.Entry)
    /// A certificate of the deployment.
    case certificate(id: String?, certificate: Argument<String>)
  }

  /// A key that opens encrypted tokens.
  enum DecryptionKey: Sendable {
    case secret([UInt8])
    case certificate(Argument<String>)
  }

  /// Who may issue tokens and where the keys are found.
  enum Issuer: Sendable {
    /// Addresses of discovery documents.
    case discovery([Argument<String>])
    /// A tenant of Microsoft Entra.
    case tenant(Argument<String>)
  }

  let policy: String
  let source: TokenSource
  let failedStatus: Argument<Int>
  let failedMessage: Argument<String>?
  var requiresExpiration = Argument<Bool>.literal(true)
  var requiresSignature = Argument<Bool>.literal(true)
  var clockSkewSeconds = Argument<Int>.literal(0)
  var outputVariable: String?
  var issuer = Issuer.discovery([])
  var keys: [Key] = []
  var decryptionKeys: [DecryptionKey] = []
  var audiences: [Argument<String>] = []
  var issuers: [Argument<String>] = []
  var claims: [RequiredClaim] = []
  /// Applications that may have asked for the token: `azp` or `appid`.
  var clientApplications: [String] = []
  let owner = VerifiedTokens.Owner()

  /// Whether what a token has to say is the same for every request: nothing of it but the times can differ then.
  var isFixed: Bool {
    (audiences + issuers + claims.flatMap(\.values)).allSatisfy { $0.literal != nil }
  }
}

/// Where a request carries its token.
enum TokenSource: Sendable {
  /// `takesScheme`: a scheme may stand before the token. `scheme`: the one that has to, in `Authorization`.
  case header(name: Argument<String>, takesScheme: Bool, scheme: Argument<String>?)
  case query(Argument<String>)
  case value(Argument<String>)

  /// The token; nil when the request has none. Error when the scheme is another than the policy demands.
  func token(_ exchange: Exchange) throws(PolicyError) -> String? {
    switch self {
    case .value(let value):
      let text = try value.value(exchange).trimmed
      return text.isEmpty ? nil : text
    case .query(let name):
      let text = exchange.queryValues(try name.value(exchange), of: .current)?.first ?? ""
      return text.isEmpty ? nil : text
    case .header(let name, let takesScheme, let scheme):
      let name = try name.value(exchange)
      guard let text = exchange.request.value(of: name)?.trimmed, !text.isEmpty else { return nil }
      let isAuthorization = name.lowercased() == "authorization"
      guard takesScheme || isAuthorization else { return text }
      let space = text.utf8.firstIndex(of: UInt8(ascii: " "))
      if isAuthorization, let wanted = try scheme?.value(exchange) {
        guard let space, text[..<space].lowercased() == wanted.lowercased() else { return nil }
      }
      return space.map { String(text[$0...]).trimmed } ?? text
    }
  }
}
