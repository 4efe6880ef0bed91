import DotNet

/// Axes of XML trees as lazy sequences.
enum XmlSequence {
  typealias Filter = (XmlObject) -> Bool

  /// The elements of a name; every element when the name is null and none was asked for.
  static func elements(_ name: XmlName? = nil) -> Filter {
    guard let name else { return { $0 is XmlElement } }
    return { ($0 as? XmlElement)?.name == name }
  }

  /// What an axis with an `XName` parameter gives: nothing for null.
  static func named(_ call: Call, _ index: Int) -> Filter {
    guard let held: XmlNameObject = call.objectOrNull(index) else { return { _ in false } }
    let name = held.name
    return { object in
      if let attribute = object as? XmlAttribute { return attribute.name == name }
      return (object as? XmlElement)?.name == name
    }
  }

  /// The objects of one walk that pass a filter.
  static func make(
    of type: String, in tree: XmlTree, _ filter: @escaping Filter = { _ in true },
    _ walk: @escaping () -> () -> XmlObject?
  ) -> Value {
    .object(
      LazySequence(of: XmlReference.xml(type)) {
        let cursor = walk()
        return ClosureIterator { machine in
          while let object = cursor() {
            try machine.charge()
            if filter(object) { return .object(XmlReference(object, in: tree)) }
          }
          return nil
        }
      })
  }

  /// The walks from each object of a sequence, one after the other.
  static func flattened(
    _ call: Call, of type: String, _ filter: @escaping Filter = { _ in true },
    _ walk: @escaping (XmlObject) -> () -> XmlObject?
  ) throws -> Value {
    if call[0].isNull { throw Thrown.argumentNull("source") }
    let source = call[0]
    return .object(
      LazySequence(of: XmlReference.xml(type)) {
        let outer = try source.makeIterator()
        var current: (cursor: () -> XmlObject?, tree: XmlTree)?
        return ClosureIterator { machine in
          while true {
            try machine.charge()
            while let object = current?.cursor() {
              try machine.charge()
              if filter(object), let tree = current?.tree { return .object(XmlReference(object, in: tree)) }
            }
            guard let next = try outer.next(machine) else { return nil }
            guard case .object(let object) = next, let reference = object as? XmlReference else { continue }
            current = (walk(reference.object), reference.tree)
          }
        }
      })
  }

  /// The nodes of a sequence as they follow each other in their document.
  static func sorted(_ call: Call) throws -> Value {
    let source = call[0]
    if source.isNull { throw Thrown.argumentNull("source") }
    return .object(
      LazySequence(of: call.types[0]) {
        var sorted: IndexingIterator<[Value]>?
        return ClosureIterator { machine in
          if sorted == nil {
            let ordered = try source.elements(machine).sorted { a, b in
              try machine.charge(steps: 4)
              return try XmlComparison.documentOrder(node(a), node(b)) < 0
            }
            sorted = ordered.makeIterator()
          }
          return sorted?.next()
        }
      })
  }

  private static func node(_ value: Value) throws -> XmlNode {
    guard case .object(let object) = value, let node = (object as? XmlReference)?.object as? XmlNode else {
      throw Thrown.nullReference()
    }
    return node
  }

  /// The attributes of an element.
  static func attributes(of object: XmlObject) -> () -> XmlObject? {
    guard let element = object as? XmlElement else { return { nil } }
    var current: XmlAttribute?
    var hasBegun = false
    return {
      current = hasBegun ? (current?.parent === element ? current?.next : nil) : element.attributes.first
      hasBegun = true
      return current
    }
  }

  static func children(of object: XmlObject) -> () -> XmlObject? {
    guard let container = object as? XmlContainer else { return { nil } }
    return XmlAxis.children(of: container)
  }

  static func descendants(of object: XmlObject, includingSelf: Bool = false) -> () -> XmlObject? {
    guard let node = object as? XmlNode else { return { nil } }
    return XmlAxis.descendants(of: node, includingSelf: includingSelf)
  }

  static func ancestors(of object: XmlObject, includingSelf: Bool = false) -> () -> XmlObject? {
    guard let node = object as? XmlNode else { return { nil } }
    return XmlAxis.ancestors(of: node, includingSelf: includingSelf)
  }
}

/// `System.Xml.Linq.Extensions`: the axes over sequences.
extension LibraryCatalog {
  static let xmlExtensionTypes: [LibraryType] = [
    LibraryType("static class System.Xml.Linq.Extensions", extensions: true) { type in
      for (name, includesSelf) in [("Ancestors", false), ("AncestorsAndSelf", true)] {
        let source = includesSelf ? "XElement" : "XNode"
        axis(&type, "IEnumerable<XElement> \(name)", source, { XmlSequence.elements() }) {
          XmlSequence.ancestors(of: $0, includingSelf: includesSelf)
        }
      }
      axis(&type, "IEnumerable<XAttribute> Attributes", "XElement", { { _ in true } }, XmlSequence.attributes)
      axis(&type, "IEnumerable<XElement> Elements", "XContainer", { XmlSequence.elements() }, XmlSequence.children)
      for (name, includesSelf) in [("Descendants", false), ("DescendantsAndSelf", true)] {
        axis(
          &type, "IEnumerable<XElement> \(name)", includesSelf ? "XElement" : "XContainer", { XmlSequence.elements() }
        ) {
          XmlSequence.descendants(of: $0, includingSelf: includesSelf)
        }
      }
      for (name, includesSelf) in [("DescendantNodes", false), ("DescendantNodesAndSelf", true)] {
        let source = includesSelf ? "XElement" : "XContainer"
        type.member("static IEnumerable<XNode> \(name)(this IEnumerable<\(source)> source)") { call in
          try XmlSequence.flattened(call, of: "XNode") { XmlSequence.descendants(of: $0, includingSelf: includesSelf) }
        }
      }
      type.member("static IEnumerable<XNode> Nodes(this IEnumerable<XContainer> source)") { call in
        try XmlSequence.flattened(call, of: "XNode", { _ in true }, XmlSequence.children)
      }
      type.member("static IEnumerable<T> InDocumentOrder<T>(this IEnumerable<T> source)") { call in
        try XmlSequence.sorted(call)
      }
      for source in ["XNode", "XAttribute"] {
        type.member("static void Remove(this IEnumerable<\(source)> source)") { call in
          for value in try call.elements(0) {
            guard case .object(let object) = value, let reference = object as? XmlReference else { continue }
            try removed(reference)
          }
          return .null
        }
      }
    }
  ]

  /// An axis, with and without the name of what is wanted.
  private static func axis(
    _ type: inout LibraryRegistration, _ head: String, _ source: String,
    _ all: @escaping @Sendable () -> XmlSequence.Filter,
    _ walk: @escaping @Sendable (XmlObject) -> () -> XmlObject?
  ) {
    let element = head.hasPrefix("IEnumerable<XAttribute>") ? "XAttribute" : "XElement"
    type.member("static \(head)(this IEnumerable<\(source)> source)") { call in
      try XmlSequence.flattened(call, of: element, all(), walk)
    }
    type.member("static \(head)(this IEnumerable<\(source)> source, XName name)") { call in
      try XmlSequence.flattened(call, of: element, XmlSequence.named(call, 1), walk)
    }
  }

  /// Takes a node or attribute out of its parent, which its tree goes on holding.
  static func removed(_ reference: XmlReference) throws {
    reference.tree.keep([reference.object])
    switch reference.object {
    case let node as XmlNode: try node.remove()
    case let attribute as XmlAttribute: try attribute.remove()
    default: break
    }
  }
}
