import DotNet

/// A JSON Schema of draft 4, 6, 7, 2019-09 or 2020-12, or an OpenAPI 3.0 schema, compiled.
///
/// Parts refer to each other by their place in `parts`, so that a schema may contain itself. References lead within the
/// document, or to other documents that whoever compiles the schema has.
public struct JSONSchema: Sendable {
  /// The keywords of one schema or subschema.
  struct Part: Sendable {
    /// nil allows every value or, when `isRefused`, none.
    var isRefused = false
    var reference: Int?
    var types: [String] = []
    var isNullable = false
    var values: [JSONValue]?
    var constant: JSONValue?
    // Numbers
    var minimum: Bound?
    var maximum: Bound?
    var multipleOf: Double?
    // Texts
    var length = Count()
    var pattern: RegularExpression?
    var format: String?
    // Arrays
    var prefix: [Int] = []
    var items: Int?
    var itemCount = Count()
    var isUnique = false
    var contains: Int?
    var containCount = Count(least: 1, most: nil)
    var unevaluatedItems: Int?
    // Objects
    var properties: [String: Int] = [:]
    var patterns: [(expression: RegularExpression, part: Int)] = []
    var additional: Int?
    var names: Int?
    var required: [String] = []
    var propertyCount = Count()
    var dependentNames: [(name: String, needed: [String])] = []
    var dependentParts: [(name: String, part: Int)] = []
    var unevaluatedProperties: Int?
    // Combinations
    var all: [Int] = []
    var any: [Int] = []
    var one: [Int] = []
    var refused: Int?
    var condition: (test: Int, then: Int?, otherwise: Int?)?
  }

  struct Bound: Sendable {
    var value: Double
    var isExclusive: Bool
  }

  struct Count: Sendable {
    var least = 0
    var most: Int?
  }

  /// The document that a reference from the document at an address means, with its own address, the same however it is
  /// referred to; nil when there is none.
  public typealias Others = (_ location: String, _ from: String) -> (location: String, document: JSONValue)?

  var parts: [Part] = []
  var root = 0

  /// - Parameters:
  ///   - document: the schema, or a document that has schemas in it.
  ///   - pointer: where the schema stands in the document: `/components/schemas/Order`; empty for all of it.
  ///   - location: the document's own address, for references to it from others.
  ///   - others: the other documents; 64 at most are used.
  /// JSONSchemaError for a schema that cannot be used.
  public init(
    _ document: JSONValue, at pointer: String = "", location: String = "",
    others: @escaping Others = { _, _ in nil }
  ) throws(JSONSchemaError) {
    var compiler = JSONSchemaCompiler(document, at: location, others)
    root = try compiler.part(at: pointer)
    try compiler.finish()
    parts = compiler.parts
  }

  /// The references of a document that lead out of it, as they are written.
  public static func references(in document: JSONValue) -> [String] {
    var (found, waiting): ([String], [JSONValue]) = ([], [document])
    while let value = waiting.popLast() {
      for (name, child) in value.object?.members ?? [] {
        if name == "$ref", let reference = child.text, !reference.hasPrefix("#") { found.append(reference) }
        waiting.append(child)
      }
      waiting += value.elements ?? []
    }
    return found
  }

  /// What is wrong with a value; nothing when it conforms. `limit` complaints at most.
  public func validate(
    _ value: JSONValue, options: JSONSchemaOptions = JSONSchemaOptions(), limit: Int = 20
  ) -> [JSONSchemaError] {
    var validation = JSONSchemaValidation(self, options, limit: limit)
    do {
      _ = try validation.check(root, value, [])
    } catch {
      validation.errors.append(error)
    }
    return validation.errors
  }
}

/// How strictly values are held against a schema.
public struct JSONSchemaOptions: Sendable {
  /// Overrides `additionalProperties` of every object; nil leaves it to the schema.
  public var allowsAdditionalProperties: Bool?
  public var ignoresCaseOfNames: Bool

  public init(allowsAdditionalProperties: Bool? = nil, ignoresCaseOfNames: Bool = false) {
    self.allowsAdditionalProperties = allowsAdditionalProperties
    self.ignoresCaseOfNames = ignoresCaseOfNames
  }
}

/// A value that does not conform, or a schema that is none.
public struct JSONSchemaError: Error, Sendable, Equatable {
  /// JSON pointer (RFC 6901) to the value, or to the place in the schema.
  public let pointer: String
  /// The keyword that complains: `required`, `type`, …
  public let keyword: String
  public let message: String

  init(_ path: [String], _ keyword: String, _ message: String) {
    pointer = path.map { "/" + $0.replacing("~", with: "~0").replacing("/", with: "~1") }.joined()
    self.keyword = keyword
    self.message = message
  }
}
