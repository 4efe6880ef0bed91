/// Writes `key: value` or `"key":value` pairs, leaving out what is nil.
struct FieldWriter: ~Copyable {
  enum Style {
    case text, json
  }

  private(set) var bytes: [UInt8]
  let style: Style
  var isFirst: Bool

  /// Writes behind what is in `target`, which is empty until ``finish(into:)`` gives it back: the two never share a
  /// buffer that a write would have to copy.
  init(takingOver target: inout [UInt8], style: Style, isFirst: Bool) {
    bytes = []
    swap(&bytes, &target)
    self.style = style
    self.isFirst = isFirst
  }

  consuming func finish(into target: inout [UInt8]) { target = bytes }

  mutating func string(_ key: StaticString, _ value: String?) {
    guard var value else { return }
    value.withUTF8 { value in
      write(key, room: 6 * value.count + 2) { room in
        room.append(0x22)
        room.append(escaped: value)
        room.append(0x22)
      }
    }
  }

  mutating func number(_ key: StaticString, _ value: Int?) {
    guard let value else { return }
    write(key, room: 20) { $0.append(decimal: value) }
  }

  mutating func bool(_ key: StaticString, _ value: Bool) {
    write(key, room: 5) { $0.append(value ? "true" : "false") }
  }

  mutating func time(_ key: StaticString, _ microseconds: Int64) {
    let isQuoted = style == .json
    write(key, room: Timestamp.maximumBytes + 2) { room in
      if isQuoted { room.append(0x22) }
      Timestamp.append(microseconds: microseconds, zone: isQuoted, to: &room)
      if isQuoted { room.append(0x22) }
    }
  }

  /// An array of JSON objects.
  mutating func array<Element>(
    _ key: StaticString, _ elements: [Element], _ writeElement: (Element, inout FieldWriter) -> Void
  ) {
    write(key, room: 1) { $0.append(0x5b) }
    for (index, element) in elements.enumerated() {
      if index > 0 { bytes.append(0x2c) }
      bytes.append(0x7b)
      isFirst = true
      writeElement(element, &self)
      bytes.append(0x7d)
    }
    bytes.append(0x5d)
    isFirst = false
  }

  private mutating func write(_ key: StaticString, room: Int, _ writeValue: (inout ByteRoom) -> Void) {
    let (isFirst, style) = (isFirst, style)
    self.isFirst = false
    ByteRoom.extend(&bytes, by: key.utf8CodeUnitCount + 4 + room) { room in
      if !isFirst { room.append(0x2c) }
      room.append(style == .text ? 0x20 : 0x22)
      room.append(key)
      if style == .json { room.append(0x22) }
      room.append(0x3a)
      if style == .text { room.append(0x20) }
      writeValue(&room)
    }
  }
}
