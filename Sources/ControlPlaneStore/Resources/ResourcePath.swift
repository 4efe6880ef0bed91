/// Where a resource stands below its service: pairs of collection and name, such as `/apis/echo/operations/get-item`.
/// Two paths that differ only in letter case are the same place, as in ARM; the letters of the first writer are kept.
public struct ResourcePath: Sendable, CustomStringConvertible {
  /// One step of a path: the collection in its canonical letters and the name in it.
  public struct Segment: Sendable, Hashable {
    public var collection: String
    public var name: String

    public init(collection: String, name: String) {
      self.collection = collection
      self.name = name
    }
  }

  /// The steps from the service down.
  public let segments: [Segment]

  public init(_ segments: [Segment]) {
    self.segments = segments
  }

  /// The service itself, above every other resource.
  public static let service = ResourcePath([])

  /// Reads a text of the form `/apis/echo/operations/get-item`; `nil` when a name lacks its collection or is empty.
  public init?(text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
    guard text.isEmpty || text.hasPrefix("/"), parts.count.isMultiple(of: 2) else { return nil }
    segments = stride(from: 0, to: parts.count, by: 2).map { Segment(collection: parts[$0], name: parts[$0 + 1]) }
  }

  /// The resource `name` in the collection `collection` below this one.
  public func child(_ collection: String, _ name: String) -> ResourcePath {
    ResourcePath(segments + [Segment(collection: collection, name: name)])
  }

  /// The path as text; empty for the service.
  public var text: String {
    segments.map { "/\($0.collection)/\($0.name)" }.joined()
  }

  /// The text by which two spellings of one place are equal.
  public var key: String { text.lowercased() }

  /// The last name; empty for the service.
  public var name: String { segments.last?.name ?? "" }

  /// The collections joined by `/`, such as `apis/operations`; empty for the service.
  public var type: String { segments.map(\.collection).joined(separator: "/") }

  /// The resource one step up; `nil` for the service.
  public var parent: ResourcePath? {
    segments.isEmpty ? nil : ResourcePath(Array(segments.dropLast()))
  }

  public var description: String { text.isEmpty ? "/" : text }
}

extension ResourcePath: Hashable {
  public static func == (left: ResourcePath, right: ResourcePath) -> Bool { left.key == right.key }
  public func hash(into hasher: inout Hasher) { hasher.combine(key) }
}
