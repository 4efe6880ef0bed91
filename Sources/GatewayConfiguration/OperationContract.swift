/// What an operation says of its requests and responses: the `templateParameters`, `request` and `responses` of the
/// resource, as JSON in the form of the management API. Read only where a policy asks for it.
public struct OperationContract: Codable, Sendable, Equatable {
  /// An object of JSON.
  public var json: String

  public init(json: String) { self.json = json }
}
