import DotNet

/// `XName`.
final class XmlNameObject: RuntimeObject, Sendable {
  let name: XmlName

  init(_ name: XmlName) { self.name = name }

  var runtimeType: TypeSymbol { XmlReference.xml("XName") }
  func text(_ machine: Machine) throws -> String { name.description }
  func isEqual(to other: Value) -> Bool {
    if case .object(let object) = other, let held = object as? XmlNameObject { return held.name == name }
    return false
  }
  func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// `XNamespace`.
final class XmlNamespaceObject: RuntimeObject, Sendable {
  let name: String

  init(_ name: String) { self.name = name }

  var runtimeType: TypeSymbol { XmlReference.xml("XNamespace") }
  func text(_ machine: Machine) throws -> String { name }
  func isEqual(to other: Value) -> Bool {
    if case .object(let object) = other, let held = object as? XmlNamespaceObject { return held.name == name }
    return false
  }
  func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension Call {
  /// An `XName` argument; null throws ArgumentNullException.
  func xmlName(_ index: Int) throws -> XmlName {
    let held: XmlNameObject = try object(index)
    return held.name
  }
}

extension LibraryCatalog {
  static let xmlNameTypes: [LibraryType] = [
    LibraryType("class System.Xml.Linq.XName") { type in
      type.member("static XName Get(string expandedName)") { call in
        .object(XmlNameObject(try XmlName(expanded: try call.string(0))))
      }
      type.member("static XName Get(string localName, string namespaceName)") { call in
        .object(XmlNameObject(try XmlName(try call.string(0), in: try call.string(1))))
      }
      type.member("static implicit operator XName(string expandedName)") { call in
        guard let text = call.stringOrNull(0) else { return .null }
        return .object(XmlNameObject(try XmlName(expanded: text)))
      }
      type.member("string LocalName { get; }") { call in .string(try name(call).local) }
      type.member("string NamespaceName { get; }") { call in .string(try name(call).namespace) }
      type.member("XNamespace Namespace { get; }") { call in .object(XmlNamespaceObject(try name(call).namespace)) }
      equality(&type, "XName")
    },
    LibraryType("class System.Xml.Linq.XNamespace") { type in
      type.member("static XNamespace Get(string namespaceName)") { call in
        .object(XmlNamespaceObject(try call.string(0)))
      }
      type.member("static implicit operator XNamespace(string namespaceName)") { call in
        call.stringOrNull(0).map { .object(XmlNamespaceObject($0)) } ?? .null
      }
      for (property, value) in [
        ("None", ""), ("Xml", XmlName.xmlNamespace), ("Xmlns", XmlName.declarationNamespace),
      ] {
        type.member("static XNamespace \(property) { get; }") { _ in .object(XmlNamespaceObject(value)) }
      }
      type.member("string NamespaceName { get; }") { call in .string(try call.receiver(XmlNamespaceObject.self).name) }
      type.member("XName GetName(string localName)") { call in
        .object(XmlNameObject(try XmlName(try call.string(0), in: call.receiver(XmlNamespaceObject.self).name)))
      }
      type.member("static XName operator +(XNamespace ns, string localName)") { call in
        let namespace: XmlNamespaceObject = try call.object(0)
        return .object(XmlNameObject(try XmlName(try call.string(1), in: namespace.name)))
      }
      equality(&type, "XNamespace")
    },
  ]

  private static func name(_ call: Call) throws -> XmlName { try call.receiver(XmlNameObject.self).name }
}
