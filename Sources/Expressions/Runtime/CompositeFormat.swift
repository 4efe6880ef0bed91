import DotNet

/// `string.Format` and the holes of interpolated strings.
enum CompositeFormat {
  /// One value with its alignment and format.
  static func field(_ value: Value, width: Int, format: String?, _ machine: Machine) throws -> String {
    let text = try Self.text(value, format, machine)
    let missing = min(abs(width), 1 << 20) - text.utf16.count
    if missing <= 0 { return text }
    try machine.process(bytes: missing)
    let blanks = String(repeating: " ", count: missing)
    return width < 0 ? text + blanks : blanks + text
  }

  /// `ToString(format)`; types without formats ignore it, as `IFormattable` is not theirs.
  static func text(_ value: Value, _ format: String?, _ machine: Machine) throws -> String {
    guard let format, !format.isEmpty else { return try Operation.text(value, machine) }
    if let number = number(value) { return try NumberText.format(number, format) }
    if case .enumeration(let number, _) = value {
      switch format {
      case "D", "d": return "\(number)"
      case "X", "x": return try NumberText.format(.integer(Int128(number), bits: 32), "X8")
      case "G", "g", "F", "f": break
      default:
        throw Thrown.format("Format string can be only \"G\", \"g\", \"X\", \"x\", \"F\", \"f\", \"D\" or \"d\".")
      }
    }
    if case .object(let object) = value, let formattable = object as? any FormattableObject {
      return try formattable.text(format: format)
    }
    return try Operation.text(value, machine)
  }

  static func number(_ value: Value) -> FormattedNumber? {
    switch value {
    case .double(let v): .double(v)
    case .float(let v): .single(v)
    case .decimal(let v): .decimal(v)
    case .uint64(let v): .integer(Int128(v), bits: 64)
    case .int64(let v): .integer(Int128(v), bits: 64)
    case .int32(let v): .integer(Int128(v), bits: 32)
    case .uint32(let v): .integer(Int128(v), bits: 32)
    case .int16(let v): .integer(Int128(v), bits: 16)
    case .uint16(let v): .integer(Int128(v), bits: 16)
    case .int8(let v): .integer(Int128(v), bits: 8)
    case .uint8(let v): .integer(Int128(v), bits: 8)
    default: nil
    }
  }

  /// `string.Format(format, arguments)`.
  static func format(_ format: String, _ arguments: [Value], _ machine: Machine) throws -> String {
    let text = Array(format)
    var result = ""
    var index = 0
    while index < text.count {
      let character = text[index]
      index += 1
      if character == "{" || character == "}" {
        if index < text.count, text[index] == character {
          result.append(character)
          index += 1
          continue
        }
        guard character == "{" else { throw Thrown.format() }
        guard let end = text[index...].firstIndex(of: "}") else { throw Thrown.format() }
        let item = String(text[index..<end])
        index = end + 1
        let parts = item.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let head = parts[0].split(separator: ",", omittingEmptySubsequences: false).map { $0.filter { $0 != " " } }
        // Blanks may stand behind the number, not before it.
        guard item.first?.isNumber == true, let place = head.first.flatMap({ Int($0) }), place >= 0 else {
          throw Thrown.format()
        }
        guard place < arguments.count else {
          throw Thrown.format(
            "Index (zero based) must be greater than or equal to zero and less than the size of the argument list.")
        }
        var width = 0
        if head.count > 1 {
          guard let number = Int(head[1]), number.magnitude < 1_000_000 else { throw Thrown.format() }
          width = number
        }
        result += try field(
          arguments[place], width: width, format: parts.count > 1 ? String(parts[1]) : nil, machine)
      } else {
        result.append(character)
      }
    }
    try machine.process(bytes: result.utf8.count)
    return result
  }
}

/// An object with format strings of its own.
protocol FormattableObject: RuntimeObject {
  func text(format: String) throws -> String
}
