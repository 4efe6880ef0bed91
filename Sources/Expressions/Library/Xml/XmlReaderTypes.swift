import DotNet

/// `System.Xml.XmlReader`: the documented list leaves it out, yet published policies use it.
extension LibraryCatalog {
  static let xmlReaderTypes: [LibraryType] = [
    LibraryType("abstract class System.Xml.XmlReader : IDisposable") { type in
      type.member("static XmlReader Create(TextReader input)") { call in
        let reader: StringReaderObject = try call.object(0)
        let text = try reader.rest()
        try call.machine.process(bytes: text.utf8.count * 4)
        return .object(XmlReaderObject(text))
      }
      readerMoves(&type)
      readerParts(&type)
      readerAttributes(&type)
      readerContent(&type)
    }
  ]

  private static func readerMoves(_ type: inout LibraryRegistration) {
    type.member("bool Read()") { call in
      try call.machine.charge()
      return .bool(try call.receiver(XmlReaderObject.self).read())
    }
    type.member("void Skip()") { call in
      try call.receiver(XmlReaderObject.self).skip()
      return .null
    }
    type.member("XmlNodeType MoveToContent()") { call in
      kind(try call.receiver(XmlReaderObject.self).moveToContent())
    }
    type.member("bool ReadToFollowing(string name)") { call in
      .bool(try call.receiver(XmlReaderObject.self).read(to: try call.string(0)))
    }
    type.member("bool ReadToDescendant(string name)") { call in
      let reader = try call.receiver(XmlReaderObject.self)
      if reader.isEmptyElement { return .bool(false) }
      return .bool(try reader.read(to: try call.string(0), within: reader.node))
    }
    type.member("bool IsStartElement()") { call in
      .bool(try call.receiver(XmlReaderObject.self).moveToContent() == .element)
    }
    type.member("bool IsStartElement(string name)") { call in
      let reader = try call.receiver(XmlReaderObject.self)
      return .bool(try reader.moveToContent() == .element && reader.name == (try call.string(0)))
    }
    for name in ["Close", "Dispose"] { type.member("void \(name)()") { _ in .null } }
  }

  private static func readerParts(_ type: inout LibraryRegistration) {
    type.member("bool EOF { get; }") { call in .bool(try call.receiver(XmlReaderObject.self).isAtEnd) }
    type.member("XmlNodeType NodeType { get; }") { call in kind(try call.receiver(XmlReaderObject.self).kind) }
    type.member("int Depth { get; }") { call in
      .int32(Int32(clamping: try call.receiver(XmlReaderObject.self).depth))
    }
    type.member("bool IsEmptyElement { get; }") { call in
      .bool(try call.receiver(XmlReaderObject.self).isEmptyElement)
    }
    type.member("string Name { get; }") { call in .string(try call.receiver(XmlReaderObject.self).name) }
    type.member("string LocalName { get; }") { call in .string(try call.receiver(XmlReaderObject.self).localName) }
    type.member("string NamespaceURI { get; }") { call in
      .string(try call.receiver(XmlReaderObject.self).namespace)
    }
    type.member("string Prefix { get; }") { call in .string(try call.receiver(XmlReaderObject.self).prefix) }
    type.member("string Value { get; }") { call in .string(try call.receiver(XmlReaderObject.self).value) }
    type.member("bool HasValue { get; }") { call in
      switch try call.receiver(XmlReaderObject.self).kind {
      case .attribute, .text, .cdata, .comment, .processingInstruction, .documentType, .whitespace,
        .significantWhitespace, .xmlDeclaration:
        .bool(true)
      default: .bool(false)
      }
    }
  }

  private static func readerAttributes(_ type: inout LibraryRegistration) {
    type.member("int AttributeCount { get; }") { call in
      .int32(Int32(clamping: try call.receiver(XmlReaderObject.self).attributeCount))
    }
    type.member("bool HasAttributes { get; }") { call in
      .bool(try call.receiver(XmlReaderObject.self).attributeCount > 0)
    }
    for name in ["GetAttribute(string name)", "this[string name] { get; }"] {
      type.member("string \(name)") { call in
        try call.receiver(XmlReaderObject.self).attribute(try call.string(0)).map { .string($0) } ?? .null
      }
    }
    type.member("string GetAttribute(string localName, string namespaceURI)") { call in
      let found = try call.receiver(XmlReaderObject.self).attribute(
        try call.string(0), in: call.stringOrNull(1) ?? "")
      return found.map { .string($0) } ?? .null
    }
    type.member("bool MoveToFirstAttribute()") { call in
      .bool(try call.receiver(XmlReaderObject.self).moveToAttribute(0))
    }
    type.member("bool MoveToNextAttribute()") { call in
      .bool(try call.receiver(XmlReaderObject.self).moveToNextAttribute())
    }
    type.member("bool MoveToElement()") { call in .bool(try call.receiver(XmlReaderObject.self).moveToElement()) }
  }

  private static func readerContent(_ type: inout LibraryRegistration) {
    for name in ["ReadElementContentAsString", "ReadElementString"] {
      type.member("string \(name)()") { call in
        .string(try call.receiver(XmlReaderObject.self).readElementText(call.machine))
      }
    }
    for (name, target) in [
      ("Int", "int"), ("Long", "long"), ("Double", "double"), ("Decimal", "decimal"), ("Boolean", "bool"),
      ("DateTime", "DateTime"),
    ] {
      let result = SignatureReader.type(target, in: [])
      type.member("\(target) ReadElementContentAs\(name)()") { call in
        try XmlConversion.value(
          try call.receiver(XmlReaderObject.self).readElementText(call.machine), as: result)
      }
    }
    type.member("string ReadInnerXml()") { call in
      .string(try call.receiver(XmlReaderObject.self).readMarkup(inner: true, call.machine))
    }
    type.member("string ReadOuterXml()") { call in
      .string(try call.receiver(XmlReaderObject.self).readMarkup(inner: false, call.machine))
    }
    for parameters in ["", "string name"] {
      type.member("void ReadStartElement(\(parameters))") { call in
        let reader = try call.receiver(XmlReaderObject.self)
        guard try reader.moveToContent() == .element else {
          throw Thrown("System.Xml.XmlException", "'\(reader.kind.name)' is an invalid XmlNodeType.")
        }
        if let wanted = call.stringOrNull(0), wanted != reader.name {
          throw Thrown("System.Xml.XmlException", "Element '\(wanted)' was not found.")
        }
        _ = try reader.read()
        return .null
      }
    }
    type.member("void ReadEndElement()") { call in
      let reader = try call.receiver(XmlReaderObject.self)
      guard try reader.moveToContent() == .endElement else {
        throw Thrown("System.Xml.XmlException", "'\(reader.kind.name)' is an invalid XmlNodeType.")
      }
      return .bool(try reader.read())
    }
  }
}
