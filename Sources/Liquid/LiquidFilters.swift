import DotNet

/// DotLiquid's filters, by their C# names.
enum LiquidFilters {
  typealias Filter = @Sendable (LiquidValue, [LiquidValue]) throws -> LiquidValue

  static let all: [String: Filter] = texts.merging(numbers) { first, _ in first }.merging(lists) { first, _ in first }

  static func text(_ arguments: [LiquidValue], _ index: Int) throws -> String {
    index < arguments.count ? try arguments[index].text() : ""
  }

  private static func change(_ body: @escaping @Sendable (String, [LiquidValue]) throws -> String) -> Filter {
    { value, arguments in .text(try body(try value.text(), arguments)) }
  }

  private static let texts: [String: Filter] = [
    "Upcase": change { text, _ in text.uppercased() },
    "Downcase": change { text, _ in text.lowercased() },
    "Capitalize": change { text, _ in text.prefix(1).uppercased() + text.dropFirst() },
    "Append": change { text, arguments in text + (try LiquidFilters.text(arguments, 0)) },
    "Prepend": change { text, arguments in try LiquidFilters.text(arguments, 0) + text },
    "Replace": change { text, arguments in
      let wanted = try LiquidFilters.text(arguments, 0)
      return wanted.isEmpty ? text : text.replacing(wanted, with: try LiquidFilters.text(arguments, 1))
    },
    "ReplaceFirst": change { text, arguments in
      let wanted = try LiquidFilters.text(arguments, 0)
      return wanted.isEmpty
        ? text : text.replacing(wanted, with: try LiquidFilters.text(arguments, 1), maxReplacements: 1)
    },
    "Remove": change { text, arguments in
      let wanted = try LiquidFilters.text(arguments, 0)
      return wanted.isEmpty ? text : text.replacing(wanted, with: "")
    },
    "RemoveFirst": change { text, arguments in
      let wanted = try LiquidFilters.text(arguments, 0)
      return wanted.isEmpty ? text : text.replacing(wanted, with: "", maxReplacements: 1)
    },
    "Strip": change { text, _ in String(trimmedEnd(Substring(text)).drop { $0.isWhitespace }) },
    "Lstrip": change { text, _ in String(text.drop { $0.isWhitespace }) },
    "Rstrip": change { text, _ in String(trimmedEnd(Substring(text))) },
    "StripNewlines": change { text, _ in text.filter { !$0.isNewline } },
    "NewlineToBr": change { text, _ in text.replacing("\r\n", with: "\n").replacing("\n", with: "<br />\n") },
    "StripHtml": change { text, _ in stripped(text) },
    "Escape": change { text, _ in escaped(text) },
    "H": change { text, _ in escaped(text) },
    "UrlEncode": change { text, _ in encoded(text) },
    "UrlDecode": change { text, _ in decoded(text) },
    "Truncate": change { text, arguments in
      let length = Int(clamping: arguments.first?.whole ?? 50)
      let tail = arguments.count > 1 ? try LiquidFilters.text(arguments, 1) : "..."
      return text.count > length ? String(text.prefix(max(length - tail.count, 0))) + tail : text
    },
    "TruncateWords": change { text, arguments in
      let count = Int(clamping: max(arguments.first?.whole ?? 15, 0))
      let words = text.split(separator: " ", omittingEmptySubsequences: false)
      let tail = arguments.count > 1 ? try LiquidFilters.text(arguments, 1) : "..."
      return words.count > count ? words.prefix(count).joined(separator: " ") + tail : text
    },
    "Split": { value, arguments in
      let separator = try text(arguments, 0)
      let source = try value.text()
      if separator.isEmpty { return .array(source.map { .text(String($0)) }) }
      return .array(source.split(separator: separator).map { .text(String($0)) })
    },
    "Slice": { value, arguments in
      let start = Int(clamping: arguments.first?.whole ?? 0)
      let length = max(Int(clamping: arguments.count > 1 ? arguments[1].whole ?? 1 : 1), 0)
      if case .array(let elements) = value {
        let from = start < 0 ? max(elements.count + start, 0) : start
        return .array(Array(elements.dropFirst(from).prefix(length)))
      }
      let source = try value.text()
      return .text(String(source.dropFirst(start < 0 ? max(source.count + start, 0) : start).prefix(length)))
    },
    "Default": { value, arguments in
      value.isEmpty || !value.holds ? arguments.first ?? .null : value
    },
    "Date": { value, arguments in
      let format = try text(arguments, 0)
      let date: DateTimeValue
      switch value {
      case .date(let known): date = known
      default:
        guard let parsed = try? DateTimeValue.parse(try value.text()) else { return value }
        date = parsed
      }
      return .text(try date.format(format.isEmpty ? nil : format))
    },
  ]

  private static func trimmedEnd(_ text: Substring) -> Substring {
    var text = text
    while text.last?.isWhitespace ?? false { text.removeLast() }
    return text
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.append(character)
      }
    }
    return result
  }

  private static func stripped(_ text: String) -> String {
    var result = ""
    var rest = Substring(text)
    while let open = rest.firstIndex(of: "<") {
      result += rest[..<open]
      guard let close = rest[open...].firstIndex(of: ">") else { return result + rest[open...] }
      rest = rest[rest.index(after: close)...]
    }
    return result + rest
  }

  private static func encoded(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: result.unicodeScalars.append(Unicode.Scalar(byte))
      case _ where "-_.!*()".utf8.contains(byte): result.unicodeScalars.append(Unicode.Scalar(byte))
      case 0x20: result += "+"
      default: result += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
      }
    }
    return result
  }

  private static func decoded(_ text: String) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      if byte == 0x2B {
        bytes.append(0x20)
      } else if byte == 0x25, rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
