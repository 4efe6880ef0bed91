/// What one event loop remembers for the policies that deal in tokens.
public final class TokenMemory {
  let verified = VerifiedTokens()
  let keys = KeyDirectory()
  let identity: IdentityTokens

  /// - Parameter endpoint: where managed identities get their tokens.
  public init(identity endpoint: IdentityEndpoint = IdentityEndpoint()) { identity = IdentityTokens(endpoint) }
}
