/// Fields behind a message's body: the trailer section of a chunked body, or the last header block of an HTTP/2 stream.
/// What must not stand there (framing, routing, credentials; RFC 9110 §6.5.1) is left out when it is received.
public struct TrailerFields: Sendable, Equatable {
  public struct Field: Sendable, Equatable {
    public var name: [UInt8]
    public var value: [UInt8]
  }

  /// Bytes of names and values.
  public static let bound = BodyFraming.lineBound
  static let fieldBound = 64

  public private(set) var fields: [Field] = []
  private var bytes = 0

  public init() {}

  /// From the lines of a trailer section, each with its CR LF; lines that are none are left out.
  init(lines: [UInt8]) {
    for line in lines.split(separator: Octet.lineFeed) {
      guard let colon = line.firstIndex(of: Octet.colon) else { continue }
      let name = Array(line[..<colon])
      var value = line[(colon + 1)...]
      while let first = value.first, first == Octet.space || first == Octet.tab { value.removeFirst() }
      while let last = value.last, last == Octet.space || last == Octet.tab || last == Octet.carriageReturn {
        value.removeLast()
      }
      let bytes = Array(value)
      _ = append(name.span, bytes.span)
    }
  }

  public var isEmpty: Bool { fields.isEmpty }

  /// Adds a field; one that must not stand in trailers is dropped.
  /// - Returns: false for a field that is malformed, or beyond the bound.
  public mutating func append(_ name: Span<UInt8>, _ value: Span<UInt8>) -> Bool {
    guard name.count > 0, fields.count < Self.fieldBound, bytes + name.count + value.count <= Self.bound else {
      return false
    }
    for i in name.indices where !Octet.isToken(name[i]) { return false }
    for i in value.indices where !Octet.isValue(value[i]) { return false }
    guard Self.mayHold(name) else { return true }
    bytes += name.count + value.count
    fields.append(Field(name: name.indices.map { name[$0] }, value: value.indices.map { value[$0] }))
    return true
  }

  /// Whether a field of that name may stand in trailers.
  static func mayHold(_ name: Span<UInt8>) -> Bool {
    switch KnownHeader.recognise(name, 0, name.count) {
    case .other, .contentType, .date, .origin, .forwardedFor, .forwardedProtocol, .trace: true
    default: false
    }
  }

  /// Adds a field of our own; the value may hold no control characters.
  public mutating func append(_ name: StaticString, _ value: String) {
    let name = Array(name.description.utf8)
    let value = Array(value.utf8)
    _ = append(name.span, value.span)
  }

  /// The first value of the field, whose name is given in lower case.
  public func value(of name: StaticString) -> String? {
    let wanted = Array(name.description.utf8)
    return fields.first { $0.name.map(Octet.lowercased) == wanted }.map { String(decoding: $0.value, as: UTF8.self) }
  }

  /// As the trailer section of a chunked body, without the empty line behind it.
  public var lines: [UInt8] {
    var text: [UInt8] = []
    for field in fields {
      text += field.name
      text += [Octet.colon, Octet.space]
      text += field.value
      text += [Octet.carriageReturn, Octet.lineFeed]
    }
    return text
  }
}
