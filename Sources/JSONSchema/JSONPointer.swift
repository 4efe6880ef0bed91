/// A way into a document (RFC 6901).
struct JSONPointer {
  let steps: [String]

  init(_ text: String) {
    steps = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
      String($0).replacing("~1", with: "/").replacing("~0", with: "~")
    }
  }
}

extension JSONValue {
  /// What stands at a pointer such as `/components/schemas/Order`; the value itself at an empty one.
  public subscript(at pointer: String) -> JSONValue? { self[JSONPointer(pointer).steps] }

  subscript(_ steps: [String]) -> JSONValue? {
    var value = self
    for step in steps {
      let next: JSONValue? =
        if let elements = value.elements {
          Int(step).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
        } else {
          value[step]
        }
      guard let next else { return nil }
      value = next
    }
    return value
  }
}

extension JSONSchemaError {
  /// Where the value that is wrong stands in the text it was read from, as Newtonsoft's reader counts: the line from 1,
  /// and the characters of that line up to the end of the value, or up to the bracket that begins it. Nil when it is not
  /// in the text.
  public func place(in bytes: [UInt8]) -> (line: Int, position: Int)? {
    var parser = JSONParser(bytes)
    guard let end = try? parser.end(ofValueAt: JSONPointer(pointer).steps[...]) else { return nil }
    let head = bytes[..<end]
    let start = head.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    let line = head.count { $0 == 0x0A } + 1
    return (line, String(decoding: bytes[start..<end], as: UTF8.self).utf16.count)
  }
}

extension JSONParser {
  /// The index behind the value, or behind the bracket that begins it; nil when the document has no such value.
  fileprivate mutating func end(ofValueAt steps: ArraySlice<String>) throws(JSONError) -> Int? {
    skipBlanks()
    guard let step = steps.first else { return try endOfValue() }
    guard let start = try self.start(ofMember: step) else { return nil }
    move(to: start)
    return try end(ofValueAt: steps.dropFirst())
  }

  /// Where the value of a member or element begins, seen from the bracket before it; of equal names the last counts.
  private mutating func start(ofMember step: String) throws(JSONError) -> Int? {
    var found: Int?
    var count = 0
    let isObject = accept(UInt8(ascii: "{"))
    guard isObject || accept(UInt8(ascii: "[")) else { return nil }
    repeat {
      if isAtEndOfContainer { break }
      let name = isObject ? try memberName() : "\(count)"
      skipBlanks()
      if name == step { found = index }
      skipValue()
      count += 1
    } while accept(UInt8(ascii: ","))
    return found
  }

  private mutating func endOfValue() throws(JSONError) -> Int {
    if isAtContainer { return index + 1 }
    skipValue()
    return endOfLastToken
  }
}
