import DotNet
import JSONSchema
import TDSWire

/// Writes rows as objects of JSON: the names of columns with their values.
struct SQLRowWriter {
  /// Each with its quotes and colon; nil for a column whose name comes again further on, where it counts.
  private let names: [[UInt8]?]

  init(_ columns: [String]) {
    // A column without a name is called by its place, as .NET's tables do it.
    let named = columns.enumerated().map { $0.element.isEmpty ? "Column\($0.offset + 1)" : $0.element }
    var seen: Set<String> = []
    names = named.reversed().map { seen.insert($0).inserted ? Array((JSONText.quoted($0) + ":").utf8) : nil }.reversed()
  }

  func write(_ row: [TDSValue], into bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "{"))
    var isFirst = true
    for (name, value) in zip(names, row) {
      guard let name else { continue }
      if !isFirst { bytes.append(UInt8(ascii: ",")) }
      isFirst = false
      bytes += name
      Self.write(value, into: &bytes)
    }
    bytes.append(UInt8(ascii: "}"))
  }

  private static func write(_ value: TDSValue, into bytes: inout [UInt8]) {
    switch value {
    case .null: bytes += "null".utf8
    case .flag(let flag): bytes += (flag ? "true" : "false").utf8
    case .integer(let number): bytes += String(number).utf8
    case .number(let text): bytes += text.utf8
    case .real(let number): bytes += (number.isFinite ? number.description : "null").utf8
    case .text(let text): bytes += JSONText.quoted(text).utf8
    case .bytes(let content): bytes += JSONText.quoted(Base64.text(content)).utf8
    }
  }
}
