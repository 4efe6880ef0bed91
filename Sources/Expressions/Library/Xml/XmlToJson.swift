import DotNet

/// XML as a tree of JSON: Newtonsoft's rules, or a form that scripts read more easily.
struct XmlToJson {
  private let options: XmlToJsonOptions
  private let machine: Machine
  /// Prefixes in force, inner ones last.
  private var bindings = [(prefix: "xml", namespace: XmlName.xmlNamespace)]

  private static let jsonNamespace = "http://james.newtonking.com/projects/json"

  private init(_ options: XmlToJsonOptions, _ machine: Machine) {
    self.options = options
    self.machine = machine
  }

  /// An object with what stands at the top of a document, or the element alone.
  static func token(_ node: XmlNode, _ options: XmlToJsonOptions, _ machine: Machine) throws -> JsonToken {
    var conversion = XmlToJson(options, machine)
    let result = JsonToken(.object)
    machine.keep(result)
    if let document = node as? XmlDocument {
      if options.kind == .direct, let declaration = document.declaration {
        try result.set("?xml", conversion.token(declaration), machine)
      }
      try conversion.write(document.nodes, into: result, isRoot: true)
    } else {
      try conversion.write([node], into: result, isRoot: true)
    }
    return result
  }

  private func token(_ declaration: XmlDeclaration) throws -> JsonToken {
    try object([
      ("@version", declaration.version), ("@encoding", declaration.encoding), ("@standalone", declaration.standalone),
    ])
  }

  private func token(_ type: XmlDocumentType) throws -> JsonToken {
    try object([
      ("@name", type.name), ("@public", type.publicID), ("@system", type.systemID),
      ("@internalSubset", type.internalSubset),
    ])
  }

  /// The texts that are not empty.
  private func object(_ parts: [(String, String?)]) throws -> JsonToken {
    let result = JsonToken(.object)
    for case (let name, let text?) in parts where !text.isEmpty { try result.set(name, string(text), machine) }
    return result
  }

  private func string(_ text: String) -> JsonToken { JsonToken(.scalar(.string(text))) }

  // MARK: - Elements

  private mutating func value(of element: XmlElement) throws -> JsonToken {
    try machine.allocate(bytes: JsonToken.size)
    let attributes = element.attributes.filter { attribute in
      attribute.isDeclaration
        ? options.kind == .direct && attribute.value != Self.jsonNamespace
        : attribute.name.namespace != Self.jsonNamespace
    }
    if attributes.isEmpty {
      if element.nodes.isEmpty { return element.hasContent ? string("") : JsonToken.null }
      let isText = element.nodes.allSatisfy { node in
        node is XmlComment || (options.kind == .direct ? node.kind == .text : node is XmlText)
      }
      if isText, options.kind == .javaScriptFriendly || element.nodes.count == 1 { return string(element.value) }
    }
    let result = JsonToken(.object)
    for attribute in attributes { try add(string(attribute.value), as: name(of: attribute), to: result) }
    try write(element.nodes, into: result, isRoot: false)
    return result
  }

  /// Siblings of the same name become one array.
  private mutating func write(_ nodes: [XmlNode], into result: JsonToken, isRoot: Bool) throws {
    for node in nodes {
      try machine.charge()
      switch node {
      case let element as XmlElement:
        let mark = bindings.count
        for attribute in element.attributes where attribute.isDeclaration {
          bindings.append((attribute.name.namespace.isEmpty ? "" : attribute.name.local, attribute.value))
        }
        let isArray = (options.makesArrays && !isRoot) || isMarkedArray(element)
        try add(try value(of: element), as: name(of: element.name), to: result, isArray: isArray)
        bindings.removeLast(bindings.count - mark)
      case let text as XmlText:
        let isSection = text.kind == .cdata && options.kind == .direct
        try addText(text.value, as: isSection ? "#cdata-section" : textName, to: result)
      case let instruction as XmlProcessingInstruction where options.kind == .direct:
        try add(string(instruction.data), as: "?" + instruction.target, to: result)
      case let type as XmlDocumentType where options.kind == .direct:
        try add(token(type), as: "!DOCTYPE", to: result)
      default: break
      }
    }
  }

  private var textName: String { options.kind == .direct ? "#text" : "text" }

  /// In the friendly form, the texts of an element are one text.
  private func addText(_ text: String, as name: String, to result: JsonToken) throws {
    if options.kind == .javaScriptFriendly, let before = result.member(name),
      case .scalar(.string(let known)) = before.content
    {
      try result.set(name, string(known + text), machine)
    } else {
      try add(string(text), as: name, to: result)
    }
  }

  private func add(_ value: JsonToken, as name: String, to result: JsonToken, isArray: Bool = false) throws {
    guard let existing = result.member(name) else {
      if !isArray { return try result.set(name, value, machine) }
      let array = JsonToken(.array)
      try array.append(value, machine)
      return try result.set(name, array, machine)
    }
    if existing.isArray { return try existing.append(value, machine) }
    let array = JsonToken(.array)
    try array.append(existing, machine)
    try array.append(value, machine)
    try result.set(name, array, machine)
  }

  private func isMarkedArray(_ element: XmlElement) -> Bool {
    element.attributes.contains {
      $0.name.namespace == Self.jsonNamespace && $0.name.local == "Array" && ["true", "1"].contains($0.value)
    }
  }

  // MARK: - Names

  private func name(of attribute: XmlAttribute) -> String {
    options.kind == .javaScriptFriendly ? attribute.name.decodedLocal : "@" + name(of: attribute.name)
  }

  /// The name as it is written in the document.
  private func name(of name: XmlName) -> String {
    if options.kind == .javaScriptFriendly || name.namespace.isEmpty { return name.decodedLocal }
    if name.namespace == XmlName.declarationNamespace { return "xmlns:" + name.local }
    let prefix = bindings.last { binding in
      binding.namespace == name.namespace && bindings.last { $0.prefix == binding.prefix }?.namespace == name.namespace
    }?.prefix
    guard let prefix, !prefix.isEmpty else { return name.decodedLocal }
    return prefix + ":" + name.decodedLocal
  }
}

/// How XML becomes JSON.
public struct XmlToJsonOptions: Sendable {
  public enum Kind: Sendable {
    /// Newtonsoft's form: `@attribute`, `#text`, `#cdata-section`, prefixes and declarations as written.
    case direct
    /// Local names for elements and attributes alike, text beside them as `text`; nothing about namespaces.
    case javaScriptFriendly
  }

  public var kind: Kind
  /// Every element but the root stands in an array, not only those that repeat.
  public var makesArrays: Bool

  public init(kind: Kind = .direct, makesArrays: Bool = false) {
    self.kind = kind
    self.makesArrays = makesArrays
  }
}
