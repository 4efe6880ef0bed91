import DotNet

/// `WebUtility`: the encodings of forms and of HTML.
extension LibraryCatalog {
  static let webTypes: [LibraryType] = [LibraryType("static class System.Net.WebUtility") { type in web(&type) }]

  private static func web(_ type: inout LibraryRegistration) {
    type.member("static string UrlEncode(string value)") { call in
      guard let text = call.stringOrNull(0) else { return .null }
      return .string(PercentEncoding.escaped(text, marks: "-_.!*()", blankIsPlus: true))
    }
    type.member("static byte[] UrlEncodeToBytes(byte[] value, int offset, int count)") { call in
      if call[0].isNull { return .null }
      let bytes = try call.bytes(0)
      let (start, count) = try textPart(bytes.count, call.int(1), call.int(2))
      try call.machine.process(bytes: count * 3)
      let part = bytes[start..<(start + count)]
      return .object(ArrayObject(bytes: PercentEncoding.escaped(part, marks: "-_.!*()", blankIsPlus: true)))
    }
    type.member("static byte[] UrlDecodeToBytes(byte[] encodedValue, int offset, int count)") { call in
      if call[0].isNull { return .null }
      let bytes = try call.bytes(0)
      let (start, count) = try textPart(bytes.count, call.int(1), call.int(2))
      let part = Array(bytes[start..<(start + count)])
      return .object(ArrayObject(bytes: PercentEncoding.decoded(part, plusIsBlank: true)))
    }
    type.member("static string UrlDecode(string encodedValue)") { call in
      guard let text = call.stringOrNull(0) else { return .null }
      return .string(PercentEncoding.decoded(text, plusIsBlank: true))
    }
    type.member("static string HtmlEncode(string value)") { call in
      guard let text = call.stringOrNull(0) else { return .null }
      var result = ""
      for scalar in text.unicodeScalars {
        switch scalar {
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "&": result += "&amp;"
        case "\"": result += "&quot;"
        case "'": result += "&#39;"
        case _ where (160...255).contains(scalar.value) || scalar.value > 0xFFFF: result += "&#\(scalar.value);"
        default: result.unicodeScalars.append(scalar)
        }
      }
      return .string(result)
    }
    type.member("static string HtmlDecode(string value)") { call in
      guard let text = call.stringOrNull(0) else { return .null }
      return .string(HtmlText.decoded(text))
    }
  }
}

/// Entities of HTML.
enum HtmlText {
  static func decoded(_ text: String) -> String {
    var result = ""
    var rest = Substring(text)
    while let start = rest.firstIndex(of: "&") {
      result += rest[..<start]
      rest = rest[start...]
      guard let end = rest.prefix(12).firstIndex(of: ";") else {
        result.append("&")
        rest = rest.dropFirst()
        continue
      }
      let name = String(rest[rest.index(after: start)..<end])
      var decoded = HTMLEntities.character(name).map { String(Character($0)) }
      if name.hasPrefix("#") {
        let digits = name.dropFirst()
        let isHex = digits.hasPrefix("x") || digits.hasPrefix("X")
        let value = isHex ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
        decoded = value.flatMap { Unicode.Scalar($0) }.map { String(Character($0)) }
      }
      if let decoded {
        result += decoded
        rest = rest[rest.index(after: end)...]
      } else {
        result.append("&")
        rest = rest.dropFirst()
      }
    }
    return result + rest
  }
}
