import PolicySyntax

/// What an element of a policy may have, as the definition that reads it asks for it.
public struct PolicyShape: Sendable {
  /// An attribute that the element may have, besides `id`.
  public struct Attribute: Sendable {
    public let name: String
    public let isRequired: Bool
    /// Whether its value may be a policy expression.
    public let takesExpression: Bool
    /// The only values, where there are few; empty where there are many.
    public let words: [String]
    /// A value that is taken.
    let sample: String
  }

  public let name: String
  /// In the order in which they are read.
  public private(set) var attributes: [Attribute] = []
  /// The elements that it may hold. A policy within a policy has its own row, and so nothing here but its name.
  public private(set) var children: [PolicyShape] = []

  /// Levels of children that are looked at.
  private static let depth = 3

  /// Compiles samples of the policy and notes what is asked for.
  init(_ definition: PolicyDefinition) {
    self.init(definition.name, in: [], definition)
  }

  /// The same of the policy of a resolver.
  init(resolver name: String) {
    self.init(name, in: [], nil)
  }

  /// - Parameters:
  ///   - outer: the elements around it, outermost first, each with the attributes it needs.
  ///   - definition: nil for the policy of a resolver.
  private init(_ name: String, in outer: [String], _ definition: PolicyDefinition?) {
    self.name = name
    // What stands behind a required attribute is only read once that has a value.
    var probe = PolicyProbe.look(at: outer + [name], definition)
    let needed = probe.attributes.filter(\.isRequired).map { " \($0.name)=\"\($0.sample)\"" }.joined()
    if !needed.isEmpty {
      let second = PolicyProbe.look(at: outer + [name + needed], definition)
      probe.merge(second)
    }
    attributes = probe.attributes
    guard outer.count < Self.depth else { return }
    children = probe.children.filter { PolicyCatalogue.cloudOnly[$0] == nil }.map { child in
      // A policy within a policy has its own row.
      PolicyCatalogue.definition(child) != nil
        ? PolicyShape(name: child) : PolicyShape(child, in: outer + [name + needed], definition)
    }
  }

  private init(name: String) { self.name = name }
}

/// Notes what one element is asked for while it is compiled.
struct PolicyProbe {
  /// Where the element begins in its document.
  private let offset: Int
  private(set) var attributes: [PolicyShape.Attribute] = []
  private(set) var children: [String] = []

  mutating func note(_ attribute: PolicyShape.Attribute, of element: PolicyElement) {
    guard element.range.lowerBound == offset, !attributes.contains(where: { $0.name == attribute.name }) else { return }
    attributes.append(attribute)
  }

  mutating func note(children names: [String], of element: PolicyElement) {
    guard element.range.lowerBound == offset else { return }
    for name in names where !children.contains(name) { children.append(name) }
  }

  mutating func merge(_ other: PolicyProbe) {
    for attribute in other.attributes where !attributes.contains(where: { $0.name == attribute.name }) {
      attributes.append(attribute)
    }
    for name in other.children where !children.contains(name) { children.append(name) }
  }

  /// - Parameters:
  ///   - tags: what stands in the opening tags of nested elements, the outermost first.
  ///   - definition: nil where the outermost is the policy of a resolver.
  static func look(at tags: [String], _ definition: PolicyDefinition?) -> PolicyProbe {
    let compilation = PolicyCompilation(environment: PolicyEnvironment())
    guard let definition else {
      let head = tags.dropLast().map { "<\($0)>" }.joined()
      let tail = tags.dropLast().reversed().map { "</\($0.prefix { $0 != " " })>" }.joined()
      compilation.probe = PolicyProbe(offset: head.utf8.count)
      _ = ResolverPolicy.plan("\(head)<\(tags.last ?? "") />\(tail)", format: .rawxml, compilation)
      return compilation.probe ?? PolicyProbe(offset: 0)
    }
    let section = PolicySection.allCases.first(where: definition.sections.contains) ?? .inbound
    let scope = PolicyScope.allCases.first(where: definition.scopes.contains) ?? .global
    let head = "<\(section.rawValue)>" + tags.dropLast().map { "<\($0)>" }.joined()
    let tail = tags.dropLast().reversed().map { "</\($0.prefix { $0 != " " })>" }.joined() + "</\(section.rawValue)>"
    var probe = PolicyProbe(offset: head.utf8.count)
    let (document, _) = PolicyDocument.parse("\(head)<\(tags.last ?? "") />\(tail)")
    guard let root = document?.root else { return probe }
    compilation.probe = probe
    compilation.compile(section: root, section, at: scope, base: nil)
    probe = compilation.probe ?? probe
    return probe
  }

  private init(offset: Int) { self.offset = offset }
}
