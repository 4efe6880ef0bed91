/// What makes an API one of OData: the model of its service.
public struct ODataService: Codable, Sendable, Equatable {
  /// The metadata document, CSDL in XML; at most 4 MiB. Nil while the API has none.
  public var metadata: String?

  public init(metadata: String? = nil) { self.metadata = metadata }
}
