/// Decides whether a text is XML 1.0 content, which settles how its expressions are written.
///
/// Several elements at the top are let through, so that snippets are judged too; a document type is not.
enum WellFormedness {
  struct Violation {
    var offset: Int
    var message: String
  }

  /// The first violation, nil when the text is well formed. Control characters are one wherever they stand, in comments
  /// and CDATA, too.
  static func check(_ bytes: [UInt8], nesting: Int) -> Violation? {
    if let at = bytes.firstIndex(where: { $0 < 0x20 && !Octet.isBlank($0) }) {
      return Violation(offset: at, message: "A control character is not allowed.")
    }
    var i = 0
    var open: [Range<Int>] = []
    while i < bytes.count {
      guard bytes[i] == Octet.less else {
        if bytes[i] == Octet.ampersand {
          guard let reference = EntityReference.read(bytes, at: i, end: bytes.count) else { return badEntity(i) }
          i += reference.length
        } else {
          if bytes.has("]]>", at: i) { return Violation(offset: i, message: "']]>' must be written as ']]&gt;'.") }
          i += 1
        }
        continue
      }
      if bytes.has("<!--", at: i) {
        guard let end = bytes.find("--", from: i + 4), bytes.has("-->", at: end) else {
          return Violation(offset: i, message: "A comment must not contain '--' and must end with '-->'.")
        }
        i = end + 3
      } else if bytes.has("<![CDATA[", at: i) {
        guard let end = bytes.find("]]>", from: i + 9) else {
          return Violation(offset: i, message: "The CDATA section is not closed.")
        }
        i = end + 3
      } else if bytes.has("<?", at: i) {
        guard let end = bytes.find("?>", from: i + 2) else {
          return Violation(offset: i, message: "The processing instruction is not closed.")
        }
        i = end + 2
      } else if bytes.has("</", at: i) {
        let start = i + 2
        let end = name(bytes, from: start)
        guard let last = open.popLast(), bytes[last] == bytes[start..<end] else {
          return Violation(offset: i, message: "The end tag does not match the open element.")
        }
        i = end
        while i < bytes.count, Octet.isBlank(bytes[i]) { i += 1 }
        guard i < bytes.count, bytes[i] == Octet.greater else {
          return Violation(offset: min(i, bytes.count), message: "Expected '>'.")
        }
        i += 1
      } else {
        switch startTag(bytes, at: i, &open) {
        case .success(let next): i = next
        case .failure(let failure): return failure.violation
        }
        if open.count > nesting { return Violation(offset: i, message: "Elements are nested too deeply.") }
      }
    }
    return open.last.map { Violation(offset: $0.lowerBound, message: "The element is not closed.") }
  }

  private struct Failure: Error {
    var violation: Violation
  }

  private static func startTag(_ bytes: [UInt8], at offset: Int, _ open: inout [Range<Int>]) -> Result<Int, Failure> {
    func fail(_ at: Int, _ message: String) -> Result<Int, Failure> {
      .failure(Failure(violation: Violation(offset: min(at, bytes.count), message: message)))
    }
    var i = name(bytes, from: offset + 1)
    guard i > offset + 1 else { return fail(offset, "'<' must be written as '&lt;' in text.") }
    let element = offset + 1..<i
    var names: Set<ArraySlice<UInt8>> = []
    while true {
      let blank = i
      while i < bytes.count, Octet.isBlank(bytes[i]) { i += 1 }
      guard i < bytes.count else { return fail(offset, "The tag is not closed.") }
      if bytes[i] == Octet.greater {
        open.append(element)
        return .success(i + 1)
      }
      if bytes.has("/>", at: i) { return .success(i + 2) }
      guard i > blank else { return fail(i, "Expected white space between attributes.") }
      let start = i
      i = name(bytes, from: i)
      guard i > start else { return fail(i, "Expected an attribute name.") }
      guard names.insert(bytes[start..<i]).inserted else { return fail(start, "The attribute is given twice.") }
      while i < bytes.count, Octet.isBlank(bytes[i]) { i += 1 }
      guard i < bytes.count, bytes[i] == Octet.equals else { return fail(i, "Expected '='.") }
      i += 1
      while i < bytes.count, Octet.isBlank(bytes[i]) { i += 1 }
      guard i < bytes.count, bytes[i] == Octet.quote || bytes[i] == Octet.apostrophe else {
        return fail(i, "Expected a quoted value.")
      }
      let quote = bytes[i]
      i += 1
      while i < bytes.count, bytes[i] != quote {
        if bytes[i] == Octet.less { return fail(i, "'<' must be written as '&lt;' in an attribute.") }
        if bytes[i] == Octet.ampersand {
          guard let reference = EntityReference.read(bytes, at: i, end: bytes.count) else {
            return .failure(Failure(violation: badEntity(i)))
          }
          i += reference.length
        } else {
          i += 1
        }
      }
      guard i < bytes.count else { return fail(offset, "The attribute value is not closed.") }
      i += 1
    }
  }

  private static func name(_ bytes: [UInt8], from: Int) -> Int {
    guard from < bytes.count, Octet.beginsName(bytes[from]) else { return from }
    var i = from + 1
    while i < bytes.count, Octet.continuesName(bytes[i]) { i += 1 }
    return i
  }

  private static func badEntity(_ offset: Int) -> Violation {
    Violation(offset: offset, message: "'&' must be written as '&amp;' unless it begins one of the five XML entities.")
  }
}
