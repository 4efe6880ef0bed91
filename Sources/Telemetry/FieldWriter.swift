/// Writes `key: value` or `"key":value` pairs, leaving out what is nil.
struct FieldWriter: ~Copyable {
  enum Style {
    case text, json
  }

  private var room: ByteRoom
  private let style: Style
  private var isFirst: Bool
  /// The time that was written last, and where: a record says when it began more than once. The bytes stay where they are
  /// as long as there is this room.
  private var time: (microseconds: Int64, text: UnsafeBufferPointer<UInt8>)?

  private init(room: consuming ByteRoom, style: Style, isFirst: Bool) {
    self.room = room
    self.style = style
    self.isFirst = isFirst
  }

  private consuming func finish() -> ByteRoom { room }

  /// Appends what `write` writes, at most `bound` bytes: the room is asked for once for all fields.
  static func append(
    to bytes: inout [UInt8], bound: Int, style: Style, isFirst: Bool, _ write: (inout FieldWriter) -> Void
  ) {
    ByteRoom.extend(&bytes, by: bound) { room in
      var fields = FieldWriter(room: room, style: style, isFirst: isFirst)
      write(&fields)
      room = fields.finish()
    }
  }

  /// Bytes that one field takes at most beside its text: the key, what stands around both, and a number or a time.
  static let fieldBound = 64

  mutating func string(_ key: StaticString, _ value: String?) {
    guard let value else { return }
    begin(key)
    room.append(0x22)
    if value.utf8.withContiguousStorageIfAvailable({ room.append(escaped: $0) }) == nil {
      Array(value.utf8).withUnsafeBufferPointer { room.append(escaped: $0) }
    }
    room.append(0x22)
  }

  /// Text that needs no escape.
  mutating func word(_ key: StaticString, _ value: StaticString) {
    begin(key)
    room.append(0x22)
    room.append(value)
    room.append(0x22)
  }

  mutating func number(_ key: StaticString, _ value: Int?) {
    guard let value else { return }
    begin(key)
    room.append(decimal: value)
  }

  /// Words one behind the other as hexadecimal digits.
  mutating func hexadecimal(_ key: StaticString, _ first: UInt64, _ second: UInt64? = nil) {
    begin(key)
    room.append(0x22)
    room.append(hexadecimal: first)
    if let second { room.append(hexadecimal: second) }
    room.append(0x22)
  }

  mutating func trace(_ key: StaticString, _ value: TraceContext?) {
    guard let value else { return }
    begin(key)
    room.append(0x22)
    room.append(value)
    room.append(0x22)
  }

  mutating func bool(_ key: StaticString, _ value: Bool) {
    begin(key)
    room.append(value ? "true" : "false")
  }

  mutating func time(_ key: StaticString, _ microseconds: Int64) {
    let isQuoted = style == .json
    begin(key)
    if isQuoted { room.append(0x22) }
    if let time, time.microseconds == microseconds {
      room.append(time.text)
    } else {
      let before = room.count
      Timestamp.append(microseconds: microseconds, zone: isQuoted, to: &room)
      time = (microseconds, room.last(room.count - before))
    }
    if isQuoted { room.append(0x22) }
  }

  /// An array of JSON objects.
  mutating func array<Element>(
    _ key: StaticString, _ elements: [Element], _ writeElement: (Element, inout FieldWriter) -> Void
  ) {
    begin(key)
    room.append(0x5b)
    for (index, element) in elements.enumerated() {
      if index > 0 { room.append(0x2c) }
      room.append(0x7b)
      isFirst = true
      writeElement(element, &self)
      room.append(0x7d)
    }
    room.append(0x5d)
    isFirst = false
  }

  private mutating func begin(_ key: StaticString) {
    if !isFirst { room.append(0x2c) }
    isFirst = false
    room.append(style == .text ? 0x20 : 0x22)
    room.append(key)
    if style == .json { room.append(0x22) }
    room.append(0x3a)
    if style == .text { room.append(0x20) }
  }
}

extension RequestRecord {
  /// Bytes that all fields together take at most, in any style.
  var writtenBound: Int {
    func bytes(_ text: String?) -> Int { text?.utf8.count ?? 0 }
    var text =
      correlationId.utf8.count + gatewayId.utf8.count + region.utf8.count + callerIpAddress.utf8.count
      + method.utf8.count + url.utf8.count + clientProtocol.utf8.count
    text += bytes(clientTlsVersion) + bytes(backendMethod) + bytes(backendUrl) + bytes(backendProtocol)
    text += bytes(backendId) + bytes(apiId) + bytes(apiRevision) + bytes(operationId)
    text += bytes(productId) + bytes(userId) + bytes(apimSubscriptionId) + bytes(workspaceId)
    for error in errors {
      text +=
        error.source.utf8.count + error.reason.utf8.count + error.message.utf8.count + (error.scope?.utf8.count ?? 0)
        + (error.section?.utf8.count ?? 0)
    }
    // A byte becomes six at most: \u0000.
    return 6 * text + FieldWriter.fieldBound * (56 + 8 * errors.count)
  }
}
