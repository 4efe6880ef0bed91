/// Every type an expression can reach. What is not here does not exist for expressions.
final class LibraryCatalog: Sendable {
  static let shared = LibraryCatalog(LibraryCatalog.allTypes)

  private let byFullName: [String: TypeDefinition]
  /// The types without parameters.
  private let plain: [String: TypeSymbol]
  private let byShortName: [String: [TypeDefinition]]
  private let namespaces: Set<String>
  /// Types with extension methods, in the order of registration.
  let extensionClasses: [TypeDefinition]
  /// `default(T)` of the structures that are objects here, by full name.
  let defaults: [String: @Sendable () -> Value]
  /// Registration of the members every array has.
  let arraySource: LibraryType

  /// Namespaces whose types expressions name without qualification (measured on real documents; see FINDINGS 2).
  static let importedNamespaces: Set<String> = [
    "System", "System.Collections.Generic", "System.Linq", "System.Text", "System.Text.RegularExpressions",
    "System.Security.Cryptography", "System.Security.Cryptography.X509Certificates", "System.Xml", "System.IO",
    "System.Xml.Linq", "Newtonsoft.Json", "Newtonsoft.Json.Linq", "Apim",
  ]

  init(_ types: [LibraryType]) {
    var byFullName: [String: TypeDefinition] = [:]
    var byShortName: [String: [TypeDefinition]] = [:]
    var namespaces: Set<String> = []
    var extensionClasses: [TypeDefinition] = []
    for type in types {
      let definition = type.makeDefinition()
      byFullName[LibraryCatalog.key(definition.fullName, definition.typeParameters.count)] = definition
      byShortName[definition.name, default: []].append(definition)
      var namespace = Substring(definition.namespace)
      while !namespace.isEmpty {
        namespaces.insert(String(namespace))
        namespace = namespace.lastIndex(of: ".").map { namespace[..<$0] } ?? ""
      }
      if type.hasExtensions { extensionClasses.append(definition) }
    }
    self.byFullName = byFullName
    plain = byFullName.filter { $0.value.typeParameters.isEmpty }.mapValues { TypeSymbol($0) }
    self.byShortName = byShortName
    self.namespaces = namespaces
    self.extensionClasses = extensionClasses
    arraySource = LibraryCatalog.arrayMembers
    defaults = LibraryCatalog.structureDefaults
  }

  private static func key(_ name: String, _ arity: Int) -> String { arity == 0 ? name : "\(name)`\(arity)" }

  func type(_ fullName: String, arity: Int = 0) -> TypeDefinition? { byFullName[LibraryCatalog.key(fullName, arity)] }

  /// A type the language itself needs; its absence is a mistake in the registration, found by the first test.
  func required(_ fullName: String, arity: Int = 0) -> TypeDefinition {
    guard let definition = type(fullName, arity: arity) else {
      preconditionFailure("\(fullName) is not registered")
    }
    return definition
  }

  /// The same as a type, for one without parameters.
  func symbol(_ fullName: String) -> TypeSymbol { plain[fullName] ?? TypeSymbol(required(fullName)) }

  /// Types an unqualified name may mean.
  func imported(_ name: String, arity: Int) -> [TypeDefinition] {
    (byShortName[name] ?? []).filter {
      $0.typeParameters.count == arity && LibraryCatalog.importedNamespaces.contains($0.namespace)
    }
  }

  /// Any type of that short name, wherever it lives; for signatures.
  func anywhere(_ name: String, arity: Int) -> TypeDefinition? {
    byShortName[name]?.first { $0.typeParameters.count == arity }
  }

  func isNamespace(_ name: String) -> Bool { namespaces.contains(name) }

  var shortNames: [String] { Array(byShortName.keys) }
}
