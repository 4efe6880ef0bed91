import DotNet

extension ODataModel {
  /// Reads a metadata document: CSDL in XML, as a service gives it at `$metadata`.
  ///
  /// - Throws: the first reason for which it cannot be used; time is linear in its length.
  public init(_ csdl: String) throws(ODataModelProblem) {
    guard csdl.utf8.count <= Self.maximumBytes else {
      throw ODataModelProblem("A metadata document has at most \(Self.maximumBytes) bytes.")
    }
    let (document, failure) = XmlParser.read(csdl, keepsWhitespace: false)
    if let failure { throw ODataModelProblem(failure.message) }
    guard document.documentType == nil else {
      throw ODataModelProblem("A metadata document declares no document type.")
    }
    guard let root = document.rootElement else { throw ODataModelProblem("Root element is missing.") }
    var reader = ODataModelReader()
    try reader.read(root)
    self = reader.model
  }
}

/// Goes through a metadata document several times: names first, then what refers to them.
struct ODataModelReader {
  private(set) var model = ODataModel()
  /// The schemas of the document with their namespaces.
  private var schemas: [(namespace: String, element: XmlElement)] = []
  /// Containers by their names with namespace.
  private var containers: [String: XmlElement] = [:]

  fileprivate static let edmx = "http://docs.oasis-open.org/odata/ns/edmx"
  fileprivate static let edm = "http://docs.oasis-open.org/odata/ns/edm"

  typealias Failure = ODataModelProblem

  mutating func read(_ root: XmlElement) throws(Failure) {
    guard root.name.local == "Edmx" else {
      throw Failure("The root element is '\(root.name.local)'; expected 'edmx:Edmx'.")
    }
    guard root.name.namespace == Self.edmx, let version = root["Version"], version == "4.0" || version == "4.01" else {
      throw Failure(
        "The document is not of OData 4.0 or 4.01: its root must be of the namespace '\(Self.edmx)' with Version 4.0 or "
          + "4.01.")
    }
    for reference in root.children("Reference", in: Self.edmx) {
      for include in reference.children("Include", in: Self.edmx) {
        let namespace = try include.required("Namespace")
        model.foreign.insert(namespace)
        try declare(namespace, alias: include["Alias"])
      }
    }
    let services = root.children("DataServices", in: Self.edmx)
    guard services.count == 1, let service = services.first else {
      throw Failure("'edmx:Edmx' must hold one 'edmx:DataServices'.")
    }
    for schema in service.children("Schema", in: Self.edm) {
      let namespace = try schema.required("Namespace")
      schemas.append((namespace, schema))
      model.foreign.remove(namespace)
      try declare(namespace, alias: schema["Alias"])
    }
    guard !schemas.isEmpty else {
      throw Failure("'edmx:DataServices' holds no 'Schema' of the namespace '\(Self.edm)'.")
    }
    try readNames()
    try readTypes()
    try readOperations()
    try readContainers()
  }

  private mutating func declare(_ namespace: String, alias: String?) throws(Failure) {
    for name in [namespace, alias] {
      guard let name, !name.isEmpty else { continue }
      if let other = model.namespaces[name], other != namespace {
        throw Failure("'\(name)' stands for the namespaces '\(other)' and '\(namespace)'.")
      }
      model.namespaces[name] = namespace
    }
  }

  // MARK: - Types

  private mutating func readNames() throws(Failure) {
    var taken: Set<String> = []
    for (namespace, schema) in schemas {
      for element in schema.elements where element.name.namespace == Self.edm {
        let kind = element.name.local
        guard ["EntityType", "ComplexType", "EnumType", "TypeDefinition", "EntityContainer"].contains(kind) else {
          continue
        }
        let name = "\(namespace).\(try element.required("Name"))"
        guard taken.insert(name).inserted else { throw Failure("There is more than one '\(name)'.") }
        switch kind {
        case "EnumType", "TypeDefinition": model.scalars.insert(name)
        case "EntityContainer": containers[name] = element
        default:
          model.typeIndex[name] = model.types.count
          model.types.append(
            .init(
              name: name, isEntity: kind == "EntityType", isOpen: element["OpenType"]?.lowercased() == "true",
              base: nil))
        }
      }
    }
  }

  private mutating func readTypes() throws(Failure) {
    var index = 0
    for (_, schema) in schemas {
      for element in schema.elements
      where element.name.namespace == Self.edm && ["EntityType", "ComplexType"].contains(element.name.local) {
        try read(element, into: index)
        index += 1
      }
    }
    // How many types stand above each one: each is looked at once.
    var heights = [Int?](repeating: nil, count: model.types.count)
    for start in model.types.indices {
      var line: [Int] = []
      var next: Int? = start
      while let type = next, heights[type] == nil {
        guard line.count <= ODataModel.maximumBases else {
          let name = model.types[start].name
          throw Failure(
            Set(line).count < line.count
              ? "The base types of '\(name)' lead in a circle."
              : "'\(name)' has more than \(ODataModel.maximumBases) base types.")
        }
        line.append(type)
        next = model.types[type].base
      }
      var height = next.flatMap { heights[$0] } ?? -1
      for type in line.reversed() {
        height += 1
        heights[type] = height
        guard height <= ODataModel.maximumBases else {
          throw Failure("'\(model.types[type].name)' has more than \(ODataModel.maximumBases) base types.")
        }
      }
    }
  }

  private mutating func read(_ element: XmlElement, into index: Int) throws(Failure) {
    var type = model.types[index]
    if let base = element["BaseType"] {
      let name = model.qualified(base) ?? base
      if let found = model.typeIndex[name] {
        guard model.types[found].isEntity == type.isEntity else {
          throw Failure("'\(type.name)' and its BaseType '\(base)' are not of the same kind.")
        }
        type.base = found
      } else if model.isForeign(name) {
        // What it inherits is not known.
        type.isOpen = true
      } else {
        throw Failure("The BaseType '\(base)' of '\(type.name)' is not known.")
      }
    }
    for child in element.elements where child.name.namespace == Self.edm {
      let kind = child.name.local
      switch kind {
      case "Property", "NavigationProperty":
        let name = try child.required("Name", of: type.name)
        let written = try child.required("Type", of: "\(type.name)/\(name)")
        let member = ODataModel.Member(
          shape: try shape(written, of: "\(type.name)/\(name)"), isNavigation: kind == "NavigationProperty",
          isStream: written == "Edm.Stream")
        guard type.members.updateValue(member, forKey: name) == nil else {
          throw Failure("'\(type.name)' has more than one property '\(name)'.")
        }
      case "Key":
        for reference in child.children("PropertyRef", in: Self.edm) {
          let name = try reference.required("Name", of: type.name)
          type.key.append(reference["Alias"] ?? name)
        }
      default: break
      }
    }
    type.hasAlternateKeys = element.namesAlternateKeys
    model.types[index] = type
  }

  /// `NS.Product`, `Edm.String`, or `Collection(…)` of one.
  private func shape(_ text: String, of owner: String) throws(Failure) -> ODataModel.Shape {
    let isCollection = text.hasPrefix("Collection(") && text.hasSuffix(")")
    let name = isCollection ? String(text.dropFirst(11).dropLast()) : text
    guard let shape = model.type(named: name) else { throw Failure("The type '\(name)' of '\(owner)' is not known.") }
    return isCollection ? shape.collection : shape
  }

  // MARK: - Operations

  private mutating func readOperations() throws(Failure) {
    for (namespace, schema) in schemas {
      for element in schema.elements
      where element.name.namespace == Self.edm && ["Function", "Action"].contains(element.name.local) {
        let local = try element.required("Name")
        let name = "\(namespace).\(local)"
        let overload = try operation(element, name)
        if model.operations[name] == nil { model.operationNames[local, default: []].append(name) }
        model.operations[name, default: []].append(overload)
      }
    }
  }

  private func operation(_ element: XmlElement, _ name: String) throws(Failure) -> ODataModel.Operation {
    var operation = ODataModel.Operation(
      isFunction: element.name.local == "Function", binding: nil, parameters: [], optional: [], result: nil)
    let isBound = element["IsBound"]?.lowercased() == "true"
    for (index, parameter) in element.children("Parameter", in: Self.edm).enumerated() {
      let own = try parameter.required("Name", of: name)
      let shape = try shape(try parameter.required("Type", of: "\(name)/\(own)"), of: "\(name)/\(own)")
      if isBound, index == 0 {
        operation.binding = shape
        continue
      }
      operation.parameters.append(own)
      if !parameter.annotations(ending: ".OptionalParameter").isEmpty { operation.optional.insert(own) }
    }
    if isBound, operation.binding == nil { throw Failure("'\(name)' is bound, but has no parameter to be bound by.") }
    if let result = element.children("ReturnType", in: Self.edm).first {
      operation.result = try shape(try result.required("Type", of: name), of: name)
    }
    if operation.isFunction, operation.result == nil { throw Failure("The function '\(name)' has no ReturnType.") }
    return operation
  }

  // MARK: - Containers

  private mutating func readContainers() throws(Failure) {
    for (name, element) in containers.sorted(by: { $0.key < $1.key }) {
      try readResources(of: element, name)
      // What a container extends is one of the others, whose resources are read with them, or of another document.
      var seen: Set<String> = [name]
      var base = element["Extends"]
      while let written = base {
        let name = model.qualified(written) ?? written
        guard let container = containers[name] else {
          guard model.isForeign(name) else { throw Failure("The container '\(written)' is not known.") }
          model.hasForeignResources = true
          break
        }
        guard seen.insert(name).inserted else { throw Failure("The container '\(name)' extends itself.") }
        guard seen.count <= ODataModel.maximumBases else {
          throw Failure("More than \(ODataModel.maximumBases) containers extend one another.")
        }
        base = container["Extends"]
      }
    }
    for (_, schema) in schemas {
      for annotations in schema.children("Annotations", in: Self.edm) {
        guard let target = annotations["Target"].map({ model.qualified($0) ?? $0 }) else { continue }
        if containers[target] != nil { noteKeySegments(annotations) }
        if let type = model.typeIndex[target], annotations.namesAlternateKeys {
          model.types[type].hasAlternateKeys = true
        }
      }
    }
  }

  private mutating func readResources(of container: XmlElement, _ owner: String) throws(Failure) {
    noteKeySegments(container)
    for element in container.elements where element.name.namespace == Self.edm {
      let resource: ODataModel.Resource
      switch element.name.local {
      case "EntitySet":
        resource = .set(try entity(element, "EntityType", owner).collection)
      case "Singleton": resource = .singleton(try entity(element, "Type", owner))
      case "FunctionImport": resource = try operationImport(element, "Function", owner)
      case "ActionImport": resource = try operationImport(element, "Action", owner)
      default: continue
      }
      model.resources[try element.required("Name", of: owner)] = resource
    }
  }

  private func entity(
    _ element: XmlElement, _ attribute: String, _ owner: String
  ) throws(Failure) -> ODataModel.Shape {
    let place = "\(owner)/\(try element.required("Name", of: owner))"
    let shape = try shape(try element.required(attribute, of: place), of: place)
    switch shape {
    case .unknown: return shape
    case .structured(let type, false) where model.types[type].isEntity: return shape
    default: throw Failure("The type of '\(place)' is no entity type.")
    }
  }

  private func operationImport(
    _ element: XmlElement, _ attribute: String, _ owner: String
  ) throws(Failure) -> ODataModel.Resource {
    let place = "\(owner)/\(try element.required("Name", of: owner))"
    let written = try element.required(attribute, of: place)
    let name = model.qualified(written) ?? written
    let isFunction = attribute == "Function"
    guard
      model.operations[name]?.contains(where: { $0.isFunction == isFunction && $0.binding == nil })
        ?? model.isForeign(name)
    else { throw Failure("'\(written)' of '\(place)' is no \(attribute.lowercased()) that is not bound.") }
    return .operation(name, isFunction: isFunction)
  }

  /// A service that takes keys as segments says so of its container.
  private mutating func noteKeySegments(_ element: XmlElement) {
    for annotation in element.annotations(ending: ".KeyAsSegmentSupported")
    where annotation["Bool"]?.lowercased() != "false" { model.hasKeySegments = true }
  }
}

extension XmlElement {
  /// The value of an attribute without namespace.
  fileprivate subscript(_ name: String) -> String? {
    attributes.first { $0.name.local == name && $0.name.namespace.isEmpty }?.value
  }

  fileprivate func children(_ name: String, in namespace: String) -> [XmlElement] {
    elements.filter { $0.name.local == name && $0.name.namespace == namespace }
  }

  /// Annotations by the end of their terms: a vocabulary may be named by any alias.
  fileprivate func annotations(ending term: String) -> [XmlElement] {
    children("Annotation", in: ODataModelReader.edm).filter { $0["Term"]?.hasSuffix(term) == true }
  }

  fileprivate var namesAlternateKeys: Bool { !annotations(ending: ".AlternateKeys").isEmpty }

  fileprivate func required(_ name: String, of owner: String = "") throws(ODataModelProblem) -> String {
    if let value = self[name], !value.isEmpty { return value }
    let place = owner.isEmpty ? "" : " in '\(owner)'"
    throw ODataModelProblem("'\(self.name.local)'\(place) has no \(name).")
  }
}
