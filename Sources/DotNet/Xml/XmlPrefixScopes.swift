/// The prefixes in force while a document is read: names as written become names with a namespace.
struct XmlPrefixScopes {
  private var bindings: [(prefix: String, namespace: String)] = [("xml", XmlName.xmlNamespace)]
  /// How many bindings there were when each open element began.
  private var marks: [Int] = []

  /// Begins an element: takes up what its attributes declare.
  mutating func enter(_ attributes: [(name: String, value: String)]) throws {
    marks.append(bindings.count)
    for (name, value) in attributes {
      if name == "xmlns" {
        bindings.append(("", value))
      } else if name.hasPrefix("xmlns:") {
        let prefix = String(name.dropFirst(6))
        try check(prefix, value)
        bindings.append((prefix, value))
      }
    }
  }

  mutating func leave() {
    if let mark = marks.popLast() { bindings.removeLast(bindings.count - mark) }
  }

  private func check(_ prefix: String, _ namespace: String) throws {
    if namespace.isEmpty { throw DotNetException.xml("Invalid namespace declaration: '\(prefix)' names no namespace.") }
    let isReserved =
      prefix == "xmlns" || namespace == XmlName.declarationNamespace
      || (prefix == "xml") != (namespace == XmlName.xmlNamespace)
    if isReserved {
      throw DotNetException.xml("Prefix '\(prefix)' cannot be mapped to namespace name '\(namespace)'.")
    }
  }

  /// The name that `written` stands for. Without prefix, an element is in the default namespace, an attribute in none.
  func resolve(_ written: String, isElement: Bool) throws -> XmlName {
    guard let colon = written.utf8.firstIndex(of: UInt8(ascii: ":")) else {
      let namespace = isElement ? bindings.last { $0.prefix.isEmpty }?.namespace ?? "" : ""
      return XmlName(trusted: written, in: namespace)
    }
    let (prefix, local) = (String(written[..<colon]), String(written[written.utf8.index(after: colon)...]))
    guard !prefix.isEmpty, !local.isEmpty, !local.contains(":"),
      local.unicodeScalars.first.map(XmlCharacter.startsName) == true
    else { throw DotNetException.xml("The ':' character, hexadecimal value 0x3A, cannot be included in a name.") }
    if prefix == "xmlns" {
      if isElement { throw DotNetException.xml("Prefix 'xmlns' is reserved for use by XML.") }
      return XmlName(trusted: local, in: XmlName.declarationNamespace)
    }
    guard let namespace = bindings.last(where: { $0.prefix == prefix })?.namespace else {
      throw DotNetException.xml("'\(prefix)' is an undeclared prefix.")
    }
    return XmlName(trusted: local, in: namespace)
  }
}
