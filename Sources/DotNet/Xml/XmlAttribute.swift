/// A name with a text on an element: `XAttribute`. Namespace declarations are attributes, too.
public final class XmlAttribute: XmlObject {
  public let name: XmlName
  public private(set) var value: String

  init(trusted name: XmlName, _ value: String) {
    self.name = name
    self.value = value
  }

  /// - Throws: ArgumentException when a declaration binds what may not be bound.
  public init(_ name: XmlName, _ value: String) throws {
    try XmlAttribute.check(name, value)
    self.name = name
    self.value = value
  }

  public override var kind: XmlKind { .attribute }

  public func copy() -> XmlAttribute { XmlAttribute(trusted: name, value) }

  public func set(_ value: String) throws {
    try XmlAttribute.check(name, value)
    self.value = value
  }

  /// `xmlns="…"` or `xmlns:p="…"`.
  public var isDeclaration: Bool { name.isDeclaration }

  private var index: Int? { parentElement?.attributes.firstIndex { $0 === self } }

  public var next: XmlAttribute? {
    guard let list = parentElement?.attributes, let index, index + 1 < list.count else { return nil }
    return list[index + 1]
  }

  public var previous: XmlAttribute? {
    guard let list = parentElement?.attributes, let index, index > 0 else { return nil }
    return list[index - 1]
  }

  /// Takes the attribute off its element; InvalidOperationException when there is none.
  public func remove() throws {
    guard let element = parentElement else { throw XmlObject.parentIsMissing() }
    element.remove(self)
  }

  /// The prefixes that need no declaration.
  static func knownPrefix(_ namespace: String) -> String? {
    switch namespace {
    case XmlName.xmlNamespace: "xml"
    case XmlName.declarationNamespace: "xmlns"
    default: nil
    }
  }

  private static func check(_ name: XmlName, _ value: String) throws {
    if name.namespace == XmlName.declarationNamespace {
      if value.isEmpty {
        throw DotNetException.argument(
          "The prefix '\(name.local)' cannot be bound to the empty namespace name.")
      }
      if value == XmlName.xmlNamespace {
        guard name.local == "xml" else { throw reserved("xml", value) }
      } else if value == XmlName.declarationNamespace {
        throw reserved("xmlns", value)
      } else if name.local == "xml" || name.local == "xmlns" {
        throw DotNetException.argument(
          "The prefix '\(name.local)' is bound to a namespace of its own and cannot be declared otherwise.")
      }
    } else if name.namespace.isEmpty, name.local == "xmlns" {
      if value == XmlName.xmlNamespace { throw reserved("xml", value) }
      if value == XmlName.declarationNamespace { throw reserved("xmlns", value) }
    }
  }

  private static func reserved(_ prefix: String, _ namespace: String) -> DotNetException {
    .argument("The namespace name '\(namespace)' can be bound to the prefix '\(prefix)' only.")
  }
}
