import DotNet

extension Value {
  /// The value as bytes that outlive its exchange: a line with the name of its type, and its content. Nil for what is no
  /// value of its own, such as a query that has not run.
  public func stored(in context: any ContextModel) -> [UInt8]? {
    let machine = Machine()
    machine.begin(context, EvaluationLimits(), slots: 0, calls: false)
    defer { machine.end() }
    func line(_ type: String, _ text: String) -> [UInt8] { Array("\(type)\n\(text)".utf8) }
    switch self {
    case .null: return line("null", "")
    case .bool(let flag): return line("bool", flag ? "true" : "false")
    case .string(let text): return line("string", text)
    case .char(let unit): return line("char", String(decoding: [unit], as: UTF16.self))
    case .cell(let cell): return cell.value.stored(in: context)
    case .enumeration: return nil
    case .object(let object):
      switch object {
      case let array as ArrayObject where array.runtimeType == .byteArray: return Array("bytes\n".utf8) + array.bytes
      case let response as ResponseObject: return Self.stored(response.message)
      case let token as JsonToken:
        return (try? JsonWriter.text(token, isIndented: false, machine)).map { line("JToken", $0) }
      case let date as DateTimeObject: return (try? date.value.format("o")).map { line("DateTime", $0) }
      case is GuidObject: return (try? object.text(machine)).map { line("Guid", $0) }
      case is TimeSpanObject: return (try? object.text(machine)).map { line("TimeSpan", $0) }
      default: return nil
      }
    default: return (try? Operation.text(self, machine)).map { line(runtimeType.description, $0) }
    }
  }

  /// Whether a text is JSON, as expressions read it.
  public static func isJSON(_ text: String, in context: any ContextModel) -> Bool {
    Value.described("JToken", text, in: context) != nil
  }

  /// The value of bytes that ``stored(in:)`` made; nil when they are none.
  public init?(stored bytes: [UInt8], in context: any ContextModel) {
    guard let end = bytes.firstIndex(of: 0x0a) else { return nil }
    let content = bytes[(end + 1)...]
    let type = String(decoding: bytes[..<end], as: UTF8.self)
    switch type {
    case "null": self = .null
    case "bool": self = .bool(content.elementsEqual("true".utf8))
    case "string": self = .string(String(decoding: content, as: UTF8.self))
    case "bytes": self = .bytes(Array(content))
    case "response":
      guard let message = Self.response(stored: content) else { return nil }
      self = .response(message)
    default:
      guard let value = Value.described(type, String(decoding: content, as: UTF8.self), in: context) else { return nil }
      self = value
    }
  }

  /// Status and reason, a line for each value of a header, an empty line, and the body.
  private static func stored(_ message: ResponseMessage) -> [UInt8] {
    var head = "response\n\(message.statusCode) \(message.statusReason)\n"
    for header in message.headers { for value in header.values { head += "\(header.name):\(value)\n" } }
    return Array((head + "\n").utf8) + (message.body(preserve: true) ?? [])
  }

  private static func response(stored content: ArraySlice<UInt8>) -> ResponseMessage? {
    var rest = content
    func takeLine() -> String? {
      guard let end = rest.firstIndex(of: 0x0a) else { return nil }
      defer { rest = rest[(end + 1)...] }
      return String(decoding: rest[..<end], as: UTF8.self)
    }
    guard let start = takeLine(), let status = Int(start.prefix { $0 != " " }) else { return nil }
    var headers: [(name: String, values: [String])] = []
    while let line = takeLine(), !line.isEmpty {
      guard let colon = line.firstIndex(of: ":") else { return nil }
      let (name, value) = (String(line[..<colon]), String(line[line.index(after: colon)...]))
      if headers.last?.name == name {
        headers[headers.count - 1].values.append(value)
      } else {
        headers.append((name, [value]))
      }
    }
    return ResponseMessage(
      statusCode: status, statusReason: String(start.drop { $0 != " " }.dropFirst()), headers: headers,
      body: rest.isEmpty ? nil : Array(rest))
  }
}
