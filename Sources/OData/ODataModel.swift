/// Why a metadata document cannot be used.
public struct ODataModelProblem: Error, Sendable, Equatable {
  /// What is wrong, with the element that it is about.
  public var message: String

  public init(_ message: String) { self.message = message }
}

/// The entity data model of a service, as its `$metadata` describes it: what the names of requests stand for.
///
/// It is read from CSDL in XML, versions 4.0 and 4.01. What the document takes from other documents (`edmx:Include`) is
/// not known here, and nothing is said against names below it.
public struct ODataModel: Sendable {
  /// Bytes of the longest document.
  public static let maximumBytes = 4 << 20
  /// Types that may stand above one another, and containers that may extend one another.
  public static let maximumBases = 64

  /// What a name or path stands for.
  enum Shape: Equatable {
    /// Nothing is known of it: what stands below is not held against the model.
    case unknown
    /// A value without members: a primitive type, an enumeration, a type definition.
    case scalar(isCollection: Bool)
    /// An entity or complex value by the index of its type.
    case structured(Int, isCollection: Bool)

    var isCollection: Bool? {
      switch self {
      case .unknown: nil
      case .scalar(let flag), .structured(_, let flag): flag
      }
    }

    /// One of its elements; the same for what is no collection.
    var element: Shape {
      switch self {
      case .unknown: .unknown
      case .scalar: .scalar(isCollection: false)
      case .structured(let type, _): .structured(type, isCollection: false)
      }
    }

    var collection: Shape {
      switch self {
      case .unknown: .unknown
      case .scalar: .scalar(isCollection: true)
      case .structured(let type, _): .structured(type, isCollection: true)
      }
    }
  }

  /// A property of a type.
  struct Member {
    var shape: Shape
    var isNavigation: Bool
    /// Whether it is a stream of its own.
    var isStream = false
  }

  struct StructuredType {
    /// With its namespace.
    var name: String
    var isEntity: Bool
    var isOpen: Bool
    /// Nil for a type without one.
    var base: Int?
    /// Its own ones, without those of its base.
    var members: [String: Member] = [:]
    /// The names of its own key as they stand in addresses; empty for one that has none of its own.
    var key: [String] = []
    var hasAlternateKeys = false
  }

  /// One overload of a function or action.
  struct Operation {
    var isFunction: Bool
    /// What it is bound to; nil for one that is not.
    var binding: Shape?
    /// Without the binding parameter.
    var parameters: [String]
    /// Those among them that a call may leave out.
    var optional: Set<String>
    /// Nil for one that returns nothing.
    var result: Shape?
  }

  /// What a container offers at the root of the service.
  enum Resource {
    case set(Shape)
    case singleton(Shape)
    /// The function's or action's name with its namespace, and whether it is a function.
    case operation(String, isFunction: Bool)
  }

  var types: [StructuredType] = []
  /// By name with namespace.
  var typeIndex: [String: Int] = [:]
  /// Enumerations and type definitions, by name with namespace.
  var scalars: Set<String> = []
  var operations: [String: [Operation]] = [:]
  /// The names with namespace of operations, by their names without.
  var operationNames: [String: [String]] = [:]
  var resources: [String: Resource] = [:]
  /// Namespaces by themselves and by their aliases.
  var namespaces: [String: String] = [:]
  /// Namespaces of other documents.
  var foreign: Set<String> = []
  /// Whether the container extends one of another document.
  var hasForeignResources = false
  /// Whether the service takes a key as a segment of its own.
  var hasKeySegments = false

  // MARK: - Names

  /// A name with its namespace where it may have been written with an alias; nil for a name without a namespace.
  func qualified(_ name: String) -> String? {
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return nil }
    let prefix = String(name[..<dot])
    let local = name[name.index(after: dot)...]
    guard !local.isEmpty else { return nil }
    return (namespaces[prefix] ?? prefix) + "." + local
  }

  /// Whether the name's namespace is of another document, of which nothing is known.
  func isForeign(_ qualified: String) -> Bool {
    guard let dot = qualified.lastIndex(of: ".") else { return false }
    return foreign.contains(String(qualified[..<dot]))
  }

  func name(of shape: Shape) -> String {
    switch shape {
    case .unknown: "a type that is not known"
    case .scalar(let isCollection): isCollection ? "a collection of values" : "a value without properties"
    case .structured(let type, let isCollection):
      isCollection ? "a collection of '\(types[type].name)'" : "'\(types[type].name)'"
    }
  }

  // MARK: - Types

  /// The type and those above it, innermost first.
  private func line(of type: Int) -> some Sequence<Int> {
    sequence(first: type) { types[$0].base }.prefix(Self.maximumBases + 1)
  }

  func member(_ name: String, of type: Int) -> Member? {
    for type in line(of: type) {
      if let member = types[type].members[name] { return member }
    }
    return nil
  }

  /// Whether values of the type may have properties that the model does not name.
  func isOpen(_ type: Int) -> Bool { line(of: type).contains { types[$0].isOpen } }

  func isSame(_ type: Int, orBelow other: Int) -> Bool { line(of: type).contains(other) }

  func key(of type: Int) -> [String] {
    for type in line(of: type) where !types[type].key.isEmpty { return types[type].key }
    return []
  }

  func hasAlternateKeys(_ type: Int) -> Bool { line(of: type).contains { types[$0].hasAlternateKeys } }

  /// What the name of a type stands for: `NS.Product`, `Edm.String`; nil where there is no such type.
  func type(named name: String) -> Shape? {
    guard let name = qualified(name) else { return nil }
    if let type = typeIndex[name] { return .structured(type, isCollection: false) }
    if scalars.contains(name) { return .scalar(isCollection: false) }
    if name.hasPrefix("Edm.") {
      guard Self.primitives.contains(name.dropFirst(4)) else { return nil }
      return Self.abstract.contains(name.dropFirst(4)) ? .unknown : .scalar(isCollection: false)
    }
    return isForeign(name) ? .unknown : nil
  }

  private static let abstract: Set<Substring> = [
    "AnnotationPath", "AnyPropertyPath", "ComplexType", "EntityType", "ModelElementPath", "NavigationPropertyPath",
    "PrimitiveType", "PropertyPath", "Untyped",
  ]

  private static let primitives: Set<Substring> = abstract.union([
    "Binary", "Boolean", "Byte", "Date", "DateTimeOffset", "Decimal", "Double", "Duration", "Geography",
    "GeographyCollection", "GeographyLineString", "GeographyMultiLineString", "GeographyMultiPoint",
    "GeographyMultiPolygon", "GeographyPoint", "GeographyPolygon", "Geometry", "GeometryCollection",
    "GeometryLineString", "GeometryMultiLineString", "GeometryMultiPoint", "GeometryMultiPolygon", "GeometryPoint",
    "GeometryPolygon", "Guid", "Int16", "Int32", "Int64", "SByte", "Single", "Stream", "String", "TimeOfDay",
  ])

  // MARK: - Operations

  /// The overloads of an operation that may be called on a value; nil where there is no operation of that name.
  ///
  /// - Parameter name: with its namespace, or without, as a service may allow it.
  func operations(named name: String, on shape: Shape) -> [Operation]? {
    let names = qualified(name).map { [$0] } ?? operationNames[name] ?? []
    let all = names.flatMap { operations[$0] ?? [] }
    guard !all.isEmpty else { return nil }
    return all.filter { $0.binding.map { isBound(to: $0, shape) } ?? false }
  }

  private func isBound(to binding: Shape, _ shape: Shape) -> Bool {
    switch (binding, shape) {
    case (.unknown, _), (_, .unknown): true
    case (.scalar(let a), .scalar(let b)): a == b
    case (.structured(let a, let isA), .structured(let b, let isB)): isA == isB && isSame(b, orBelow: a)
    default: false
    }
  }

  /// What a call with these arguments returns, of all overloads that take them.
  ///
  /// - Parameter arguments: the names; nil where they cannot be told.
  /// - Returns: nil where no overload takes them.
  func result(of overloads: [Operation], arguments: [String]?) -> Shape?? {
    let fitting = overloads.filter { overload in
      guard overload.isFunction, let arguments else { return true }
      return arguments.allSatisfy(overload.parameters.contains)
        && overload.parameters.allSatisfy { arguments.contains($0) || overload.optional.contains($0) }
    }
    guard let first = fitting.first else { return nil }
    return .some(fitting.allSatisfy { $0.result == first.result } ? first.result : .unknown)
  }
}
