import DotNet

/// Attributes and the nodes that hold no others.
extension LibraryCatalog {
  static let xmlLeafTypes: [LibraryType] = [
    LibraryType("class System.Xml.Linq.XAttribute : XObject") { type in
      attributeMaking(&type)
      attributeParts(&type)
      xmlConversions(&type, "XAttribute attribute") { ($0 as? XmlAttribute)?.value }
    },
    LibraryType("class System.Xml.Linq.XText : XNode") { type in
      making(&type, "XText", "string value") { call in XmlText(try call.string(0)) }
      making(&type, "XText", "XText other") { call in try call.xml(0, as: XmlText.self).object.copy() }
      text(&type, "Value", \XmlText.value)
    },
    LibraryType("class System.Xml.Linq.XCData : XText") { type in
      making(&type, "XCData", "string value") { call in XmlText(try call.string(0), isSection: true) }
      making(&type, "XCData", "XCData other") { call in try call.xml(0, as: XmlText.self).object.copy() }
    },
    LibraryType("class System.Xml.Linq.XComment : XNode") { type in
      making(&type, "XComment", "string value") { call in XmlComment(try call.string(0)) }
      making(&type, "XComment", "XComment other") { call in try call.xml(0, as: XmlComment.self).object.copy() }
      text(&type, "Value", \XmlComment.value)
    },
    LibraryType("class System.Xml.Linq.XProcessingInstruction : XNode") { type in
      making(&type, "XProcessingInstruction", "string target, string data") { call in
        try XmlProcessingInstruction(try call.string(0), try call.string(1))
      }
      making(&type, "XProcessingInstruction", "XProcessingInstruction other") { call in
        try call.xml(0, as: XmlProcessingInstruction.self).object.copy()
      }
      type.property("string Target { get; set; }") { call in
        .string(try call.xml(XmlProcessingInstruction.self).object.target)
      } set: { call in
        try call.xml(XmlProcessingInstruction.self).object.set(target: try call.string(0))
        return .null
      }
      text(&type, "Data", \XmlProcessingInstruction.data)
    },
    LibraryType("class System.Xml.Linq.XDocumentType : XNode") { type in
      making(
        &type, "XDocumentType", "string name, string publicId, string systemId, string internalSubset"
      ) { call in
        let name = try call.string(0)
        _ = try XmlName(name, in: "")
        return XmlDocumentType(
          name: name, publicID: call.stringOrNull(1), systemID: call.stringOrNull(2),
          internalSubset: call.stringOrNull(3))
      }
      making(&type, "XDocumentType", "XDocumentType other") { call in
        try call.xml(0, as: XmlDocumentType.self).object.copy()
      }
      text(&type, "Name", \XmlDocumentType.name)
      optionalText(&type, "PublicId", \XmlDocumentType.publicID)
      optionalText(&type, "SystemId", \XmlDocumentType.systemID)
      optionalText(&type, "InternalSubset", \XmlDocumentType.internalSubset)
    },
  ]

  /// A constructor.
  private static func making(
    _ type: inout LibraryRegistration, _ name: String, _ parameters: String,
    _ body: @escaping @Sendable (Call) throws -> XmlNode
  ) {
    type.member("\(name)(\(parameters))") { call in
      try call.machine.allocate(bytes: 120)
      return .object(XmlReference(root: try body(call)))
    }
  }

  /// A text that is never null.
  private static func text<Node: XmlNode>(
    _ type: inout LibraryRegistration, _ name: String, _ path: any ReferenceWritableKeyPath<Node, String> & Sendable
  ) {
    type.property("string \(name) { get; set; }") { call in
      .string(try call.xml(Node.self).object[keyPath: path])
    } set: { call in
      try call.xml(Node.self).object[keyPath: path] = try call.string(0)
      return .null
    }
  }

  private static func optionalText<Node: XmlNode>(
    _ type: inout LibraryRegistration, _ name: String, _ path: any ReferenceWritableKeyPath<Node, String?> & Sendable
  ) {
    type.property("string \(name) { get; set; }") { call in
      try call.xml(Node.self).object[keyPath: path].map { .string($0) } ?? .null
    } set: { call in
      try call.xml(Node.self).object[keyPath: path] = call.stringOrNull(0)
      return .null
    }
  }

  // MARK: - Attributes

  private static func attributeMaking(_ type: inout LibraryRegistration) {
    type.member("XAttribute(XName name, object value)") { call in
      try call.machine.allocate(bytes: 120)
      let name = try call.xmlName(0)
      if call[1].isNull { throw Thrown.argumentNull("value") }
      return .object(XmlReference(root: try XmlAttribute(name, try XmlConversion.text(call[1], call.machine))))
    }
    type.member("XAttribute(XAttribute other)") { call in
      .object(XmlReference(root: try call.xml(0, as: XmlAttribute.self).object.copy()))
    }
    type.member("static IEnumerable<XAttribute> EmptySequence { get; }") { _ in
      .object(ArrayObject(of: XmlReference.xml("XAttribute"), []))
    }
  }

  private static func attributeParts(_ type: inout LibraryRegistration) {
    type.member("XName Name { get; }") { call in
      .object(XmlNameObject(try call.xml(XmlAttribute.self).object.name))
    }
    type.property("string Value { get; set; }") { call in
      .string(try call.xml(XmlAttribute.self).object.value)
    } set: { call in
      try call.xml(XmlAttribute.self).object.set(try call.string(0))
      return .null
    }
    type.member("void SetValue(object value)") { call in
      if call[0].isNull { throw Thrown.argumentNull("value") }
      try call.xml(XmlAttribute.self).object.set(try XmlConversion.text(call[0], call.machine))
      return .null
    }
    type.member("bool IsNamespaceDeclaration { get; }") { call in
      .bool(try call.xml(XmlAttribute.self).object.isDeclaration)
    }
    type.member("XAttribute NextAttribute { get; }") { call in
      let (attribute, tree) = try call.xml(XmlAttribute.self)
      return XmlReference.value(attribute.next, in: tree)
    }
    type.member("XAttribute PreviousAttribute { get; }") { call in
      let (attribute, tree) = try call.xml(XmlAttribute.self)
      return XmlReference.value(attribute.previous, in: tree)
    }
    type.member("void Remove()") { call in
      try removed(try call.receiver(XmlReference.self))
      return .null
    }
  }

  /// The casts of elements and attributes: null stays null where the type can be.
  static func xmlConversions(
    _ type: inout LibraryRegistration, _ parameter: String, _ text: @escaping @Sendable (XmlObject) -> String?
  ) {
    for name in XmlConversion.targets {
      let target = SignatureReader.type(name, in: [])
      for suffix in target.isValueType ? ["", "?"] : [""] {
        let acceptsNull = suffix == "?" || target.acceptsNull
        type.member("static explicit operator \(name)\(suffix)(\(parameter))") { call in
          if call[0].isNull, acceptsNull { return .null }
          let reference: XmlReference = try call.object(0)
          let value = text(reference.object) ?? ""
          try call.machine.process(bytes: value.utf8.count)
          return try XmlConversion.value(value, as: target)
        }
      }
    }
  }
}
