/// The documents that one schema is made of, and what the references in them mean.
struct JSONSchemaReferences {
  struct Document {
    let value: JSONValue
    /// Empty for the first.
    let location: String
    /// Drafts to 7: a reference stands for all of its schema.
    let referenceIsAlone: Bool
    /// Paths by `$anchor` and by `$id`.
    var anchors: [String: [String]]?

    init(_ value: JSONValue, location: String) {
      self.value = value
      self.location = location
      let draft = value["$schema"]?.text ?? ""
      referenceIsAlone = draft.contains("draft-04") || draft.contains("draft-06") || draft.contains("draft-07")
    }
  }

  /// A place in one of the documents.
  struct Place: Hashable {
    let document: Int
    let path: [String]
  }

  /// Why a reference means nothing.
  struct Fault: Error {
    let message: String
  }

  private(set) var documents: [Document]
  private let others: JSONSchema.Others

  /// Most documents of one schema.
  private static let documentLimit = 64

  init(_ document: JSONValue, at location: String, _ others: @escaping JSONSchema.Others) {
    documents = [Document(document, location: location)]
    self.others = others
  }

  /// What stands at a place; nil when nothing does.
  func value(at place: Place) -> JSONValue? { documents[place.document].value[place.path] }

  /// Where a reference in a document leads; that there is something is not said.
  mutating func place(of reference: String, in current: Int) throws(Fault) -> Place {
    var reference = reference
    let document = documents[current].value
    if let own = document["$id"]?.text ?? document["id"]?.text, reference.hasPrefix(own), !own.isEmpty {
      reference = "#" + reference.dropFirst(own.count).drop { $0 == "#" }
    }
    if reference.hasPrefix("#") { return try place(ofFragment: String(reference.dropFirst()), in: current) }
    if let found = findAnchors(in: current)[reference] { return Place(document: current, path: found) }
    let parts = reference.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard let other = try other(at: parts[0], from: current) else {
      throw Fault(message: "The reference '\(reference)' leads to no schema.")
    }
    return try place(ofFragment: parts.count > 1 ? parts[1] : "", in: other)
  }

  /// What a fragment means: all of a document, a pointer, or an anchor.
  private mutating func place(ofFragment fragment: String, in document: Int) throws(Fault) -> Place {
    let fragment = Self.percentDecoded(fragment)
    if fragment.isEmpty { return Place(document: document, path: []) }
    if fragment.hasPrefix("/") { return Place(document: document, path: JSONPointer(fragment).steps) }
    guard let found = findAnchors(in: document)["#" + fragment] else {
      throw Fault(message: "There is no anchor '\(fragment)' in the document.")
    }
    return Place(document: document, path: found)
  }

  /// The number of the document that is meant by an address.
  private mutating func other(at location: String, from current: Int) throws(Fault) -> Int? {
    guard let found = others(location, documents[current].location) else { return nil }
    if let known = documents.firstIndex(where: { $0.location == found.location }) { return known }
    guard documents.count < Self.documentLimit else {
      throw Fault(message: "A schema refers to at most \(Self.documentLimit) documents.")
    }
    documents.append(Document(found.document, location: found.location))
    return documents.count - 1
  }

  private static func percentDecoded(_ text: String) -> String {
    guard text.contains("%") else { return text }
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      if byte == 0x25, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Paths by `$anchor` and by `$id`.
  private mutating func findAnchors(in index: Int) -> [String: [String]] {
    if let anchors = documents[index].anchors { return anchors }
    var found: [String: [String]] = [:]
    var waiting: [(JSONValue, [String])] = [(documents[index].value, [])]
    while let (value, path) = waiting.popLast() {
      switch value {
      case .object(let object):
        for name in ["$anchor", "$dynamicAnchor"] { if let anchor = object[name]?.text { found["#" + anchor] = path } }
        for name in ["$id", "id"] { if let id = object[name]?.text { found[id] = path } }
        for (name, child) in object.members { waiting.append((child, path + [name])) }
      case .array(let elements):
        for (index, child) in elements.enumerated() { waiting.append((child, path + ["\(index)"])) }
      default: break
      }
    }
    documents[index].anchors = found
    return found
  }
}
