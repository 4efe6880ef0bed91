import Foundation
import PolicyLibrary
import PolicySyntax
import Workbench

/// What the policies of all cases that run make use of.
struct GoldenUses {
  /// Children and attributes by path: `claim` of `validate-jwt` is `validate-jwt/required-claims/claim`, its attribute
  /// `validate-jwt/required-claims/claim@name`, and that with a literal value `…@match=all`.
  private(set) var paths: Set<String> = []
  /// Sections of policies: `set-header inbound`.
  private(set) var sections: Set<String> = []
  /// Scopes of policies: `set-header global`.
  private(set) var scopes: Set<String> = []
  /// Elements and attributes that policies of cases have and no definition asks for, with the case.
  private(set) var unknown: Set<String> = []
  /// Of each case that runs: its policies' names, and what it expects to be sent, answered and logged.
  private(set) var cases: [(file: String, policies: Set<String>, expected: String)] = []

  private var open: Set<String> = []

  init(files: [String]) throws {
    for file in files { try read(file) }
  }

  /// A document that is refused shows nothing of what it would do.
  private mutating func read(_ file: String) throws {
    let text = try String(contentsOfFile: file, encoding: .utf8)
    if text.contains("<!--!") { return }
    open = []
    var expected = ""
    for block in text.components(separatedBy: "\n###").dropFirst() {
      let lines = block.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
      let words = lines[0].split(separator: " ").map(String.init)
      let content = lines.count > 1 ? String(lines[1]) : ""
      switch words.first {
      case "policy":
        let scope = words.dropFirst().compactMap { PolicyScope(rawValue: $0) }.first ?? .api
        let section = words.dropFirst().compactMap { PolicySection(rawValue: $0) }.first ?? .inbound
        read(content, section, scope, file)
      case "fragment", "resolver": read(content, nil, nil, file)
      case "response", "log", "called", "received": expected += content + "\n"
      default: break
      }
    }
    cases.append((file, open, expected))
  }

  private mutating func read(_ text: String, _ section: PolicySection?, _ scope: PolicyScope?, _ file: String) {
    let (document, _) = PolicyDocument.parse(text.contains("<policies") || section == nil ? text : "<x>\(text)</x>")
    guard let root = document?.root else { return }
    switch root.name {
    case "policies":
      for element in root.elements {
        for child in element.elements { walk(child, PolicySection(rawValue: element.name), scope, file) }
      }
    case "x", "fragment": for child in root.elements { walk(child, section, scope, file) }
    default: walk(root, nil, nil, file)
    }
  }

  /// A policy, wherever it stands.
  private mutating func walk(
    _ element: PolicyElement, _ section: PolicySection?, _ scope: PolicyScope?, _ file: String
  ) {
    guard let entry = Self.entries[element.name] else { return }
    open.insert(element.name)
    if let section { sections.insert("\(element.name) \(section.rawValue)") }
    if let scope { scopes.insert("\(element.name) \(scope.rawValue)") }
    walk(element, entry.shape, element.name, section, scope, file)
  }

  private mutating func walk(
    _ element: PolicyElement, _ shape: PolicyShape, _ path: String, _ section: PolicySection?, _ scope: PolicyScope?,
    _ file: String
  ) {
    paths.insert(path)
    let isMarkup = element.name.contains(":")
    for attribute in element.attributes where !isMarkup && attribute.name != "id" || shape.attribute("id") != nil {
      if shape.attribute(attribute.name) == nil { unknown.insert("\(path)@\(attribute.name) in \(file)") }
      paths.insert("\(path)@\(attribute.name)")
      if let literal = attribute.value.literal { paths.insert("\(path)@\(attribute.name)=\(literal)") }
    }
    // What a template or a stylesheet holds is no policy.
    let isOpaque = element.payload != nil || isMarkup
    for child in element.elements {
      if isOpaque {
        paths.insert("\(path)/\(child.name)")
      } else if let inner = shape.children.first(where: { $0.name == child.name }) {
        paths.insert("\(path)/\(child.name)")
        if Self.entries[child.name] == nil {
          walk(child, inner, "\(path)/\(child.name)", section, scope, file)
        } else {
          walk(child, nil, nil, file)
        }
      } else if Self.entries[child.name] != nil {
        walk(child, section, scope, file)
      } else if child.name != "base" {
        unknown.insert("\(path)/\(child.name) in \(file)")
      }
    }
  }

  private static let entries = Dictionary(uniqueKeysWithValues: PolicyReference.entries.map { ($0.name, $0) })
}

extension PolicyShape {
  func attribute(_ name: String) -> Attribute? { attributes.first { $0.name == name } }

  /// Every child and attribute by path, and every value where there are few; of a switch both.
  func paths(below path: String) -> [String] {
    attributes.flatMap { attribute in
      ["\(path)@\(attribute.name)"] + attribute.words.map { "\(path)@\(attribute.name)=\($0)" }
    }
      + children.flatMap { child in
        ["\(path)/\(child.name)"] + child.paths(below: "\(path)/\(child.name)")
      }
  }
}
