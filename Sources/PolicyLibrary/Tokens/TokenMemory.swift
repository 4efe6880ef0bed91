/// What one event loop remembers for the policies that deal in tokens.
public final class TokenMemory {
  let verified = VerifiedTokens()
  let keys = KeyDirectory()
  let identity: IdentityTokens

  /// The policies are others from now on: what was found right for the former ones is of no use to them.
  public func policiesChanged() { verified.removeAll() }

  /// - Parameter endpoint: where managed identities get their tokens.
  public init(identity endpoint: IdentityEndpoint = IdentityEndpoint()) { identity = IdentityTokens(endpoint) }
}
