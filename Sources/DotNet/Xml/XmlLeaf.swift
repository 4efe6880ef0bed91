/// Text between tags: `XText`; `XCData` when it is a section of its own.
public final class XmlText: XmlNode {
  public var value: String
  private let isSection: Bool

  public init(_ value: String, isSection: Bool = false) {
    self.value = value
    self.isSection = isSection
  }

  public override var kind: XmlKind { isSection ? .cdata : .text }
  public override func copy() -> XmlNode { XmlText(value, isSection: isSection) }
}

/// `<!--…-->`: `XComment`.
public final class XmlComment: XmlNode {
  public var value: String

  public init(_ value: String) { self.value = value }

  public override var kind: XmlKind { .comment }
  public override func copy() -> XmlNode { XmlComment(value) }
}

/// `<?target data?>`: `XProcessingInstruction`.
public final class XmlProcessingInstruction: XmlNode {
  public private(set) var target: String
  public var data: String

  init(trusted target: String, _ data: String) {
    self.target = target
    self.data = data
  }

  /// - Throws: XmlException when the target is no name, ArgumentException when it is `xml`.
  public init(_ target: String, _ data: String) throws {
    self.target = target
    self.data = data
    super.init()
    try set(target: target)
  }

  public func set(target: String) throws {
    try XmlName.check(target)
    if target.lowercased() == "xml" {
      throw DotNetException.argument("'\(target)' is an invalid name for a processing instruction.")
    }
    self.target = target
  }

  public override var kind: XmlKind { .processingInstruction }
  public override func copy() -> XmlNode { XmlProcessingInstruction(trusted: target, data) }
}

/// `<!DOCTYPE …>`: `XDocumentType`. It is kept and written, never followed.
public final class XmlDocumentType: XmlNode {
  public var name: String
  public var publicID: String?
  public var systemID: String?
  public var internalSubset: String?

  public init(name: String, publicID: String?, systemID: String?, internalSubset: String?) {
    self.name = name
    self.publicID = publicID
    self.systemID = systemID
    self.internalSubset = internalSubset
  }

  public override var kind: XmlKind { .documentType }
  public override func copy() -> XmlNode {
    XmlDocumentType(name: name, publicID: publicID, systemID: systemID, internalSubset: internalSubset)
  }
}
