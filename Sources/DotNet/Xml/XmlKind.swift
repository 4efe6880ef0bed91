/// What a part of an XML document is, numbered as `System.Xml.XmlNodeType` is.
public enum XmlKind: Int32, Sendable, CaseIterable {
  case none = 0
  case element
  case attribute
  case text
  case cdata
  case entityReference
  case entity
  case processingInstruction
  case comment
  case document
  case documentType
  case documentFragment
  case notation
  case whitespace
  case significantWhitespace
  case endElement
  case endEntity
  case xmlDeclaration

  /// The enumerator's name in .NET.
  public var name: String {
    switch self {
    case .none: "None"
    case .element: "Element"
    case .attribute: "Attribute"
    case .text: "Text"
    case .cdata: "CDATA"
    case .entityReference: "EntityReference"
    case .entity: "Entity"
    case .processingInstruction: "ProcessingInstruction"
    case .comment: "Comment"
    case .document: "Document"
    case .documentType: "DocumentType"
    case .documentFragment: "DocumentFragment"
    case .notation: "Notation"
    case .whitespace: "Whitespace"
    case .significantWhitespace: "SignificantWhitespace"
    case .endElement: "EndElement"
    case .endEntity: "EndEntity"
    case .xmlDeclaration: "XmlDeclaration"
    }
  }
}
